package nativemem

import (
	"fmt"
	"slices"
)

// fastBins are the heads of mfastbinptr, from bins[0] back: the array ends 16 bytes
// before bins[0], behind it stand top and last_remainder.
const (
	fastBins   = 10 // NFASTBINS
	fastBefore = 96
	mostCount  = 1<<16 - 1 // MAX_TCACHE_COUNT
	// mostSteps and the number of chunks bound how many entries of caches are read: a
	// chunk is in one cache.
	mostSteps = 1 << 20
)

// fasts collects the chunks of an arena's fastbins: their neighbours say that they are
// in use.
func (h *Heap) fasts(i int, s *states, b uint64) error {
	if s.delta < withFast || h.Arenas[i].System == 0 {
		return nil
	}
	heads, err := h.view.Words(b-fastBefore, fastBins)
	if err != nil {
		return err
	}
	for bin, chunk := range heads {
		want := uint64(smallest + align*bin)
		var c circle
		for chunk != 0 {
			size, err := h.sizeOf(chunk)
			if err != nil {
				return fmt.Errorf("%w: a list of chunks of %d bytes: %w", ErrTorn, want, err)
			}
			if size != want || chunk%align != 0 || c.closes(chunk) {
				return fmt.Errorf("%w: %#x is not a chunk of %d bytes, or twice in its list", ErrTorn, chunk, want)
			}
			h.fast = append(h.fast, chunk)
			if chunk, err = h.follow(chunk+header, want, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// circle finds that a list comes back to itself, within twice its length (Brent).
type circle struct {
	mark           uint64
	steps, further int
}

func (c *circle) closes(at uint64) bool {
	if at == c.mark {
		return true
	}
	if c.steps++; c.steps > c.further {
		c.mark, c.further = at, 2*c.steps
	}
	return false
}

// follow reads a link at a place. Since 2.32 it is safe-linked: the address of the link,
// shifted by a page, is laid over it. back is what a link is more than its chunk's
// address.
func (h *Heap) follow(at, want, back uint64) (uint64, error) {
	link, err := h.view.Word(at)
	if err != nil {
		return 0, err
	}
	good := func(p uint64) bool {
		if p == 0 {
			return true
		}
		if p%align != 0 || p < back || !h.view.Writable(p) {
			return false
		}
		size, err := h.sizeOf(p - back)
		return err == nil && (want == 0 && size >= smallest || size == want)
	}
	if safe := link ^ at>>12; good(safe) {
		return safe, nil
	}
	if good(link) {
		return link, nil
	}
	return 0, fmt.Errorf("%w: a link at %#x leads to no chunk", ErrTorn, at)
}

// cacheLayout is a layout of tcache_perthread_struct: an array of uint16, then one of lists.
// Since 2.42 the numbers are of free places, before of entries, and there are lists of
// large chunks.
type cacheLayout struct {
	bins   int
	counts bool // the numbers are of entries
}

func cacheLayoutOf(size uint64) (l cacheLayout, ok bool) {
	switch size {
	case 0x290, 0x2a0: // 16 bytes that were too few for a chunk of their own may be left on it
		return cacheLayout{64, true}, true
	case 0x300, 0x310:
		return cacheLayout{76, false}, true
	}
	return l, false
}

const smallCacheBins = 64

// cacheAt reads the cache of a thread, if a chunk in use is one, and gives the chunks in
// it.
func (h *Heap) cacheAt(chunk uint64, l cacheLayout) (list []uint64, ok bool) {
	words, err := h.view.Words(chunk+header, l.bins/4+l.bins)
	if err != nil {
		return nil, false
	}
	key := uint64(0)
	for bin := range l.bins {
		count := int(uint16(words[bin/4] >> (16 * (bin % 4))))
		entry := words[l.bins/4+bin]
		if l.counts && (count == 0) != (entry == 0) {
			return nil, false
		}
		want := uint64(0)
		if bin < smallCacheBins {
			want = uint64(smallest + align*bin)
		}
		n := 0
		for ; entry != 0; n++ {
			if h.steps++; n >= mostCount || l.counts && n >= count || h.steps > mostSteps+h.chunks || entry%align != 0 || !h.view.Writable(entry) {
				return nil, false
			}
			size, err := h.sizeOf(entry - header)
			k, kerr := h.view.Word(entry + 8)
			if err != nil || kerr != nil || k == 0 || key != 0 && k != key || want != 0 && size != want || size < smallest {
				return nil, false
			}
			key = k
			list = append(list, entry-header)
			if entry, err = h.follow(entry, want, header); err != nil {
				return nil, false
			}
		}
		if l.counts && n != count {
			return nil, false
		}
	}
	return list, true
}

func has(list []uint64, at uint64) bool {
	_, ok := slices.BinarySearch(list, at)
	return ok
}
