package logs

import (
	"culprit"
)

// unicornFormat is the log of unicorn's master and of unicorn-worker-killer.
func unicornFormat() format {
	return format{
		name: "unicorn", kind: "events", title: "unicorn, unicorn-worker-killer",
		stamp: culprit.StampEnd, verified: "sample",
		source: "defunkt/unicorn lib/unicorn/http_server.rb; kzk/unicorn-worker-killer lib/unicorn/worker_killer.rb",
		looks:  func(b []byte) bool { return unicornLine(withoutRubyPrefix(b)) },
		open:   func(o *Options) parser { return &unicorn{clock: newClock(o)} }, sequential: true,
	}
}

// unicornLine tells unicorn's lines from others.
func unicornLine(b []byte) bool {
	switch {
	case hasPrefix(b, "worker="):
		return holds(b, " ready") || holds(b, " spawn") || holds(b, " PID:")
	case hasPrefix(b, "reaped #<Process::Status:"), hasPrefix(b, "master process ready"), hasPrefix(b, "master done reopening"):
		return true
	case hasPrefix(b, "#<Unicorn::") || hasPrefix(b, "Unicorn::WorkerKiller"):
		return holds(b, "(pid: ")
	}
	return false
}

type unicorn struct {
	clock clock
	undated
}

func (p *unicorn) close(Sink) {}

func (p *unicorn) line(b []byte, m *meta, out Sink) bool {
	at, pid, rest := rubyPrefix(&p.clock, b)
	if !unicornLine(rest) {
		return false
	}
	if at == 0 {
		at, pid = m.at, m.pid
	}
	h := culprit.Happening{At: at, Host: string(hostOf(m)), PID: pid}
	switch {
	case hasPrefix(rest, "reaped "):
		unicornReaped(&h, rest)
	case hasPrefix(rest, "worker="):
		unicornWorker(&h, rest)
	case hasPrefix(rest, "master process ready"):
		h.Kind, h.Name = culprit.HappeningBoot, "unicorn master"
	default:
		p.worker(&h, rest, out)
	}
	if h.Kind != "" {
		p.happen(out, h)
	}
	return true
}

// unicornReaped reads "reaped #<Process::Status: pid 123 SIGKILL (signal 9)> worker=1".
func unicornReaped(h *culprit.Happening, b []byte) {
	if text, ok := afterText(b, " pid "); ok {
		h.PID = pidAt(text)
	}
	h.Kind, h.Name = culprit.HappeningRestart, "unicorn worker reaped"
	if holds(b, "SIGKILL") {
		h.Kind = culprit.HappeningKill
	}
}

// unicornWorker reads "worker=0 ready", "worker=1 spawned pid=1234" and
// "worker=1 PID:1234 timeout (61s > 60s), killing".
func unicornWorker(h *culprit.Happening, b []byte) {
	name, rest := nextField(b)
	h.Name = "unicorn " + string(name)
	switch {
	case hasPrefix(rest, "ready"):
		h.Kind = culprit.HappeningBoot
	case hasPrefix(rest, "PID:") && holds(rest, "killing"):
		h.Kind, h.PID = culprit.HappeningKill, pidAt(rest[4:])
	}
}

// worker reads unicorn-worker-killer: "...: worker (pid: 123) exceeds memory
// limit (268435456 bytes > 200000000 bytes)" and "... send SIGQUIT (pid: 123)".
func (p *unicorn) worker(h *culprit.Happening, b []byte, out Sink) {
	if text, ok := afterText(b, "(pid: "); ok && pidAt(text) != 0 {
		h.PID = pidAt(text)
	}
	h.Name = "unicorn-worker-killer"
	if limit, ok := afterText(b, "exceeds memory limit ("); ok {
		size, n := sizeAt(limit, 1)
		if n > 0 && h.At != 0 {
			out.Memory(culprit.Series{Host: h.Host, PID: h.PID, Name: "unicorn", Role: "worker", Kind: culprit.RSS}, h.At, size)
			h.Bytes = size
		}
		h.Kind = culprit.HappeningKill
	}
}
