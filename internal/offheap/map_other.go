//go:build !linux

package offheap

import (
	"errors"
	"os"
)

// Elsewhere than on Linux columns are plain memory.

func reserve(_ string, size int) (stretch, error) {
	// Of words, so that any element may stand at its beginning.
	return stretch{raw: AsBytes(make([]uint64, (size+7)/8))}, nil
}

func extend(s stretch, size int) (stretch, error) {
	more, err := reserve("", size)
	copy(more.raw, s.raw)
	return more, err
}

func release(stretch) {}

func cool(stretch) {}

// File is not offered here: the file is read instead.
func File(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// Unmap ends what File began.
func Unmap([]byte) error { return nil }

// Done is told that a part of a mapped file is not needed again.
func Done([]byte) int { return 0 }

// Soon is told that a part of a mapped file is read next.
func Soon([]byte) {}
