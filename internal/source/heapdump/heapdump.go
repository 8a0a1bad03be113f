// Package heapdump is the door for dumps of a Ruby heap: what
// ObjectSpace.dump_all writes, one object a line as JSON, of any Ruby since 2.1.
//
// It owns the format (docs/format/heapdump.md; https://github.com/ruby/ruby
// ext/objspace/objspace_dump.c), reading it on all processors, and counting what it
// did not understand. It refuses to keep the contents of strings (of which it takes a
// digest), to resolve addresses, and to judge.
package heapdump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// Options for reading one dump.
type Options struct {
	Pool  *offheap.Pool // for the columns, nil for memory
	Space *heap.Space   // of the dumps that this one is compared with, nil for its own
	// Identity leaves references and digests of texts out: what is left tells which
	// objects of another dump are the same.
	Identity bool
	Workers  int         // goroutines that parse, 0 for GOMAXPROCS
	Progress func(int64) // told of bytes read, may be nil
}

// BadLine is a line that was not understood.
type BadLine struct {
	Line int64
	Text string // its beginning
}

// Dump is a heap as it was dumped.
type Dump struct {
	Heap              *heap.Heap
	Lines, Understood int64
	Shapes            int64 // lines that describe shapes (Ruby 3.3 and later), which are no objects
	Bytes             int64
	Bad               []BadLine // the first three
	Early             error     // what ended the input early, nil when it was read to its end
}

// ErrNotDump means that not one line was an object.
var ErrNotDump = errors.New("not a heap dump")

const (
	blockSize = 1 << 20
	// longest bounds one line: roots of a big process are one line of many MB.
	longest = 1 << 30
	// maxBad is how many lines are kept that were not understood.
	maxBad = 3
)

// Read reads a dump to its end. Of an input that breaks off, as a compressed file
// that is still being written, what was read is kept and Early says why.
func Read(ctx context.Context, in io.Reader, opt Options) (*Dump, error) {
	return opt.read(ctx, func(r *run) error { return r.stream(ctx, in) })
}

// ReadFile is Read for a file that is not compressed; it is read where it lies.
func ReadFile(ctx context.Context, f *os.File, opt Options) (d *Dump, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the dump: %w", err)
	}
	if size := int(info.Size()); info.Mode().IsRegular() && size > 0 {
		if text, err := offheap.File(f, size); err == nil {
			defer func() { err = errors.Join(err, offheap.Unmap(text)) }()
			return opt.read(ctx, func(r *run) error { return r.mapped(ctx, text) })
		}
	}
	return Read(ctx, f, opt)
}

func (opt Options) read(ctx context.Context, source func(*run) error) (d *Dump, err error) {
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Pool == nil {
		opt.Pool = offheap.New("")
	}
	r := newRun(opt)
	err = r.finish(source(r))
	d = r.m.d
	if d.Early = err; d.Heap.Len() > 0 && ctx.Err() == nil {
		err = nil
	}
	switch {
	case r.m.err != nil:
		return nil, r.m.err
	case err != nil:
		return nil, err
	case d.Heap.Len() == 0:
		return nil, fmt.Errorf("%w: understood none of %d lines; hint: give what ObjectSpace.dump_all wrote", ErrNotDump, d.Lines)
	}
	return d, nil
}
