package nativemem

import (
	"encoding/binary"
	"fmt"

	"culprit/internal/source/procmem"
)

// Of struct malloc_state, in bytes behind its bins. Its fields before them differ by
// version: fast bins went in 2.43.
const (
	binCount   = 127
	atNext     = 2048
	atSystem   = 2072
	stateEnd   = 2088
	heapMax    = 64 << 20 // HEAP_MAX_SIZE: heaps of other arenas are aligned to it
	mostArenas = 1 << 14
	mostHeaps  = 1 << 14
	fastCount  = 10
	mostFast   = 1 << 22
)

// starts are how far the bins lie behind the beginning of struct malloc_state: to 2.41, and
// since 2.43.
func starts() []uint64 { return []uint64{112, 24} }

// find looks for main_arena in the variables of libc: 127 bins, each a list that leads
// back to itself; and follows the ring of arenas.
func (h *Heap) find() error {
	maps := h.view.Maps()
	for i, m := range maps {
		ours := isLibc(m.Path) || i > 0 && m.Path == "" && isLibc(maps[i-1].Path) && maps[i-1].To == m.From
		if !ours || !m.Write || m.Size() > 64<<20 {
			continue
		}
		words := make([]byte, m.Size())
		n, _ := h.view.Mem.ReadAt(words, int64(m.From)) // what is there of it
		words = words[:n]
		for o := uint64(0); o+stateEnd <= uint64(n); o += 8 {
			if !h.looksLikeBins(words[o:], m.From+o) || !h.bins(m.From+o) {
				continue
			}
			for _, delta := range starts() {
				if h.ring(m.From+o, delta) {
					h.parameters(words)
					return nil
				}
			}
		}
	}
	return ErrNoArena
}

// looksLikeBins looks at the first bins only.
func (h *Heap) looksLikeBins(b []byte, at uint64) bool {
	self := 0
	for i := range 16 {
		fd, bk := binary.LittleEndian.Uint64(b[16*i:]), binary.LittleEndian.Uint64(b[16*i+8:])
		own := at + 16*uint64(i) - 16
		if fd == own && bk == own {
			self++
			continue
		}
		if fd == own || bk == own || !h.view.Writable(fd) || !h.view.Writable(bk) {
			return false
		}
	}
	return self > 0 || h.view.Writable(at)
}

// bins tells whether all bins are lists that lead back.
func (h *Heap) bins(at uint64) bool {
	for i := range uint64(binCount) {
		own := at + 16*i - 16
		fd, err1 := h.view.Word(own + 16)
		bk, err2 := h.view.Word(own + 24)
		if err1 != nil || err2 != nil {
			return false
		}
		if fd == own && bk == own {
			continue
		}
		back, err1 := h.view.Word(fd + 24)
		forth, err2 := h.view.Word(bk + 16)
		if err1 != nil || err2 != nil || back != own || forth != own {
			return false
		}
	}
	return true
}

// ring follows the arenas from the main one until it comes back to it.
func (h *Heap) ring(mainBins, delta uint64) bool {
	first := mainBins - delta
	h.Arenas = nil
	for at := first; len(h.Arenas) < mostArenas; {
		b := at + delta
		top, err1 := h.view.Word(b + ^uint64(15))
		next, err2 := h.view.Word(b + atNext)
		system, err3 := h.view.Word(b + atSystem)
		if err1 != nil || err2 != nil || err3 != nil || !h.view.Writable(next) || system > 1<<46 || len(h.Arenas) > 0 && !h.bins(b) {
			return false
		}
		a := Arena{Main: at == first, Address: at, System: int64(system), bins: b, top: top}
		if !h.parts(&a, b+stateEnd) {
			return false
		}
		h.Arenas = append(h.Arenas, a)
		if next == first {
			return true
		}
		at = next
	}
	return false
}

// parts finds the stretches of an arena: the program's break for the main one, and for
// others heaps that know the one before.
func (h *Heap) parts(a *Arena, end uint64) bool {
	if a.Main {
		m, ok := h.view.Mapping(a.top)
		if !ok {
			return a.System == 0 // nothing was ever taken from it
		}
		from := m.From
		// The kernel can split the break into mappings next to each other.
		for _, o := range h.view.Maps() {
			if o.To == from && o.Path == "[heap]" && m.Path == "[heap]" {
				from = o.From
			}
		}
		a.Parts = []Range{{from, a.top}}
		return true
	}
	heap := a.top &^ (heapMax - 1)
	for range mostHeaps {
		owner, err1 := h.view.Word(heap)
		prev, err2 := h.view.Word(heap + 8)
		size, err3 := h.view.Word(heap + 16)
		if err1 != nil || err2 != nil || err3 != nil || owner != a.Address || size > heapMax || size < 64 {
			return false
		}
		r := Range{heap + headOf(a.Address), heap + size}
		if heap == a.Address&^(heapMax-1) {
			r.From = (end + 15) &^ 15 // behind the arena's own struct
		}
		if heap == a.top&^(heapMax-1) {
			r.To = a.top
		}
		a.Parts = append(a.Parts, r)
		if prev == 0 {
			return true
		}
		heap = prev &^ (heapMax - 1)
	}
	return false
}

// headOf is the size of struct heap_info: 32 bytes, since 2.35 48. In the first heap the
// arena stands right behind it; in others the first chunk tells: its size stands at 8.
func headOf(arena uint64) uint64 {
	first := arena &^ (heapMax - 1)
	if o := arena - first; o >= 0x20 && o <= 0x80 {
		return o
	}
	return 0x20
}

// fast sums up the chunks of fast bins: lists that are free, but whose chunks look as if
// in use. Since 2.32 their links are mangled with the address (PROTECT_PTR).
func (h *Heap) fast(a *Arena, visit func(at uint64)) (sum int64, err error) {
	if a.bins-a.Address < 96 {
		return 0, nil // a glibc without them
	}
	seen := 0
	for i := range uint64(fastCount) {
		at, err := h.view.Word(a.bins - 16 - 8*fastCount + 8*i)
		if err != nil {
			return 0, err
		}
		for at != 0 && seen < mostFast {
			seen++
			size, err1 := h.view.Word(at + 8)
			link, err2 := h.view.Word(at + 16)
			if err1 != nil || err2 != nil || size&^7 > 256 {
				return 0, fmt.Errorf("%w: a list of free chunks leads to none", ErrTorn)
			}
			sum += int64(size &^ 7)
			visit(at)
			next := link ^ (at+16)>>12
			if next != 0 && (next%16 != 0 || !h.view.Writable(next)) {
				next = link // not mangled
			}
			if link == 0 {
				next = 0
			}
			at = next
		}
	}
	return sum, nil
}

// mostMaps is DEFAULT_MMAP_MAX, which stands behind the count of blocks.
const mostMaps = 65536

// parameters finds mp_ by its field sbrk_base, and with it how much is mapped for single
// blocks. The count stands 36 bytes before it since 2.35 (hp_flags came), 32 before.
func (h *Heap) parameters(words []byte) {
	main := h.Arenas[0]
	if len(main.Parts) == 0 {
		return
	}
	for o := 40; o+8 <= len(words); o += 8 {
		if binary.LittleEndian.Uint64(words[o:]) != main.Parts[0].From {
			continue
		}
		bytes := binary.LittleEndian.Uint64(words[o-16:])
		for _, back := range []int{36, 32} {
			count, most := binary.LittleEndian.Uint32(words[o-back:]), binary.LittleEndian.Uint32(words[o-back+4:])
			if most == mostMaps && bytes%procmem.PageSize == 0 && bytes < 1<<46 && uint64(count)*procmem.PageSize <= bytes {
				h.MmapChunks, h.MmapBytes = int64(count), int64(bytes)
				return
			}
		}
	}
}
