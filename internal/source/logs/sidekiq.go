package logs

import (
	"bytes"

	"culprit"
)

// sidekiqFormat is Sidekiq's own text log of all generations.
func sidekiqFormat() format {
	return format{
		name: "sidekiq", kind: "jobs", title: "Sidekiq (text, 4 to 8)",
		stamp: culprit.StampBoth, verified: "live",
		source: "sidekiq/sidekiq lib/sidekiq/logger.rb, lib/sidekiq/job_logger.rb (v5: lib/sidekiq/logging.rb)",
		looks:  func(b []byte) bool { return sidekiqMark(b) >= 0 },
		open:   func(o *Options) parser { return &sidekiq{clock: newClock(o)} }, sequential: true,
	}
}

// sidekiqMark returns the index of the pid, "pid=82859 tid=" or "12 TID-", -1
// when the line is none of Sidekiq's. Stamps, level and colours stand before it.
func sidekiqMark(b []byte) int {
	head := b[:min(len(b), 120)]
	if i := bytes.Index(head, []byte("pid=")); i >= 0 && (i == 0 || head[i-1] == ' ') {
		if _, n := atoi(head[i+4:]); n > 0 && hasPrefix(head[i+4+n:], " tid=") {
			return i
		}
	}
	i := bytes.Index(head, []byte(" TID-"))
	if i < 1 || !digit(head[i-1]) {
		return -1
	}
	for i > 0 && digit(head[i-1]) {
		i--
	}
	if i > 0 && head[i-1] != ' ' {
		return -1
	}
	return i
}

type sidekiq struct {
	clock clock
	sidekiqJobs
}

// sidekiqJobs books what the lines say, whichever form they have.
type sidekiqJobs struct {
	open openWork
	call culprit.Call
	undated
}

func (j *sidekiqJobs) close(out Sink) { j.open.closeAll(out) }

// sidekiqLine is what one line of Sidekiq says, whatever its generation.
type sidekiqLine struct {
	at       int64
	pid      int
	tid      []byte
	class    []byte
	jid      []byte
	queue    []byte
	duration int64 // microseconds, culprit.Unknown
	mem      int64 // bytes, culprit.Unknown
	allocs   int64 // objects, culprit.Unknown
	message  []byte
}

func (p *sidekiq) line(b []byte, m *meta, out Sink) bool {
	i := sidekiqMark(b)
	if i < 0 {
		return false
	}
	l := sidekiqLine{at: p.stampBefore(b[:i]), duration: culprit.Unknown, mem: culprit.Unknown, allocs: culprit.Unknown}
	if l.at == 0 {
		l.at = m.at
	}
	if hasPrefix(b[i:], "pid=") {
		sidekiqContext(&l, b[i:])
	} else {
		sidekiqOldContext(&l, b[i:])
	}
	p.event(&l, m, out)
	return true
}

// stampBefore finds the stamp in front of the pid: at the start, or after the
// level and its colour.
func (p *sidekiq) stampBefore(b []byte) int64 {
	for k := 0; k+19 <= len(b) && k < 30; k++ {
		if !digit(b[k]) {
			continue
		}
		if at, n := p.clock.iso(b[k:]); n > 0 {
			return at
		}
	}
	return 0
}

// sidekiqContext reads "pid=1 tid=x class=Y jid=z elapsed=0.1 INFO: done" (6
// and 7) and "pid=1 tid=x jid=z class=Y elapsed=0.1: done" (8). The context
// ends at the first ": ", which no class name contains.
func sidekiqContext(l *sidekiqLine, b []byte) {
	ctx, message, _ := bytes.Cut(b, []byte(": "))
	l.message = message
	l.pid = pidAt(b[4:])
	l.tid, _ = keyed(ctx, "tid=")
	l.class, _ = keyed(ctx, "class=")
	l.jid, _ = keyed(ctx, "jid=")
	l.queue, _ = keyed(ctx, "queue=")
	if text, ok := keyed(ctx, "elapsed="); ok {
		if us, n := decimalAt(text, 1e6); n > 0 {
			l.duration = us
		}
	}
}

// sidekiqOldContext reads "12 TID-5xdaw0 X::Worker JID-94a9 INFO: done: 0.013 sec".
func sidekiqOldContext(l *sidekiqLine, b []byte) {
	l.pid = pidAt(b)
	ctx, message, _ := bytes.Cut(b, []byte(": "))
	l.message = message
	var word []byte
	_, ctx = nextField(ctx)
	for len(ctx) > 0 {
		word, ctx = nextField(ctx)
		switch {
		case hasPrefix(word, "TID-"):
			l.tid = word[4:]
		case hasPrefix(word, "JID-"):
			l.jid = word[4:]
		case len(l.class) == 0 && len(l.jid) == 0 && len(ctx) > 0:
			l.class = word
		}
	}
	sidekiqOldDuration(l)
}

// sidekiqOldDuration turns "done: 0.013 sec" into "done" and a duration.
func sidekiqOldDuration(l *sidekiqLine) {
	word, rest, ok := cut(l.message, ':')
	if !ok || !hasSuffix(l.message, " sec") {
		return
	}
	if us, n := decimalAt(trimLeft(rest), 1e6); n > 0 {
		l.message, l.duration = word, us
	}
}

// event books one line: the begin or end of a job, a job's memory, or a boot.
func (j *sidekiqJobs) event(l *sidekiqLine, m *meta, out Sink) {
	message := string(l.message)
	job := message == "start" || message == "done" || message == "fail"
	if job && l.at == 0 {
		j.lines++
		return
	}
	if job && message != "start" {
		j.end(l, m, out)
		return
	}
	if job && len(l.jid) > 0 {
		j.open.begin(string(l.jid), l.begun(m), out)
		return
	}
	if hasPrefix(l.message, "Booting Sidekiq") || holds(l.message, "connecting to Redis with options") {
		j.happen(out, culprit.Happening{Kind: culprit.HappeningBoot, At: l.at, Host: string(hostOf(m)), PID: l.pid, Name: "sidekiq"})
		return
	}
	if used, ok := memoryLogged(l.message); ok && len(l.jid) > 0 {
		j.open.note(string(l.jid), used.bytes, used.objects)
	}
}

func (l *sidekiqLine) begun(m *meta) begun {
	return begun{
		kind: culprit.CallJob, start: l.at, pid: l.pid, tid: string(l.tid), host: string(hostOf(m)),
		id: string(l.jid), name: string(l.class), queue: string(l.queue),
		mem: culprit.Unknown, allocs: culprit.Unknown, offset: m.offset,
	}
}

func (j *sidekiqJobs) end(l *sidekiqLine, m *meta, out Sink) {
	b, paired := j.open.end(string(l.jid))
	c := &j.call
	c.Reset()
	var from *begun
	if paired {
		from = &b
		b.fill(c)
	}
	c.Kind, c.PID, c.TID, c.Offset = culprit.CallJob, l.pid, l.tid, m.offset
	c.Host, c.RequestID, c.Failed = hostOf(m), l.jid, string(l.message) == "fail"
	if len(l.class) > 0 {
		c.Name = l.class
	}
	if len(l.queue) > 0 {
		c.Queue = l.queue
	}
	if l.mem >= 0 {
		c.MemBytes = l.mem
	}
	if l.allocs >= 0 {
		c.Allocations = l.allocs
	}
	endCall(c, from, l.at, l.duration)
	out.Call(c)
}

// note adds what a line inside a job said about its memory.
func (w *openWork) note(key string, mem, allocs int64) {
	if b, ok := w.at[key]; ok {
		b.mem, b.allocs = mem, allocs
		w.at[key] = b
	}
}
