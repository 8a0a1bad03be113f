package logs

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

const (
	// maxLine is how many bytes of a line are looked at; the rest of a longer one
	// is skipped. The longest line that carries a fact is a Parameters line.
	maxLine = 1 << 20
	// blockSize is what one worker reads at a time: small enough to stay in a
	// second-level cache between the read and the parse, large enough that the
	// settling at its border does not show.
	blockSize = 256 << 10
	// tailSize is read beyond a block, to have the end of its last line in the
	// same read.
	tailSize = 4 << 10
	pageSize = 4 << 10
)

// block is a run of whole lines on its way from the file to the joiner.
type block struct {
	seq  int64
	base int64  // offset of data in the file
	data []byte // whole lines; the last may lack its newline
	buf  []byte // backing memory of data, reused
	size int    // bytes to aim at
	d    *dispatcher
	tally
}

// blocks hands out the blocks of an input in order of seq. fill may be called
// by several workers at once; it reports false at the end.
type blocks interface {
	fill(b *block) (bool, error)
}

// at reads blocks of a file that can be read anywhere: a block owns the lines
// that begin in its range, so workers need not talk to each other.
type at struct {
	r    io.ReaderAt
	n    int64
	size int64
	next atomic.Int64
}

func (s *at) fill(b *block) (bool, error) {
	b.seq = s.next.Add(1) - 1
	start := b.seq * s.size
	if start >= s.n {
		return false, nil
	}
	end := min(start+s.size, s.n)
	// One byte earlier, to see whether a line begins at start; and that in a whole
	// page, because the kernel copies pages to unaligned places at half the speed.
	lo := max(start-1, 0) &^ (pageSize - 1)
	b.data, b.base = nil, start
	have, err := s.more(b, lo, 0, int(end-lo)+tailSize)
	edge := min(int(end-lo), have)
	first := 0
	if start > 0 {
		before := min(int(start-1-lo), edge)
		if first = bytes.IndexByte(b.buf[before:edge], '\n') + 1; first == 0 {
			return true, err // no line begins here
		}
		if first += before; first >= edge {
			return true, err
		}
	}
	last := 0
	if edge > 0 {
		last = edge - 1
	}
	for err == nil {
		if i := bytes.IndexByte(b.buf[last:have], '\n'); i >= 0 {
			have = last + i + 1
			break
		}
		last = have
		if have-edge >= maxLine {
			break
		}
		if have, err = s.more(b, lo, have, 64<<10); have == last {
			break // the end
		}
	}
	b.base = lo + int64(first)
	b.data = b.buf[first:have]
	return true, err
}

// more reads up to n further bytes behind the have bytes that b.buf holds from
// offset lo on, and returns the new count. A file that shrank ends early.
func (s *at) more(b *block, lo int64, have, n int) (int, error) {
	n = max(0, int(min(int64(n), s.n-lo-int64(have))))
	if need := have + n; need > cap(b.buf) {
		grown := make([]byte, need+need/4)
		copy(grown, b.buf[:have])
		b.buf = grown
	}
	b.buf = b.buf[:cap(b.buf)]
	got, err := s.r.ReadAt(b.buf[have:have+n], lo+int64(have))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return have + got, err
}

// stream reads blocks from a pipe or a decompressor. Whoever asks reads, under
// the lock, while other workers parse what they have: that overlaps inflating
// with parsing without another goroutine.
type stream struct {
	mu    sync.Mutex
	r     io.Reader
	seq   int64
	off   int64  // offset of carry
	carry []byte // the begun line at the end of the last block
	skip  bool   // inside the rest of a line longer than maxLine
	end   bool
}

func (s *stream) fill(b *block) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end {
		return false, nil
	}
	if cap(b.buf) < b.size+maxLine {
		b.buf = make([]byte, b.size+maxLine)
	}
	b.buf = b.buf[:cap(b.buf)]
	for {
		n := copy(b.buf, s.carry)
		n, err := s.readTo(b.buf, n, max(b.size, n+b.size/2))
		b.base, s.carry = s.off, s.carry[:0]
		data := b.buf[:n]
		if s.skip {
			data = s.dropRest(b, data)
		}
		if !s.end {
			data = s.keepTail(data)
		}
		s.off = b.base + int64(len(data))
		if len(data) == 0 && !s.end {
			continue
		}
		b.data = data
		b.seq = s.seq
		s.seq++
		return true, err
	}
}

// readTo reads until buf holds want bytes and sets end at the end or an error.
func (s *stream) readTo(buf []byte, n, want int) (int, error) {
	for n < min(want, len(buf)) {
		k, err := s.r.Read(buf[n:])
		n += k
		if err != nil {
			s.end = true
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
	}
	return n, nil
}

// dropRest drops the rest of a line that was too long.
func (s *stream) dropRest(b *block, data []byte) []byte {
	i := bytes.IndexByte(data, '\n') + 1
	if i == 0 {
		i = len(data)
	} else {
		s.skip = false
	}
	b.base += int64(i)
	return data[i:]
}

// keepTail leaves the begun last line for the next block; when there is nothing
// else it is either short, and more is read, or too long, and its head is given
// out alone.
func (s *stream) keepTail(data []byte) []byte {
	i := bytes.LastIndexByte(data, '\n') + 1
	if len(data)-i >= maxLine {
		if i > 0 {
			// give out the whole lines now, the giant alone next time
			s.carry = append(s.carry, data[i:]...)
			return data[:i]
		}
		s.skip = true
		return data
	}
	s.carry = append(s.carry, data[i:]...)
	return data[:i]
}
