package heap

// Tree is the dominator tree of a graph: what would be freed if a node went.
type Tree struct {
	// Parent is the immediate dominator of a node; that of the machine, and of what
	// nobody reaches, is None.
	Parent []uint32
	// Retained is the size of a node with all that it dominates, in bytes.
	Retained []uint64
	// Order lists reached nodes so that parents stand before children; the machine
	// stands first.
	Order []uint32
	// Up is the node through which a node was first reached by the shortest way from
	// the machine, None where it was not reached.
	Up []uint32
}

// Reached tells whether the machine refers to v, through others or directly.
func (t *Tree) Reached(v uint32) bool { return t.Up[v] != None || len(t.Order) > 0 && t.Order[0] == v }

// Dominators computes the tree with the Semi-NCA algorithm (Georgiadis, "Linear-
// Time Algorithms for Dominators and Related Problems", 2005, section 2.3), without
// recursion: a list of ten million links is no deep stack. size gives the bytes of
// an object.
func Dominators(g *Graph, size func(uint32) uint64) *Tree {
	d := search(g)
	d.semi()
	t := &Tree{Parent: make([]uint32, g.N+1), Retained: make([]uint64, g.N+1), Order: d.vertex, Up: shortest(g)}
	for i := range t.Parent {
		t.Parent[i] = None
	}
	for i, v := range d.vertex {
		if i > 0 {
			t.Parent[v] = d.vertex[d.idom[i]]
		}
		if v != g.Root() {
			t.Retained[v] = size(v)
		}
	}
	for i := len(d.vertex) - 1; i > 0; i-- {
		v := d.vertex[i]
		t.Retained[t.Parent[v]] += t.Retained[v]
	}
	return t
}

// dfs is a depth-first search and what Semi-NCA computes on it. All but vertex and
// number are in numbers of the search.
type dfs struct {
	vertex []uint32 // number -> node
	parent []uint32
	idom   []uint32
	sdom   []uint32
	label  []uint32
	anc    []uint32
	predAt []uint64
	pred   []uint32
}

// search numbers the nodes in the order of a depth-first search from the machine,
// and gathers predecessors.
func search(g *Graph) *dfs {
	number := make([]uint32, g.N+1)
	for i := range number {
		number[i] = None
	}
	d := &dfs{}
	type frame struct {
		v    uint32
		next uint64
	}
	visit := func(v, from uint32) frame {
		number[v] = uint32(len(d.vertex))
		d.vertex = append(d.vertex, v)
		d.parent = append(d.parent, from)
		return frame{v, g.From[v]}
	}
	stack := []frame{visit(g.Root(), 0)}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == g.From[top.v+1] {
			stack = stack[:len(stack)-1]
			continue
		}
		w := g.To[top.next]
		top.next++
		if number[w] == None {
			stack = append(stack, visit(w, number[top.v]))
		}
	}
	d.predecessors(g, number)
	return d
}

func (d *dfs) predecessors(g *Graph, number []uint32) {
	n := len(d.vertex)
	d.predAt = make([]uint64, n+1)
	for _, v := range d.vertex {
		for _, w := range g.Out(v) {
			d.predAt[number[w]+1]++
		}
	}
	for i := range n {
		d.predAt[i+1] += d.predAt[i]
	}
	d.pred = make([]uint32, d.predAt[n])
	at := make([]uint64, n)
	copy(at, d.predAt)
	for i, v := range d.vertex {
		for _, w := range g.Out(v) {
			k := number[w]
			d.pred[at[k]] = uint32(i)
			at[k]++
		}
	}
}

// semi computes semidominators from the last node to the first, then immediate
// dominators as nearest common ancestors from the first to the last.
func (d *dfs) semi() {
	n := uint32(len(d.vertex))
	d.sdom, d.label, d.anc, d.idom = make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n)
	for i := range n {
		d.sdom[i], d.label[i], d.anc[i] = i, i, None
	}
	var path []uint32
	for w := n - 1; w > 0; w-- {
		for _, v := range d.pred[d.predAt[w]:d.predAt[w+1]] {
			var u uint32
			u, path = d.eval(v, path)
			d.sdom[w] = min(d.sdom[w], d.sdom[u])
		}
		d.anc[w] = d.parent[w]
	}
	for w := uint32(1); w < n; w++ {
		i := d.parent[w]
		for i > d.sdom[w] {
			i = d.idom[i]
		}
		d.idom[w] = i
	}
}

// eval finds the node with the least semidominator on the way up from v within the
// forest, and shortens the way.
func (d *dfs) eval(v uint32, path []uint32) (uint32, []uint32) {
	if d.anc[v] == None {
		return d.label[v], path
	}
	path = path[:0]
	for u := v; d.anc[d.anc[u]] != None; u = d.anc[u] {
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

// shortest finds, for each node, the one before it on a shortest way from the
// machine.
func shortest(g *Graph) []uint32 {
	up := make([]uint32, g.N+1)
	for i := range up {
		up[i] = None
	}
	queue := []uint32{g.Root()}
	for at := 0; at < len(queue); at++ {
		v := queue[at]
		for _, w := range g.Out(v) {
			if up[w] == None && w != g.Root() {
				up[w] = v
				queue = append(queue, w)
			}
		}
	}
	return up
}
