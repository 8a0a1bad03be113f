package logs

import (
	"bytes"

	"culprit"
)

// memoryLoggerFormat is the gem sidekiq-memory_logger: the job says itself how
// much the process grew while it ran (other threads' growth included).
func memoryLoggerFormat() format {
	return format{
		name: "sidekiq-memory_logger", kind: "jobs", title: "sidekiq-memory_logger",
		stamp: culprit.StampEnd, verified: "sample",
		source: "speedshop/sidekiq-memory_logger README.md, lib/sidekiq/memory_logger.rb",
		looks: func(b []byte) bool {
			_, ok := memoryLogged(withoutRubyPrefix(b))
			return ok
		},
		open: func(o *Options) parser { return &memoryLogger{clock: newClock(o)} }, sequential: true,
	}
}

// memoryUse is what a job says it used: bytes may be negative in truth, which
// reads as zero here; objects is Unknown when not told.
type memoryUse struct {
	job, queue     []byte
	bytes, objects int64
}

// memoryLogged reads "[MemoryLogger] job=MyJob queue=default memory_mb=15.2 objects=12345"
// or "Job MyJob on queue default used 15.2 MB".
func memoryLogged(b []byte) (memoryUse, bool) {
	u := memoryUse{bytes: culprit.Unknown, objects: culprit.Unknown}
	if rest, ok := bytes.CutPrefix(b, []byte("[MemoryLogger] ")); ok {
		u.job, _ = keyed(rest, "job=")
		u.queue, _ = keyed(rest, "queue=")
		text, ok := keyed(rest, "memory_mb=")
		if !ok || len(u.job) == 0 {
			return u, false
		}
		u.bytes, _ = decimalAt(text, float64(culprit.MiB)) // "-0.5" reads as 0
		text, _ = keyed(rest, "objects=")
		if v, ok := whole(text); ok {
			u.objects = v
		}
		return u, true
	}
	rest, ok := bytes.CutPrefix(b, []byte("Job "))
	if !ok {
		return u, false
	}
	u.job, rest = nextField(rest)
	i := bytes.Index(rest, []byte("on queue "))
	if i < 0 {
		return u, false
	}
	u.queue, rest = nextField(rest[i+len("on queue "):])
	if !hasPrefix(rest, "used ") {
		return u, false
	}
	size, n := sizeAt(rest[len("used "):], 0)
	if n == 0 {
		return u, hasPrefix(rest, "used -") // the process shrank
	}
	u.bytes = int64(size)
	return u, true
}

type memoryLogger struct {
	clock clock
	call  culprit.Call
}

func (p *memoryLogger) close(Sink) {}

func (p *memoryLogger) line(b []byte, m *meta, out Sink) bool {
	at, pid, rest := rubyPrefix(&p.clock, b)
	u, ok := memoryLogged(rest)
	if !ok {
		return false
	}
	if at == 0 {
		at, pid = m.at, m.pid
	}
	if at == 0 {
		return true
	}
	c := &p.call
	c.Reset()
	c.Kind, c.Stamp, c.End, c.PID = culprit.CallJob, culprit.StampEnd, at, pid
	c.Host, c.Name, c.Queue, c.Offset = hostOf(m), u.job, u.queue, m.offset
	c.MemBytes, c.Allocations = u.bytes, u.objects
	out.Call(c)
	return true
}

// memoryLineFormat is a memory reading inside any other line, as people log it
// by hand and as the gem memlog does: "RSS: 512 MB", "Memory: +1009 KB Now:
// 311948 KB PID:25430".
func memoryLineFormat() format {
	return format{
		name: "memory-line", kind: "events", title: "memory readings inside log lines",
		stamp: culprit.StampEnd, verified: "sample",
		source: "the memlog gem; an application's own lines",
		looks: func(b []byte) bool {
			if _, ok := memoryReading(b); ok {
				return true
			}
			_, ok := watched(b)
			return ok
		},
		open: func(o *Options) parser { return &memoryLine{clock: newClock(o)} }, sequential: true,
	}
}

// memoryWords introduce a reading; what follows within memoryReach bytes must
// be a number with a unit. Longest first.
var memoryWords = [][]byte{
	[]byte("Mémoire utilisée"), []byte("memory_rss"), []byte("Memory usage"), []byte("memory usage"),
	[]byte("Memory used"), []byte("memory used"), []byte("MemoryUsage"), []byte("Now: "),
	[]byte("RSS"), []byte("rss"),
}

const memoryReach = 90

// memoryReading finds a reading in a line. Lines in JSON are
// left alone, and indented ones too: they belong to somebody else.
func memoryReading(b []byte) (culprit.Bytes, bool) {
	if len(b) < 12 || len(b) > 1000 || b[0] == '{' || b[0] == '<' || b[0] == ' ' || !speaksOfMemory(b) {
		return 0, false
	}
	for _, w := range memoryWords {
		i := bytes.Index(b, w)
		if i < 0 || !wordEdge(b, i, len(w)) {
			continue
		}
		if w[0] == 'N' && !holds(b[:i], "Memory: ") {
			continue // "Now: " means something in memlog's line only
		}
		tail := b[i+len(w):]
		return firstSize(tail[:min(len(tail), memoryReach)])
	}
	return 0, false
}

// speaksOfMemory is the quick refusal: every one of memoryWords holds one of
// these, or stands behind one.
func speaksOfMemory(b []byte) bool {
	return holds(b, "emory") || holds(b, "RSS") || holds(b, "rss") || holds(b, "moire")
}

// wordEdge reports that nothing touches the word at b[i:i+n] that makes it part
// of another: "across" is no rss, "anon-rss" the kernel's, "sample#memory_rss"
// Heroku's.
func wordEdge(b []byte, i, n int) bool {
	if i > 0 && (b[i-1] == '-' || b[i-1] == '#' || b[i-1] == '_' || len(letters(b[i-1:i])) > 0) {
		return false
	}
	return len(letters(b[i+n:min(len(b), i+n+1)])) == 0
}

// firstSize returns the first number with a unit of memory in b.
func firstSize(b []byte) (culprit.Bytes, bool) {
	for i := 0; i < len(b); i++ {
		if !digit(b[i]) || (i > 0 && (b[i-1] == '.' || b[i-1] == '+' || b[i-1] == '-')) {
			continue
		}
		if size, n := sizeAt(b[i:], 0); n > 0 {
			return size, size >= culprit.MiB
		}
		_, n := atoi(b[i:])
		i += n
	}
	return 0, false
}

// watched reads what scripts make of free(1) and hand to logger(1): "MemWatcher:
// Used: 13244. Free: 812." The unit is the one that makes a machine's size.
func watched(b []byte) (culprit.Bytes, bool) {
	i := bytes.Index(b[:min(len(b), 200)], []byte("Used: "))
	if i < 0 || !holds(b[:i], "Mem") && !holds(b[:i], "mem") {
		return 0, false
	}
	used, n := atoi(b[i+6:])
	rest := b[i+6+n:]
	j := bytes.Index(rest[:min(len(rest), 24)], []byte("Free: "))
	if n == 0 || j < 0 {
		return 0, false
	}
	free, n := atoi(rest[j+6:])
	switch total := used + free; {
	case n == 0 || total < 100:
		return 0, false
	case total < 400_000:
		return culprit.Bytes(used) * culprit.MiB, true
	case total < 1_600_000_000:
		return culprit.Bytes(used) * culprit.KiB, true
	}
	return culprit.Bytes(used), true
}

type memoryLine struct{ clock clock }

func (p *memoryLine) close(Sink) {}

func (p *memoryLine) line(b []byte, m *meta, out Sink) bool {
	size, ok := memoryReading(b)
	host := false
	if !ok {
		if size, host = watched(b); !host {
			return false
		}
	}
	at, pid, rest := rubyPrefix(&p.clock, b)
	if at == 0 {
		at, pid = m.at, m.pid
		if own, n := p.clock.iso(rest); n > 0 {
			at = own
		}
	}
	if named := namedPID(rest); named != 0 {
		pid = named
	}
	if at == 0 {
		return true
	}
	if host {
		out.Memory(culprit.Series{Host: string(hostOf(m)), Kind: culprit.HostUsed}, at, size)
		return true
	}
	s := culprit.Series{Host: string(hostOf(m)), PID: pid, Kind: culprit.RSS}
	if pid == 0 {
		s.Name, s.Kind = string(m.prog), culprit.MemoryUnknown
	}
	out.Memory(s, at, size)
	return true
}

// namedPID finds "PID:25430", "pid=12", "pid: 12" or "pid 12" in a line.
func namedPID(b []byte) int {
	for i := 0; i+5 < len(b); i++ {
		if (b[i]|0x20) != 'p' || (b[i+1]|0x20) != 'i' || (b[i+2]|0x20) != 'd' {
			continue
		}
		rest := b[i+3:]
		for len(rest) > 0 && (rest[0] == ':' || rest[0] == '=' || rest[0] == ' ') {
			rest = rest[1:]
		}
		if pid := pidAt(rest); pid != 0 && len(rest) < len(b)-i-3 {
			return pid
		}
	}
	return 0
}
