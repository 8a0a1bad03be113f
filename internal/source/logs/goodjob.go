package logs

import (
	"bytes"

	"culprit"
)

// goodJobFormat is what good_job writes besides the ActiveJob lines that carry
// the jobs themselves: its scheduler coming up and being killed.
func goodJobFormat() format {
	return format{
		name: "good_job", kind: "jobs", title: "good_job's own lines",
		stamp: culprit.StampEnd, verified: "sample",
		source: "bensheldon/good_job lib/good_job/log_subscriber.rb",
		looks: func(b []byte) bool {
			return holds(b[:min(len(b), 120)], "[GoodJob] ") && !holds(b, "[ActiveJob] [")
		},
		open: func(o *Options) parser { return &goodJob{clock: newClock(o)} }, sequential: true,
	}
}

type goodJob struct {
	clock clock
	undated
}

func (p *goodJob) close(Sink) {}

// line reads "[GoodJob] [pid] [thread] Executed GoodJob uuid" and the like.
func (p *goodJob) line(b []byte, m *meta, out Sink) bool {
	at, pid, rest := rubyPrefix(&p.clock, b)
	rest, ok := afterText(rest, "[GoodJob] ")
	if !ok {
		return false
	}
	if at == 0 {
		at, pid = m.at, m.pid
	}
	for hasPrefix(rest, "[") {
		tag, after, ok := cut(rest[1:], ']')
		if !ok {
			break
		}
		if v, ok := whole(tag); ok && v < 1<<31 {
			pid = int(v)
		}
		rest = trimLeft(after)
	}
	h := culprit.Happening{At: at, Host: string(hostOf(m)), PID: pid}
	switch {
	case hasPrefix(rest, "GoodJob scheduler has been killed"):
		h.Kind, h.Name = culprit.HappeningKill, "good_job scheduler"
	case hasPrefix(rest, "GoodJob ") && holds(rest, " started scheduler with "):
		h.Kind, h.Name = culprit.HappeningBoot, "good_job scheduler"
	case hasPrefix(rest, "GoodJob scheduler has restarted"):
		h.Kind, h.Name = culprit.HappeningRestart, "good_job scheduler"
	default:
		return true // "Executed GoodJob uuid" tells no duration: ActiveJob's lines do
	}
	p.happen(out, h)
	return true
}

// solidQueueFormat is the life of solid_queue's processes; its jobs stand in
// ActiveJob's lines.
func solidQueueFormat() format {
	return format{
		name: "solid_queue", kind: "jobs", title: "solid_queue's own lines",
		stamp: culprit.StampEnd, verified: "sample",
		source: "rails/solid_queue lib/solid_queue/log_subscriber.rb",
		looks:  func(b []byte) bool { return holds(b[:min(len(b), 160)], "SolidQueue-") },
		open:   func(o *Options) parser { return &solidQueue{clock: newClock(o)} }, sequential: true,
	}
}

type solidQueue struct {
	clock clock
	undated
}

func (p *solidQueue) close(Sink) {}

// line reads "SolidQueue-1.1.0 Started Worker (1.2ms)  pid: 123, hostname: "h", ...".
func (p *solidQueue) line(b []byte, m *meta, out Sink) bool {
	at, _, rest := rubyPrefix(&p.clock, b)
	rest, ok := afterText(rest, "SolidQueue-")
	if !ok {
		return false
	}
	if at == 0 {
		at = m.at
	}
	_, action := nextField(rest)
	h := culprit.Happening{At: at, Host: solidText(rest, ", hostname: "), Name: "solid_queue " + solidText(rest, ", name: ")}
	if pid, ok := afterText(rest, " pid: "); ok {
		h.PID = pidAt(pid)
	}
	if h.Host == "" {
		h.Host = string(hostOf(m))
	}
	switch {
	case hasPrefix(action, "Started "):
		h.Kind = culprit.HappeningBoot
	case hasPrefix(action, "Replaced terminated ") && holds(rest, "signaled: true"):
		h.Kind = culprit.HappeningKill // termsig: 9 is what the OOM killer sends
	case hasPrefix(action, "Replaced terminated "):
		h.Kind = culprit.HappeningRestart
	default:
		return true
	}
	p.happen(out, h)
	return true
}

// solidText returns the quoted text after key.
func solidText(b []byte, key string) string {
	rest, ok := afterText(b, key)
	if !ok || len(rest) == 0 || rest[0] != '"' {
		return ""
	}
	rest = rest[1:]
	if i := bytes.IndexByte(rest, '"'); i >= 0 {
		rest = rest[:i]
	}
	return string(rest)
}
