package logs

import (
	"bytes"

	"culprit"
)

// pumaFormat is what Puma writes to its standard output, versions 2 to 7, and
// what puma_worker_killer adds to it. The lines carry no time of their own: it
// comes from a wrapper, or from the "=== puma startup: ... ===" that Puma writes
// when it redirects its output.
func pumaFormat() format {
	return format{
		name: "puma", kind: "events", title: "Puma's standard output, puma_worker_killer",
		stamp: culprit.StampEnd, verified: "live",
		source: "puma/puma lib/puma/cluster.rb, lib/puma/launcher.rb; zombocom/puma_worker_killer lib/puma_worker_killer/reaper.rb",
		looks: func(b []byte) bool {
			_, rest := pumaPID(b)
			return pumaLine(rest)
		},
		open: func(o *Options) parser { return &puma{clock: newClock(o)} }, sequential: true,
	}
}

// pumaPID takes the master's "[8001] " off, which cluster mode writes.
func pumaPID(b []byte) (int, []byte) {
	if len(b) < 4 || b[0] != '[' {
		return 0, b
	}
	v, n := atoi(b[1:])
	if n == 0 || v > 1<<31-1 || !hasPrefix(b[1+n:], "] ") {
		return 0, b
	}
	return int(v), b[n+3:]
}

// pumaLine tells Puma's lines from others by their first words.
func pumaLine(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	switch b[0] {
	case '-':
		return startsWithAny(b, "- Worker ", "- Stopping ", "- Starting phased", "- Starting worker refork",
			"- Gracefully ", "- Goodbye!", "- TERM sent", "- KILL sent", "- INT sent", "- All workers reached idle")
	case '!':
		return startsWithAny(b, "! Terminating timed out worker", "! reaped unknown child", "! Out-of-sync worker",
			"! Detected parent died", "! Complete inability to spawn", "! Seppuku", "! Unable to ", "! WARNING: Detected ")
	case '*':
		return startsWithAny(b, "* Puma version", "* Restarting...", "* Stopping immediately", "*  Min threads", "*  Max threads",
			"*  Environment", "*   Master PID", "*          PID", "*      Workers", "*     Restarts", "* Preloading application",
			"* Listening on ", "* Inherited ", "* Version ", "* Min threads", "* Max threads", "* Environment: ",
			"* Process workers", "* Phased restart", "* Ruby version", "* Activated ", "* Daemonizing", "* phased-restart")
	case '=':
		return hasPrefix(b, "=== puma ")
	case 'P':
		return startsWithAny(b, "Puma starting in ", "PumaWorkerKiller: ")
	case 'E':
		return hasPrefix(b, "Early termination of worker")
	case 'U':
		return hasPrefix(b, "Use Ctrl-C to stop")
	case '+':
		return startsWithAny(b, "+ Changing to ", "+ Gemfile in context")
	}
	return false
}

type puma struct {
	clock clock
	undated
}

func (p *puma) close(Sink) {}

func (p *puma) line(b []byte, m *meta, out Sink) bool {
	master, rest := pumaPID(b)
	if !pumaLine(rest) {
		return false
	}
	if hasPrefix(rest, "PumaWorkerKiller: ") {
		if m.at == 0 {
			p.lines++
		} else {
			workerKiller(rest, m, out)
		}
		return true
	}
	h := culprit.Happening{At: m.at, Host: string(hostOf(m)), PID: master}
	switch rest[0] {
	case '-':
		pumaDash(&h, rest)
	case '!':
		pumaBang(&h, rest)
	case '=':
		p.banner(&h, rest)
	default:
		switch {
		case hasPrefix(rest, "Puma starting in "):
			h.Kind, h.Name = culprit.HappeningBoot, "puma"
		case startsWithAny(rest, "* Restarting...", "* Stopping immediately"):
			h.Kind, h.Name = culprit.HappeningRestart, "puma"
		case hasPrefix(rest, "Early termination of worker"):
			h.Kind, h.Name = culprit.HappeningKill, "early termination of a worker"
		}
	}
	if h.Kind != "" {
		p.happen(out, h)
	}
	return true
}

// banner reads "=== puma startup: 2020-06-10 12:00:00 +0200 ===" and the same
// with "shutdown".
func (p *puma) banner(h *culprit.Happening, b []byte) {
	what, rest, ok := bytes.Cut(b[len("=== puma "):], []byte(": "))
	if !ok {
		return
	}
	if at, n := p.clock.iso(rest); n > 0 {
		h.At = at
	}
	h.Name = "puma"
	switch string(what) {
	case "startup":
		h.Kind = culprit.HappeningBoot
	case "shutdown":
		h.Kind = culprit.HappeningRestart
	}
}

// pumaDash reads "- Worker 0 (PID: 8003) booted in 1.2s, phase: 0" ("(pid: 8003)
// booted" before version 5), "- Stopping 123 for phased upgrade..." and others.
func pumaDash(h *culprit.Happening, b []byte) {
	switch {
	case hasPrefix(b, "- Worker "):
		i := bytes.IndexByte(b, '(')
		if i < 0 || i+6 >= len(b) {
			return
		}
		h.PID, h.Name = pidAt(b[i+6:]), "puma "+string(bytes.ToLower(b[2:i-1]))
		if holds(b[i:], ") booted") {
			h.Kind = culprit.HappeningBoot
		} else if holds(b[i:], ") terminating") {
			h.Kind = culprit.HappeningRestart
		}
	case hasPrefix(b, "- Stopping "):
		h.Kind, h.PID, h.Name = culprit.HappeningRestart, pidAt(b[len("- Stopping "):]), "puma worker, phased"
	case hasPrefix(b, "- KILL sent to "):
		h.Kind, h.PID, h.Name = culprit.HappeningKill, pidAt(b[len("- KILL sent to "):]), "puma worker"
	case hasPrefix(b, "- Starting "):
		h.Kind, h.Name = culprit.HappeningRestart, "puma, phased"
	case startsWithAny(b, "- Gracefully shutting down", "- Gracefully stopping"):
		h.Kind, h.Name = culprit.HappeningRestart, "puma stopping"
	}
}

// pumaBang reads "! Terminating timed out worker (worker failed to check in
// within 60 seconds): 1234" (version 5 and later) and "! Terminating timed out
// worker: 1234" (before).
func pumaBang(h *culprit.Happening, b []byte) {
	if !hasPrefix(b, "! Terminating timed out worker") {
		return
	}
	if i := bytes.LastIndex(b, []byte(": ")); i > 0 {
		h.PID = pidAt(b[i+2:])
	}
	h.Kind, h.Name = culprit.HappeningKill, "puma worker timed out"
}

// workerKiller reads puma_worker_killer's lines. Its megabytes are of 1024 KiB
// (schneems/get_process_mem).
//
//	PumaWorkerKiller: Consuming 402.36 mb with master and 3 workers.
//	PumaWorkerKiller: Out of memory. 3 workers consuming total: 540.85 mb out of max: 501.76 mb.
//	  Sending TERM to #<Puma::Cluster::Worker:0x... @index=0, @pid=8003, ...> consuming 138.22 mb.
//	PumaWorkerKiller: Rolling Restart. 5 workers consuming total: 650mb mb. Sending TERM to pid 34.
func workerKiller(b []byte, m *meta, out Sink) {
	host := string(hostOf(m))
	total, ok := sizeAfter(b, "PumaWorkerKiller: Consuming ")
	if !ok {
		total, ok = sizeAfter(b, "consuming total: ")
	}
	if ok {
		out.Memory(culprit.Series{Host: host, Name: "puma", Kind: culprit.GroupRSS}, m.at, total)
	}
	to, ok := afterText(b, "Sending TERM to ")
	if !ok {
		return
	}
	h := culprit.Happening{Kind: culprit.HappeningKill, At: m.at, Host: host, Name: "puma_worker_killer"}
	if pid, ok := afterText(to, "pid "); ok {
		h.PID = pidAt(pid)
	} else if pid, ok := afterText(to, "@pid="); ok {
		h.PID = pidAt(pid)
	}
	if size, ok := sizeAfter(to, " consuming "); ok {
		h.Bytes = size
		if h.PID != 0 {
			out.Memory(culprit.Series{Host: host, PID: h.PID, Name: "puma", Role: "worker", Kind: culprit.RSS}, m.at, size)
		}
	}
	if holds(b, "Rolling Restart") {
		h.Kind = culprit.HappeningRestart
	}
	out.Happening(h)
}

// sizeAfter reads the amount of megabytes after text.
func sizeAfter(b []byte, text string) (culprit.Bytes, bool) {
	rest, ok := afterText(b, text)
	if !ok {
		return 0, false
	}
	size, n := sizeAt(rest, culprit.MiB)
	return size, n > 0
}
