package holding

import (
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/heap"
)

// holds is the share of a group that its holder has to dominate.
const holds = 0.9

// movedShare of the classes at other addresses means that the heap was compacted. A
// class that was loaded anew has a new address too, so one alone says nothing.
const movedShare = 0.05

// Diff says what came and stayed: of two dumps what is new in the second, of three
// what is new in the second and still there in the third. It fills in everything but
// Tool and Dumps.
//
// An object is the same in two dumps when address, type, class and, where both
// were traced, generation are the same: addresses are used again.
func Diff(a, b, c *heap.Heap) culprit.HeapDiff {
	d := culprit.HeapDiff{Schema: culprit.HeapDiffSchema, Groups: []culprit.HeapDiffGroup{}, Warnings: []string{}}
	inA, _ := heap.NewIndex(a.Addr)
	born, reused := missing(b, a, inA)
	last := b
	if c != nil {
		inC, _ := heap.NewIndex(c.Addr)
		last, born = c, staying(b, born, c, inC)
	}
	inB, _ := heap.NewIndex(b.Addr)
	gone, _ := missing(a, b, inB)
	d.Gone = tally(a, gone)
	d.Retained = tally(last, born)
	v := Look(last)
	d.Groups = v.groupsOf(born)
	if reused > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d addresses were used again for another object; they count as new", reused))
	}
	d.Warnings = append(d.Warnings, moved(a, b)...)
	if c != nil {
		d.Warnings = append(d.Warnings, moved(b, c)...)
	}
	d.Warnings = append(d.Warnings, v.doubts(born)...)
	return d
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

// same tells whether object i of h is object j of o.
func same(h *heap.Heap, i uint32, o *heap.Heap, j uint32) bool {
	return h.Types[h.Type[i]] == o.Types[o.Type[j]] && h.Class[i] == o.Class[j] &&
		(h.Gen[i] < 0 || o.Gen[j] < 0 || h.Gen[i] == o.Gen[j])
}

// missing lists the objects of h that o does not have, and counts those at whose
// address o has another one.
func missing(h, o *heap.Heap, in *heap.Index) (list []uint32, reused int) {
	for i := range uint32(h.Len()) {
		j := in.Find(h.Addr[i])
		if j != heap.None && same(h, i, o, j) {
			continue
		}
		if j != heap.None {
			reused++
		}
		list = append(list, i)
	}
	return list, reused
}

// staying are those of the objects of h that o still has, by their numbers in o.
func staying(h *heap.Heap, of []uint32, o *heap.Heap, in *heap.Index) (list []uint32) {
	for _, i := range of {
		if j := in.Find(h.Addr[i]); j != heap.None && same(h, i, o, j) {
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

// moved warns where named classes stand at other addresses than before.
func moved(a, b *heap.Heap) []string {
	at := make(map[string]uint64, len(a.Names))
	for addr, name := range a.Names {
		at[name] = addr
	}
	both, away := 0, 0
	for addr, name := range b.Names {
		before, ok := at[name]
		if !ok || name == "" {
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
		loc   uint32
		class string
	}
	members := map[key][]uint32{}
	for _, i := range born {
		k := key{v.H.Loc[i], v.classOf(i)}
		members[k] = append(members[k], i)
	}
	pre, end := v.intervals()
	out := make([]culprit.HeapDiffGroup, 0, len(members))
	for k, list := range members {
		place := v.H.Locations[k.loc]
		t := tally(v.H, list)
		g := culprit.HeapDiffGroup{Location: place, Class: k.class, Gem: gemOf(place), Objects: t.Objects, Bytes: t.Bytes}
		if h := v.holder(list, pre, end); h != heap.None {
			n := v.node(h)
			g.Holder = &culprit.HeapHolder{Describe: n.Describe, Address: n.Address, Class: n.Class, Path: v.path(h)}
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
	pre, end = make([]uint32, v.G.N+1), make([]uint32, v.G.N+1)
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
