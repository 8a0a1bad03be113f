package logs

import (
	"bytes"

	"culprit"
)

// emit finishes a record and sends it on. It reports false when the line was of
// neither a request nor a job.
func (p *recorder) emit(m *meta, out Sink) bool {
	r := &p.r
	c := &r.call
	if c.Name != nil && (r.jobID != nil || r.tags != nil) {
		return p.job(m)
	}
	if c.Path == nil && c.Controller == nil {
		return false
	}
	if r.thread && (c.Status == 0 && c.Duration < 0) {
		return p.started(m)
	}
	if c.Status == 0 && c.Duration < 0 || c.Method == nil && c.Controller == nil {
		return false
	}
	p.complete(m)
	if !r.thread {
		out.Call(c)
		return true
	}
	// rails_semantic_logger may have logged a Started line for this one.
	e := p.note(evEnd)
	e.full = p.s.keep(c)
	return true
}

// complete fills in what the front of the line and the wrapper know.
func (p *recorder) complete(m *meta) {
	r := &p.r
	c := &r.call
	c.Kind = culprit.CallWeb
	if r.proxy && c.Controller == nil {
		c.Kind = culprit.CallProxy
	}
	c.Offset = m.offset
	c.Truncated = truncated(c.Status) && c.Kind == culprit.CallProxy
	p.surroundings(m)
	if c.Operation == nil && r.query != nil {
		c.Operation = p.s.operation(r.query)
	}
	c.Stamp = culprit.StampNone
	if c.End = r.at; c.End != 0 {
		c.Stamp = culprit.StampEnd
		if c.Duration >= 0 {
			c.Start = c.End - c.Duration
		}
	}
}

// surroundings takes time, host, pid and request id from the wrapper where the
// line is silent.
func (p *recorder) surroundings(m *meta) {
	r := &p.r
	c := &r.call
	if r.at == 0 {
		r.at = m.at
	}
	if len(c.Host) == 0 {
		c.Host = m.host
		if r.host != nil && !r.ltsv && (r.thread || isServerName(r.host)) {
			c.Host = r.host
		}
	}
	if c.Client == nil && r.ltsv {
		c.Client = r.host
	}
	if c.PID == 0 {
		c.PID = m.pid
	}
	if c.RequestID == nil {
		c.RequestID = m.id
	}
}

// isServerName tells "web1" from a Host header: most options that log a "host"
// mean the latter.
func isServerName(v []byte) bool {
	return bytes.IndexByte(v, '.') < 0 && bytes.IndexByte(v, ':') < 0 && string(v) != "localhost"
}

// truncated reports whether a proxy's status means that it, or the client, gave
// up before the application did.
func truncated(status int) bool { return status == 499 || status == 502 || status == 504 }

// note notes an event for the joiner with the identity of the record.
func (p *recorder) note(k eventKind) *event {
	c := &p.r.call
	e := p.s.note()
	e.kind, e.work = k, c.Kind
	e.at, e.offset, e.pid = p.r.at, c.Offset, c.PID
	e.id, e.tid, e.host = c.RequestID, c.TID, c.Host
	e.status, e.duration = c.Status, c.Duration
	e.allocations, e.memory = c.Allocations, c.MemBytes
	if c.RequestID != nil {
		seed := uint64(0)
		if c.Kind == culprit.CallJob {
			seed = 1
		}
		e.byID, e.key = true, hash(c.RequestID, seed)
	} else {
		e.key = hash(e.tid, hash(e.host, uint64(c.PID)+1))
	}
	return e
}

// started notes rails_semantic_logger's Started and Processing lines.
func (p *recorder) started(m *meta) bool {
	r := &p.r
	c := &r.call
	p.surroundings(m)
	c.Offset = m.offset
	switch {
	case hasPrefix(r.message, "Started"):
		e := p.note(evBegin)
		e.a, e.b, e.c = c.Method, c.Path, c.Client
	case hasPrefix(r.message, "Processing"):
		e := p.note(evRoute)
		e.a, e.b, e.c = c.Controller, c.Action, c.Format
	}
	return true
}

// job emits an execution from ActiveJob events as JSON: a job_class and job_id
// with tags or a message telling which event it is.
func (p *recorder) job(m *meta) bool {
	r := &p.r
	c := &r.call
	c.Kind = culprit.CallJob
	c.Offset = m.offset
	p.surroundings(m)
	c.RequestID = r.jobID
	c.Failed = c.Failed || bytes.Contains(r.tags, []byte("exception"))
	switch {
	case bytes.Contains(r.tags, []byte("perform_start")), hasPrefix(r.message, "Performing"):
		e := p.note(evBegin)
		e.a, e.b = c.Name, c.Queue
	case bytes.Contains(r.tags, []byte("enqueue")), hasPrefix(r.message, "Enqueued"):
	case bytes.Contains(r.tags, []byte("perform")), hasPrefix(r.message, "Performed"), c.Duration >= 0:
		c.End = r.at
		e := p.note(evEnd)
		e.full = p.s.keep(c)
	}
	return true
}
