package nativemem

import (
	"fmt"
	"math"
	"slices"
)

// index finds the block in use that an address lies in.
type index struct {
	starts      []uint64 // what malloc returned, ascending
	sizes       []uint64 // bytes with the header; with isMmapped in the low bits
	least, span uint64   // all starts and ends lie in [least, least+span)
	stretches   []indexed
}

// indexed is a stretch of memory with the first block of each page.
type indexed struct {
	from, to uint64
	first    []uint32 // of each page: the first block that begins in it or behind it
	begin    int      // blocks of the stretch
	end      int
}

const indexPage = 12 // bits

// index lists the blocks in use.
func (h *Heap) index() (*index, error) {
	x := &index{}
	err := h.Each(func(c Chunk) {
		if !c.InUse {
			return
		}
		size := uint64(c.Size)
		if c.Arena < 0 {
			size |= isMmapped
		}
		x.starts, x.sizes = append(x.starts, c.Address), append(x.sizes, size)
	})
	if err != nil {
		return nil, err
	}
	if len(x.starts) > math.MaxUint32 {
		return nil, fmt.Errorf("%w: %d blocks are more than can be", ErrTorn, len(x.starts))
	}
	x.build(h)
	return x, nil
}

// build makes the tables. Each gives stretches by address, and behind them blocks with
// mappings of their own, by address.
func (x *index) build(h *Heap) {
	i := 0
	for _, k := range h.walks {
		begin := i
		for i < len(x.starts) && x.starts[i] >= k.base && x.starts[i] < k.end {
			i++
		}
		x.add(k.base, k.end, begin, i)
	}
	for ; i < len(x.starts); i++ {
		x.add(x.starts[i], x.starts[i]+x.usable(i), i, i+1)
	}
	slices.SortFunc(x.stretches, func(a, b indexed) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	if n := len(x.stretches); n > 0 {
		x.least, x.span = x.stretches[0].from, x.stretches[n-1].to-x.stretches[0].from
	}
}

func (x *index) add(from, to uint64, begin, end int) {
	if begin == end {
		return
	}
	s := indexed{from: from, to: to, begin: begin, end: end}
	if end-begin > 1 {
		s.first = make([]uint32, (to-from)>>indexPage+2)
		page := 0
		for i := begin; i < end; i++ {
			for ; page <= int((x.starts[i]-from)>>indexPage); page++ {
				s.first[page] = uint32(i)
			}
		}
		for ; page < len(s.first); page++ {
			s.first[page] = uint32(end)
		}
	}
	x.stretches = append(x.stretches, s)
}

// usable is how many bytes of a block the program may use: the last word of a chunk of a
// heap belongs to the next chunk's header, but only while this one is free.
func (x *index) usable(i int) uint64 {
	if x.sizes[i]&isMmapped != 0 {
		return x.sizes[i]&^flags - header
	}
	return x.sizes[i] - 8
}

// find gives the block that an address lies in.
func (x *index) find(at uint64) (int, bool) {
	lo, hi := 0, len(x.stretches)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if x.stretches[mid].to <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(x.stretches) || x.stretches[lo].from > at {
		return 0, false
	}
	s := &x.stretches[lo]
	lo, hi = s.begin, s.end
	if s.first != nil {
		page := (at - s.from) >> indexPage
		lo, hi = int(s.first[page]), int(s.first[page+1])
	}
	for lo < hi { // the first that begins behind the address
		mid := int(uint(lo+hi) / 2)
		if x.starts[mid] <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo--; lo < s.begin || at-x.starts[lo] >= x.usable(lo) {
		return 0, false
	}
	return lo, true
}

// Blocks finds blocks in use.
type Blocks struct{ x *index }

// Blocks lists the blocks in use, to find the one that an address lies in.
func (h *Heap) Blocks() (*Blocks, error) {
	x, err := h.index()
	if err != nil {
		return nil, err
	}
	return &Blocks{x}, nil
}

// Block gives the block that an address lies in: what malloc returned, and the end of
// what the program may use.
func (b *Blocks) Block(at uint64) (from, to uint64, ok bool) {
	if at-b.x.least >= b.x.span {
		return 0, 0, false
	}
	i, ok := b.x.find(at)
	if !ok {
		return 0, 0, false
	}
	return b.x.starts[i], b.x.starts[i] + b.x.usable(i), true
}
