// Package store is the cellar: calls at rest, in blocks of fixed size, kept in
// memory up to a limit and on disk beyond it.
//
// It owns where rows lie and how they are written and read back. It refuses to
// average, to sort, to join and to know what a row means.
package store

import (
	"fmt"
	"iter"
	"os"
	"sync"

	"culprit/internal/casefile"
)

// BlockRows is the number of rows in a block. Blocks are allocated whole, so
// that the garbage collector has nothing to copy while a log is read.
const BlockRows = 4096

// Row is a call at rest with the keys that the hall joins by.
type Row struct {
	casefile.Row
	Proc uint32 // index into the hall's table of (host, pid)
	Hash uint32 // of method and raw path, 0 unknown
	ID   uint64 // hash of the request id, 0 unknown
}

// Store holds blocks of rows. Writers may work at the same time; reading starts
// when all writers are closed.
type Store struct {
	mu      sync.Mutex
	blocks  []block
	free    int // blocks that may still stay in memory
	file    *os.File
	offset  int64
	dir     string
	rows    int64
	scratch []byte
}

type block struct {
	rows   []Row // nil when on disk
	n      int
	offset int64
}

// New returns an empty store that keeps at most limit bytes of rows in memory
// and the rest in an unlinked temporary file in dir ("" = the system's).
func New(limit int64, dir string) *Store {
	return &Store{free: max(1, int(limit/(BlockRows*rowSize))), dir: dir}
}

// Rows returns the number of rows written so far.
func (s *Store) Rows() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// Writer returns a writer for one goroutine.
func (s *Store) Writer() *Writer { return &Writer{store: s} }

// Writer collects rows into blocks.
type Writer struct {
	store *Store
	buf   []Row
	err   error
}

// Add stores one row. A failed write to disk is kept and returned by Close.
func (w *Writer) Add(r *Row) {
	if w.buf == nil {
		w.buf = make([]Row, 0, BlockRows)
	}
	w.buf = append(w.buf, *r)
	if len(w.buf) == BlockRows {
		w.flush()
	}
}

// Close hands in the last block.
func (w *Writer) Close() error {
	if len(w.buf) > 0 {
		w.flush()
	}
	return w.err
}

func (w *Writer) flush() {
	reuse, err := w.store.put(w.buf)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf = nil
	if reuse != nil {
		w.buf = reuse[:0]
	}
}

// put keeps a block; it returns the slice when it went to disk and may be reused.
func (s *Store) put(rows []Row) ([]Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows += int64(len(rows))
	if s.free > 0 {
		s.free--
		s.blocks = append(s.blocks, block{rows: rows, n: len(rows)})
		return nil, nil
	}
	if err := s.spill(rows); err != nil {
		return rows, err
	}
	return rows, nil
}

func (s *Store) spill(rows []Row) error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "culprit-rows-*")
		if err != nil {
			return fmt.Errorf("spill rows: %w", err)
		}
		// Unlinked at once: whatever ends this process, no file stays behind.
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("spill rows: %w", err)
		}
		s.file = f
	}
	s.scratch = encode(s.scratch[:0], rows)
	if _, err := s.file.WriteAt(s.scratch, s.offset); err != nil {
		return fmt.Errorf("spill rows: %w", err)
	}
	s.blocks = append(s.blocks, block{n: len(rows), offset: s.offset})
	s.offset += int64(len(s.scratch))
	return nil
}

// Blocks yields every block with its error. A block is valid until the next
// one; changes to rows in it are lost unless Update was used.
func (s *Store) Blocks() iter.Seq2[[]Row, error] {
	return func(yield func([]Row, error) bool) {
		var buf []byte
		var rows []Row
		for _, b := range s.blocks {
			if b.rows != nil {
				if !yield(b.rows, nil) {
					return
				}
				continue
			}
			var err error
			rows, buf, err = s.load(b, rows, buf)
			if !yield(rows, err) || err != nil {
				return
			}
		}
	}
}

// Update hands every block to change and keeps what it did.
func (s *Store) Update(change func([]Row)) error {
	var buf []byte
	var rows []Row
	for _, b := range s.blocks {
		if b.rows != nil {
			change(b.rows)
			continue
		}
		var err error
		rows, buf, err = s.load(b, rows, buf)
		if err != nil {
			return err
		}
		change(rows)
		s.scratch = encode(s.scratch[:0], rows)
		if _, err := s.file.WriteAt(s.scratch, b.offset); err != nil {
			return fmt.Errorf("update rows: %w", err)
		}
	}
	return nil
}

func (s *Store) load(b block, rows []Row, buf []byte) ([]Row, []byte, error) {
	if cap(buf) < b.n*rowSize {
		buf = make([]byte, BlockRows*rowSize)
		rows = make([]Row, BlockRows)
	}
	buf, rows = buf[:b.n*rowSize], rows[:b.n]
	if _, err := s.file.ReadAt(buf, b.offset); err != nil {
		return nil, buf, fmt.Errorf("read rows back: %w", err)
	}
	decode(rows, buf)
	return rows, buf, nil
}

// Close releases the temporary file.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close rows: %w", err)
	}
	return nil
}
