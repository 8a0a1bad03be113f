// Package heap is the graph of a Ruby heap: objects, who refers to whom, who
// dominates whom, and what each retains.
//
// It owns the columns of a heap (one array for each attribute, no object has a
// pointer of its own), the resolution of addresses, dominators and retained sizes.
// It refuses to read dumps, to name objects, and to judge which of them is a leak.
package heap

import (
	"cmp"
	"slices"
)

// None stands for an object that is not there: a class that was not dumped, an
// address that nobody has.
const None = ^uint32(0)

// Heap is a heap as columns: object i has the i-th entry of each. The order is
// that of the dump.
type Heap struct {
	Addr []uint64
	Type []uint8  // index into Types
	Size []uint32 // bytes with what it owns outside of the heap; LargeSize for more
	// Class is the address of the class, 0 when the dump names none.
	Class []uint64
	// Gen is the collection in which the object was made, -1 not traced.
	Gen []int32
	// Loc is an index into Locations, 0 not traced.
	Loc []uint32
	// References of object i are Refs[From[i]:From[i+1]], as addresses.
	From []uint64
	Refs []uint64
	// Roots are what the machine itself refers to, by category.
	Roots []Root

	Types     []string // "STRING", "HASH", ...
	Locations []string // "app/models/cache.rb:14", [0] is ""
	Large     map[uint32]uint64
	Names     map[uint64]string // of classes and modules, by address
}

// Root is one category of references of the machine: "vm", "machine_context", ...
type Root struct {
	Category string
	Refs     []uint64
}

// LargeSize marks a size that stands in Large.
const LargeSize = ^uint32(0)

// Len is the number of objects.
func (h *Heap) Len() int { return len(h.Addr) }

// Bytes is the size of object i.
func (h *Heap) Bytes(i uint32) uint64 {
	if s := h.Size[i]; s != LargeSize {
		return uint64(s)
	}
	return h.Large[i]
}

// Index finds objects by their address.
type Index struct {
	addr []uint64 // ascending
	id   []uint32
	// first[p-base] is the position of the first object of page p.
	first []uint32
	base  uint64
}

// page is the stretch of addresses for one entry of the directory.
const page = 12

// maxPages bounds the directory: beyond it, a search over all addresses does.
const maxPages = 1 << 26

// NewIndex makes the index of a heap. Where one address stands twice, the last
// object has it, and how many did is returned.
func NewIndex(addr []uint64) (*Index, int) {
	x := &Index{addr: make([]uint64, len(addr)), id: make([]uint32, len(addr))}
	for i := range x.id {
		x.id[i] = uint32(i)
	}
	slices.SortFunc(x.id, func(a, b uint32) int { return cmp.Or(cmp.Compare(addr[a], addr[b]), cmp.Compare(b, a)) })
	twice := 0
	for i, id := range x.id {
		x.addr[i] = addr[id]
		if i > 0 && x.addr[i] == x.addr[i-1] {
			twice++
		}
	}
	x.directory()
	return x, twice
}

func (x *Index) directory() {
	n := len(x.addr)
	if n == 0 {
		return
	}
	x.base = x.addr[0] >> page
	pages := x.addr[n-1]>>page - x.base + 2
	if pages > maxPages {
		return
	}
	x.first = make([]uint32, pages)
	at := uint64(0)
	for i, a := range x.addr {
		for p := a>>page - x.base; at <= p; at++ {
			x.first[at] = uint32(i)
		}
	}
	for ; at < pages; at++ {
		x.first[at] = uint32(n)
	}
}

// Find returns the object at an address, None when there is none.
func (x *Index) Find(a uint64) uint32 {
	lo, hi := 0, len(x.addr)
	if x.first != nil {
		p := a>>page - x.base
		if a>>page < x.base || p+1 >= uint64(len(x.first)) {
			return None
		}
		lo, hi = int(x.first[p]), int(x.first[p+1])
	}
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if x.addr[mid] < a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(x.addr) && x.addr[lo] == a {
		return x.id[lo]
	}
	return None
}

// Graph is who refers to whom, by numbers. Node Len() is the machine itself: it
// refers to all roots.
type Graph struct {
	N     int // objects
	From  []uint64
	To    []uint32
	Index *Index
	// Lost counts references to addresses that no object has.
	Lost int64
	// Twice counts addresses that several objects claim.
	Twice int
}

// Root is the number of the machine's node.
func (g *Graph) Root() uint32 { return uint32(g.N) }

// Out are the nodes that node v refers to.
func (g *Graph) Out(v uint32) []uint32 { return g.To[g.From[v]:g.From[v+1]] }

// NewGraph resolves the references of a heap. Dumps leave out that an object keeps
// its class alive (objspace_dump.c skips it), so that edge is added: without it
// classes and all that they hold seem to be garbage.
func NewGraph(h *Heap) *Graph {
	x, twice := NewIndex(h.Addr)
	g := &Graph{N: h.Len(), Index: x, Twice: twice, From: make([]uint64, h.Len()+2)}
	g.To = make([]uint32, 0, len(h.Refs)+h.Len())
	for i := range h.Len() {
		g.From[i] = uint64(len(g.To))
		if c := h.Class[i]; c != 0 {
			if to := x.Find(c); to != None && to != uint32(i) {
				g.To = append(g.To, to)
			}
		}
		for _, a := range h.Refs[h.From[i]:h.From[i+1]] {
			g.link(x.Find(a))
		}
	}
	g.From[g.N] = uint64(len(g.To))
	for _, r := range h.Roots {
		for _, a := range r.Refs {
			g.link(x.Find(a))
		}
	}
	g.From[g.N+1] = uint64(len(g.To))
	return g
}

func (g *Graph) link(to uint32) {
	if to == None {
		g.Lost++
		return
	}
	g.To = append(g.To, to)
}
