package holding

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/heap"
)

// How much is told of strings and shapes.
const (
	mostStrings = 50
	mostShapes  = 50
	// bigString is the size from which a string is told by itself: glibc and Ruby ask
	// the system for blocks of 128 KB and more one by one (mallopt(3), M_MMAP_THRESHOLD).
	bigString = 128 << 10
)

// strings calls visit for each string that the dump gives the value of, with a
// digest of it.
func (v *View) strings(visit func(i uint32, digest uint64)) {
	at := 0
	for i, t := range v.H.Type {
		if t != heap.TypeString {
			continue
		}
		if d := v.H.Text[at]; d != 0 {
			visit(uint32(i), d)
		}
		at++
	}
}

// copies are the strings of one text.
type copies struct {
	first, n   uint32
	sum, large uint64
	sites      map[uint32]int
}

// duplicates finds texts that several strings hold. Two bits for each digest tell
// first which may be there twice, so that only those are counted.
func (v *View) duplicates() []culprit.HeapString {
	n := bits.Len(uint(len(v.H.Text))) + 3
	once, twice := make([]uint64, 1<<max(n-6, 0)), make([]uint64, 1<<max(n-6, 0))
	v.strings(func(_ uint32, d uint64) {
		w, bit := d>>6&uint64(len(once)-1), uint64(1)<<(d&63)
		twice[w] |= once[w] & bit
		once[w] |= bit
	})
	found := map[uint64]*copies{}
	v.strings(func(i uint32, d uint64) {
		if twice[d>>6&uint64(len(once)-1)]>>(d&63)&1 == 0 {
			return
		}
		c := found[d]
		if c == nil {
			c = &copies{first: i}
			found[d] = c
		}
		size := v.H.Bytes(i)
		c.n++
		c.sum += size
		c.large = max(c.large, size)
	})
	return v.worst(found)
}

// worst gives those that waste most, with the place that made most of them.
func (v *View) worst(found map[uint64]*copies) []culprit.HeapString {
	list := make([]uint64, 0, len(found))
	for d, c := range found {
		if c.n > 1 {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b uint64) int {
		x, y := found[a], found[b]
		return cmp.Or(cmp.Compare(y.sum-y.large, x.sum-x.large), cmp.Compare(x.first, y.first))
	})
	list = list[:min(len(list), mostStrings)]
	for _, d := range list {
		found[d].sites = map[uint32]int{}
	}
	v.strings(func(i uint32, d uint64) {
		if c := found[d]; c != nil && c.sites != nil {
			c.sites[v.H.Site[i]]++
		}
	})
	out := make([]culprit.HeapString, 0, len(list))
	for _, d := range list {
		c := found[d]
		out = append(out, culprit.HeapString{
			Address: fmt.Sprintf("0x%x", v.H.Address(c.first)), Copies: int64(c.n), Bytes: culprit.Bytes(c.sum), Wasted: culprit.Bytes(c.sum - c.large),
			Location: v.usual(c.sites),
		})
	}
	return out
}

// usual is the place with the largest count.
func (v *View) usual(sites map[uint32]int) string {
	best, most := "", 0
	for s, n := range sites {
		if p := v.place(s); n > most || n == most && p < best {
			best, most = p, n
		}
	}
	return best
}

// bigStrings are the largest strings, whatever they hold.
func (v *View) bigStrings() []culprit.HeapString {
	var list []uint32
	for i, t := range v.H.Type {
		if t == heap.TypeString && v.H.Bytes(uint32(i)) >= bigString {
			list = append(list, uint32(i))
		}
	}
	slices.SortFunc(list, func(a, b uint32) int { return cmp.Or(sign2(v.H.Bytes(b), v.H.Bytes(a)), cmp.Compare(a, b)) })
	out := make([]culprit.HeapString, 0, min(len(list), mostStrings))
	for _, i := range list[:min(len(list), mostStrings)] {
		out = append(out, culprit.HeapString{Address: fmt.Sprintf("0x%x", v.H.Address(i)), Copies: 1, Bytes: culprit.Bytes(v.H.Bytes(i)), Location: v.place(v.H.Site[i])})
	}
	return out
}

// shapes counts the shapes of each class's objects.
func (v *View) shapes() []culprit.HeapShapes {
	of := map[string]*culprit.HeapShapes{}
	for k, n := range v.H.Shapes {
		name := v.moduleName(v.G.Index.Of(k.Class))
		if name == "" {
			name = "(class without a name)"
		}
		s := of[name]
		if s == nil {
			s = &culprit.HeapShapes{Class: name}
			of[name] = s
		}
		s.Shapes++
		s.Objects += int64(n)
	}
	out := make([]culprit.HeapShapes, 0, len(of))
	for _, s := range of {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b culprit.HeapShapes) int {
		return cmp.Or(cmp.Compare(b.Shapes, a.Shapes), cmp.Compare(b.Objects, a.Objects), strings.Compare(a.Class, b.Class))
	})
	return out[:min(len(out), mostShapes)]
}

// Kinds of classes and modules.
const (
	kindNamed     = "named"
	kindAnonymous = "anonymous"
	kindSingleton = "singleton"     // methods of a class or module itself
	kindObject    = "of one object" // methods of another object
	kindInclusion = "inclusion"     // a module's place among the ancestors of a class
)

var kindNames = []string{kindNamed, kindAnonymous, kindSingleton, kindObject, kindInclusion}

func (v *View) kind(i uint32) string {
	m := v.H.Modules[i]
	switch {
	case v.H.Type[i] == heap.TypeIClass:
		return kindInclusion
	case m.Singleton && m.RealName != "" && m.RealName != "Class" && m.RealName != "Module":
		return kindObject
	case m.Singleton:
		return kindSingleton
	case m.Name == "":
		return kindAnonymous
	}
	return kindNamed
}

// kinds groups classes and modules alone. Each class with methods of its own has a
// singleton class: thousands of those are an app like any other.
func (v *View) kinds() []culprit.HeapGroup {
	of := map[string]*culprit.HeapGroup{}
	for _, k := range kindNames {
		of[k] = &culprit.HeapGroup{Key: k}
	}
	members := map[string]map[uint32]bool{}
	for i := range v.H.Modules {
		if t := v.H.Type[i]; t != heap.TypeClass && t != heap.TypeModule && t != heap.TypeIClass {
			continue
		}
		k := v.kind(i)
		if members[k] == nil {
			members[k] = map[uint32]bool{}
		}
		members[k][i] = true
	}
	for k, set := range members {
		g := of[k]
		for i := range set {
			g.Objects++
			g.Bytes += culprit.Bytes(v.H.Bytes(i))
			if v.T.Reached(i) && !v.under(i, set) {
				g.Retained += culprit.Bytes(v.T.Retained[i])
			}
		}
	}
	out := make([]culprit.HeapGroup, 0, len(kindNames))
	for _, k := range kindNames {
		out = append(out, *of[k])
	}
	return out
}

// under tells whether a member of a set dominates i.
func (v *View) under(i uint32, set map[uint32]bool) bool {
	for at := v.T.Parent[i]; at != v.G.Root(); at = v.T.Parent[at] {
		if set[at] {
			return true
		}
	}
	return false
}

// unreachable groups what nobody refers to by class.
func (v *View) unreachable() []culprit.HeapGroup {
	of := map[string]*culprit.HeapGroup{}
	for i := range uint32(v.H.Len()) {
		if v.T.Reached(i) {
			continue
		}
		key := v.classOf(i)
		g := of[key]
		if g == nil {
			g = &culprit.HeapGroup{Key: key}
			of[key] = g
		}
		g.Objects++
		g.Bytes += culprit.Bytes(v.H.Bytes(i))
	}
	out := make([]culprit.HeapGroup, 0, len(of))
	for _, g := range of {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b culprit.HeapGroup) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Key, b.Key))
	})
	return out
}
