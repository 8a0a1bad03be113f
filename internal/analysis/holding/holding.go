// Package holding says what a heap holds and who holds it: sums by class, type,
// place, gem and age with what each retains, the objects that hold most, and what
// came and stayed between dumps.
//
// It owns how objects are named and grouped. It refuses to read dumps and to print.
// What holds much is a suspect: whether it should is for the reader of its code.
package holding

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"culprit"
	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// View is a heap with its graph and its dominators.
type View struct {
	H *heap.Heap
	G *heap.Graph
	T *heap.Tree

	onceWay   sync.Once // up: the object before each on a shortest way
	up        []uint32
	onceOwner sync.Once // owners: the classes and modules that refer to an object
	owners    map[uint32]uint32
	onceDown  sync.Once // what each dominates
	at, child []uint32
	onceIn    sync.Once // who refers to each
	inAt, in  []uint32
	oncePlace sync.Once // of each site
	places    []string
}

// Look computes a view. The heap is the view's from now on.
func Look(h *heap.Heap) (v *View, err error) {
	defer offheap.Catch(&err)
	g, err := heap.NewGraph(h)
	if err != nil {
		return nil, err
	}
	return &View{H: h, G: g, T: heap.Dominators(h.Pool, g, h.Bytes)}, nil
}

// Restore is the view of a heap whose graph and dominators are known.
func Restore(h *heap.Heap, g *heap.Graph, t *heap.Tree) *View { return &View{H: h, G: g, T: t} }

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
	if n := v.G.Index.Twice; n > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d addresses stand twice: the dump was made while objects moved, or is two dumps", n))
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

// grouping puts every object into one group: that of its class, its site, ..., so
// that the groups of ten million objects are told by a table of a few thousand.
type grouping struct {
	of     func(uint32) uint32 // object -> group
	keys   []string
	groups []culprit.HeapGroup
	open   []uint32 // members of a group on the way down the dominator tree
}

// table makes a grouping of a smaller thing that each object has, 0 to n-1.
func table(n int, of func(uint32) uint32, key func(uint32) string) *grouping {
	g, number, to := &grouping{}, map[string]uint32{}, make([]uint32, n)
	for i := range to {
		k := key(uint32(i))
		id, ok := number[k]
		if !ok {
			id = uint32(len(g.keys))
			number[k] = id
			g.keys = append(g.keys, k)
		}
		to[i] = id
	}
	g.of = func(i uint32) uint32 { return to[of(i)] }
	g.groups, g.open = make([]culprit.HeapGroup, len(g.keys)), make([]uint32, len(g.keys))
	return g
}

// byClass groups by class, and what has none by its type: the tables of both stand
// one behind the other.
func (v *View) byClass() *grouping {
	classes := uint32(len(v.G.Classes))
	of := func(i uint32) uint32 {
		if c := v.G.Class[i]; c != 0 {
			return c
		}
		return classes + uint32(v.H.Type[i])
	}
	return table(int(classes)+len(v.H.Types), of, func(k uint32) string {
		if k >= classes {
			return typeInPlace(v.H.Types[k-classes])
		}
		return v.className(k)
	})
}

func (v *View) byType() *grouping {
	return table(len(v.H.Types), func(i uint32) uint32 { return uint32(v.H.Type[i]) }, func(k uint32) string { return v.H.Types[k] })
}

func (v *View) byLocation() *grouping {
	return table(len(v.H.Sites), func(i uint32) uint32 { return v.H.Site[i] }, func(k uint32) string { return orNot(v.place(k)) })
}

func (v *View) byGem() *grouping {
	return table(len(v.H.Sites), func(i uint32) uint32 { return v.H.Site[i] }, func(k uint32) string { return orNot(gemOf(v.place(k))) })
}

// mostGenerations is how far apart the first and the last collection may lie for a
// table of all between; beyond, generations are put together.
const mostGenerations = 1 << 22

func (v *View) byGeneration() *grouping {
	lo, hi := int32(math.MaxInt32), int32(-1)
	for _, g := range v.H.Gen {
		if g >= 0 {
			lo, hi = min(lo, g), max(hi, g)
		}
	}
	step := uint32(1)
	if hi < 0 {
		lo, hi = 0, 0
	}
	for uint32(hi-lo)/step > mostGenerations {
		step *= 2
	}
	n := int(uint32(hi-lo)/step) + 2
	return table(n, func(i uint32) uint32 {
		if g := v.H.Gen[i]; g >= 0 {
			return uint32(g-lo)/step + 1
		}
		return 0
	}, func(k uint32) string {
		if k == 0 {
			return notTraced
		}
		return strconv.FormatInt(int64(lo)+int64(k-1)*int64(step), 10)
	})
}

func orNot(s string) string {
	if s == "" {
		return notTraced
	}
	return s
}

// place names a site: "app/models/cache.rb:14", the file alone where no line is told.
func (v *View) place(site uint32) string {
	v.oncePlace.Do(func() {
		v.places = make([]string, len(v.H.Sites))
		for i, s := range v.H.Sites {
			if v.places[i] = s.File; s.Line > 0 {
				v.places[i] += ":" + strconv.FormatUint(uint64(s.Line), 10)
			}
		}
	})
	return v.places[site]
}

func typeInPlace(typ string) string { return "(" + typ + ")" }

// className names a class by its number in the graph.
func (v *View) className(k uint32) string {
	m := v.H.Modules[v.G.Classes[k]]
	switch {
	case m.Name != "":
		return m.Name
	case m.RealName != "":
		return m.RealName + " (with methods of its own)"
	}
	return "(class without a name)"
}

// classOf names the class of an object; what has none, as Ruby's own records, goes
// by its type.
func (v *View) classOf(i uint32) string {
	if c := v.G.Class[i]; c != 0 {
		return v.className(c)
	}
	return typeInPlace(v.H.Types[v.H.Type[i]])
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
		for i := range uint32(v.H.Len()) {
			k := g.of(i)
			g.groups[k].Objects++
			g.groups[k].Bytes += culprit.Bytes(v.H.Bytes(i))
		}
	}
	v.walk(func(i uint32) {
		for _, g := range all {
			k := g.of(i)
			if g.open[k] == 0 {
				g.groups[k].Retained += culprit.Bytes(v.T.Retained[i])
			}
			g.open[k]++
		}
	}, func(i uint32) {
		for _, g := range all {
			g.open[g.of(i)]--
		}
	})
}

// walk goes through the dominator tree, into and out of each reached object.
func (v *View) walk(enter, leave func(uint32)) {
	v.down()
	type frame struct{ v, next uint32 }
	root := v.G.Root()
	stack := []frame{{root, v.at[root]}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == v.at[top.v+1] {
			if top.v != root {
				leave(top.v)
			}
			stack = stack[:len(stack)-1]
			continue
		}
		c := v.child[top.next]
		top.next++
		enter(c)
		stack = append(stack, frame{c, v.at[c]})
	}
}

// down lists, for each node, those that it dominates directly.
func (v *View) down() {
	v.onceDown.Do(func() {
		n := v.G.N + 1
		// Counted two places up: filling in moves each beginning to its place.
		v.at = offheap.Make[uint32](v.H.Pool, n+2)
		total := 0
		for _, x := range v.T.Order {
			if p := v.T.Parent[x]; p != heap.None {
				v.at[p+2]++
				total++
			}
		}
		for i := range n {
			v.at[i+2] += v.at[i+1]
		}
		v.child = offheap.Make[uint32](v.H.Pool, total)
		for _, x := range v.T.Order {
			if p := v.T.Parent[x]; p != heap.None {
				v.child[v.at[p+1]] = x
				v.at[p+1]++
			}
		}
	})
}

// list gives the groups that have members with their keys, by retained size.
func (g *grouping) list() []culprit.HeapGroup {
	out := make([]culprit.HeapGroup, 0, len(g.groups))
	for i, x := range g.groups {
		if x.Key = g.keys[i]; x.Objects > 0 {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b culprit.HeapGroup) int {
		if a.Retained != b.Retained {
			return sign(b.Retained - a.Retained)
		}
		if a.Bytes != b.Bytes {
			return sign(b.Bytes - a.Bytes)
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out
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
