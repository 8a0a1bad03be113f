package nativemem

import (
	"fmt"

	"culprit/internal/source/procmem"
)

// laySplit lays a main_arena that has got memory of mmap since sbrk was refused
// (sysmalloc_mmap_fallback): parts of at least 1 MiB in nameless mappings, each but that
// of top ends with two fences at the end of a page. system_mem tells how much they are.
func (h *Heap) laySplit(base, brk, top, size uint64) error {
	steps := (brk - base) / smallest
	stop, end, ok := chain(h.view, base, brk, 0, &steps)
	if !ok {
		return fmt.Errorf("%w: the part at %#x has no end", ErrTorn, base)
	}
	s := splitter{heap: h, top: top, topEnd: top + size, rest: uint64(h.Arenas[0].System) - (end - base)}
	if s.rest > uint64(h.Arenas[0].System) {
		return fmt.Errorf("%w: sbrk gave %d bytes of %d", ErrTorn, end-base, h.Arenas[0].System)
	}
	s.steps = mostSteps + s.rest/align
	s.add(walk{base: base, first: base, stop: stop, end: end, full: true})
	for _, m := range h.view.Maps() {
		if !nameless(m) || s.rest == 0 {
			continue
		}
		free := m.From
		err := h.view.Mem.Present(m.From, m.To, func(from, to uint64) {
			free = s.stretch(max(from, free), min(to, m.To), m.To)
		})
		if err != nil {
			return err
		}
	}
	if s.rest != 0 || !s.seen {
		return fmt.Errorf("%w: %d bytes of main_arena are elsewhere", ErrTorn, s.rest)
	}
	return nil
}

// splitter collects parts.
type splitter struct {
	heap        *Heap
	top, topEnd uint64
	rest        uint64 // bytes that are still to be found
	seen        bool   // the part with top was found
	steps       uint64 // that are left: chunks that lead nowhere are not followed for ever
}

func (s *splitter) add(k walk) {
	s.heap.Arenas[0].Heaps++
	s.heap.walks = append(s.heap.walks, k)
}

// stretch looks at pages that are in memory, and says what was looked at.
func (s *splitter) stretch(from, to, end uint64) uint64 {
	at := from
	for at < to {
		k := walk{base: at, first: at, full: true}
		var ok bool
		if k.stop, k.end, ok = chain(s.heap.view, at, end, s.top, &s.steps); k.stop == s.top {
			k.end, k.full = s.topEnd, false
		}
		if !ok || k.end-at > s.rest || k.end%procmem.PageSize != 0 {
			at += procmem.PageSize
			continue
		}
		s.add(k)
		s.seen = s.seen || !k.full
		s.rest -= k.end - at
		at = k.end
	}
	return at
}

// chain follows chunks from the begin of a part to its fences, or to top.
func chain(v *procmem.View, first, limit, top uint64, steps *uint64) (stop, end uint64, ok bool) {
	for at := first; at < limit && *steps > 0; *steps-- {
		head, err := v.Word(at + 8)
		size := head &^ flags
		switch {
		case err != nil, at == first && head&flags != prevInUse, head&^prevInUse&flags != 0, size%align != 0:
			return 0, 0, false
		case at == top:
			return at, at, true
		case size == header:
			n := fences(v, at)
			return at, at + n*header, n >= 2
		case size < smallest || size > limit-at:
			return 0, 0, false
		}
		at += size
	}
	return 0, 0, false
}

// fences counts those in a row: two, and where 16 bytes were left before them three.
func fences(v *procmem.View, at uint64) (n uint64) {
	for ; n < 3; n++ {
		if head, err := v.Word(at + 8); err != nil || head&^flags != header {
			break
		}
		at += header
	}
	return n
}
