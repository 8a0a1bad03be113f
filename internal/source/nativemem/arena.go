package nativemem

import (
	"encoding/binary"
	"errors"
	"fmt"

	"culprit/internal/source/procmem"
)

// Places in struct malloc_state, in bytes from bins[0]. What stands before top differs
// (fastbins are gone since 2.43), so that its start is found by closing the ring of next.
const (
	bins       = 127 // NBINS - 1; the last is never used
	topBefore  = 16
	nextAt     = 2048
	systemAt   = 2072
	stateEnd   = 2088     // sizeof, from bins[0]
	withFast   = 112      // from the start to bins[0], 2.31 to 2.42
	noFast     = 24       // 2.43
	mostArenas = 1 << 16  // a bound for a ring that does not close
	mostData   = 64 << 20 // bytes of writable data of a library
	mostBroken = 4        // bins of a process that goes on may change meanwhile
)

// states are the arenas of a process.
type states struct {
	bins  uint64   // &main_arena.bins[0]
	delta uint64   // from the start of a malloc_state to bins[0]
	list  []uint64 // starts of malloc_states, main_arena first
	data  []byte   // writable data of the library that holds main_arena
	at    uint64   // its address
}

// findArenas looks for main_arena in the writable data of libc.
func findArenas(v *procmem.View) (*states, error) {
	var failed error
	for _, m := range v.Maps() {
		if !m.Read || !m.Write || !isLibc(m.Path) || m.Size() > mostData {
			continue
		}
		data, at, err := dataOf(v, m)
		if err != nil {
			failed = errors.Join(failed, err)
		}
		for o := 0; o+16*bins <= len(data); o += 8 {
			if !binsAt(v, data, at, o) {
				continue
			}
			s := &states{bins: at + uint64(o), data: data, at: at}
			if err := s.ring(v); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			return s, nil
		}
	}
	if failed != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoArena, failed)
	}
	return nil, ErrNoArena
}

// dataOf reads a mapping; pages that cannot be read stay zero, which no arena is made of.
func dataOf(v *procmem.View, m procmem.Mapping) ([]byte, uint64, error) {
	data := make([]byte, m.Size())
	var failed error
	for o := 0; o < len(data); {
		n, err := v.Mem.ReadAt(data[o:], int64(m.From)+int64(o))
		o += max(0, min(n, len(data)-o))
		if err != nil {
			failed = err
			next := (o/procmem.PageSize + 1) * procmem.PageSize
			clear(data[o:min(next, len(data))])
			o = next
		}
	}
	return data, m.From, failed
}

// binsAt tells whether bins[0] is at an offset: an empty bin links to itself, in any
// other the first and the last chunk link back to it.
func binsAt(v *procmem.View, data []byte, at uint64, o int) bool {
	pair := func(bin int) (self, fd, bk uint64) {
		p := o + 16*bin
		return at + uint64(p) - 16, binary.LittleEndian.Uint64(data[p:]), binary.LittleEndian.Uint64(data[p+8:])
	}
	if self, fd, bk := pair(bins - 1); fd != self || bk != self {
		return false
	}
	broken := 0
	for bin := range bins {
		self, fd, bk := pair(bin)
		if fd == self && bk == self {
			continue
		}
		back, err := v.Word(fd + 24)
		forth, err2 := v.Word(bk + 16)
		if err != nil || err2 != nil || back != self || forth != self {
			if broken++; broken > mostBroken {
				return false
			}
		}
	}
	return true
}

// ring follows next from main_arena until it comes back.
func (s *states) ring(v *procmem.View) error {
	first, err := v.Word(s.bins + nextAt)
	if err != nil {
		return err
	}
	deltas := []uint64{withFast, noFast}
	if d := s.bins - first; d <= 512 && d%8 == 0 {
		deltas = []uint64{d} // the only one
	} else {
		for d := uint64(16); d <= 256; d += 8 {
			deltas = append(deltas, d)
		}
	}
	for _, d := range deltas {
		if list, ok := closes(v, s.bins-d, d); ok {
			s.delta, s.list = d, list
			return nil
		}
	}
	return fmt.Errorf("%w: the ring of arenas of %#x", ErrTorn, s.bins)
}

func closes(v *procmem.View, start, delta uint64) ([]uint64, bool) {
	list := []uint64{start}
	seen := map[uint64]bool{start: true}
	for at := start; len(list) < mostArenas; {
		next, err := v.Word(at + delta + nextAt)
		if err != nil {
			return nil, false
		}
		if next == start {
			return list, true
		}
		if seen[next] || next%8 != 0 || !v.Writable(next) {
			return nil, false
		}
		seen[next] = true
		list, at = append(list, next), next
	}
	return nil, false
}

// totals are words of struct malloc_par.
type totals struct {
	sbrkBase     uint64
	chunks, held int64
	grain        uint64 // bytes that top is trimmed in: a page, or thp_pagesize
}

// par finds mp_ by its sbrk_base, which lies in [from, to), mostly at its begin: before it stand
// max_mmapped_mem and mmapped_mem, and before these the counts of mmaps, 2.35 and later
// behind one more int.
func (s *states) par(from, to uint64) (t totals, ok bool) {
	score := 0
	for o := 64; o+8 <= len(s.data); o += 8 {
		base := binary.LittleEndian.Uint64(s.data[o:])
		if base < from || base >= to || base%16 != 0 {
			continue
		}
		held, peak := binary.LittleEndian.Uint64(s.data[o-16:]), binary.LittleEndian.Uint64(s.data[o-8:])
		if held > peak || peak >= 1<<47 || held%8 != 0 {
			continue
		}
		for _, before := range []int{36, 32} {
			p := s.data[o-before:]
			n, limit, most := int32(binary.LittleEndian.Uint32(p)), int32(binary.LittleEndian.Uint32(p[4:])), int32(binary.LittleEndian.Uint32(p[8:]))
			if n < 0 || n > most || (n == 0) != (held == 0) || (most == 0) != (peak == 0) || limit < 0 {
				continue
			}
			mark := 1
			if base == from {
				mark += 2
			}
			if limit == defaultMmaps {
				mark += 4
			}
			if mark > score {
				score, t, ok = mark, totals{base, int64(n), int64(held), s.grain(o, before)}, true
			}
		}
	}
	return t, ok && score > 1
}

// grain reads thp_pagesize, which mp_ has since 2.35; glibc.malloc.hugetlb=1 sets it.
func (s *states) grain(o, before int) uint64 {
	if before == 36 {
		if size := binary.LittleEndian.Uint64(s.data[o-56:]); size > procmem.PageSize && size <= 1<<30 && size&(size-1) == 0 {
			return size
		}
	}
	return procmem.PageSize
}

// defaultMmaps is DEFAULT_MMAP_MAX.
const defaultMmaps = 65536
