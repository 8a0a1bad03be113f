package nativemem

import (
	"fmt"

	"culprit/internal/source/procmem"
)

// Sizes of glibc on LP64, in bytes.
const (
	header    = 16 // of a chunk: prev_size and size
	smallest  = 32 // MINSIZE
	align     = 16 // MALLOC_ALIGNMENT
	flags     = 7  // low bits of size
	prevInUse = 1
	isMmapped = 2
	// heap_info is ar_ptr, prev, size and more; its size is told by where the first
	// malloc_state stands.
	heapPrev   = 8
	heapSize   = 16
	mostHeaps  = 1 << 16
	mostInfo   = 256
	mostTopLog = 30
)

// walk is a stretch of memory that is all chunks.
type walk struct {
	arena    int
	base     uint64 // where the stretch begins, its heap_info counted
	first    uint64 // chunk
	stop     uint64 // top, or the fence of a heap that is full
	end      uint64 // of the stretch
	full     bool   // it ends with a fence of size 0, and not with top
	sbrk     bool   // main_arena, of sbrk up to its end
	grain    uint64 // then, bytes that its end is trimmed in
	resumeAt []gap
}

// gap is memory of another user of sbrk inside a heap.
type gap struct{ from, to uint64 }

// lay finds the stretches of all arenas.
func (h *Heap) lay(s *states) error {
	for i, start := range s.list {
		b := start + s.delta
		system, err := h.view.Word(b + systemAt)
		if err != nil {
			return fmt.Errorf("arena %#x: %w", start, err)
		}
		top, err := h.view.Word(b - topBefore)
		if err != nil {
			return fmt.Errorf("arena %#x: %w", start, err)
		}
		if system > 1<<47 {
			return fmt.Errorf("%w: arena %#x of %d bytes", ErrTorn, start, system)
		}
		h.Arenas = append(h.Arenas, Arena{Main: i == 0, Address: start, System: int64(system)})
		if i == 0 {
			err = h.layMain(s, top)
		} else {
			err = h.layHeaps(i, start, b, top)
		}
		if err != nil {
			return fmt.Errorf("arena %#x: %w", start, err)
		}
		if err := h.fasts(i, s, b); err != nil {
			return fmt.Errorf("fastbins of arena %#x: %w", start, err)
		}
	}
	return nil
}

// sizeOf reads the size of a chunk.
func (h *Heap) sizeOf(chunk uint64) (uint64, error) {
	w, err := h.view.Word(chunk + 8)
	return w &^ flags, err
}

// run gives the stretch of writable mappings without a gap that an address lies in.
// Advice like MADV_HUGEPAGE splits what was one mapping.
func (h *Heap) run(at uint64) (from, to uint64, ok bool) {
	for _, m := range h.view.Maps() {
		switch {
		case !m.Read || !m.Write:
			continue
		case m.From != to || m.File:
			if from <= at && at < to {
				return from, to, true
			}
			from = m.From
		}
		to = m.To
	}
	return from, to, from <= at && at < to
}

// topOf reads the size of top; it must lie in its mapping.
func (h *Heap) topOf(top uint64) (size uint64, err error) {
	_, to, ok := h.run(top)
	if !ok || top%align != 0 {
		return 0, fmt.Errorf("%w: top at %#x is not in the heap", ErrTorn, top)
	}
	if size, err = h.sizeOf(top); err != nil {
		return 0, err
	}
	if size < align || size > to-top || size%align != 0 {
		return 0, fmt.Errorf("%w: top at %#x of %d bytes", ErrTorn, top, size)
	}
	return size, nil
}

// layMain lays main_arena: from sbrk_base to top, or in parts where sbrk was refused.
func (h *Heap) layMain(s *states, top uint64) error {
	if top == s.bins-topBefore {
		return nil // initial_top: nothing was allocated
	}
	size, err := h.topOf(top)
	if err != nil {
		return err
	}
	brk := top
	for _, m := range h.view.Maps() {
		if m.Path == "[heap]" && m.Write {
			brk = m.From
			break
		}
	}
	from, to, ok := h.run(brk)
	if !ok {
		return fmt.Errorf("%w: nothing is mapped at %#x", ErrTorn, brk)
	}
	if brk != top {
		from = brk // a core file does not name it
	}
	t, ok := s.par(from, to)
	if !ok {
		return fmt.Errorf("%w: mp_ was not found", ErrNoArena)
	}
	h.MmapChunks, h.MmapBytes = t.chunks, t.held
	h.Arenas[0].Top = int64(size)
	if top < t.sbrkBase || top >= to {
		return h.laySplit(t.sbrkBase, to, top, size)
	}
	h.Arenas[0].Heaps = 1
	h.walks = append(h.walks, walk{base: t.sbrkBase, first: t.sbrkBase, stop: top, end: top + size, sbrk: true, grain: t.grain})
	return nil
}

// layHeaps lays another arena: heaps of 64 MiB at multiples of that, linked from the
// newest to the first, which holds the malloc_state.
func (h *Heap) layHeaps(i int, start, b, top uint64) error {
	info := start % procmem.PageSize
	if info < 32 || info > mostInfo || info%align != 0 {
		return fmt.Errorf("%w: it does not begin behind a heap_info", ErrTorn)
	}
	size, err := h.topOf(top)
	if err != nil {
		return err
	}
	base, ok := h.heapOf(top, start)
	if !ok {
		return fmt.Errorf("%w: no heap_info below %#x", ErrTorn, top)
	}
	h.Arenas[i].Top = int64(size)
	for newest := true; ; newest = false {
		w, prev, err := h.layHeap(base, start, info, b)
		if err != nil {
			return err
		}
		w.arena = i
		if newest {
			if w.stop, w.full = top, false; top+size != w.end || top < w.first {
				return fmt.Errorf("%w: top ends at %#x, its heap at %#x", ErrTorn, top+size, w.end)
			}
		}
		h.walks = append(h.walks, w)
		h.Arenas[i].Heaps++
		if prev == 0 {
			return nil
		}
		if base = prev; len(h.walks) > mostHeaps {
			return fmt.Errorf("%w: its heaps do not end", ErrTorn)
		}
	}
}

// layHeap lays one heap, as one that is full.
func (h *Heap) layHeap(base, start, info, b uint64) (w walk, prev uint64, err error) {
	words, err := h.view.Words(base, 3)
	if err != nil {
		return w, 0, err
	}
	_, to, ok := h.run(base)
	size := words[heapSize/8]
	if prev = words[heapPrev/8]; !ok || words[0] != start || size < 2*smallest+info || size > to-base || size%align != 0 {
		return w, 0, fmt.Errorf("%w: no heap_info at %#x", ErrTorn, base)
	}
	w = walk{base: base, first: base + info, stop: base + size - header, end: base + size, full: true}
	if base+info == start {
		w.first = (b + stateEnd + align - 1) &^ (align - 1)
		if prev != 0 {
			return w, 0, fmt.Errorf("%w: heaps in a ring at %#x", ErrTorn, base)
		}
	} else if prev == 0 {
		return w, 0, fmt.Errorf("%w: the heap at %#x is not the arena's first", ErrTorn, base)
	}
	if w.first > w.stop {
		return w, 0, fmt.Errorf("%w: the heap at %#x holds no chunk", ErrTorn, base)
	}
	return w, prev, nil
}

// heapOf finds the heap of a chunk: HEAP_MAX_SIZE is 64 MiB, with huge pages four of
// these.
func (h *Heap) heapOf(chunk, start uint64) (base uint64, ok bool) {
	logs := []int{26}
	for l := 20; l <= mostTopLog; l++ {
		logs = append(logs, l)
	}
	for _, l := range logs {
		base := chunk &^ (1<<l - 1)
		if w, err := h.view.Word(base); err == nil && w == start {
			return base, true
		}
	}
	return 0, false
}
