// Package heapredact takes what a process worked with out of a dump of its heap, so
// that the dump may be given away: texts go, the graph stays.
//
// It owns which fields may stay: a list of those that are known to hold no text of
// the process. Anything else goes. It refuses to guess, and to copy what it did not
// understand.
package heapredact

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Options for one dump.
type Options struct {
	// HashFiles puts a digest in place of folders and names of files too, which then
	// still tell places apart.
	HashFiles bool
	Progress  func(int64) // told of bytes read, may be nil
}

// Count is what happened to a dump.
type Count struct {
	Lines    int64
	Dropped  int64 // not understood: they may hold anything
	Redacted int64 // values that were taken out
}

// kept are the fields whose texts stay: names of code, kinds, addresses. Of Ruby 2.1
// to 3.4 (docs/format/heapdump.md); value, which strings and symbols have, is not
// among them, and neither is what is not known yet.
var kept = map[string]bool{
	"address": true, "type": true, "class": true, "root": true, "references": true, "flags": true, "memsize": true,
	"file": true, "line": true, "method": true, "generation": true, "name": true, "superclass": true, "real_class_name": true,
	"singleton": true, "struct": true, "imemo_type": true, "encoding": true, "coderange": true, "embedded": true, "fstring": true,
	"frozen": true, "shared": true, "broken": true, "bytesize": true, "capacity": true, "length": true, "size": true, "default": true,
	"ivars": true, "fd": true, "shape_id": true, "slot_size": true, "id": true, "parent_id": true, "depth": true, "shape_type": true,
	"edge_name": true, "edges": true, "variation_count": true, "too_complex_shape": true, "called_id": true, "mid": true,
	"receiver_class": true, "marked": true, "chilled": true, "is_lambda": true, "args": true, "ndefault": true,
}

// maxLine bounds one line: roots of a big process are one line of many MB.
const maxLine = 1 << 30

// Copy writes a dump without its texts.
func Copy(ctx context.Context, out io.Writer, in io.Reader, opt Options) (Count, error) {
	r, w := bufio.NewReaderSize(in, 1<<20), bufio.NewWriterSize(out, 1<<20)
	var c Count
	var line, made []byte
	for {
		if c.Lines&0xfff == 0 && ctx.Err() != nil {
			return c, ctx.Err()
		}
		var err error
		line, err = readLine(r, line[:0])
		if opt.Progress != nil {
			opt.Progress(int64(len(line)))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			c.Lines++
			n, ok := int64(0), false
			if made, n, ok = redact(made[:0], bytes.TrimRight(line, "\r\n"), opt.HashFiles); ok {
				c.Redacted += n
				if _, err := w.Write(append(made, '\n')); err != nil {
					return c, fmt.Errorf("writing the dump: %w", err)
				}
			} else {
				c.Dropped++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, fmt.Errorf("reading the dump: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return c, fmt.Errorf("writing the dump: %w", err)
	}
	return c, nil
}

func readLine(r *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return nil, fmt.Errorf("a line of more than %d MB", maxLine>>20)
		}
	}
}

// redact copies one object field by field; ok is false for what is no object.
func redact(to, line []byte, hashFiles bool) (made []byte, redacted int64, ok bool) {
	s := walker{b: line}
	if !s.take('{') {
		return to, 0, false
	}
	to = append(to, '{')
	for first := true; ; first = false {
		if first && s.take('}') {
			break
		}
		key, found := s.text()
		if !found || !s.take(':') {
			return to, 0, false
		}
		s.blank()
		value, found := s.value()
		if !found {
			return to, 0, false
		}
		switch name := string(key); {
		case kept[name] && hashFiles && name == "file" && value[0] == '"':
			to = appendField(to, key, digest(value))
		case kept[name] && fits(name, value[0]):
			to = appendField(to, key, value)
		default:
			redacted++
		}
		if s.take('}') {
			break
		}
		if !s.take(',') {
			return to, 0, false
		}
	}
	s.blank()
	return append(to, '}'), redacted, s.i == len(s.b)
}

// fits tells whether a field has the kind of value that it should: others may hold
// anything.
func fits(name string, first byte) bool {
	switch name {
	case "flags":
		return first == '{'
	case "references":
		return first == '['
	}
	return first != '{' && first != '['
}

func appendField(to, key, value []byte) []byte {
	if to[len(to)-1] != '{' {
		to = append(to, ", "...)
	}
	to = append(append(append(to, '"'), key...), `":`...)
	return append(to, value...)
}

// digest stands for a file's name.
func digest(value []byte) []byte {
	sum := sha256.Sum256(value)
	return []byte(`"` + hex.EncodeToString(sum[:6]) + `.rb"`)
}
