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
	gems      []string
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
	n := v.numbers()
	groups := []*grouping{v.byClass(n), v.byType(), v.byLocation(), v.byGem(), v.byGeneration(n)}
	v.sum(n, groups)
	r.ByClass, r.ByType, r.ByLocation, r.ByGem, r.ByGeneration = groups[0].list(), groups[1].list(), groups[2].list(), groups[3].list(), groups[4].list()
	r.ByKind, r.Unreachable = v.kinds(), v.unreachable()
	r.Duplicates, r.BigStrings, r.Shapes = v.duplicates(), v.bigStrings(), v.shapes()
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

// What an object is grouped by: each is a number that its columns give.
const (
	byClass = iota
	byType
	bySite
	byGeneration
	keyKinds
)

// grouping puts every object into one group: that of its class, its site, ..., so
// that the groups of ten million objects are told by a table of a few thousand.
type grouping struct {
	by     int      // which number
	to     []uint32 // the number -> group
	keys   []string
	groups []culprit.HeapGroup
	open   []uint32 // members of a group on the way down the dominator tree
}

// table makes a grouping by a number from 0 to n-1.
func table(by, n int, key func(uint32) string) *grouping {
	g, number := &grouping{by: by, to: make([]uint32, n)}, map[string]uint32{}
	for i := range g.to {
		k := key(uint32(i))
		id, ok := number[k]
		if !ok {
			id = uint32(len(g.keys))
			number[k] = id
			g.keys = append(g.keys, k)
		}
		g.to[i] = id
	}
	g.groups, g.open = make([]culprit.HeapGroup, len(g.keys)), make([]uint32, len(g.keys))
	return g
}

// numbers gives what objects are grouped by.
type numbers struct {
	v          *View
	classes    uint32
	first      int32  // generation
	step, last uint32 // of generations
}

func (v *View) numbers() numbers {
	n := numbers{v: v, classes: uint32(len(v.G.Classes)), first: math.MaxInt32, step: 1}
	hi := int32(-1)
	for _, g := range v.H.Gen {
		if g >= 0 {
			n.first, hi = min(n.first, g), max(hi, g)
		}
	}
	if hi < 0 {
		n.first, hi = 0, 0
	}
	for uint32(hi-n.first)/n.step > mostGenerations {
		n.step *= 2
	}
	n.last = uint32(hi-n.first)/n.step + 1
	return n
}

// mostGenerations is how far apart the first and the last collection may lie for a
// table of all between; beyond, generations are put together.
const mostGenerations = 1 << 22

// of gives the numbers of an object. What has no class goes by its type: the tables
// of both stand one behind the other.
func (n *numbers) of(i uint32) (k [keyKinds]uint32) {
	h := n.v.H
	typ := uint32(h.Type[i])
	if k[byClass] = n.v.G.Class[i]; k[byClass] == 0 {
		k[byClass] = n.classes + typ
	}
	k[byType], k[bySite] = typ, h.Site[i]
	if g := h.Gen[i]; g >= 0 {
		k[byGeneration] = uint32(g-n.first)/n.step + 1
	}
	return k
}

func (v *View) byClass(n numbers) *grouping {
	return table(byClass, int(n.classes)+len(v.H.Types), func(k uint32) string {
		if k >= n.classes {
			return typeInPlace(v.H.Types[k-n.classes])
		}
		return v.className(k)
	})
}

func (v *View) byType() *grouping {
	return table(byType, len(v.H.Types), func(k uint32) string { return v.H.Types[k] })
}

func (v *View) byLocation() *grouping {
	return table(bySite, len(v.H.Sites), func(k uint32) string { return orNot(v.place(k)) })
}

func (v *View) byGem() *grouping {
	return table(bySite, len(v.H.Sites), func(k uint32) string { return orNot(v.gem(k)) })
}

func (v *View) byGeneration(n numbers) *grouping {
	return table(byGeneration, int(n.last)+1, func(k uint32) string {
		if k == 0 {
			return notTraced
		}
		return strconv.FormatInt(int64(n.first)+int64(k-1)*int64(n.step), 10)
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
		v.places, v.gems = make([]string, len(v.H.Sites)), make([]string, len(v.H.Sites))
		for i, s := range v.H.Sites {
			if v.places[i] = s.File; s.Line > 0 {
				v.places[i] += ":" + strconv.FormatUint(uint64(s.Line), 10)
			}
			v.gems[i] = gemOf(v.places[i])
		}
	})
	return v.places[site]
}

func (v *View) gem(site uint32) string {
	v.place(site)
	return v.gems[site]
}

func typeInPlace(typ string) string { return "(" + typ + ")" }

// className names a class by its number in the graph.
func (v *View) className(k uint32) string {
	m := v.H.Modules[v.G.Classes[k]]
	switch {
	case m.Name != "":
		return m.Name
	case m.RealName != "":
		// A class that holds methods of one object: the object is still what it was.
		return m.RealName
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
func (v *View) sum(n numbers, all []*grouping) {
	for i := range uint32(v.H.Len()) {
		keys, size := n.of(i), culprit.Bytes(v.H.Bytes(i))
		for _, g := range all {
			x := &g.groups[g.to[keys[g.by]]]
			x.Objects++
			x.Bytes += size
		}
	}
	v.walk(func(i uint32) {
		keys := n.of(i)
		for _, g := range all {
			k := g.to[keys[g.by]]
			if g.open[k] == 0 {
				g.groups[k].Retained += culprit.Bytes(v.T.Retained[i])
			}
			g.open[k]++
		}
	}, func(i uint32) {
		keys := n.of(i)
		for _, g := range all {
			g.open[g.to[keys[g.by]]]--
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
