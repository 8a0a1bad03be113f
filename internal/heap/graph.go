package heap

import (
	"errors"
	"runtime"
	"sync"

	"culprit/internal/offheap"
)

// Graph is who refers to whom, by numbers. Node Len() is the machine itself: it
// refers to all roots.
//
// An object keeps its class alive, and dumps leave that out (objspace_dump.c skips
// it): without it classes and all that they hold seem to be garbage. So each object
// has an edge to its class; it is not stored, but read from the column of classes.
type Graph struct {
	N     int      // objects
	From  []uint32 // of N+2: references of node v are To[From[v]:From[v+1]]
	To    []uint32
	Index *Index
	// Classes are the objects that are the class of another, [0] is None.
	Classes []uint32
	// Class is the column of the heap: an index into Classes.
	Class []uint32
	// Lost counts references to addresses that no object has.
	Lost int64
}

// ErrTooMany means more than Most references.
var ErrTooMany = errors.New("more than four thousand million references in one dump")

// Root is the number of the machine's node.
func (g *Graph) Root() uint32 { return uint32(g.N) }

// Refs are the nodes that node v refers to, but for its class.
func (g *Graph) Refs(v uint32) []uint32 { return g.To[g.From[v]:g.From[v+1]] }

// ClassOf is the class of node v, None when it has none in the dump or is its own.
func (g *Graph) ClassOf(v uint32) uint32 {
	if v == g.Root() {
		return None
	}
	if c := g.Classes[g.Class[v]]; c != v {
		return c
	}
	return None
}

// Out calls visit for all nodes that node v refers to, its class first.
func (g *Graph) Out(v uint32, visit func(uint32)) {
	if c := g.ClassOf(v); c != None {
		visit(c)
	}
	for _, w := range g.Refs(v) {
		visit(w)
	}
}

// Edges is how many references there are, those to classes not counted.
func (g *Graph) Edges() int { return len(g.To) }

// NewGraph resolves the references of a heap, in place: codes of addresses become
// numbers of objects. Call it once for a heap.
func NewGraph(h *Heap) (*Graph, error) {
	if len(h.Refs) > Most {
		return nil, ErrTooMany
	}
	g := &Graph{N: h.Len(), Index: h.MakeIndex(), Class: h.Class, To: h.Refs}
	g.From = offheap.Make[uint32](h.Pool, g.N+2)
	at := uint32(0)
	for i := range uint32(g.N) {
		g.From[i] = at
		at += h.References(i)
	}
	g.From[g.N], g.From[g.N+1] = at, at
	var classes sync.WaitGroup
	classes.Go(func() { g.classes() })
	lost := resolve(h.Refs, g.Index)
	classes.Wait()
	if lost > 0 {
		g.Lost = int64(lost)
		g.drop(h)
	}
	for _, r := range h.Roots {
		for _, c := range r.Refs {
			if to := g.Index.Of(c); to != None {
				g.To = offheap.Append(h.Pool, g.To, []uint32{to})
			} else {
				g.Lost++
			}
		}
	}
	g.From[g.N+1] = uint32(len(g.To))
	h.Refs = g.To
	return g, nil
}

// resolve turns codes into numbers, on all processors, and counts those of nobody.
func resolve(refs []uint32, x *Index) int {
	workers := runtime.GOMAXPROCS(0)
	lost := make([]int, workers)
	var wg sync.WaitGroup
	for k := range workers {
		part := refs[len(refs)*k/workers : len(refs)*(k+1)/workers]
		wg.Go(func() {
			n := 0
			for i, c := range part {
				to := x.Of(c)
				if to == None {
					n++
				}
				part[i] = to
			}
			lost[k] = n
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range lost {
		sum += n
	}
	return sum
}

// drop takes references to nobody out.
func (g *Graph) drop(h *Heap) {
	at := uint32(0)
	for i := range uint32(g.N) {
		from, to := g.From[i], g.From[i+1]
		g.From[i] = at
		for _, r := range g.To[from:to] {
			if r != None {
				g.To[at] = r
				at++
			}
		}
	}
	g.From[g.N] = at
	g.To = g.To[:at]
	h.Refs = g.To
}

// classes numbers the classes of objects, and puts those numbers into the column.
func (g *Graph) classes() {
	g.Classes = []uint32{None}
	number := map[uint32]uint32{None: 0} // by code
	last, lastIs := None, uint32(0)
	for i, c := range g.Class {
		if c != last {
			n, ok := number[c]
			if !ok {
				if node := g.Index.Of(c); node != None {
					n = uint32(len(g.Classes))
					g.Classes = append(g.Classes, node)
				}
				number[c] = n
			}
			last, lastIs = c, n
		}
		g.Class[i] = lastIs
	}
}
