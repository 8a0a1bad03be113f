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
