package nativemem

import (
	"cmp"
	"math/bits"
	"slices"
)

// SizeClass is chunks in use of one size, or of a range of sizes. Classes are the same
// for every process, so that two histograms can be compared.
type SizeClass struct {
	Size, Most   int64 // bytes with the header; they are equal below 64 KiB
	Count, Bytes int64
}

const exactBelow = 64 << 10

// sizes counts chunks: exactly below 64 KiB, by powers of two above.
type sizes struct {
	exact [exactBelow / align]int64
	count [64]int64
	bytes [64]int64
}

func (s *sizes) add(size, n int64) {
	if size < exactBelow {
		s.exact[size/align] += n
		return
	}
	b := bits.Len64(uint64(size)) - 1
	s.count[b] += n
	s.bytes[b] += n * size
}

// Histogram is the chunks in use by size, most bytes first. Blocks with mappings of their
// own are in it, as far as they were found.
func (h *Heap) Histogram() []SizeClass {
	var list []SizeClass
	for i, n := range h.sizes.exact {
		if n > 0 {
			size := int64(i) * align
			list = append(list, SizeClass{size, size, n, n * size})
		}
	}
	for b, n := range h.sizes.count {
		if n > 0 {
			list = append(list, SizeClass{1 << b, 1<<b<<1 - 1, n, h.sizes.bytes[b]})
		}
	}
	slices.SortFunc(list, func(a, b SizeClass) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Size, b.Size)) })
	return list
}
