// Package metrics is the door for memory series: Telegraf line protocol,
// InfluxDB and Prometheus answers, OpenMetrics, Grafana CSV, Heroku samples,
// ps/free/sar text and plain CSV come in; culprit.Series and their samples go
// out, in bytes and microseconds. It also pulls the same from live servers.
//
// It owns units, column recognition and the detection of collapsed series. It
// refuses to fill gaps, to difference, to join with logs, or to decide which
// series matters.
package metrics

import (
	"context"
	"io"
	"time"

	"culprit"
)

// Sink receives samples. Series returns the number to use for further samples
// of that series; the same identity gets the same number.
type Sink interface {
	Series(s culprit.Series) int
	Sample(series int, at int64, v int64)
	// Collapsed marks a series whose pid field jumps: see culprit.Series.
	Collapsed(series int, pids int)
}

// Options for reading one file.
type Options struct {
	Format    string         // "" to recognise from the content
	Location  *time.Location // of stamps without zone; nil = UTC
	Reference time.Time      // date of stamps that are only a time of day: the file's modification time
	Progress  func(n int64)
}

// Result is what became of one file or pull.
type Result struct {
	Format     string
	Lines      int64 // lines, or values for JSON answers
	Understood int64
	Series     int
	Samples    int64
	First      int64 // microseconds, 0 none
	Last       int64
	Bytes      int64
	BadSample  []string
	Warnings   []string
}

// Guess is how well a format fits the head of a file.
type Guess struct {
	Format string
	Score  float64 // 0..1
}

// Detect guesses the format from the head of a file and its name.
func Detect(head []byte, name string) (Guess, bool) { return detect(head, name) }

// Read reads one file to its end.
func Read(ctx context.Context, r io.Reader, opt Options, sink Sink) (Result, error) {
	return read(ctx, r, opt, sink)
}
