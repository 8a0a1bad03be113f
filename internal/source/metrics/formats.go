package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// FormatInfo describes one format for tables.
type FormatInfo struct {
	Name   string
	Title  string
	Source string // where the format is defined
	// Verified: "live" when tested on output of the real program, run by the
	// tests or recorded; "sample" when tested on documented samples only.
	Verified string
}

type format struct {
	FormatInfo
	score func(h head) float64
	read  func(r io.Reader, o *out) error
}

// Formats lists what can be read, in order of preference when two fit alike.
func Formats() []FormatInfo {
	all := formats()
	infos := make([]FormatInfo, len(all))
	for i := range all {
		infos[i] = all[i].FormatInfo
	}
	return infos
}

// head is the begin of a file, prepared for the scores.
type head struct {
	data  []byte
	name  string
	lines [][]byte // complete lines, not blank, at most headLines
}

const headLines = 60

func newHead(data []byte, name string) head {
	data = toUTF8(data)
	h := head{data: data, name: name}
	rest := data
	for len(rest) > 0 && len(h.lines) < headLines {
		line := rest
		i := bytes.IndexByte(rest, '\n')
		if i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
			if len(h.lines) > 0 {
				break // cut in the middle
			}
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			h.lines = append(h.lines, line)
		}
	}
	return h
}

// share is the part of the lines that fit.
func (h head) share(good int) float64 {
	if len(h.lines) == 0 {
		return 0
	}
	return float64(good) / float64(len(h.lines))
}

// leastScore is what a guess needs: a bit more than half of the lines.
const leastScore = 0.55

func detect(data []byte, name string) (Guess, bool) {
	if bytes.IndexByte(data[:min(len(data), 512)], 0) >= 0 && !isUTF16(data) {
		return Guess{}, false // binary
	}
	h := newHead(data, name)
	var best Guess
	for _, f := range formats() {
		if s := f.score(h); s > best.Score {
			best = Guess{Format: f.Name, Score: min(s, 1)}
		}
	}
	return best, best.Score >= leastScore
}

const sniffSize = 64 << 10

func read(ctx context.Context, r io.Reader, opt Options, sink Sink) (Result, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	o := newOut(ctx, opt, sink)
	c := &countingReader{r: r, ctx: ctx, progress: opt.Progress}
	begin, err := peek(c)
	if err != nil && len(begin) == 0 {
		return o.res, err
	}
	if len(begin) == 0 && err == nil {
		return o.res, fmt.Errorf("empty: %w", ErrNoMemory)
	}
	name := opt.Format
	if name == "" {
		guess, ok := detect(begin, "")
		if !ok {
			return o.res, fmt.Errorf("%w; name it with --format, or give one of: %s", ErrUnknownFormat, names())
		}
		name = guess.Format
	}
	for _, f := range formats() {
		if f.Name != name {
			continue
		}
		o.res.Format = name
		var rest io.Reader = c
		if err != nil {
			rest = &failing{err}
		}
		err := f.read(decodeText(io.MultiReader(bytes.NewReader(begin), rest), begin), o)
		ferr := o.finish(name)
		o.res.Bytes = c.n
		return o.res, errors.Join(err, ferr)
	}
	return o.res, fmt.Errorf("%w: no format is called %q; there are: %s", ErrUnknownFormat, name, names())
}

func names() string {
	var n []string
	for _, f := range formats() {
		n = append(n, f.Name)
	}
	return strings.Join(n, ", ")
}

func peek(r io.Reader) ([]byte, error) {
	buf := make([]byte, sniffSize)
	n, err := io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		// ReadFull says so for a plain end, too; a source that says so itself is
		// asked again and says it again.
		err = nil
	}
	return buf[:n], err
}

// failing tells once more the error that ended the head.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// countingReader counts and reports bytes, and ends with the context.
type countingReader struct {
	r        io.Reader
	ctx      context.Context
	n        int64
	progress func(n int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.progress != nil && n > 0 {
		c.progress(int64(n))
	}
	return n, err
}
