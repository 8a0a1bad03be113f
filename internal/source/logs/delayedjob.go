package logs

import (
	"bytes"

	"culprit"
)

// delayedJobFormat is delayed_job of both generations: 3.0.4 and later log
// "Job X (id=1) RUNNING" and its end; the older ones only the end.
func delayedJobFormat() format {
	return format{
		name: "delayed_job", kind: "jobs", title: "delayed_job (2 to 4)",
		stamp: culprit.StampBoth, verified: "live",
		source: "collectiveidea/delayed_job lib/delayed/worker.rb",
		looks:  looksDelayedJob,
		open:   func(o *Options) parser { return &delayedJob{clock: newClock(o)} }, sequential: true,
	}
}

func looksDelayedJob(b []byte) bool {
	head := b[:min(len(b), 160)]
	return holds(head, "[Worker(") || holds(head, "* [JOB] ")
}

type delayedJob struct {
	clock clock
	open  openWork
	call  culprit.Call
	undated
}

func (p *delayedJob) close(out Sink) { p.open.closeAll(out) }

// delayedWorker is who wrote a line: "[Worker(delayed_job host:vm pid:11718)]".
type delayedWorker struct {
	at   int64
	pid  int
	name []byte // all between the parentheses
	host []byte
}

func (p *delayedJob) line(b []byte, m *meta, out Sink) bool {
	if !looksDelayedJob(b) {
		return false
	}
	w := delayedWorker{at: m.at, pid: m.pid, host: hostOf(m)}
	at, pid, rest := rubyPrefix(&p.clock, b)
	if at != 0 {
		w.at, w.pid = at, pid
	}
	if own, n := p.clock.iso(rest); n > 0 {
		w.at = finerStamp(w.at, own)
	}
	text := delayedText(&w, rest)
	if w.at == 0 {
		p.lines++
	} else {
		p.event(&w, text, m, out)
	}
	return true
}

// finerStamp joins the gem's stamp, which has a zone and whole seconds, with the
// logger's or wrapper's, which is finer and may lack a zone. When the two are
// not the same moment, the gem's stands.
func finerStamp(logger, own int64) int64 {
	if logger == 0 {
		return own
	}
	fine := logger + skewOf(logger, own)
	if fine < own-2*usSecond || fine > own+2*usSecond {
		return own
	}
	return fine
}

// delayedText reads the worker's name and returns the text behind it.
func delayedText(w *delayedWorker, b []byte) []byte {
	rest, ok := afterText(b, "[Worker(")
	if !ok {
		rest, _ = afterText(b, "* [JOB] ")
		return rest
	}
	i := bytes.Index(rest, []byte(")]"))
	if i < 0 {
		return nil
	}
	w.name = rest[:i]
	if host, ok := keyed(w.name, "host:"); ok {
		w.host = host
	}
	if pid, ok := keyed(w.name, "pid:"); ok {
		w.pid = pidAt(pid)
	}
	return trimLeft(rest[i+2:])
}

func (p *delayedJob) event(w *delayedWorker, text []byte, m *meta, out Sink) {
	if hasPrefix(text, "Starting job worker") {
		p.happen(out, culprit.Happening{Kind: culprit.HappeningBoot, At: w.at, Host: string(w.host), PID: w.pid, Name: "delayed_job"})
		return
	}
	name, key, queue, verb := delayedJobLine(text)
	if len(name) == 0 {
		return
	}
	switch {
	case hasPrefix(verb, "RUNNING"):
		p.open.begin(w.key(key), begun{
			kind: culprit.CallJob, start: w.at, pid: w.pid, host: string(w.host), id: string(key),
			name: string(name), queue: string(queue), mem: culprit.Unknown, allocs: culprit.Unknown, offset: m.offset,
		}, out)
	case hasPrefix(verb, "COMPLETED after "), hasPrefix(verb, "completed after "):
		us, n := decimalAt(verb[len("completed after "):], 1e6)
		if n == 0 {
			us = culprit.Unknown
		}
		p.end(w, &delayedEnd{name, key, queue, us, false}, m, out)
	case hasPrefix(verb, "FAILED permanently because"):
		// Follows a line that already told the end.
	case hasPrefix(verb, "FAILED"), hasPrefix(verb, "failed with"):
		p.end(w, &delayedEnd{name, key, queue, culprit.Unknown, true}, m, out)
	}
}

// key of a job within one worker: two hosts may write into one file.
func (w *delayedWorker) key(id []byte) string { return string(w.name) + "\x00" + string(id) }

// delayedEnd is what the last line of a job says. duration is microseconds.
type delayedEnd struct {
	name, id, queue []byte
	duration        int64
	failed          bool
}

func (p *delayedJob) end(w *delayedWorker, e *delayedEnd, m *meta, out Sink) {
	b, paired := p.open.end(w.key(e.id))
	var from *begun
	if paired {
		from = &b
	}
	c := &p.call
	c.Reset()
	c.Kind, c.PID, c.Host, c.Name, c.Queue = culprit.CallJob, w.pid, w.host, e.name, e.queue
	c.RequestID, c.Failed, c.Offset = e.id, e.failed, m.offset
	endCall(c, from, w.at, e.duration)
	out.Call(c)
}

// delayedJobLine reads "Job CatalogJob (id=2) (queue=exports) RUNNING" and
// "CatalogJob completed after 1.0676". Names may hold blanks and parentheses.
func delayedJobLine(text []byte) (name, id, queue, verb []byte) {
	if rest, ok := bytes.CutPrefix(text, []byte("Job ")); ok {
		i := bytes.Index(rest, []byte(" (id="))
		if i < 0 {
			return nil, nil, nil, nil
		}
		name, rest = activeJobName(rest[:i]), rest[i+5:]
		id, rest, _ = cut(rest, ')')
		rest = trimLeft(rest)
		if q, ok := bytes.CutPrefix(rest, []byte("(queue=")); ok {
			queue, rest, _ = cut(q, ')')
		}
		return name, id, queue, trimLeft(rest)
	}
	for _, v := range []string{" completed after ", " failed with "} {
		if i := bytes.Index(text, []byte(v)); i > 0 {
			return text[:i], nil, nil, text[i+1:]
		}
	}
	return nil, nil, nil, nil
}

// activeJobName cuts "ExportJob [uuid] from DelayedJob(default) with arguments:
// [...]", as ActiveJob's adapter names its jobs, down to the class.
// Source: rails/rails activejob/lib/active_job/queue_adapters/delayed_job_adapter.rb.
func activeJobName(b []byte) []byte {
	if i := bytes.Index(b, []byte(" [")); i > 0 && holds(b[i:], "] from DelayedJob(") {
		return b[:i]
	}
	return b
}
