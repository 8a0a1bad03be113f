package heap

import (
	"math/bits"

	"culprit/internal/offheap"
)

// Index finds objects by the codes of their addresses: a bit for every place of a
// page, and the number of bits before. An object takes half a byte to a byte in it.
type Index struct {
	space *Space
	words []uint64 // slots/64 of each page
	rank  []uint16 // bits of the page before each word
	first []uint32 // of each page
	// order gives the object of a position where objects of a page do not follow each
	// other in the dump; nil when they do, and the position is the number.
	order []uint32
	far   []uint32 // of addresses listed one by one
	// Twice counts addresses that several objects claim; the last one has it.
	Twice int
}

const pageWords = slots / 64

// NewIndex makes the index of a column of codes.
func NewIndex(p *offheap.Pool, space *Space, code []uint32) *Index {
	n := space.Pages()
	x := &Index{
		space: space, words: offheap.Make[uint64](p, n*pageWords), rank: offheap.Make[uint16](p, n*pageWords),
		first: offheap.Make[uint32](p, n), far: make([]uint32, len(space.far)),
	}
	for i := range x.far {
		x.far[i] = None
	}
	ordered := x.mark(code)
	for page := range n {
		sum := uint16(0)
		for w := page * pageWords; w < (page+1)*pageWords; w++ {
			x.rank[w] = sum
			sum += uint16(bits.OnesCount64(x.words[w]))
		}
	}
	if !ordered {
		x.sort(p, code)
	}
	return x
}

// mark sets the bits of all objects, and tells whether the objects of each page
// follow each other by address.
func (x *Index) mark(code []uint32) bool {
	ordered, last, page := true, uint32(0), None
	for i, c := range code {
		if c >= FarCode {
			if x.far[c-FarCode] != None {
				x.Twice++
			}
			x.far[c-FarCode] = uint32(i)
			page = None
			continue
		}
		w, bit := c>>6, uint64(1)<<(c&63)
		if x.words[w]&bit != 0 {
			x.Twice++
			ordered = false
		}
		x.words[w] |= bit
		if p := c >> slotBits; p != page {
			page = p
			if x.first[p] != 0 {
				ordered = false // met before
			}
			x.first[p] = uint32(i) + 1
		} else if c <= last {
			ordered = false
		}
		last = c
	}
	for p := range x.first {
		if x.first[p] > 0 {
			x.first[p]--
		}
	}
	return ordered
}

// sort numbers positions by page and address.
func (x *Index) sort(p *offheap.Pool, code []uint32) {
	total := uint32(0)
	for page := range x.first {
		x.first[page] = total
		w := (page+1)*pageWords - 1
		total += uint32(x.rank[w]) + uint32(bits.OnesCount64(x.words[w]))
	}
	x.order = offheap.Make[uint32](p, int(total))
	for i, c := range code {
		if c < FarCode {
			x.order[x.position(c)] = uint32(i)
		}
	}
}

func (x *Index) position(c uint32) uint32 {
	w := c >> 6
	return x.first[c>>slotBits] + uint32(x.rank[w]) + uint32(bits.OnesCount64(x.words[w]&(1<<(c&63)-1)))
}

// Of gives the object with a code, None when there is none.
func (x *Index) Of(c uint32) uint32 {
	if c >= FarCode {
		if at := c - FarCode; at < uint32(len(x.far)) {
			return x.far[at]
		}
		return None
	}
	w := c >> 6
	if int(w) >= len(x.words) || x.words[w]&(1<<(c&63)) == 0 {
		return None
	}
	at := x.position(c)
	if x.order != nil {
		return x.order[at]
	}
	return at
}

// Find gives the object at an address, None when there is none.
func (x *Index) Find(a uint64) uint32 {
	c := x.space.Lookup(a)
	if c == None {
		return None
	}
	return x.Of(c)
}
