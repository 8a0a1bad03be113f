package holding

import (
	"fmt"
	"slices"

	"culprit"
	"culprit/internal/heap"
)

// Limits of suspicion, as Eclipse MAT has them: an object that holds a tenth of the
// heap or more; within it, the point of accumulation is where what is held parts
// into many.
const (
	suspicious  = 0.1
	passesOn    = 0.8
	mostSuspect = 10
	longestPath = 60
)

// suspects are the points of accumulation, by what they retain.
func (v *View) suspects() []culprit.HeapSuspect {
	out := []culprit.HeapSuspect{}
	total := v.T.Retained[v.G.Root()]
	if total == 0 {
		return out
	}
	at, child := v.children()
	for _, c := range child[at[v.G.Root()]:at[v.G.Root()+1]] {
		if float64(v.T.Retained[c]) < suspicious*float64(total) {
			continue
		}
		out = append(out, v.suspect(v.accumulation(c, at, child), total))
	}
	slices.SortFunc(out, func(a, b culprit.HeapSuspect) int { return sign(b.Retained - a.Retained) })
	return out[:min(len(out), mostSuspect)]
}

// accumulation goes down from x as long as one child holds most of it.
func (v *View) accumulation(x uint32, at []uint64, child []uint32) uint32 {
	for {
		best := heap.None
		for _, c := range child[at[x]:at[x+1]] {
			if best == heap.None || v.T.Retained[c] > v.T.Retained[best] {
				best = c
			}
		}
		if best == heap.None || float64(v.T.Retained[best]) < passesOn*float64(v.T.Retained[x]) {
			return x
		}
		x = best
	}
}

func (v *View) suspect(x uint32, total uint64) culprit.HeapSuspect {
	n := v.node(x)
	return culprit.HeapSuspect{
		Describe: n.Describe, Address: n.Address, Class: n.Class, Retained: culprit.Bytes(v.T.Retained[x]),
		Share: float64(v.T.Retained[x]) / float64(total), Path: v.path(x),
	}
}

// node names an object for a reader.
func (v *View) node(x uint32) culprit.HeapNode {
	if x == v.G.Root() {
		return culprit.HeapNode{Describe: "the machine's roots"}
	}
	n := culprit.HeapNode{Address: fmt.Sprintf("0x%x", v.H.Addr[x]), Class: v.classOf(x)}
	switch v.H.Types[v.H.Type[x]] {
	case "CLASS", "MODULE":
		n.Describe = "class " + v.H.Names[v.H.Addr[x]]
		if v.H.Types[v.H.Type[x]] == "MODULE" {
			n.Describe = "module " + v.H.Names[v.H.Addr[x]]
		}
		if v.H.Names[v.H.Addr[x]] == "" {
			n.Describe = "an anonymous class"
		}
	default:
		n.Describe = n.Class
		if l := v.H.Locations[v.H.Loc[x]]; l != "" {
			n.Describe += " made at " + l
		}
		if owner := v.owner(x); owner != "" {
			n.Describe += ", in " + owner
		}
	}
	return n
}

// owner is the first class or module that refers to an object: a constant or a
// variable of it holds the object. Dumps do not name which. The dominator is no
// guide here: inline caches of methods refer to constants too.
func (v *View) owner(x uint32) string {
	if v.owners == nil {
		v.owners = map[uint32]uint32{}
		for i := range uint32(v.H.Len()) {
			if !v.module(i) {
				continue
			}
			for _, to := range v.G.Out(i) {
				if _, ok := v.owners[to]; !ok && !v.module(to) {
					v.owners[to] = i
				}
			}
		}
	}
	if o, ok := v.owners[x]; ok {
		return v.H.Names[v.H.Addr[o]]
	}
	return ""
}

func (v *View) module(x uint32) bool {
	t := v.H.Types[v.H.Type[x]]
	return t == "CLASS" || t == "MODULE"
}

// path is a shortest way from the machine to an object, the machine first; the
// middle of a long one is left out.
func (v *View) path(x uint32) []culprit.HeapNode {
	var way []uint32
	for at := x; at != heap.None; at = v.T.Up[at] {
		way = append(way, at)
	}
	slices.Reverse(way)
	out := []culprit.HeapNode{}
	for i, at := range way {
		if len(way) > longestPath && i == longestPath/2 {
			out = append(out, culprit.HeapNode{Describe: fmt.Sprintf("%d more", len(way)-longestPath)})
		}
		if len(way) > longestPath && i >= longestPath/2 && i < len(way)-longestPath/2 {
			continue
		}
		out = append(out, v.node(at))
	}
	return out
}
