// Package residence says what to do about where the bytes of a process are.
//
// It owns the advice and the shares it takes. It refuses to read, and to name a culprit:
// one look at a process tells what is there, not who brought it.
package residence

import (
	"fmt"

	"culprit"
	"culprit/internal/livefacts"
)

// share is the part of RSS from which a category is worth a step: a quarter. Below it
// the rest decides what a server needs, whatever is done about this one.
const share = 4

// Names of categories that advice is given on; internal/inspection fills them.
const (
	objects = "Ruby objects"
	owned   = "malloc, owned by Ruby objects"
	native  = "malloc, of Ruby's own parts and of C libraries"
	kept    = "free, kept by malloc"
)

// Advice gives steps that follow, the largest first. none is empty.
func Advice(d livefacts.Inspect) (list []string) {
	by := map[string]culprit.Bytes{}
	for _, c := range d.Categories {
		if c.Quality != livefacts.Refused {
			by[c.Name] = c.Bytes
		}
	}
	worth := func(b culprit.Bytes) bool { return b > 0 && b*share >= d.RSS }
	if worth(by[kept]) {
		list = append(list, fmt.Sprintf("fragmentation: malloc keeps %s that nobody uses, in %d arenas: set MALLOC_ARENA_MAX=2, or run with jemalloc", by[kept], len(d.Arenas)))
	}
	live, free := d.GC["heap_live_slots"], d.GC["heap_free_slots"]
	if worth(by[objects]) && free > live {
		list = append(list, fmt.Sprintf("bloat that has passed: %d of %d slots of Ruby's heap are free: a request made many objects at once; find it with culprit inspect record or culprit investigate", free, live+free))
	} else if worth(by[objects] + by[owned]) {
		list = append(list, "retention: "+(by[objects]+by[owned]).String()+" are Ruby objects in use: culprit inspect heap names their classes, culprit heap who holds them (two dumps, some minutes apart)")
	}
	if worth(by[native]) {
		list = append(list, "C code: much of malloc's memory belongs to no Ruby object: culprit inspect leaks looks for blocks that nothing points to, culprit gems for extensions that are known to leak")
	}
	if d.Swap > 0 && d.Swap*share >= d.RSS {
		list = append(list, "much of it is swapped out and is in none of these figures")
	}
	return list
}

// Kinds of growth.
const (
	Bloat         = "bloat"
	Retention     = "retention"
	Native        = "native"
	Fragmentation = "fragmentation"
	Unknown       = "unknown"
)

// Growth is a process before an episode, at its height and some time after it.
type Growth struct {
	Before, Height, After livefacts.Inspect
	// Idle is how many major collections had run when the work that grew it was over, 0
	// not known: a collection before that keeps what is in use.
	Idle uint64
	// Bytes is how much the process grew in all.
	Bytes culprit.Bytes
}

// Kind says what kind of growth it was, and why. A kind takes half of the growth: with
// less, two of them could claim it.
func (g Growth) Kind() (kind, reason string) {
	ruby := g.grown(objects) + g.grown(owned)
	seen := g.Height.RSS - g.Before.RSS
	if seen <= 0 || 2*seen < g.Bytes {
		return Unknown, fmt.Sprintf("%s of %s had grown when the process was looked at: less than half", max(seen, 0), g.Bytes)
	}
	whole := max(seen, g.Bytes)
	switch {
	case 2*ruby >= whole:
		return g.rubyKind(ruby)
	case g.letGo(ruby+g.grown(native), whole):
		// What C libraries own for objects is malloc's, and the objects do not tell of it.
		return Bloat, fmt.Sprintf("of %s in use, %s are left, after %d objects were made", ruby+g.grown(native), g.left()+change(g.Before, g.After, native), g.made())
	case refused(g.Before) || refused(g.Height):
		return Unknown, fmt.Sprintf("%s of %s are Ruby objects, and the native heap changed too fast to be told from the rest", ruby, whole)
	case 2*g.grown(native) >= whole:
		return Native, fmt.Sprintf("%s of %s belong to no Ruby object", g.grown(native), whole)
	case 2*g.grown(kept) >= whole:
		// What malloc keeps after objects came and went was theirs: where Ruby's heap grew
		// with it, there were many at once. Every request makes some.
		switch made := g.made(); {
		case share*g.grown(objects) >= whole:
			return Bloat, fmt.Sprintf("%s are kept by malloc, after %d objects were made that are gone", g.grown(kept), made)
		case made*slot*share >= int64(whole):
			return Unknown, fmt.Sprintf("bloat or fragmentation: %s are kept by malloc, and %d objects were made meanwhile", g.grown(kept), made)
		}
		return Fragmentation, fmt.Sprintf("%s of %s are kept by malloc and used by nobody", g.grown(kept), whole)
	}
	return Unknown, fmt.Sprintf("of %s, %s are Ruby objects, %s native, %s kept by malloc: none is half", whole, ruby, g.grown(native), g.grown(kept))
}

// refused tells whether the native heap is not told apart.
func refused(d livefacts.Inspect) bool {
	for _, c := range d.Categories {
		if c.Name == native && c.Quality == livefacts.Refused {
			return true
		}
	}
	return false
}

// made is how many objects were made while it grew.
func (g Growth) made() int64 {
	return int64(g.Height.GC["total_allocated_objects"]) - int64(g.Before.GC["total_allocated_objects"])
}

// rubyKind tells bloat from retention by what is left of the objects. What is there at any
// later time bounds what is kept, so little is little whenever it is seen; much is kept
// when a major collection has run since the work was over.
func (g Growth) rubyKind(ruby culprit.Bytes) (kind, reason string) {
	if g.After.RSS == 0 {
		return Unknown, fmt.Sprintf("bloat or retention: %s are Ruby objects, and what is left of them was not seen", ruby)
	}
	stay := g.left()
	switch {
	case 2*stay < ruby && share*g.grown(objects) < ruby && 2*change(g.Before, g.After, kept) >= ruby:
		// Ruby's heap has hardly grown: it was not many objects at once.
		return Fragmentation, fmt.Sprintf("of %s that few objects owned, %s are left; malloc keeps the room of the others", ruby, stay)
	case 2*stay < ruby:
		return Bloat, fmt.Sprintf("of %s of Ruby objects, %s are left; the pages stay with Ruby", ruby, stay)
	case g.Idle > 0 && g.After.GC["major_gc_count"] > g.Idle:
		return Retention, fmt.Sprintf("of %s of Ruby objects, %s are left after a major collection", ruby, stay)
	}
	return Unknown, fmt.Sprintf("bloat or retention: %s are Ruby objects, and no major collection has run since the work was over", ruby)
}

// left is what is left of the growth in objects and in what they own.
func (g Growth) left() culprit.Bytes {
	more := int64(g.After.GC["heap_live_slots"]) - int64(g.Before.GC["heap_live_slots"])
	return culprit.Bytes(max(more, 0)*slot) + change(g.Before, g.After, owned)
}

// letGo tells whether most of it was in use at the height, by many objects, and less than
// half of that is left.
func (g Growth) letGo(used, whole culprit.Bytes) bool {
	if g.After.RSS == 0 || refused(g.Before) || refused(g.Height) || refused(g.After) {
		return false
	}
	return 2*used >= whole && g.made()*slot*4 >= int64(whole) && 2*(g.left()+change(g.Before, g.After, native)) < used
}

// slot is the size of an object in Ruby's heap.
const slot = 40

func (g Growth) grown(name string) culprit.Bytes { return change(g.Before, g.Height, name) }

// change is how much a category grew; refused ones did not.
func change(a, b livefacts.Inspect, name string) culprit.Bytes {
	return max(bytesOf(b, name)-bytesOf(a, name), 0)
}

func bytesOf(d livefacts.Inspect, name string) culprit.Bytes {
	for _, c := range d.Categories {
		if c.Name == name && c.Quality != livefacts.Refused {
			return c.Bytes
		}
	}
	return 0
}
