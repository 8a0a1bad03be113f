package heap_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// graph makes a graph of n objects from edges; the machine refers to roots.
func graph(n int, edges [][2]uint32, roots ...uint32) *heap.Graph {
	g := &heap.Graph{N: n, From: make([]uint32, n+2), Classes: []uint32{heap.None}, Class: make([]uint32, n)}
	out := make([][]uint32, n+1)
	for _, e := range edges {
		out[e[0]] = append(out[e[0]], e[1])
	}
	out[n] = roots
	for v, list := range out {
		g.From[v] = uint32(len(g.To))
		g.To = append(g.To, list...)
	}
	g.From[n+1] = uint32(len(g.To))
	return g
}

// withClasses gives each object a class, itself perhaps, or none.
func withClasses(g *heap.Graph, rng *rand.Rand) {
	for range 3 {
		g.Classes = append(g.Classes, rng.Uint32N(uint32(g.N)))
	}
	for i := range g.Class {
		g.Class[i] = rng.Uint32N(4)
	}
}

func one(uint32) uint64 { return 1 }

// reach marks what can be reached without going through avoid.
func reach(g *heap.Graph, avoid uint32) []bool {
	seen := make([]bool, g.N+1)
	stack := []uint32{g.Root()}
	seen[g.Root()] = true
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		g.Out(v, func(w uint32) {
			if w != avoid && !seen[w] {
				seen[w] = true
				stack = append(stack, w)
			}
		})
	}
	return seen
}

// TestAgainstTheDefinition: v retains what cannot be reached once v is gone, on
// random graphs with loops, multiple edges and unreachable parts.
func TestAgainstTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		n := 1 + rng.IntN(40)
		var edges [][2]uint32
		for range rng.IntN(4 * n) {
			edges = append(edges, [2]uint32{rng.Uint32N(uint32(n)), rng.Uint32N(uint32(n))})
		}
		var roots []uint32
		for range 1 + rng.IntN(3) {
			roots = append(roots, rng.Uint32N(uint32(n)))
		}
		g := graph(n, edges, roots...)
		if round%2 == 1 {
			withClasses(g, rng)
		}
		size := func(v uint32) uint64 { return uint64(v%7 + 1) }
		tree := heap.Dominators(offheap.New(""), g, size)
		all := reach(g, heap.None)
		for v := range uint32(n) {
			if all[v] != tree.Reached(v) {
				t.Fatalf("round %d: node %d reached: %v", round, v, tree.Reached(v))
			}
			if !all[v] {
				if tree.Retained[v] != 0 || tree.Parent[v] != heap.None {
					t.Fatalf("round %d: unreachable %d retains %d", round, v, tree.Retained[v])
				}
				continue
			}
			without, want := reach(g, v), uint64(0)
			for w := range uint32(n) {
				if all[w] && !without[w] {
					want += size(w)
				}
			}
			if tree.Retained[v] != want {
				t.Fatalf("round %d: %d retains %d, want %d (%v, roots %v)", round, v, tree.Retained[v], want, edges, roots)
			}
		}
	}
}

// TestDeepList: no recursion, whatever the depth.
func TestDeepList(t *testing.T) {
	const n = 10_000_000
	edges := make([][2]uint32, 0, n)
	for i := range uint32(n - 1) {
		edges = append(edges, [2]uint32{i, i + 1})
	}
	tree := heap.Dominators(offheap.New(""), graph(n, edges, 0), one)
	if tree.Retained[0] != n || tree.Retained[n-1] != 1 || tree.Parent[n-1] != n-2 {
		t.Errorf("the first retains %d, the last %d", tree.Retained[0], tree.Retained[n-1])
	}
}

// TestShortest: each step of the way is a reference, and no way is shorter.
func TestShortest(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 200
	var edges [][2]uint32
	for range 3 * n {
		edges = append(edges, [2]uint32{rng.Uint32N(n), rng.Uint32N(n)})
	}
	g := graph(n, edges, 0, 1)
	withClasses(g, rng)
	up := heap.Shortest(offheap.New(""), g)
	far := make([]int, n+1)
	for i := range far {
		far[i] = n + 1
	}
	far[n] = 0
	for range n {
		for v := range uint32(n + 1) {
			g.Out(v, func(w uint32) { far[w] = min(far[w], far[v]+1) })
		}
	}
	for v := range uint32(n) {
		steps := 0
		for at := v; at != g.Root() && up[at] != heap.None; at = up[at] {
			steps++
		}
		if far[v] <= n && steps != far[v] || far[v] > n && up[v] != heap.None {
			t.Fatalf("node %d is %d steps away, want %d", v, steps, far[v])
		}
	}
}

// codes gives the column of codes of addresses.
func codes(space *heap.Space, addr []uint64) []uint32 {
	list := make([]uint32, 0, len(addr))
	for _, a := range addr {
		list = append(list, space.Code(a))
	}
	return list
}

func TestIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	addr := []uint64{0x7f0000001000, 0x7f0000001028, 0x10, 0x7f0000001003, 1 << 63}
	for range 5000 {
		addr = append(addr, 0x7f0000000000+rng.Uint64N(1<<24)*8)
	}
	ordered := slices.Clone(addr)
	slices.Sort(ordered)
	ordered = slices.Compact(ordered)
	addr = append(addr, addr[1], 0x7f0000001003) // claimed twice: the last has it
	for name, list := range map[string][]uint64{"as it comes": addr, "in order": ordered} {
		space := &heap.Space{}
		code := codes(space, list)
		x := heap.NewIndex(offheap.New(""), space, code)
		if (x.Twice > 0) != (name == "as it comes") {
			t.Errorf("%s: %d addresses twice", name, x.Twice)
		}
		for i, a := range list {
			if got := x.Find(a); got == heap.None || list[got] != a || space.Address(code[i]) != a {
				t.Fatalf("%s: object %d (%x) found as %d, address %x", name, i, a, got, space.Address(code[i]))
			}
		}
		for _, a := range []uint64{0, 8, 0x7f0000001004, 1 << 60} {
			if got := x.Find(a); got != heap.None {
				t.Errorf("%s: %x found as %d", name, a, got)
			}
		}
		pages, far := space.Tables()
		again, err := heap.Restore(pages, far)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range code {
			if again.Address(c) != space.Address(c) {
				t.Fatalf("%s: code %x is %x and %x", name, c, again.Address(c), space.Address(c))
			}
		}
	}
	x := heap.NewIndex(offheap.New(""), &heap.Space{}, nil)
	if x.Find(8) != heap.None {
		t.Error("an empty heap has an object")
	}
}

// TestTwice: of two objects at one address the last one is found.
func TestTwice(t *testing.T) {
	space := &heap.Space{}
	x := heap.NewIndex(offheap.New(""), space, codes(space, []uint64{0x1000, 0x1028, 0x1000}))
	if x.Twice != 1 || x.Find(0x1000) != 2 || x.Find(0x1028) != 1 {
		t.Errorf("twice %d, found %d and %d", x.Twice, x.Find(0x1000), x.Find(0x1028))
	}
}

// TestClassEdge: an object keeps its class, though dumps do not say so.
func TestClassEdge(t *testing.T) {
	h := heap.New(offheap.New(""), nil)
	h.Code, h.Class, h.Refs = codes(h.Space, []uint64{0x100, 0x200}), []uint32{h.Space.Code(0x200), heap.None}, []uint32{h.Space.Code(0x999)}
	h.Size, h.Degree = []uint32{40, 500}, []uint8{1, 0}
	h.Roots = []heap.Root{{Category: "vm", Refs: []uint32{h.Space.Code(0x100)}}}
	g, err := heap.NewGraph(h)
	if err != nil {
		t.Fatal(err)
	}
	tree := heap.Dominators(h.Pool, g, h.Bytes)
	if tree.Retained[0] != 540 || g.Lost != 1 {
		t.Errorf("retains %d, lost %d", tree.Retained[0], g.Lost)
	}
}

func BenchmarkDominators(b *testing.B) {
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(1, 2))
	var edges [][2]uint32
	for range 2 * n {
		edges = append(edges, [2]uint32{rng.Uint32N(n), rng.Uint32N(n)})
	}
	g := graph(n, edges, 0, 1, 2)
	for b.Loop() {
		p := offheap.New("")
		heap.Dominators(p, g, one)
		p.Close()
	}
}
