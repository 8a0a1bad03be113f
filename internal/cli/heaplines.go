package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"culprit/internal/analysis/holding"
	"culprit/internal/source/heapdump"
)

// onward gives lines of a dump whose objects are asked for in the order of the dump:
// all in one pass over it. An object that lies behind, or far ahead in a dump that is
// not compressed, is looked up by itself.
type onward struct {
	address func(i uint32) uint64
	random  holding.Text
	open    func(at int64) (io.ReadCloser, error)
	jumps   bool // far ahead is looked up
	in      io.Closer
	r       *bufio.Reader
	next    uint32 // the first object that may not have been passed
	want    []byte // the address that is looked for
}

// far is from how many objects on a look-up is quicker than reading on.
const far = 20_000

// inOrder makes an onward of a loaded dump.
func inOrder(l *loaded) *onward {
	o := &onward{address: l.View.Address, random: l.Text, jumps: l.file.in.Compression == ""}
	if lines, ok := l.Text.(heapdump.Lines); ok {
		o.open = lines.Open
	}
	return o
}

// Line is the line of an object, good until the next call.
func (o *onward) Line(i uint32) ([]byte, error) {
	if o.open == nil || i < o.next || o.jumps && i-o.next > far {
		return o.random.Line(i)
	}
	if o.r == nil {
		in, err := o.open(0)
		if err != nil {
			return nil, fmt.Errorf("reading the dump again: %w; hint: values are read from the dump itself, so give a file, not standard input", err)
		}
		o.in, o.r = in, bufio.NewReaderSize(in, 1<<20)
	}
	// Numbers of objects are those of lines that were understood; addresses find
	// the line whatever was not.
	o.want = append(strconv.AppendUint(append(o.want[:0], `"0x`...), o.address(i), 16), '"')
	for {
		line, err := o.r.ReadSlice('\n')
		found := addressed(line, o.want)
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = o.rest(line, found)
		}
		if found {
			o.next = i + 1
			return bytes.TrimRight(line, "\r\n"), nil
		}
		if err != nil {
			o.next = ^uint32(0)
			return o.random.Line(i)
		}
	}
}

var addressKey = []byte(`{"address":`)

// addressed tells whether a line is that of an address: Ruby writes it first
// (https://github.com/ruby/ruby ext/objspace/objspace_dump.c, dump_object).
func addressed(line, want []byte) bool {
	if rest, ok := bytes.CutPrefix(line, addressKey); ok {
		return bytes.HasPrefix(bytes.TrimLeft(rest, " "), want)
	}
	_, rest, ok := bytes.Cut(line, []byte(`"address"`))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, ": "), want)
}

// rest reads a line to its end that is longer than the buffer, and keeps it where it
// is wanted.
func (o *onward) rest(line []byte, keep bool) (whole []byte, err error) {
	if keep {
		whole = bytes.Clone(line)
	}
	for {
		line, err = o.r.ReadSlice('\n')
		if keep {
			whole = append(whole, line...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return whole, err
		}
	}
}

func (o *onward) Close() error {
	if o.in == nil {
		return nil
	}
	return o.in.Close()
}
