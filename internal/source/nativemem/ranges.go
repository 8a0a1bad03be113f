package nativemem

import (
	"cmp"
	"slices"
)

// Range is a stretch of addresses, To is the first behind.
type Range struct{ From, To uint64 }

// Ranges are all stretches that malloc has, by address: heaps of arenas with what stands
// before their first chunk, and blocks with mappings of their own.
func (h *Heap) Ranges() []Range {
	list := make([]Range, 0, len(h.walks)+len(h.mapped))
	for _, w := range h.walks {
		list = append(list, Range{w.base, w.end})
	}
	for _, b := range h.mapped {
		list = append(list, Range{b.from, b.to})
	}
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	return list
}

// Releasable is what malloc_trim(0) would give back of all arenas, in bytes.
func (h *Heap) Releasable() (sum int64) {
	for _, a := range h.Arenas {
		sum += a.Releasable
	}
	return sum
}
