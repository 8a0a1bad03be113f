// Package procmem is the memory of another process, or of one that has died: live, as a
// copy, or as a core file, all behind one small interface.
//
// It owns mappings, which pages are there, copying them, and stopping a process for that
// moment. It refuses to touch a page that is not there (it would appear in the process),
// to give a zero for what could not be read, and to know what lies in the memory.
//
// Formats: https://docs.kernel.org/admin-guide/mm/pagemap.html,
// https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html,
// https://man7.org/linux/man-pages/man5/core.5.html
package procmem

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// PageSize is the grain in which presence is told.
const PageSize = 4096

// Errors that callers tell apart.
var (
	// ErrUnmapped means an address in no mapping.
	ErrUnmapped = errors.New("no memory is mapped there")
	// ErrAbsent means memory that was never touched, or that is swapped out: reading it
	// would change the process.
	ErrAbsent = errors.New("the page is not in memory")
	// ErrDenied means that this user may not read the process.
	ErrDenied = errors.New("not allowed to read its memory")
	// ErrGone means that the process ended.
	ErrGone = errors.New("the process is gone")
)

// Mapping is a stretch of addresses.
type Mapping struct {
	From, To                    uint64 // bytes, To is the first behind
	Read, Write, Execute, Share bool
	Offset                      uint64 // in the file
	Path                        string // a file, "[heap]", "[stack]", "[anon:...]", or "" for nameless memory
	File                        bool   // of a file: what is not there can be read of it
}

// Size is in bytes.
func (m Mapping) Size() uint64 { return m.To - m.From }

// Mem is memory of a process. ReadAt reads all of b or gives an error; how much was read
// before is told. Several goroutines may read.
type Mem interface {
	io.ReaderAt
	// Maps are the mappings, by address. They must not be changed.
	Maps() []Mapping
	// Present calls visit for each stretch of [from, to) that is in memory, by address.
	Present(from, to uint64, visit func(from, to uint64)) error
}

// Find gives the mapping of an address.
func Find(maps []Mapping, at uint64) (Mapping, bool) {
	i, found := slices.BinarySearchFunc(maps, at, func(m Mapping, at uint64) int {
		switch {
		case m.To <= at:
			return -1
		case m.From > at:
			return 1
		}
		return 0
	})
	if !found {
		return Mapping{}, false
	}
	return maps[i], true
}

// failed says where a reading failed.
func failed(at uint64, err error) error { return fmt.Errorf("at %#x: %w", at, err) }
