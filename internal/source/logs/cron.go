package logs

import (
	"bytes"
	"strconv"

	"culprit"
)

// cronFormat is what cron writes to syslog, wrapper removed.
func cronFormat() format {
	return format{
		name: "cron", kind: "jobs", title: "cron in syslog",
		stamp: culprit.StampStart, verified: "sample",
		source: "Debian cron(8) (option -L) and cronie src/do_command.c",
		looks:  looksCron,
		open: func(*Options) parser {
			return &cron{open: openWork{endless: true}}
		}, sequential: true,
	}
}

// looksCron finds "(root) CMD (", and the other verbs that cron writes.
func looksCron(b []byte) bool {
	_, verb, _ := cronParts(b)
	switch string(verb) {
	case "CMD", "END", "CMDEND", "CMDOUT", "RELOAD", "MAIL", "INFO", "STARTUP", "LIST", "REPLACE", "BEGIN EDIT", "END EDIT", "EDIT":
		return true
	}
	return false
}

// cronParts splits "(user) VERB (text)".
func cronParts(b []byte) (user, verb, text []byte) {
	if len(b) < 8 || b[0] != '(' || b[len(b)-1] != ')' {
		return nil, nil, nil
	}
	head := b[:min(len(b), 60)]
	i := bytes.Index(head, []byte(") "))
	if i < 0 {
		return nil, nil, nil
	}
	j := bytes.Index(head[i+2:], []byte(" ("))
	if j < 0 {
		return nil, nil, nil
	}
	j += i + 2
	return b[1:i], b[i+2 : j], b[j+2 : len(b)-1]
}

// cron keeps commands until their end is told, which most configurations never
// do: then the end stays unknown and the call is not called unfinished.
type cron struct {
	open openWork
	call culprit.Call
}

func (p *cron) close(out Sink) { p.open.closeAll(out) }

func (p *cron) line(b []byte, m *meta, out Sink) bool {
	if !looksCron(b) {
		return false
	}
	user, verb, text := cronParts(b)
	text = withoutJobPID(text)
	if m.at == 0 {
		return true
	}
	key := string(m.host) + "\x00" + strconv.Itoa(m.pid) + "\x00" + string(text)
	switch string(verb) {
	case "CMD":
		p.open.begin(key, begun{
			kind: culprit.CallTask, start: m.at, pid: m.pid, host: string(m.host), name: string(text),
			user: string(user), mem: culprit.Unknown, allocs: culprit.Unknown, offset: m.offset,
		}, out)
	case "END", "CMDEND":
		task, ok := p.open.end(key)
		if !ok {
			return true
		}
		c := &p.call
		c.Reset()
		task.fill(c)
		endCall(c, &task, m.at, culprit.Unknown)
		c.Offset = m.offset
		out.Call(c)
	}
	return true
}

// withoutJobPID cuts "[1234] " that Debian's cron puts before the command with
// the option -L 8.
func withoutJobPID(b []byte) []byte {
	if len(b) > 3 && b[0] == '[' {
		if _, n := atoi(b[1:]); n > 0 && hasPrefix(b[1+n:], "] ") {
			return b[n+3:]
		}
	}
	return b
}
