package logs

import "culprit"

// meta is what a wrapper around a line told: the inner parser uses it where the
// line itself is silent.
type meta struct {
	at     int64 // microseconds, 0 unknown
	host   []byte
	pid    int
	prog   []byte // syslog tag, heroku process ("app[web.1]"), compose service, unit
	offset int64  // of the line in the decompressed file
}

// parser turns the lines of one file (or one chunk of it) into calls. It is
// used by one goroutine.
type parser interface {
	// line reports whether it understood one line (without its newline). The
	// slices are valid during the call only.
	line(b []byte, m *meta, out Sink) bool
	// close emits what is still open at the end of the input.
	close(out Sink)
}

// format describes one log format: a document for the formats table, and a
// constructor.
type format struct {
	name  string // "rails", "lograge", "nginx", ...
	kind  string // "requests", "jobs", "events"
	title string // for the formats table: "Rails default log (4.2 to 8)"
	stamp culprit.Stamp
	// source: where the format is documented (repository + path, or address).
	source string
	// verified: "live" (a real server's output in tests), "sample" (documented
	// lines only).
	verified string
	// looks reports whether one line, wrapper removed, belongs to the format.
	looks func(line []byte) bool
	// open makes a parser. Parsers that must see the whole file in order set
	// sequential; the others are run on chunks and merged.
	open       func(o *Options) parser
	sequential bool
}
