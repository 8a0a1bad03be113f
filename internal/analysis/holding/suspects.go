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
	v.down()
	for _, c := range v.dominated(v.G.Root()) {
		if float64(v.T.Retained[c]) < suspicious*float64(total) {
			continue
		}
		out = append(out, v.suspect(v.accumulation(c), total))
	}
	slices.SortFunc(out, func(a, b culprit.HeapSuspect) int { return sign(b.Retained - a.Retained) })
	return out[:min(len(out), mostSuspect)]
}

// accumulation goes down from x as long as one child holds most of it.
func (v *View) accumulation(x uint32) uint32 {
	for {
		best := heap.None
		for _, c := range v.dominated(x) {
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
	return culprit.HeapSuspect{
		HeapNode: v.node(x), Retained: culprit.Bytes(v.T.Retained[x]),
		Share: float64(v.T.Retained[x]) / float64(total), Path: v.path(x),
	}
}

// tracer is the C type of the tables that ObjectSpace.trace_object_allocations_start
// fills (https://github.com/ruby/ruby ext/objspace/object_tracing.c): a large part of a
// heap that is traced, and nothing of the app.
const tracer = "ObjectTracing/allocation_info_tracer"

// node names an object for a reader.
func (v *View) node(x uint32) culprit.HeapNode {
	if x == v.G.Root() {
		return culprit.HeapNode{Describe: "the machine's roots"}
	}
	n := culprit.HeapNode{Address: fmt.Sprintf("0x%x", v.H.Address(x)), Class: v.classOf(x)}
	switch v.H.Type[x] {
	case heap.TypeClass, heap.TypeModule:
		n.Describe = v.module(x)
	default:
		n.Describe = n.Class
		if s := v.H.Structs[x]; s == tracer {
			n.Describe = "what traces allocations (" + s + ")"
		} else if s != "" && s != n.Class {
			n.Describe += " (" + s + ")"
		}
		if l := v.place(v.H.Site[x]); l != "" {
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
	v.onceOwner.Do(func() {
		v.owners = map[uint32]uint32{}
		for i := range v.H.Modules {
			if !v.isModule(i) {
				continue
			}
			for _, to := range v.G.Refs(i) {
				if before, ok := v.owners[to]; !v.isModule(to) && (!ok || i < before) {
					v.owners[to] = i
				}
			}
		}
	})
	if o, ok := v.owners[x]; ok {
		return v.moduleName(o)
	}
	return ""
}

func (v *View) isModule(x uint32) bool {
	return x < uint32(v.H.Len()) && (v.H.Type[x] == heap.TypeClass || v.H.Type[x] == heap.TypeModule)
}

// moduleName is the name of a class or module, "" for one without.
func (v *View) moduleName(x uint32) string {
	m := v.H.Modules[x]
	if m.Name == "" && m.Singleton && m.RealName != "" {
		return "the singleton class of a " + m.RealName
	}
	return m.Name
}

func (v *View) module(x uint32) string {
	m := v.H.Modules[x]
	switch {
	case m.Name != "" && v.H.Type[x] == heap.TypeModule:
		return "module " + m.Name
	case m.Name != "":
		return "class " + m.Name
	case m.Singleton && m.RealName != "":
		return "the singleton class of a " + m.RealName
	case m.Singleton:
		return "a singleton class"
	case v.H.Type[x] == heap.TypeModule:
		return "an anonymous module"
	}
	return "an anonymous class"
}

// path is a shortest way from the machine to an object, the machine first; the
// middle of a long one is left out.
func (v *View) path(x uint32) []culprit.HeapNode {
	way := v.Way(x)
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
