package logs

import (
	"bytes"

	"culprit"
)

// oomFormat is the kernel's out-of-memory killer, in dmesg, syslog or journald.
func oomFormat() format {
	return format{
		name: "oom", kind: "events", title: "OOM killer (dmesg, journald, syslog)",
		stamp: culprit.StampEnd, verified: "sample",
		source: "torvalds/linux mm/oom_kill.c (__oom_kill_process, oom_kill_process)",
		looks:  looksOOM,
		open: func(o *Options) parser {
			return &oom{clock: newClock(o), undated: undated{hint: "dmesg -T or journalctl -k dates them"}}
		}, sequential: true,
	}
}

// looksOOM claims the killer's lines, and every line with a kernel's stamp: in
// dmesg's output the killer speaks once in thousands of lines.
func looksOOM(b []byte) bool { return kernelStamped(b) || killerLine(b) }

// kernelStamped finds "[337533.314412] " and "[Wed Sep  3 14:02:41 2025] ".
func kernelStamped(b []byte) bool {
	if len(b) < 16 || b[0] != '[' {
		return false
	}
	i := bytes.IndexByte(b[:min(len(b), 32)], ']')
	switch {
	case i < 8 || i+1 >= len(b) || b[i+1] != ' ':
		return false
	case i == 25:
		return b[4] == ' ' && b[14] == ':' && b[20] == ' ' && month(b[5:]) != 0
	}
	for _, c := range b[1 : i-7] {
		if c != ' ' && !digit(c) {
			return false
		}
	}
	return b[i-7] == '.' && digit(b[i-8]) && digit(b[i-1])
}

// killerLine finds the words of the OOM killer.
func killerLine(b []byte) bool {
	if len(b) < 20 || len(b) > 2000 || b[0] == '{' || b[0] == ' ' {
		return false
	}
	if rest, ok := afterText(b, "Kill"); ok {
		return startsWithAny(rest, "ed process ", " process ")
	}
	rest, ok := afterText(b, "oom")
	return ok && startsWithAny(rest, "_reaper: reaped", "-kill:constraint", "-killer:")
}

// oom remembers an announcement, because kernels before 4.19 name the victim in
// "Kill process 12 (ruby) score 900 or sacrifice child" and then kill possibly
// another one, told by the "Killed process" line that normally follows.
type oom struct {
	clock     clock
	announced culprit.Happening
	undated
}

func (p *oom) close(out Sink) { p.flush(out) }

func (p *oom) flush(out Sink) {
	if p.announced.Kind != "" {
		p.happen(out, p.announced)
		p.announced = culprit.Happening{}
	}
}

func (p *oom) line(b []byte, m *meta, out Sink) bool {
	if !looksOOM(b) {
		return false
	}
	if !killerLine(b) {
		return true
	}
	at, rest := p.kernelStamp(b)
	if at == 0 {
		at = m.at
	}
	h := culprit.Happening{Kind: culprit.HappeningOOM, At: at, Host: string(hostOf(m))}
	if text, ok := afterText(rest, "Killed process "); ok {
		oomVictim(&h, text)
		p.announced = culprit.Happening{}
		p.happen(out, h)
		return true
	}
	if text, ok := afterText(rest, "Kill process "); ok {
		p.flush(out)
		oomVictim(&h, text)
		p.announced = h
	}
	return true
}

// kernelStamp reads "[Wed Sep  3 14:02:41 2025] ", an ISO stamp as dmesg
// --time-format=iso writes it, or skips the uptime "[337533.314412] ".
func (p *oom) kernelStamp(b []byte) (at int64, rest []byte) {
	if at, n := p.clock.iso(b); n > 0 {
		return at, b[n:]
	}
	i := bytes.IndexByte(b[:min(len(b), 60)], '[')
	if i < 0 {
		return 0, b
	}
	if at, n := ctime(&p.clock, b[i+1:]); n > 0 {
		return at, b[i+1+n:]
	}
	return 0, b
}

// oomVictim reads "2626304 (ruby) total-vm:3934332kB, anon-rss:1921108kB, ...".
// The name may be a thread's, with blanks and parentheses ("puma srv tp 002").
// Red Hat's kernels put ", UID 33," before or behind the name.
func oomVictim(h *culprit.Happening, b []byte) {
	h.PID = pidAt(b)
	end := len(b)
	for _, mark := range []string{") total-vm:", ") score ", "), UID"} {
		if i := bytes.Index(b, []byte(mark)); i >= 0 && i < end {
			end = i
		}
	}
	if end == len(b) {
		end = max(bytes.LastIndexByte(b, ')'), 0)
	}
	if i := bytes.IndexByte(b[:end], '('); i >= 0 {
		h.Name = string(b[i+1 : end])
	}
	if kb, ok := afterText(b, "anon-rss:"); ok {
		if v, n := atoi(kb); n > 0 && v < 1<<50 {
			h.Bytes = culprit.Bytes(v) * culprit.KiB
		}
	}
}
