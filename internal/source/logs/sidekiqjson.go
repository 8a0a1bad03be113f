package logs

import (
	"bytes"
	"encoding/json"
	"strconv"

	"culprit"
)

// sidekiqJSONFormat is Sidekiq's JSON formatter and the flat form of GitLab and
// of sidekiq-logstash.
func sidekiqJSONFormat() format {
	return format{
		name: "sidekiq-json", kind: "jobs", title: "Sidekiq JSON (own formatter, GitLab)",
		stamp: culprit.StampBoth, verified: "live",
		source: "sidekiq/sidekiq lib/sidekiq/logger.rb; gitlabhq/gitlabhq lib/gitlab/sidekiq_logging/structured_logger.rb",
		looks:  looksSidekiqJSON,
		open:   func(o *Options) parser { return &sidekiqJSON{clock: newClock(o)} }, sequential: true,
	}
}

// looksSidekiqJSON wants a job id, or Sidekiq's own key names.
func looksSidekiqJSON(b []byte) bool {
	if len(b) < 20 || b[0] != '{' {
		return false
	}
	return holds(b, `"jid":"`) || (hasPrefix(b, `{"ts":"`) && holds(b, `,"tid":"`) && holds(b, `,"lvl":"`))
}

type sidekiqJSON struct {
	clock clock
	sidekiqJobs
}

// sidekiqRecord has the keys of both forms. Numbers are read leniently: some
// loggers write them as text.
type sidekiqRecord struct {
	TS        string      `json:"ts"`
	Time      string      `json:"time"`
	Timestamp string      `json:"@timestamp"`
	PID       looseNumber `json:"pid"`
	TID       looseText   `json:"tid"`
	Msg       looseText   `json:"msg"`
	Message   looseText   `json:"message"`
	Ctx       sidekiqJob  `json:"ctx"`
	JobStatus string      `json:"job_status"`
	DurationS looseNumber `json:"duration_s"`
	Duration  looseNumber `json:"duration"`
	MemBytes  looseNumber `json:"mem_total_bytes"`
	MemMalloc looseNumber `json:"mem_bytes"`
	MemObject looseNumber `json:"mem_objects"`
	sidekiqJob
}

type sidekiqJob struct {
	Class   looseText   `json:"class"`
	Wrapped looseText   `json:"wrapped"`
	JID     looseText   `json:"jid"`
	Queue   looseText   `json:"queue"`
	Elapsed looseNumber `json:"elapsed"`
}

// looseText is a JSON string; anything else reads as empty.
type looseText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *looseText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = looseText(s)
	}
	return nil
}

// looseNumber is a JSON number or a number in a string. ok is false for
// anything else.
type looseNumber struct {
	v  float64
	ok bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *looseNumber) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	n.v, n.ok = v, err == nil && v >= 0 && v < 1<<53
	return nil
}

// int returns the number times scale, Unknown when there is none.
func (n looseNumber) int(scale float64) int64 {
	if !n.ok || n.v*scale > 1<<62 {
		return culprit.Unknown
	}
	return int64(n.v*scale + 0.5)
}

func (p *sidekiqJSON) line(b []byte, m *meta, out Sink) bool {
	if !looksSidekiqJSON(b) {
		return false
	}
	var r sidekiqRecord
	if json.Unmarshal(b, &r) != nil {
		return false
	}
	l := p.read(&r, m)
	p.event(&l, m, out)
	return true
}

// read brings both forms into the shape of a text line.
func (p *sidekiqJSON) read(r *sidekiqRecord, m *meta) sidekiqLine {
	l := sidekiqLine{at: m.at, pid: m.pid, tid: []byte(r.TID), duration: culprit.Unknown}
	for _, s := range []string{r.TS, r.Time, r.Timestamp} {
		if at, n := p.clock.iso([]byte(s)); n > 0 {
			l.at = at
			break
		}
	}
	if pid := r.PID.int(1); pid > 0 && pid < 1<<31 {
		l.pid = int(pid)
	}
	job := r.Ctx
	if job.JID == "" {
		job = r.sidekiqJob
	}
	l.jid, l.queue, l.class = []byte(job.JID), []byte(job.Queue), []byte(job.Class)
	if job.Wrapped != "" {
		l.class = []byte(job.Wrapped)
	}
	for _, d := range []looseNumber{job.Elapsed, r.DurationS, r.Duration} {
		if d.ok {
			l.duration = d.int(1e6)
			break
		}
	}
	l.mem, l.allocs = r.MemBytes.int(1), r.MemObject.int(1)
	if l.mem < 0 {
		l.mem = r.MemMalloc.int(1)
	}
	l.message = sidekiqStatus(r)
	if len(l.message) > 0 && string(l.message) != "start" && l.duration < 0 {
		sidekiqOldDuration(&l)
	}
	return l
}

// sidekiqStatus returns "start", "done", "fail" or the message. GitLab names
// the status apart; its messages read "PostReceive JID-06aeaa: done: 0.139 sec".
func sidekiqStatus(r *sidekiqRecord) []byte {
	switch r.JobStatus {
	case "start", "done", "fail":
		return []byte(r.JobStatus)
	}
	msg := string(r.Msg)
	if msg == "" {
		msg = string(r.Message)
	}
	text := []byte(msg)
	if rest, ok := afterText(text, "JID-"+string(r.JID)+": "); ok && r.JID != "" {
		return rest
	}
	return text
}
