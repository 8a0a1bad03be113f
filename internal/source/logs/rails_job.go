package logs

import (
	"bytes"

	"culprit"
)

// job notes an event of an ActiveJob execution, keyed by its job id. Without
// one there is nothing to pair it by and it returns nil.
//
// Source: rails/rails activejob/lib/active_job/log_subscriber.rb.
func (p *rails) job(k eventKind, b []byte, l *railsLine, m *meta) *event {
	id := l.tags.jobID
	if i := bytes.Index(b[:min(len(b), 512)], []byte("(Job ID: ")); i >= 0 {
		if v, _, ok := cut(b[i+9:], ')'); ok {
			id = v
		}
	}
	if len(id) == 0 {
		return nil
	}
	e := p.event(k, l, m)
	e.work = culprit.CallJob
	e.id, e.byID, e.key = id, true, hash(id, 1)
	return e
}

// jobName reads "ExportJob (Job ID: ...) from DelayedJob(default) ..." and sets
// the job's class and queue.
func jobName(e *event, b []byte) {
	name, rest, _ := cut(b, ' ')
	e.a = name
	i := bytes.Index(rest[:min(len(rest), 512)], []byte("from "))
	if i < 0 {
		return
	}
	if _, q, ok := cut(rest[i:], '('); ok {
		if v, _, ok := cut(q, ')'); ok && len(v) < 128 {
			e.b = v
		}
	}
}

// performing reads "Performing ExportJob (Job ID: x) from Async(default) ...".
func (p *rails) performing(b []byte, l *railsLine, m *meta) bool {
	if !hasPrefix(b, "Performing ") {
		return false
	}
	if e := p.job(evBegin, b, l, m); e != nil {
		jobName(e, b[11:])
	}
	return true
}

// performed reads "Performed ExportJob (Job ID: x) from Async(default) in 23.4ms"
// and "Error performing ExportJob (...) from ... in 12ms: StandardError (boom):".
func (p *rails) performed(b []byte, l *railsLine, m *meta, marks uint8) bool {
	skip := len("Performed ")
	if marks&markFailed != 0 {
		skip = len("Error performing ")
	}
	if len(b) <= skip {
		return false
	}
	e := p.job(evEnd, b, l, m)
	if e == nil {
		return true
	}
	e.marks = marks
	jobName(e, b[skip:])
	if i := bytes.Index(b, []byte(") in ")); i >= 0 {
		if us, n := millis(b[i+5:]); n > 0 {
			e.duration = us
		}
	}
	return true
}

// enqueued reads "Enqueued ExportJob (Job ID: x) to Sidekiq(default) ...": it
// marks the request, or the job, that did so.
func (p *rails) enqueued(_ []byte, l *railsLine, m *meta) bool {
	if !l.tags.activeJob && l.tags.id == nil && l.stamp == nil {
		return false
	}
	e := p.event(evMark, l, m)
	e.marks = markEnqueues
	if l.tags.jobID != nil {
		e.work = culprit.CallJob
		e.id, e.byID, e.key = l.tags.jobID, true, hash(l.tags.jobID, 1)
	}
	return true
}
