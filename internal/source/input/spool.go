package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// stdinTaken guards standard input: a second read would find nothing and call
// that an empty log.
var stdinTaken atomic.Bool

// errStdinTaken is told by the second Open of "-"; Reader.Rewind reads again.
var errStdinTaken = errors.New("standard input was read already")

// spoolPipe copies a pipe, compressed as it comes, to a temporary file that
// has no name any more where the system allows that: a killed process leaves
// nothing behind.
func spoolPipe(ctx context.Context, f File) (*os.File, error) {
	src := os.Stdin
	if f.Stdin {
		if stdinTaken.Swap(true) {
			return nil, errStdinTaken
		}
	} else {
		var err error
		if src, err = os.Open(f.Path); err != nil {
			return nil, err
		}
		defer func() { _ = src.Close() }() // opened for reading
	}
	tmp, err := os.CreateTemp("", "culprit-input-*")
	if err != nil {
		return nil, fmt.Errorf("%s: keep a copy: %w", f.Path, err)
	}
	_ = os.Remove(tmp.Name()) // where this fails Close removes it
	_, err = io.CopyBuffer(tmp, ctxReader{ctx: ctx, r: src}, make([]byte, rawBuffer))
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name())
		return nil, fmt.Errorf("%s: keep a copy in %s (TMPDIR chooses another place): %w", f.Path, os.TempDir(), err)
	}
	return tmp, nil
}

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
