package heap_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"culprit/internal/heap"
)

// graph makes a graph of n objects from edges; the machine refers to roots.
func graph(n int, edges [][2]uint32, roots ...uint32) *heap.Graph {
	g := &heap.Graph{N: n, From: make([]uint64, n+2)}
	out := make([][]uint32, n+1)
	for _, e := range edges {
		out[e[0]] = append(out[e[0]], e[1])
	}
	out[n] = roots
	for v, list := range out {
		g.From[v] = uint64(len(g.To))
		g.To = append(g.To, list...)
	}
	g.From[n+1] = uint64(len(g.To))
	return g
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
		for _, w := range g.Out(v) {
			if w != avoid && !seen[w] {
				seen[w] = true
				stack = append(stack, w)
			}
		}
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
		size := func(v uint32) uint64 { return uint64(v%7 + 1) }
		tree := heap.Dominators(g, size)
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
	const n = 2_000_000
	edges := make([][2]uint32, 0, n)
	for i := range uint32(n - 1) {
		edges = append(edges, [2]uint32{i, i + 1})
	}
	tree := heap.Dominators(graph(n, edges, 0), one)
	if tree.Retained[0] != n || tree.Retained[n-1] != 1 || tree.Parent[n-1] != n-2 {
		t.Errorf("the first retains %d, the last %d", tree.Retained[0], tree.Retained[n-1])
	}
}

func TestIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	addr := []uint64{0x7f0000001000, 0x7f0000001028, 0x10}
	for range 5000 {
		addr = append(addr, 0x7f0000000000+rng.Uint64N(1<<24)*8)
	}
	addr = append(addr, addr[1]) // claimed twice: the last has it
	for name, list := range map[string][]uint64{"spread wide": addr, "near": slices.Delete(slices.Clone(addr), 2, 3)} {
		x, twice := heap.NewIndex(list)
		if twice < 1 {
			t.Errorf("%s: %d addresses twice", name, twice)
		}
		for i, a := range list {
			if got := x.Find(a); list[got] != a {
				t.Fatalf("%s: object %d found as %d", name, i, got)
			}
		}
		if got := x.Find(list[1]); got != uint32(len(list)-1) {
			t.Errorf("%s: of two, %d was found", name, got)
		}
		for _, a := range []uint64{0, 8, 0x7f0000001004, 1 << 60} {
			if got := x.Find(a); got != heap.None {
				t.Errorf("%s: %x found as %d", name, a, got)
			}
		}
	}
}

// TestClassEdge: an object keeps its class, though dumps do not say so.
func TestClassEdge(t *testing.T) {
	h := &heap.Heap{
		Addr: []uint64{0x100, 0x200}, Class: []uint64{0x200, 0}, Type: []uint8{0, 0}, Size: []uint32{40, 500}, From: []uint64{0, 1, 1}, Refs: []uint64{0x999},
		Roots: []heap.Root{{Category: "vm", Refs: []uint64{0x100}}},
	}
	g := heap.NewGraph(h)
	tree := heap.Dominators(g, h.Bytes)
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
		heap.Dominators(g, one)
	}
}
