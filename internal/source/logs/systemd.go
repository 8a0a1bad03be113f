package logs

import (
	"bytes"

	"culprit"
)

// systemdFormat is systemd's word on the units that run Ruby servers.
func systemdFormat() format {
	return format{
		name: "systemd", kind: "events", title: "systemd units of Ruby servers",
		stamp: culprit.StampEnd, verified: "sample",
		source: "systemd/systemd src/core/job.c, src/core/service.c, src/core/unit.c; systemd-oomd: src/oom/oomd-manager.c",
		looks:  looksSystemd,
		open:   func(*Options) parser { return &systemd{} }, sequential: true,
	}
}

// rubyServers are words by which a unit's name or description is known to be
// one that matters; systemd speaks of many others.
var rubyServers = []string{
	"puma", "unicorn", "passenger", "falcon", "thin", "sidekiq", "good_job", "good-job", "goodjob", "solid_queue",
	"solid-queue", "delayed", "resque", "rails", "ruby", "rack",
}

// namesRubyServer looks for one of the words in the first 200 bytes.
func namesRubyServer(b []byte) bool {
	low := bytes.ToLower(b[:min(len(b), 200)])
	for _, w := range rubyServers {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

// looksSystemd finds "Started Puma HTTP Server." and "puma.service: ...". The
// final dot keeps Rails' "Started GET" away.
func looksSystemd(b []byte) bool {
	if len(b) < 12 || b[0] == ' ' || b[0] == '{' || b[0] == '[' {
		return false
	}
	if (b[0] == 'S' || b[0] == 'R') && startsWithAny(b, "Started ", "Stopped ", "Reloaded ", "Stopping ", "Starting ") {
		return len(b) < 300 && (b[len(b)-1] == '.' || hasSuffix(b, "...")) && bytes.IndexByte(b, '"') < 0 && namesRubyServer(b)
	}
	i := bytes.Index(b[:min(len(b), 100)], []byte(".service: "))
	return i > 0 && bytes.IndexByte(b[:i], ' ') < 0 && namesRubyServer(b[:i])
}

type systemd struct{ undated }

func (p *systemd) close(Sink) {}

func (p *systemd) line(b []byte, m *meta, out Sink) bool {
	if !looksSystemd(b) {
		return false
	}
	h := culprit.Happening{At: m.at, Host: string(m.host)}
	if i := bytes.Index(b, []byte(".service: ")); i > 0 {
		h.Name = string(b[:i+len(".service")])
		serviceEvent(&h, b[i+len(".service: "):])
	} else {
		var verb []byte
		verb, b = nextField(b)
		h.Name = unitName(b)
		switch string(verb) {
		case "Started":
			h.Kind = culprit.HappeningBoot
		case "Stopped", "Reloaded":
			h.Kind = culprit.HappeningRestart
		}
	}
	if h.Kind != "" {
		p.happen(out, h)
	}
	return true
}

// unitName prefers the unit in "puma.service - Puma HTTP Server." (version 249
// and later) over the description.
func unitName(b []byte) string {
	if unit, _, ok := bytes.Cut(b, []byte(" - ")); ok && hasSuffix(unit, ".service") {
		return string(unit)
	}
	return string(bytes.TrimRight(b, "."))
}

// serviceEvent reads "Main process exited, code=killed, status=9/KILL", "A
// process of this unit has been killed by the OOM killer." and "Scheduled
// restart job, restart counter is at 1.".
func serviceEvent(h *culprit.Happening, b []byte) {
	switch {
	case holds(b, "killed by the OOM killer"):
		h.Kind = culprit.HappeningOOM
	case holds(b, "rocess exited, code=killed"), holds(b, "Killing process "):
		h.Kind = culprit.HappeningKill
		if pid, ok := afterText(b, "Killing process "); ok {
			h.PID = pidAt(pid)
		}
	case holds(b, "Scheduled restart job"), holds(b, "scheduling restart"):
		h.Kind = culprit.HappeningRestart
	}
}
