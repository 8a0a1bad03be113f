package input

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// rawBuffer is the size of one read from disk: large enough that system calls
// do not show, small enough for many files at once.
const rawBuffer = 256 << 10

// Reader reads one file, decompressed. It is used from one goroutine, but
// BytesIn and ReaderAt may be used from others.
type Reader struct {
	ctx   context.Context
	file  *os.File
	spool bool // file is ours: removed on Close
	kind  string
	plain bool
	size  int64

	in      atomic.Int64
	raw     *bufio.Reader
	dec     decoder
	head    []byte // peeked and not yet read
	headErr error  // what ended the peek, told after head is read
	source  error  // what the disk or the context said
	name    string
}

// Open opens the file. Standard input and pipes are copied to a temporary file
// first, so that they can be peeked at and read again; it is gone after Close.
// The context ends reads early.
func (f File) Open(ctx context.Context) (*Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, name: f.Path}
	var err error
	if f.pipe || f.Stdin {
		r.file, err = spoolPipe(ctx, f)
		r.spool = true
	} else {
		r.file, err = os.Open(f.Path)
	}
	if err != nil {
		return nil, err
	}
	if err := r.start(); err != nil {
		_ = r.Close() // the first error is the one to tell
		return nil, err
	}
	return r, nil
}

func (r *Reader) start() error {
	fi, err := r.file.Stat()
	if err != nil {
		return err
	}
	r.size = fi.Size()
	r.raw = bufio.NewReaderSize(counter{r}, rawBuffer)
	magic, err := r.raw.Peek(magicLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.kind = sniff(magic)
	r.plain = r.kind == "" && fi.Mode().IsRegular()
	r.dec, err = newDecoder(r.kind, r.raw)
	if err != nil {
		return r.failed(err)
	}
	return nil
}

func (r *Reader) failed(err error) error {
	return fmt.Errorf("%s: %w", r.name, decodeError(err, r.source, r.kind != ""))
}

// counter is the way from disk: it counts, and ends when the context does.
type counter struct{ r *Reader }

func (c counter) Read(p []byte) (int, error) {
	if err := c.r.ctx.Err(); err != nil {
		c.r.source = err
		return 0, err
	}
	n, err := c.r.file.Read(p)
	c.r.in.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		c.r.source = err
	}
	return n, err
}

// Read returns decompressed bytes. At the end of damaged compressed data it
// returns what could be decoded and then an error that matches ErrTruncated or
// ErrCorrupt.
func (r *Reader) Read(p []byte) (int, error) {
	if len(r.head) > 0 {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	if r.headErr != nil {
		return 0, r.headErr
	}
	n, err := r.dec.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.failed(err)
		if n > 0 {
			// Plain readers of the world stop at (n, err) and drop n: tell it later.
			r.headErr = err
			return n, nil
		}
	}
	return n, err
}

// Head returns up to n bytes from here on without consuming them. It is
// shorter at the end of the data; an error is returned only when there is
// nothing to show. The slice is valid until the next call of any method.
func (r *Reader) Head(n int) ([]byte, error) {
	if len(r.head) < n && r.headErr == nil {
		buf := make([]byte, n)
		have := copy(buf, r.head)
		for have < n && r.headErr == nil {
			m, err := r.dec.Read(buf[have:])
			have += m
			if err != nil && !errors.Is(err, io.EOF) {
				err = r.failed(err)
			}
			r.headErr = err
		}
		r.head = buf[:have]
	}
	if len(r.head) == 0 && r.headErr != nil {
		return nil, r.headErr
	}
	return r.head[:min(n, len(r.head))], nil
}

// Rewind starts over from the first byte, for pipes too.
func (r *Reader) Rewind() error {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r.dec.Close()
	r.in.Store(0)
	r.head, r.headErr, r.source = nil, nil, nil
	return r.start()
}

// ReaderAt gives parallel access to plain data, nil when it is compressed.
func (r *Reader) ReaderAt() io.ReaderAt {
	if !r.plain {
		return nil
	}
	return r.file
}

// Size is the length of plain data in bytes, -1 when it is compressed.
func (r *Reader) Size() int64 {
	if !r.plain {
		return -1
	}
	return r.size
}

// BytesIn is the number of bytes taken from disk so far, compressed ones when
// the file is compressed. Reads through ReaderAt are not in it.
func (r *Reader) BytesIn() int64 { return r.in.Load() }

// Close frees everything, the temporary file of a pipe included.
func (r *Reader) Close() error {
	if r.dec != nil {
		r.dec.Close()
	}
	err := r.file.Close()
	if r.spool {
		// Removed at creation where the system allows it.
		if rerr := os.Remove(r.file.Name()); rerr != nil && !errors.Is(rerr, os.ErrNotExist) && err == nil {
			err = rerr
		}
	}
	return err
}
