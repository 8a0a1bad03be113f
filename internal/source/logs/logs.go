// Package logs is the door for log files: bytes of a foreign log format come
// in, culprit.Call and culprit.Happening go out. One file per format, named
// after what it reads.
//
// It owns recognising formats, taking wrappers off (docker, journald, syslog,
// ...), pairing the lines of one call inside one file, and counting what it
// did not understand. It refuses to join two files, to place a call on a
// process, to fold routes, or to decide what matters: that is the hall's.
package logs

import (
	"context"
	"io"
	"time"

	"culprit"
)

// Sink receives what a log says. A door calls it from one goroutine at a time;
// the call and its slices are reused after it returns. Order is the file's
// order within one sink only.
type Sink interface {
	Call(c *culprit.Call)
	Happening(h culprit.Happening)
	// Memory is a memory reading found inside a log line (puma_worker_killer,
	// Heroku sample#memory_*, sidekiq-memory_logger).
	Memory(s culprit.Series, at int64, b culprit.Bytes)
}

// Options for reading one file.
type Options struct {
	// Format name, "" to recognise from the content.
	Format string
	// Location of stamps that carry no zone. Nil means UTC.
	Location *time.Location
	// Reference gives the year to stamps without one (syslog): the file's
	// modification time. The stamp is put in the twelve months before it.
	Reference time.Time
	// Workers is the number of goroutines that may read one plain file; 0 = GOMAXPROCS.
	Workers int
	// Progress, when not nil, is told of input bytes consumed.
	Progress func(n int64)
}

// Result is what became of one file.
type Result struct {
	Format     string // registered name, with wrapper: "docker+rails"
	Lines      int64
	Understood int64 // lines that carried a fact or are a known part of one (SQL, blank, backtrace)
	Calls      int64
	First      int64 // first and last stamp seen, microseconds, 0 none
	Last       int64
	Stamp      culprit.Stamp
	Bytes      int64 // decompressed bytes read
	HasPID     bool
	HasID      bool // request ids
	// BadSample holds up to three lines not understood, cut to 120 bytes.
	BadSample []string
	BadLine   []int64 // their line numbers (or byte offsets when chunks are read in parallel)
	Warnings  []string
}

// Guess is how well a format fits the head of a file.
type Guess struct {
	Format string
	Kind   string  // "requests", "jobs", "events"
	Score  float64 // share of the head's lines understood, 0..1
}

// Source is a file to read. Plain files are also an io.ReaderAt, so that
// several workers can read one file.
type Source struct {
	R  io.Reader
	At io.ReaderAt // nil for compressed input and pipes
	N  int64       // size when At is set
}

// Detect guesses the format from the head of a file (the first 64 KiB or more,
// decompressed) and its name. ok is false when nothing fits.
func Detect(head []byte, name string) (Guess, bool) { return detect(head, name) }

// Read reads one file to its end. newSink is called once per worker; a sink is
// used by one goroutine only. An error means reading itself failed; what was
// read before it stands in Result.
func Read(ctx context.Context, src Source, opt Options, newSink func() Sink) (Result, error) {
	return read(ctx, src, opt, newSink)
}
