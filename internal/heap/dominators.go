package heap

import "culprit/internal/offheap"

// Tree is the dominator tree of a graph: what would be freed if a node went.
type Tree struct {
	// Parent is the immediate dominator of a node; that of the machine, and of what
	// nobody reaches, is None.
	Parent []uint32
	// Retained is the size of a node with all that it dominates, in bytes; 0 of what
	// nobody reaches.
	Retained []uint64
	// Order lists reached nodes so that parents stand before children; the machine
	// stands first.
	Order []uint32
}

// Reached tells whether the machine refers to v, through others or directly.
func (t *Tree) Reached(v uint32) bool { return t.Parent[v] != None || t.Order[0] == v }

// Dominators computes the tree with the Semi-NCA algorithm (Georgiadis, "Linear-
// Time Algorithms for Dominators and Related Problems", 2005, section 2.3), without
// recursion: a list of ten million links is no deep stack. size gives the bytes of
// an object.
func Dominators(p *offheap.Pool, g *Graph, size func(uint32) uint64) *Tree {
	d := &dfs{pool: p, g: g}
	d.search()
	d.predecessors()
	offheap.Free(p, d.number)
	d.semi()
	t := &Tree{Order: d.vertex, Parent: offheap.Make[uint32](p, g.N+1)}
	for i := range t.Parent {
		t.Parent[i] = None
	}
	for i, v := range d.vertex[1:] {
		t.Parent[v] = d.vertex[d.idom[i+1]]
	}
	offheap.Free(p, d.idom)
	t.Retained = offheap.Make[uint64](p, g.N+1)
	t.retain(size)
	return t
}

func (t *Tree) retain(size func(uint32) uint64) {
	for i := len(t.Order) - 1; i > 0; i-- {
		v := t.Order[i]
		t.Retained[v] += size(v)
		t.Retained[t.Parent[v]] += t.Retained[v]
	}
}

// dfs is a depth-first search and what Semi-NCA computes on it. All but vertex and
// number are in numbers of the search.
type dfs struct {
	pool   *offheap.Pool
	g      *Graph
	number []uint32 // node -> number
	vertex []uint32 // number -> node
	idom   []uint32 // the parent in the search, then the dominator
	predAt []uint32
	pred   []uint32
	// of semi only
	anc, sdom, label []uint32
}

// search numbers the nodes in the order of a depth-first search from the machine.
func (d *dfs) search() {
	g := d.g
	d.number = offheap.Make[uint32](d.pool, g.N+1)
	for i := range d.number {
		d.number[i] = None
	}
	d.vertex, d.idom = offheap.Make[uint32](d.pool, g.N+1)[:0], offheap.Make[uint32](d.pool, g.N+1)[:0]
	// The way down, and which of a node's references is next.
	way, next := offheap.Make[uint32](d.pool, g.N+1)[:0], offheap.Make[uint32](d.pool, g.N+1)[:0]
	visit := func(v, from uint32) {
		d.number[v] = uint32(len(d.vertex))
		d.vertex = append(d.vertex, v)
		d.idom = append(d.idom, from)
		way, next = append(way, v), append(next, g.From[v])
		if c := g.ClassOf(v); c != None && d.number[c] == None {
			// Classes first; the class of a class follows by itself, as this node is on
			// the way again then.
			next[len(next)-1] = classFirst
		}
	}
	visit(g.Root(), 0)
	for len(way) > 0 {
		v, at := way[len(way)-1], next[len(next)-1]
		if at == classFirst {
			next[len(next)-1] = g.From[v]
			if c := g.ClassOf(v); d.number[c] == None {
				visit(c, d.number[v])
			}
			continue
		}
		end := g.From[v+1]
		for at < end && d.number[g.To[at]] != None {
			at++
		}
		if at == end {
			way, next = way[:len(way)-1], next[:len(next)-1]
			continue
		}
		next[len(next)-1] = at + 1
		visit(g.To[at], d.number[v])
	}
	offheap.Free(d.pool, way)
	offheap.Free(d.pool, next)
}

// classFirst stands for the class of a node among its references; no graph has so
// many.
const classFirst = None

// predecessors gathers who refers to each node.
func (d *dfs) predecessors() {
	n := len(d.vertex)
	// One more place: counts are gathered two places up, so that filling in moves
	// each beginning to where it belongs.
	d.predAt = offheap.Make[uint32](d.pool, n+2)
	total := uint32(0)
	for _, v := range d.vertex {
		if c := d.g.ClassOf(v); c != None {
			d.predAt[d.number[c]+2]++
			total++
		}
		for _, w := range d.g.Refs(v) {
			d.predAt[d.number[w]+2]++
			total++
		}
	}
	for i := range n {
		d.predAt[i+2] += d.predAt[i+1]
	}
	d.pred = offheap.Make[uint32](d.pool, int(total))
	for i, v := range d.vertex {
		if c := d.g.ClassOf(v); c != None {
			k := d.number[c] + 1
			d.pred[d.predAt[k]] = uint32(i)
			d.predAt[k]++
		}
		for _, w := range d.g.Refs(v) {
			k := d.number[w] + 1
			d.pred[d.predAt[k]] = uint32(i)
			d.predAt[k]++
		}
	}
}

// semi computes semidominators from the last node to the first, then immediate
// dominators as nearest common ancestors from the first to the last.
func (d *dfs) semi() {
	n := uint32(len(d.vertex))
	p := d.pool
	d.anc, d.sdom, d.label = offheap.Make[uint32](p, int(n)), offheap.Make[uint32](p, int(n)), offheap.Make[uint32](p, int(n))
	copy(d.anc, d.idom)
	for i := range n {
		d.sdom[i], d.label[i] = i, i
	}
	var path []uint32
	for w := n - 1; w > 0; w-- {
		best := w
		for _, v := range d.pred[d.predAt[w]:d.predAt[w+1]] {
			u := v
			// Nodes after w are linked to the forest, those before are not yet.
			if v > w {
				u, path = d.eval(v, w, path)
			}
			best = min(best, d.sdom[u])
		}
		d.sdom[w] = best
	}
	offheap.Free(p, d.pred)
	offheap.Free(p, d.predAt)
	offheap.Free(p, d.label)
	offheap.Free(p, d.anc)
	for w := uint32(1); w < n; w++ {
		i := d.idom[w]
		for i > d.sdom[w] {
			i = d.idom[i]
		}
		d.idom[w] = i
	}
	offheap.Free(p, d.sdom)
}

// eval finds the node with the least semidominator on the way up from v to the last
// node after w, and shortens the way.
func (d *dfs) eval(v, w uint32, path []uint32) (uint32, []uint32) {
	if d.anc[v] <= w {
		return d.label[v], path
	}
	path = path[:0]
	for u := v; d.anc[u] > w; u = d.anc[u] {
		path = append(path, u)
	}
	for i := len(path) - 1; i >= 0; i-- {
		u := path[i]
		a := d.anc[u]
		if d.sdom[d.label[a]] < d.sdom[d.label[u]] {
			d.label[u] = d.label[a]
		}
		d.anc[u] = d.anc[a]
	}
	return d.label[v], path
}

// Shortest finds, for each node, the one before it on a shortest way from the
// machine, None where it was not reached.
func Shortest(p *offheap.Pool, g *Graph) []uint32 {
	up := offheap.Make[uint32](p, g.N+1)
	for i := range up {
		up[i] = None
	}
	queue := append(offheap.Make[uint32](p, g.N+1)[:0], g.Root())
	for at := 0; at < len(queue); at++ {
		v := queue[at]
		if c := g.ClassOf(v); c != None && up[c] == None {
			up[c] = v
			queue = append(queue, c)
		}
		for _, w := range g.Refs(v) {
			if up[w] == None {
				up[w] = v
				queue = append(queue, w)
			}
		}
	}
	offheap.Free(p, queue)
	return up
}
