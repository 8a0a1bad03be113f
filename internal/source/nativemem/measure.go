package nativemem

import (
	"fmt"
	"slices"

	"culprit/internal/source/procmem"
)

// measure walks all stretches once and sums them.
func (h *Heap) measure() error {
	slices.Sort(h.fast)
	slices.SortFunc(h.walks, func(a, b walk) int {
		if a.base < b.base {
			return -1
		}
		return 1
	})
	for i := 1; i < len(h.walks); i++ {
		if h.walks[i].base < h.walks[i-1].end {
			return fmt.Errorf("%w: two heaps at %#x", ErrTorn, h.walks[i].base)
		}
	}
	w := newWindow(h.view)
	for i := range h.walks {
		if err := h.sum(&h.walks[i], w); err != nil {
			return err
		}
	}
	h.dropCached()
	return nil
}

// sum walks one stretch.
func (h *Heap) sum(k *walk, w *window) error {
	a := &h.Arenas[k.arena]
	var free gap // chunks that malloc_consolidate would join
	var failed error
	err := k.each(w, func(c raw) {
		fast := c.used && c.size <= smallest+align*fastBins && has(h.fast, c.at)
		if c.used && !fast {
			failed = h.keep(failed, a, free)
			free = gap{}
			h.count(a, c)
			return
		}
		a.FreeChunks++
		a.Free += int64(c.size)
		if fast {
			a.Fast += int64(c.size)
		}
		if free.to != c.at {
			failed = h.keep(failed, a, free)
			free = gap{c.at, c.at}
		}
		free.to += c.size
	})
	if err != nil {
		return err
	}
	if !k.full {
		return h.sumTop(k, a, free, failed)
	}
	return h.keep(failed, a, free)
}

// sumTop adds top: systrim gives back whole pages at its end, but leaves MINSIZE and one
// byte, and only of main_arena.
func (h *Heap) sumTop(k *walk, a *Arena, free gap, failed error) error {
	a.Free += a.Top
	n, err := h.present(k.stop, k.end)
	if a.TopPresent = n; err != nil {
		return err
	}
	if !k.sbrk {
		return h.keep(failed, a, free)
	}
	from := k.stop
	if free.to == k.stop && free.from != 0 {
		from = free.from
	} else {
		failed = h.keep(failed, a, free)
	}
	size := k.end - from
	if size <= smallest+1 {
		return failed
	}
	extra := (size - smallest - 1) &^ (k.grain - 1)
	n, err = h.present(k.end-extra, k.end)
	a.Releasable += n
	if err != nil {
		return err
	}
	return failed
}

// chunkStruct is sizeof(struct malloc_chunk): mtrim keeps it at the begin of a free chunk.
const chunkStruct = 48

// keep adds what mtrim would give back of a free chunk; the first error is kept.
func (h *Heap) keep(failed error, a *Arena, free gap) error {
	from := (free.from + chunkStruct + procmem.PageSize - 1) &^ (procmem.PageSize - 1)
	to := free.to &^ (procmem.PageSize - 1)
	if failed != nil || from >= to || free.from == 0 {
		return failed
	}
	n, err := h.present(from, to)
	a.Releasable += n
	return err
}

// present counts bytes that are in memory.
func (h *Heap) present(from, to uint64) (n int64, err error) {
	err = h.view.Mem.Present(from, to, func(a, b uint64) {
		if a, b = max(a, from), min(b, to); a < b {
			n += int64(b - a)
		}
	})
	return n, err
}

// count adds a chunk in use, and looks whether it is the cache of a thread.
func (h *Heap) count(a *Arena, c raw) {
	a.InUse += int64(c.size)
	a.Chunks++
	h.chunks++
	h.sizes.add(int64(c.size), 1)
	if l, ok := cacheLayoutOf(c.size); ok {
		if list, ok := h.cacheAt(c.at, l); ok {
			h.cached = append(h.cached, list...)
		}
	}
}

// dropCached takes the chunks in caches of threads from those in use.
func (h *Heap) dropCached() {
	slices.Sort(h.cached)
	h.cached = slices.Compact(h.cached)
	h.cached = slices.DeleteFunc(h.cached, func(at uint64) bool {
		k := h.walkOf(at)
		size, err := h.sizeOf(at)
		if k == nil || err != nil || size > k.end-at || int64(size) > h.Arenas[k.arena].InUse || has(h.fast, at) {
			return true
		}
		if next, err := h.view.Word(at + size + 8); err != nil || next&prevInUse == 0 {
			return true
		}
		a := &h.Arenas[k.arena]
		a.InUse -= int64(size)
		a.Chunks--
		a.Tcache += int64(size)
		h.TcacheBytes += int64(size)
		h.TcacheChunks++
		h.sizes.add(int64(size), -1)
		return false
	})
}

// walkOf finds the stretch of an address.
func (h *Heap) walkOf(at uint64) *walk {
	i, ok := slices.BinarySearchFunc(h.walks, at, func(k walk, at uint64) int {
		switch {
		case k.end <= at:
			return -1
		case k.base > at:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &h.walks[i]
}
