package holding

import (
	"slices"

	"culprit"
	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// None stands for an object that is not there.
const None = heap.None

// Object is what is known of one object without its text.
type Object struct {
	ID        uint32
	Address   uint64
	Type      string // Ruby's own: "STRING"
	Class     string // "" is never: what has none goes by its type, "(IMEMO)"
	Name      string // of a class or module itself
	Size      uint64 // bytes of its own
	Retained  uint64 // bytes, 0 for what is not reached
	Gen       int32  // -1 not traced
	Place     string // "app/models/cache.rb:14", "" not traced
	Gem       string // "app", "ruby", a gem, "" not traced
	Method    string // "" not told
	Reachable bool
	Refs      int // references as the dump lists them, without the class
}

// Len is the number of objects; their numbers are 0 to Len()-1, in the order of the
// dump. The machine's roots are one more node, with the number Len().
func (v *View) Len() int { return v.H.Len() }

// Root is the number of the machine's node.
func (v *View) Root() uint32 { return v.G.Root() }

// Object tells what is known of object i.
func (v *View) Object(i uint32) Object {
	site := v.H.Site[i]
	place := v.place(site)
	return Object{
		ID: i, Address: v.H.Address(i), Type: v.H.Types[v.H.Type[i]], Class: v.classOf(i), Name: v.H.Modules[i].Name,
		Size: v.H.Bytes(i), Retained: v.T.Retained[i], Gen: v.H.Gen[i], Place: place, Gem: v.gem(site), Method: v.H.Sites[site].Method,
		Reachable: v.T.Reached(i), Refs: int(v.H.References(i)),
	}
}

// Find gives the object at an address, None when there is none.
func (v *View) Find(address uint64) uint32 { return v.G.Index.Find(address) }

// Describe names an object in words for a reader: its class, where it was made, the
// class or module that refers to it.
func (v *View) Describe(i uint32) string { return v.node(i).Describe }

// Dominator is the object without which i would be freed: its parent in the
// dominator tree, Root() at the top, None for what is not reached.
func (v *View) Dominator(i uint32) uint32 { return v.T.Parent[i] }

// Retained is the size of a node with all that it dominates, of Root() all that is
// reachable.
func (v *View) Retained(i uint32) uint64 { return v.T.Retained[i] }

// Dominated lists what i dominates directly, most retained first. The caller may
// keep it.
func (v *View) Dominated(i uint32) []uint32 {
	list := slices.Clone(v.dominated(i))
	slices.SortFunc(list, func(a, b uint32) int { return sign2(v.T.Retained[b], v.T.Retained[a]) })
	return list
}

func (v *View) dominated(i uint32) []uint32 {
	v.down()
	return v.child[v.at[i]:v.at[i+1]]
}

func sign2(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// References lists what i refers to, its class first where that is in the dump; of
// Root() the roots.
func (v *View) References(i uint32) []uint32 {
	list := make([]uint32, 0, len(v.G.Refs(i))+1)
	v.G.Out(i, func(to uint32) { list = append(list, to) })
	return list
}

// Referrers lists who refers to i, in the order of the dump; Root() last.
func (v *View) Referrers(i uint32) []uint32 {
	v.onceIn.Do(v.reverse)
	return v.in[v.inAt[i]:v.inAt[i+1]]
}

func (v *View) reverse() {
	n := v.G.N + 1
	v.inAt = offheap.Make[uint32](v.H.Pool, n+2)
	total := 0
	for x := range uint32(n) {
		v.G.Out(x, func(to uint32) {
			v.inAt[to+2]++
			total++
		})
	}
	for i := range n {
		v.inAt[i+2] += v.inAt[i+1]
	}
	v.in = offheap.Make[uint32](v.H.Pool, total)
	for x := range uint32(n) {
		v.G.Out(x, func(to uint32) {
			v.in[v.inAt[to+1]] = x
			v.inAt[to+1]++
		})
	}
}

// Way is a shortest way from the machine's roots to i, Root() first and i last; nil
// for what is not reached.
func (v *View) Way(i uint32) []uint32 {
	if !v.T.Reached(i) {
		return nil
	}
	v.onceWay.Do(func() { v.up = heap.Shortest(v.H.Pool, v.G) })
	way := []uint32{i}
	for at := i; at != v.G.Root(); {
		at = v.up[at]
		way = append(way, at)
	}
	slices.Reverse(way)
	return way
}

// Text gives lines of a dump as they stand in it.
type Text interface {
	// Line is the line of the object with this number in the dump, without its end.
	Line(i uint32) ([]byte, error)
}

// Size is the size of object i, in bytes.
func (v *View) Size(i uint32) uint64 { return v.H.Bytes(i) }

// ClassKey is a number for what Class gives, the same for objects of one class, and
// less than ClassKeys.
func (v *View) ClassKey(i uint32) int {
	if c := v.G.Class[i]; c != 0 {
		return int(c)
	}
	return len(v.G.Classes) + int(v.H.Type[i])
}

// ClassKeys is how many numbers ClassKey gives.
func (v *View) ClassKeys() int { return len(v.G.Classes) + len(v.H.Types) }

// Class names the class of object i; what has none goes by its type, "(IMEMO)".
func (v *View) Class(i uint32) string { return v.classOf(i) }

// Type is Ruby's own name of the type of object i.
func (v *View) Type(i uint32) string { return v.H.Types[v.H.Type[i]] }

// SiteKey is a number for where object i was made, less than SiteKeys; 0 not traced.
func (v *View) SiteKey(i uint32) int { return int(v.H.Site[i]) }

// SiteKeys is how many numbers SiteKey gives.
func (v *View) SiteKeys() int { return len(v.H.Sites) }

// Site tells where the objects with a SiteKey were made.
func (v *View) Site(key int) heap.Site { return v.H.Sites[key] }

// Place is the file and line of a SiteKey, "" not traced.
func (v *View) Place(key int) string { return v.place(uint32(key)) }

// Gem is the gem that a SiteKey belongs to: "app", "ruby", a gem, "" not traced.
func (v *View) Gem(key int) string { return v.gem(uint32(key)) }

// Generation is the collection in which object i was made, -1 not traced.
func (v *View) Generation(i uint32) int32 { return v.H.Gen[i] }

// Address is that of object i.
func (v *View) Address(i uint32) uint64 { return v.H.Address(i) }

// Flags are the bits of object i: heap.Old and so on.
func (v *View) Flags(i uint32) uint8 { return v.H.Flags[i] }

// Reachable tells whether anybody refers to object i.
func (v *View) Reachable(i uint32) bool { return v.T.Reached(i) }

// ReferenceCount is how many references the dump lists for object i.
func (v *View) ReferenceCount(i uint32) uint32 { return v.H.References(i) }

// Name is the name of object i when it is a class or module, else "".
func (v *View) Name(i uint32) string { return v.H.Modules[i].Name }

// RetainedBy is what would be freed if all of these objects went: of those that
// another of them holds, nothing is added.
func (v *View) RetainedBy(ids []uint32) (sum uint64) {
	in := make([]uint64, v.Len()/64+1)
	for _, i := range ids {
		in[i/64] |= 1 << (i % 64)
	}
	// Of each node of the tree: 1 under a member, 2 not, so that no way is walked twice.
	under := map[uint32]bool{}
	for _, i := range ids {
		if v.T.Reached(i) && !v.underAny(i, in, under) {
			sum += v.T.Retained[i]
		}
	}
	return sum
}

func (v *View) underAny(i uint32, in []uint64, under map[uint32]bool) bool {
	var way []uint32
	is := false
	for at := v.T.Parent[i]; at != v.G.Root(); at = v.T.Parent[at] {
		if known, ok := under[at]; ok {
			is = known
			break
		}
		way = append(way, at)
		if in[at/64]>>(at%64)&1 != 0 {
			is = true
			break
		}
	}
	for _, at := range way {
		under[at] = is
	}
	return is
}

// DominatedUnsorted lists what i dominates directly, in no order. It is the view's
// own list.
func (v *View) DominatedUnsorted(i uint32) []uint32 { return v.dominated(i) }

// Path is Way in words, its middle left out where it is long.
func (v *View) Path(i uint32) []culprit.HeapNode {
	if !v.T.Reached(i) {
		return []culprit.HeapNode{}
	}
	return v.path(i)
}

// Largest lists the most retaining of what i dominates directly, n at most, the
// largest first.
func (v *View) Largest(i uint32, n int) []uint32 {
	all := v.dominated(i)
	if len(all) <= 4*n {
		list := v.Dominated(i)
		return list[:min(n, len(list))]
	}
	// Of many only those above the least of the best so far are looked at closely.
	best := make([]uint32, 0, 2*n+1)
	least := uint64(0)
	for _, c := range all {
		if len(best) >= n && v.T.Retained[c] <= least {
			continue
		}
		if best = append(best, c); len(best) > 2*n {
			slices.SortFunc(best, func(a, b uint32) int { return sign2(v.T.Retained[b], v.T.Retained[a]) })
			best = best[:n]
			least = v.T.Retained[best[n-1]]
		}
	}
	slices.SortFunc(best, func(a, b uint32) int { return sign2(v.T.Retained[b], v.T.Retained[a]) })
	return best[:min(n, len(best))]
}
