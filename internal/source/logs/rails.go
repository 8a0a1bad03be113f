package logs

import (
	"bytes"

	"culprit"
)

// The first eight bytes of the lines that say something.
var (
	railsStarted    = word("Started ")
	railsProcessing = word("Processi")
	railsParameters = word("  Parame")
	railsCompleted  = word("Complete")
	railsSentFile   = word("Sent fil")
	railsSentData   = word("Sent dat")
	railsStream     = word("Sent str")
	railsFilter     = word("Filter c")
	railsRedirected = word("Redirect")
	railsPerforming = word("Performi")
	railsPerformed  = word("Performe")
	railsEnqueued   = word("Enqueued")
	railsErrorPerf  = word("Error pe")
	railsFinished   = word("Finished")
	railsRendering  = word("Renderin")
	railsRendered   = word("Rendered")
	railsUnpermit   = word("Unpermit")
	railsCSRF       = word("Can't ve")
)

func railsFormat() format {
	return format{
		name:     "rails",
		kind:     "requests",
		title:    "Rails default log (4.2 to 8), tagged or not, with or without Logger prefix",
		stamp:    culprit.StampBoth,
		source:   "rails/rails actionpack/lib/action_controller/log_subscriber.rb, railties/lib/rails/rack/logger.rb",
		verified: "live",
		looks:    railsLooks,
		stage: func(o *Options, s *stage) parser {
			return &rails{s: s, clock: newClock(o)}
		},
	}
}

// railsLooks claims the lines of a request or an ActiveJob.
func railsLooks(b []byte) bool {
	if likelyPlain(b) {
		var c clock
		_, _, n := plainPrefix(b, &c)
		b = b[n:]
	}
	if len(b) > 0 && b[0] == '[' {
		t, n := readTags(b)
		if t.activeJob {
			return true
		}
		b = b[n:]
	}
	if len(b) < 12 {
		return false
	}
	switch le64(b, 0) {
	case railsStarted:
		return bytes.Contains(b[:min(len(b), 4096)], []byte(`" for `)) || bytes.Contains(b[:min(len(b), 4096)], []byte(`" [`))
	case railsProcessing:
		return hasPrefix(b, "Processing by ")
	case railsParameters:
		return hasPrefix(b, "  Parameters: {")
	case railsCompleted:
		return hasPrefix(b, "Completed ") && digit(b[10]) && digit(b[11])
	case railsPerforming, railsPerformed, railsEnqueued, railsErrorPerf:
		return bytes.Contains(b, []byte(" (Job ID: "))
	}
	return false
}

// rails reads the log that Rails writes by default: several lines a request,
// which the joiner pairs.
type rails struct {
	s     *stage
	clock clock
}

func (p *rails) close(Sink) {}

// railsLine is what stood in front of a message.
type railsLine struct {
	stamp    []byte // of the Logger's prefix, not read yet
	severity byte
	pid      int
	tags     tags
}

func (p *rails) line(b []byte, m *meta, _ Sink) bool {
	var l railsLine
	if len(b) > 40 && b[1] == ',' {
		if n, pid := loggerSpan(b); n > 0 {
			l.stamp, l.severity, l.pid = b[4:n], b[0], pid
			b = b[n:]
			if l.severity != 'F' && isDetail(b) {
				return true
			}
		}
	}
	if l.stamp == nil && likelyPlain(b) {
		if at, zoneless, n := plainPrefix(b, &p.clock); n > 0 {
			b = b[n:]
			if m.at == 0 {
				m.at, m.zoneless = at, zoneless
			}
		}
	}
	if len(b) > 0 && b[0] == '[' {
		n := 0
		if l.tags, n = readTags(b); n > 0 {
			b = b[n:]
		}
	}
	if l.severity == 'F' && isBlank(b) {
		// DebugExceptions: a blank line, then the exception, then its backtrace, all
		// in one message; only the first line has the prefix.
		p.event(evFail, &l, m).marks = markFailed
		return true
	}
	if len(b) < 8 {
		return isBlank(b)
	}
	return p.message(b, &l, m)
}

// isDetail recognises, behind a uuid as tag or none, the indented lines of SQL
// and rendering: most lines of a log at debug level.
func isDetail(b []byte) bool {
	i := 0
	if len(b) > 42 && b[0] == '[' && b[37] == ']' && b[38] == ' ' {
		i = 39
	}
	return len(b) > i+3 && b[i] == ' ' && b[i+1] == ' ' && b[i+2] != 'P'
}

func isBlank(b []byte) bool { return len(b) < 8 && len(bytes.TrimSpace(b)) == 0 }

// message reads one message by its first words.
func (p *rails) message(b []byte, l *railsLine, m *meta) bool {
	switch le64(b, 0) {
	case railsStarted:
		return p.started(b, l, m)
	case railsProcessing:
		return p.processing(b, l, m)
	case railsParameters:
		return p.parameters(b, l, m)
	case railsCompleted:
		return p.completed(b, l, m)
	case railsSentFile, railsStream:
		p.event(evMark, l, m).marks = markStreamed
		return true
	case railsSentData, railsFilter, railsRedirected, railsRendering, railsRendered, railsUnpermit, railsCSRF:
		return true
	case railsPerforming:
		return p.performing(b, l, m)
	case railsPerformed:
		return p.performed(b, l, m, 0)
	case railsErrorPerf:
		return p.performed(b, l, m, markFailed)
	case railsEnqueued:
		return p.enqueued(b, l, m)
	case railsFinished:
		return p.finished(b, l, m)
	}
	return p.other(b, l, m)
}

// other tells known parts of a Rails log from what is not one.
func (p *rails) other(b []byte, l *railsLine, m *meta) bool {
	if b[0] == ' ' || b[0] == 0x1b || b[0] == '\t' {
		return true // SQL, rendering, source lines
	}
	if l.tags.activeJob {
		return true
	}
	if (l.severity == 'F' || l.severity == 0) && isException(b) {
		e := p.event(evFail, l, m)
		e.marks = markFailed
		if hasPrefix(b, "ActionController::RoutingError") {
			e.status = 404
		}
		return true
	}
	return false
}

// isException recognises "ActionController::RoutingError (No route ...".
func isException(b []byte) bool {
	i := bytes.Index(b[:min(len(b), 160)], []byte(" ("))
	if i < 4 || b[0]-'A' > 25 {
		return false
	}
	for _, c := range b[:i] {
		if (c|0x20)-'a' > 25 && !digit(c) && c != ':' && c != '_' {
			return false
		}
	}
	name := b[:i]
	return bytes.Contains(name, []byte("::")) || hasSuffix(name, "Error") || hasSuffix(name, "Exception")
}

// event notes an event of a request with what the front of the line told.
func (p *rails) event(k eventKind, l *railsLine, m *meta) *event {
	e := p.s.note()
	e.kind = k
	e.work = culprit.CallWeb
	e.offset = m.offset
	e.at, e.zoneless = m.at, m.zoneless
	if e.at == 0 && l.stamp != nil {
		e.at, _ = p.clock.iso(l.stamp)
		e.zoneless = true
	}
	e.pid = l.pid
	if e.pid == 0 {
		if e.pid = l.tags.pid; e.pid == 0 {
			e.pid = m.pid
		}
	}
	e.tid, e.host = l.tags.tid, m.host
	if e.id = l.tags.id; e.id == nil {
		e.id = m.id
	}
	if e.id == nil {
		e.key = laneKey(e, m)
		return e
	}
	e.byID = true
	e.key = hash(e.id, 0)
	if k == evFail {
		e.lane = laneKey(e, m)
	}
	return e
}

// laneKey is the key of the process or thread that wrote a line.
func laneKey(e *event, m *meta) uint64 {
	k := hash(e.tid, uint64(e.pid)+1)
	if len(m.prog)+len(m.host) > 0 {
		k = hash(m.prog, hash(m.host, k))
	}
	return k
}

// started reads `Started GET "/x?y=1" for 127.0.0.1 at 2012-03-10 14:28:14 +0100`.
func (p *rails) started(b []byte, l *railsLine, m *meta) bool {
	rest := b[8:]
	i := bytes.IndexByte(rest, ' ')
	if i < 1 || i+2 >= len(rest) || rest[i+1] != '"' {
		return hasPrefix(b, "Started ") && l.stamp != nil
	}
	method := rest[:i]
	rest = rest[i+2:]
	i = bytes.IndexByte(rest, '"')
	if i < 0 {
		i = len(rest) // a cut line, or a path beyond the cap
	}
	path := rest[:i]
	if q := bytes.IndexByte(path, '?'); q >= 0 {
		path = path[:q]
	}
	rest = rest[min(i+1, len(rest)):]
	e := p.event(evBegin, l, m)
	e.a, e.b = method, path
	if i = bytes.Index(rest, []byte("for ")); i >= 0 && i < 16 {
		e.c, rest, _ = cut(rest[i+4:], ' ')
		if hasPrefix(rest, "at ") {
			e.start, _ = p.clock.iso(rest[3:])
		}
	}
	if e.c == nil {
		e.c = l.tags.client
	}
	return true
}

// processing reads "Processing by HomeController#index as HTML".
func (p *rails) processing(b []byte, l *railsLine, m *meta) bool {
	if !hasPrefix(b, "Processing by ") {
		return false
	}
	rest := b[14:]
	i := bytes.IndexByte(rest, '#')
	if i < 0 {
		return false
	}
	e := p.event(evRoute, l, m)
	e.a = rest[:i]
	rest = rest[i+1:]
	i = bytes.IndexByte(rest, ' ')
	if i < 0 {
		e.b = rest
		return true
	}
	e.b = rest[:i]
	if hasPrefix(rest[i:], " as ") {
		e.c = rest[i+4:]
	}
	return true
}

// completed reads "Completed 200 OK in 79ms (Views: 78.8ms | Allocations: 1)".
func (p *rails) completed(b []byte, l *railsLine, m *meta) bool {
	if !hasPrefix(b, "Completed ") {
		return false
	}
	status, n := atoi(b[10:])
	if n == 0 {
		return false
	}
	e := p.event(evEnd, l, m)
	e.status = int(status)
	rest := b[10+n:]
	i := bytes.Index(rest, []byte(" in "))
	if i < 0 {
		return true
	}
	rest = rest[i+4:]
	us, n := millis(rest)
	if n == 0 {
		return true
	}
	e.duration = us
	if rest = rest[n:]; hasPrefix(rest, "ms (") {
		extras(rest[4:], e)
	}
	return true
}

// extras reads the parenthesis of a Completed line, a list of "Name: value"
// that any gem may add to: "Views: 6.7ms | ActiveRecord: 0.0ms (1 query, 0
// cached) | GC: 0.3ms | Allocations: 13447".
func extras(b []byte, e *event) {
	for len(b) > 0 {
		item := b
		if i := bytes.IndexByte(b, '|'); i >= 0 {
			item, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		item = trimLeft(item)
		if len(item) < 6 {
			continue
		}
		switch {
		case hasPrefix(item, "Allocations: "):
			if v, n := atoi(item[13:]); n > 0 {
				e.allocations = v
			}
		case item[0] == 'M' && hasPrefix(item, "Memory: "):
			e.memory = sizeOf(item[8:])
		}
	}
}

// sizeOf reads a number with a unit ("15.2 MB", "1009KB", "12.3 MiB") as bytes;
// Unknown when there is none.
func sizeOf(b []byte) int64 {
	v, n := micro(b)
	if n == 0 {
		return culprit.Unknown
	}
	unit := trimLeft(b[n:])
	scale := int64(1)
	if len(unit) > 0 {
		switch unit[0] | 0x20 {
		case 'k':
			scale = 1 << 10
		case 'm':
			scale = 1 << 20
		case 'g':
			scale = 1 << 30
		}
	}
	return v / 1000 * scale / 1000
}

// finished reads `Finished "/cable/" [WebSocket] for ...`, the end of a Started
// that no controller served.
func (p *rails) finished(b []byte, l *railsLine, m *meta) bool {
	if !hasPrefix(b, `Finished "`) {
		return false
	}
	p.event(evFail, l, m)
	return true
}
