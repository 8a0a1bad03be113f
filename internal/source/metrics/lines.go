package metrics

import (
	"bytes"
	"errors"
	"io"
)

const (
	lineBuffer = 256 << 10
	maxLine    = 1 << 20 // longer lines are skipped and counted as not understood
)

// lineReader yields lines without copying them where it can.
type lineReader struct {
	r    io.Reader
	o    *out
	buf  []byte
	a, b int
	err  error
	n    int64
	long bool // inside a line that is too long
}

func newLineReader(r io.Reader, o *out) *lineReader {
	return &lineReader{r: r, o: o, buf: make([]byte, lineBuffer)}
}

// next returns the next line without its end. The slice is valid until the
// following call. At the end it returns io.EOF; the last line needs no end.
func (l *lineReader) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.a:l.b], '\n'); i >= 0 {
			line := l.buf[l.a : l.a+i]
			l.a += i + 1
			if l.long {
				l.long = false
				continue
			}
			return trimLine(line), nil
		}
		if l.err != nil {
			return l.rest()
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

func (l *lineReader) rest() ([]byte, error) {
	line := l.buf[l.a:l.b]
	l.a = l.b
	// A line cut by a damaged archive may end in half a number.
	if len(line) == 0 || l.long || !errors.Is(l.err, io.EOF) {
		return nil, l.err
	}
	return trimLine(line), nil
}

func (l *lineReader) fill() error {
	if err := l.o.ctx.Err(); err != nil {
		return err
	}
	if l.a > 0 {
		l.b = copy(l.buf, l.buf[l.a:l.b])
		l.a = 0
	}
	if l.b == len(l.buf) {
		if len(l.buf) >= maxLine {
			if !l.long {
				l.o.line(false, l.buf)
			}
			l.long = true
			l.b = 0
		} else {
			bigger := make([]byte, 2*len(l.buf))
			copy(bigger, l.buf[:l.b])
			l.buf = bigger
		}
	}
	n, err := l.r.Read(l.buf[l.b:])
	l.b += n
	l.n += int64(n)
	l.err = err
	return nil
}

// each calls f with every line until the end of the data. Errors of the
// source, such as truncated compression, come back after all lines were used.
func (l *lineReader) each(f func(line []byte)) error {
	for {
		line, err := l.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		f(line)
	}
}
