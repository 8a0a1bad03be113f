package logs

import "culprit"

// meta is what a wrapper around a line told: the inner parser uses it where the
// line itself is silent.
type meta struct {
	at   int64 // microseconds, 0 unknown
	host []byte
	pid  int
	// prog names who wrote the line: a syslog tag or journald identifier without
	// its pid ("CRON", "kernel", "haproxy"), a Heroku source with its process
	// ("app[web.1]", "heroku[router]"), a compose or foreman process ("web.1").
	prog     []byte
	id       []byte // request id of tags in front of the payload
	zoneless bool   // at was read in Options.Location for want of a zone
	offset   int64  // of the line in the decompressed file
}

// parser turns lines into calls. It is used by one goroutine at a time.
//
// The engine cuts a file into blocks, parses blocks in parallel and settles
// them in file order. A plain parser is opened several times and sees any of
// the blocks: it must not remember lines. A parser that does remember lines
// comes in one of two sorts:
//
//   - of a sequential format: opened once a file; line is called while blocks
//     are settled, for the lines its looks claimed, in file order. Simple, but
//     one core only: for formats that are rarely gigabytes.
//   - made by format.stage: opened several times like a plain one; it notes
//     events, and the joiner pairs them while blocks are settled.
type parser interface {
	// line reports whether it understood one line (without its newline and
	// carriage return). The slices are valid during the call only.
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
	// looks reports whether one line, wrapper and Logger prefix removed, belongs
	// to the format. It must be strict: a file may mix all formats, and the first
	// one in the registry that claims a line and understands it has it.
	looks func(line []byte) bool
	// open makes a parser.
	open       func(o *Options) parser
	sequential bool
	// stage makes a parser that notes events for the joiner; instead of open.
	stage func(o *Options, s *stage) parser
}
