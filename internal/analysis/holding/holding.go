// Package holding says what a heap holds and who holds it: sums by class, type,
// place, gem and age with what each retains, the objects that hold most, and what
// came and stayed between dumps.
//
// It owns how objects are named and grouped. It refuses to read dumps and to print.
// What holds much is a suspect: whether it should is for the reader of its code.
package holding

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"culprit"
	"culprit/internal/heap"
)

// View is a heap with its graph and its dominators.
type View struct {
	H *heap.Heap
	G *heap.Graph
	T *heap.Tree
	// owners are the classes and modules that refer to an object, made when asked for.
	owners map[uint32]uint32

	once   sync.Once
	at     []uint64
	child  []uint32
	onceIn sync.Once
	inAt   []uint64
	in     []uint32
}

// Look computes a view.
func Look(h *heap.Heap) *View {
	g := heap.NewGraph(h)
	return &View{H: h, G: g, T: heap.Dominators(g, h.Bytes)}
}

// Report sums a heap up. It fills in everything but Tool, Dump and the lines.
func (v *View) Report() culprit.Heap {
	r := culprit.Heap{Schema: culprit.HeapSchema, Warnings: []string{}, Suspects: v.suspects()}
	r.Totals.Objects = int64(v.H.Len())
	for i := range uint32(v.H.Len()) {
		b := culprit.Bytes(v.H.Bytes(i))
		r.Totals.Bytes += b
		if !v.T.Reached(i) {
			r.Totals.UnreachableObjects++
			r.Totals.UnreachableBytes += b
		}
	}
	groups := []*grouping{v.byClass(), v.byType(), v.byLocation(), v.byGem(), v.byGeneration()}
	v.sum(groups)
	r.ByClass, r.ByType, r.ByLocation, r.ByGem, r.ByGeneration = groups[0].list(), groups[1].list(), groups[2].list(), groups[3].list(), groups[4].list()
	slices.SortStableFunc(r.ByGeneration, func(a, b culprit.HeapGroup) int { return age(a.Key) - age(b.Key) })
	if v.G.Twice > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d addresses stand twice: the dump was made while objects moved, or is two dumps", v.G.Twice))
	}
	if v.G.Lost > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d references lead to objects that are not in the dump", v.G.Lost))
	}
	return r
}

const notTraced = "not traced"

func age(key string) int {
	n, err := strconv.Atoi(key)
	if err != nil {
		return 1 << 40
	}
	return n
}

// grouping puts every object into one group.
type grouping struct {
	of     []uint32 // object -> group
	keys   []string
	number map[string]uint32
	groups []culprit.HeapGroup
	open   []uint32 // members of a group on the way down the dominator tree
}

func (v *View) group(key func(uint32) string) *grouping {
	g := &grouping{of: make([]uint32, v.H.Len()), number: map[string]uint32{}}
	for i := range g.of {
		g.of[i] = g.id(key(uint32(i)))
	}
	g.groups = make([]culprit.HeapGroup, len(g.keys))
	g.open = make([]uint32, len(g.keys))
	return g
}

func (g *grouping) id(key string) uint32 {
	n, ok := g.number[key]
	if !ok {
		n = uint32(len(g.keys))
		g.number[key] = n
		g.keys = append(g.keys, key)
	}
	return n
}

// cached makes a key a function of a smaller thing, computed once for each.
func cached[K comparable](of func(uint32) K, key func(K) string) func(uint32) string {
	seen := map[K]string{}
	return func(i uint32) string {
		k := of(i)
		s, ok := seen[k]
		if !ok {
			s = key(k)
			seen[k] = s
		}
		return s
	}
}

func (v *View) byClass() *grouping { return v.group(v.classOf) }

func (v *View) byType() *grouping {
	return v.group(func(i uint32) string { return v.H.Types[v.H.Type[i]] })
}

func (v *View) byLocation() *grouping {
	return v.group(cached(func(i uint32) uint32 { return v.H.Loc[i] }, func(l uint32) string { return orNot(v.H.Locations[l]) }))
}

func (v *View) byGem() *grouping {
	return v.group(cached(func(i uint32) uint32 { return v.H.Loc[i] }, func(l uint32) string { return orNot(gemOf(v.H.Locations[l])) }))
}

func (v *View) byGeneration() *grouping {
	return v.group(cached(func(i uint32) int32 { return v.H.Gen[i] }, func(g int32) string {
		if g < 0 {
			return notTraced
		}
		return strconv.Itoa(int(g))
	}))
}

func orNot(s string) string {
	if s == "" {
		return notTraced
	}
	return s
}

// classOf names the class of an object; what has none, as Ruby's own records, goes
// by its type.
func (v *View) classOf(i uint32) string {
	c := v.H.Class[i]
	if name := v.H.Names[c]; name != "" {
		return name
	}
	if c == 0 || v.G.Index.Find(c) == heap.None {
		return "(" + v.H.Types[v.H.Type[i]] + ")"
	}
	return "(class without a name)"
}

var (
	inGem  = regexp.MustCompile(`/gems/([^/]+?)-(\d[^/]*)/`)
	inRuby = regexp.MustCompile(`/lib/ruby/(\d+\.\d+\.\d+|vendor_ruby|site_ruby)/|^<internal:`)
)

// gemOf tells whose file a place is in: a gem's, Ruby's own, or the app's.
func gemOf(place string) string {
	if place == "" {
		return ""
	}
	if m := inGem.FindAllStringSubmatch(place, -1); m != nil {
		return m[len(m)-1][1]
	}
	if inRuby.MatchString(place) {
		return "ruby"
	}
	return "app"
}

// sum adds up all groupings in one walk over the dominator tree: a member counts
// for what its group retains unless another member above it already does.
func (v *View) sum(all []*grouping) {
	for _, g := range all {
		for i, k := range g.of {
			g.groups[k].Objects++
			g.groups[k].Bytes += culprit.Bytes(v.H.Bytes(uint32(i)))
		}
	}
	v.walk(func(i uint32) {
		for _, g := range all {
			k := g.of[i]
			if g.open[k] == 0 {
				g.groups[k].Retained += culprit.Bytes(v.T.Retained[i])
			}
			g.open[k]++
		}
	}, func(i uint32) {
		for _, g := range all {
			g.open[g.of[i]]--
		}
	})
}

// walk goes through the dominator tree, into and out of each reached object.
func (v *View) walk(enter, leave func(uint32)) {
	at, child := v.children()
	type frame struct {
		v    uint32
		next uint64
	}
	root := v.G.Root()
	stack := []frame{{root, at[root]}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == at[top.v+1] {
			if top.v != root {
				leave(top.v)
			}
			stack = stack[:len(stack)-1]
			continue
		}
		c := child[top.next]
		top.next++
		enter(c)
		stack = append(stack, frame{c, at[c]})
	}
}

// children lists, for each node, those that it dominates directly.
func (v *View) children() (at []uint64, child []uint32) {
	n := v.G.N + 1
	at = make([]uint64, n+1)
	for _, x := range v.T.Order {
		if p := v.T.Parent[x]; p != heap.None {
			at[p+1]++
		}
	}
	for i := range n {
		at[i+1] += at[i]
	}
	child = make([]uint32, at[n])
	next := slices.Clone(at)
	for _, x := range v.T.Order {
		if p := v.T.Parent[x]; p != heap.None {
			child[next[p]] = x
			next[p]++
		}
	}
	return at, child
}

// list gives the groups with their keys, by retained size.
func (g *grouping) list() []culprit.HeapGroup {
	for i := range g.groups {
		g.groups[i].Key = g.keys[i]
	}
	slices.SortFunc(g.groups, func(a, b culprit.HeapGroup) int {
		if a.Retained != b.Retained {
			return sign(b.Retained - a.Retained)
		}
		if a.Bytes != b.Bytes {
			return sign(b.Bytes - a.Bytes)
		}
		return strings.Compare(a.Key, b.Key)
	})
	return g.groups
}

func sign(b culprit.Bytes) int {
	switch {
	case b < 0:
		return -1
	case b > 0:
		return 1
	}
	return 0
}
