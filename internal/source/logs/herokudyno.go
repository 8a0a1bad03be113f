package logs

import (
	"bytes"

	"culprit"
)

// herokuDynoFormat is what Heroku's platform says of a dyno: its memory
// (log-runtime-metrics), quota errors, state changes, releases.
func herokuDynoFormat() format {
	return format{
		name: "heroku-dyno", kind: "events", title: "Heroku dyno memory and state",
		stamp: culprit.StampEnd, verified: "sample",
		source: "devcenter.heroku.com/articles/log-runtime-metrics, devcenter.heroku.com/articles/error-codes",
		looks:  looksHerokuDyno,
		open:   func(*Options) parser { return &herokuDyno{} }, sequential: true,
	}
}

func looksHerokuDyno(b []byte) bool {
	if len(b) == 0 || bytes.IndexByte([]byte("PESCRDs"), b[0]) < 0 {
		return false
	}
	return startsWithAny(b, "Process running mem=", "Error R1", "State changed from ", "Stopping process with SIGKILL",
		"Process exited with status ", "Stopping all processes with ", "Cycling", "Release v", "Deployed ", "Restarting") ||
		(hasPrefix(b, "source=") && holds(b, " sample#"))
}

// herokuDyno remembers the last "Process running mem=" of a dyno, which stands
// right before the quota error that it explains.
type herokuDyno struct {
	dyno string
	mem  culprit.Bytes
}

func (p *herokuDyno) close(Sink) {}

func (p *herokuDyno) line(b []byte, m *meta, out Sink) bool {
	if !looksHerokuDyno(b) {
		return false
	}
	host := string(hostOf(m))
	switch {
	case m.at == 0: // the time stands in the wrapper only
	case hasPrefix(b, "source="):
		herokuSamples(b, m.at, out)
	case hasPrefix(b, "Process running mem="):
		p.running(b, host, m.at, out)
	default:
		p.event(b, host, m.at, out)
	}
	return true
}

// running reads "Process running mem=548M(107.0%)": RSS, swap and cache of the
// whole dyno.
func (p *herokuDyno) running(b []byte, host string, at int64, out Sink) {
	size, n := sizeAt(b[len("Process running mem="):], culprit.MiB)
	if n == 0 {
		return
	}
	p.dyno, p.mem = host, size
	out.Memory(culprit.Series{Host: host, Name: host, Kind: culprit.CgroupUsage}, at, size)
}

// event reads the other lines. R14 is over quota, R15 far over and killed, R12
// a dyno that did not stop in time and was killed.
func (p *herokuDyno) event(b []byte, host string, at int64, out Sink) {
	h := culprit.Happening{At: at, Host: host}
	switch {
	case startsWithAny(b, "Error R14", "Error R15"):
		h.Kind, h.Name = culprit.HappeningMemory, string(b[len("Error "):min(len(b), 80)])
		if p.dyno == host {
			h.Bytes = p.mem
		}
	case hasPrefix(b, "Stopping process with SIGKILL"), hasPrefix(b, "Process exited with status 137"), hasPrefix(b, "Error R12"):
		h.Kind, h.Name = culprit.HappeningKill, string(b[:min(len(b), 80)])
	case hasPrefix(b, "State changed from ") && hasSuffix(b, " to up"):
		h.Kind, h.Name = culprit.HappeningBoot, host
	case hasPrefix(b, "Restarting"), hasPrefix(b, "Cycling"):
		h.Kind, h.Name = culprit.HappeningRestart, host
	case hasPrefix(b, "Release v"):
		release, _, _ := bytes.Cut(b[len("Release "):], []byte(" "))
		h.Kind, h.Name = culprit.HappeningDeploy, string(release)
	default:
		return
	}
	out.Happening(h)
}

// herokuSamples reads "source=web.1 dyno=heroku... sample#memory_total=21.00MB
// sample#memory_rss=21.22MB sample#memory_swap=0.00MB". They are sums over the
// dyno's container.
func herokuSamples(b []byte, at int64, out Sink) {
	source, _ := keyed(b, "source=")
	s := culprit.Series{Host: string(source), Name: string(source)}
	for _, k := range []struct {
		key  string
		kind culprit.MemoryKind
	}{
		{"sample#memory_rss=", culprit.CgroupRSS},
		{"sample#memory_total=", culprit.CgroupUsage},
		{"sample#memory_cache=", culprit.CgroupCache},
		{"sample#memory_swap=", culprit.Swap},
	} {
		text, ok := keyed(b, k.key)
		if !ok {
			continue
		}
		if size, n := sizeAt(text, culprit.MiB); n > 0 {
			s.Kind = k.kind
			out.Memory(s, at, size)
		}
	}
}
