package holding

import (
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// holds is the share of a group that its holder has to dominate.
const holds = 0.9

// movedShare of the classes at other addresses means that the heap was compacted. A
// class that was loaded anew has a new address too, so one alone says nothing.
const movedShare = 0.05

// Differ says what came and stayed between dumps of one process: of two what is new
// in the second, of three what is new in the second and still there in the third.
//
// An object is the same in two dumps when address, type, class and, where both
// were traced, generation are the same: addresses are used again.
//
// Dumps are added one after another, and only what the next comparison needs is kept
// of those before: their heaps are the Differ's, and all must share one Space.
type Differ struct {
	of, added int
	before    *heap.Heap        // of the first dump, later the one before
	named     map[string]uint64 // classes of the dump before, by name
	born      []uint32          // in the last dump
	wanted    []identity        // born in the second
	gone      culprit.HeapTally
	warnings  []string
	reused    int
}

// identity is what makes an object the same in two dumps.
type identity struct {
	code, class uint32
	gen         int32
	typ         string
}

// NewDiffer makes a Differ for two or three dumps.
func NewDiffer(dumps int) *Differ { return &Differ{of: dumps} }

// Add takes the next dump.
func (d *Differ) Add(h *heap.Heap) (err error) {
	defer offheap.Catch(&err)
	h.MakeIndex()
	names := addresses(h)
	d.warnings = append(d.warnings, moved(d.named, names)...)
	d.named = names
	switch d.added {
	case 0:
		h.OnlyIdentity()
		d.before = h
	case 1:
		d.born, d.reused = missing(h, d.before)
		gone, _ := missing(d.before, h)
		d.gone = tally(d.before, gone)
		d.before.Close()
		if d.before = h; d.of == 3 {
			d.wanted = identities(h, d.born)
			h.Close()
			d.before = nil
		}
	case 2:
		d.born = staying(h, d.wanted)
		d.wanted, d.before = nil, h
	default:
		return fmt.Errorf("%d dumps were announced, and more came", d.of)
	}
	d.added++
	return nil
}

// Report tells the result; it fills in everything but Tool and Dumps. The view is
// that of the last dump, and the caller's to keep.
func (d *Differ) Report() (culprit.HeapDiff, *View, error) {
	r := culprit.HeapDiff{Schema: culprit.HeapDiffSchema, Groups: []culprit.HeapDiffGroup{}, Warnings: []string{}}
	if d.added != d.of {
		return r, nil, fmt.Errorf("%d dumps were announced, and %d came", d.of, d.added)
	}
	last := d.before
	r.Gone, r.Retained = d.gone, tally(last, d.born)
	last.ForComparison()
	v, err := Look(last)
	if err != nil {
		return r, nil, err
	}
	r.Groups = v.groupsOf(d.born)
	if d.reused > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d addresses were used again for another object; they count as new", d.reused))
	}
	r.Warnings = append(append(r.Warnings, d.warnings...), v.doubts(d.born)...)
	return r, v, nil
}

// Held puts all that is reachable together by class and place, as what stayed
// between dumps is.
func (v *View) Held() []culprit.HeapDiffGroup {
	ids := make([]uint32, 0, len(v.T.Order))
	for i := range uint32(v.Len()) {
		if v.T.Reached(i) {
			ids = append(ids, i)
		}
	}
	return v.groupsOf(ids)
}

// doubts are warnings about the objects themselves.
func (v *View) doubts(born []uint32) (list []string) {
	garbage, untraced := 0, 0
	for _, i := range born {
		if !v.T.Reached(i) {
			garbage++
		}
		if v.H.Gen[i] < 0 {
			untraced++
		}
	}
	if garbage > 0 {
		list = append(list, fmt.Sprintf("nobody refers to %d of the %d objects: garbage that was not collected yet", garbage, len(born)))
	}
	if 2*untraced > len(born) {
		list = append(list, "most were not traced: where they were made is not known, and an address that was used again for an object of the same class is not noticed; "+
			"hint: call ObjectSpace.trace_object_allocations_start before the first dump")
	}
	return list
}

func identify(h *heap.Heap, i uint32) identity {
	return identity{h.Code[i], h.Class[i], h.Gen[i], h.Types[h.Type[i]]}
}

func (a identity) same(b identity) bool {
	return a.code == b.code && a.class == b.class && a.typ == b.typ && (a.gen == b.gen || a.gen < 0 || b.gen < 0)
}

func identities(h *heap.Heap, of []uint32) []identity {
	list := make([]identity, 0, len(of))
	for _, i := range of {
		list = append(list, identify(h, i))
	}
	return list
}

// missing lists the objects of h that o does not have, and counts those at whose
// address o has another one.
func missing(h, o *heap.Heap) (list []uint32, reused int) {
	for i := range uint32(h.Len()) {
		j := o.Index.Of(h.Code[i])
		if j != heap.None && identify(h, i).same(identify(o, j)) {
			continue
		}
		if j != heap.None {
			reused++
		}
		list = append(list, i)
	}
	return list, reused
}

// staying lists the objects of h that are wanted.
func staying(h *heap.Heap, wanted []identity) (list []uint32) {
	for _, w := range wanted {
		if j := h.Index.Of(w.code); j != heap.None && w.same(identify(h, j)) {
			list = append(list, j)
		}
	}
	return list
}

func tally(h *heap.Heap, of []uint32) culprit.HeapTally {
	t := culprit.HeapTally{Objects: int64(len(of))}
	for _, i := range of {
		t.Bytes += culprit.Bytes(h.Bytes(i))
	}
	return t
}

// addresses are those of named classes and modules.
func addresses(h *heap.Heap) map[string]uint64 {
	at := make(map[string]uint64, len(h.Modules))
	for i, m := range h.Modules {
		if m.Name != "" && h.Type[i] != heap.TypeIClass {
			at[m.Name] = h.Address(i)
		}
	}
	return at
}

// moved warns where named classes stand at other addresses than before.
func moved(a, b map[string]uint64) []string {
	both, away := 0, 0
	for name, addr := range b {
		before, ok := a[name]
		if !ok {
			continue
		}
		both++
		if before != addr {
			away++
		}
	}
	if both == 0 || float64(away) <= movedShare*float64(both) {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d classes have other addresses than before: the heap was compacted (GC.compact), or these are dumps of two processes; "+
		"then objects that only moved count as new", away, both)}
}

// groupsOf puts objects together by class and place and finds who holds each group.
func (v *View) groupsOf(born []uint32) []culprit.HeapDiffGroup {
	type key struct {
		place string
		class string
	}
	members := map[key][]uint32{}
	for _, i := range born {
		k := key{v.place(v.H.Site[i]), v.classOf(i)}
		members[k] = append(members[k], i)
	}
	pre, end := v.intervals()
	defer offheap.Free(v.H.Pool, pre)
	defer offheap.Free(v.H.Pool, end)
	out := make([]culprit.HeapDiffGroup, 0, len(members))
	for k, list := range members {
		t := tally(v.H, list)
		g := culprit.HeapDiffGroup{Location: k.place, Class: k.class, Gem: gemOf(k.place), Objects: t.Objects, Bytes: t.Bytes}
		if h := v.holder(list, pre, end); h != heap.None {
			g.Holder = &culprit.HeapHolder{HeapNode: v.node(h), Path: v.path(h)}
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b culprit.HeapDiffGroup) int {
		if a.Bytes != b.Bytes {
			return sign(b.Bytes - a.Bytes)
		}
		if c := strings.Compare(a.Location, b.Location); c != 0 {
			return c
		}
		return strings.Compare(a.Class, b.Class)
	})
	return out
}

// intervals numbers the dominator tree so that x dominates exactly what has numbers
// from pre[x] up to, and without, end[x]. What nobody reaches has 0 for both; the
// machine begins at 0 too, all others later.
func (v *View) intervals() (pre, end []uint32) {
	pre, end = offheap.Make[uint32](v.H.Pool, v.G.N+1), offheap.Make[uint32](v.H.Pool, v.G.N+1)
	next := uint32(1)
	v.walk(func(x uint32) { pre[x] = next; next++ }, func(x uint32) { end[x] = next })
	end[v.G.Root()] = next
	return pre, end
}

// holder is the deepest object that dominates most of a group and is no member of
// it, None when only the machine does. Whoever dominates more than half of a sorted
// list dominates its middle, so the ancestors of the middle are all that can.
func (v *View) holder(list []uint32, pre, end []uint32) uint32 {
	at := make([]uint32, 0, len(list))
	for _, i := range list {
		if pre[i] > 0 {
			at = append(at, pre[i])
		}
	}
	if float64(len(at)) < holds*float64(len(list)) {
		return heap.None
	}
	slices.Sort(at)
	middle := at[len(at)/2]
	x := heap.None
	for _, i := range list {
		if pre[i] == middle {
			x = v.T.Parent[i]
		}
	}
	for ; x != heap.None && x != v.G.Root(); x = v.T.Parent[x] {
		from, _ := slices.BinarySearch(at, pre[x])
		to, _ := slices.BinarySearch(at, end[x])
		_, member := slices.BinarySearch(at, pre[x])
		if !member && float64(to-from) >= holds*float64(len(list)) {
			return x
		}
	}
	return heap.None
}
