// Package heapframes makes stacks of a heap, for tools that draw stacks: of an object
// what dominates it, or where it was made.
//
// It owns how objects become frames, and that nothing is lost: what the nodes hold
// adds up to all that is reachable. It refuses to know formats.
package heapframes

import (
	"strconv"

	"culprit/internal/analysis/holding"
	"culprit/internal/heapfacts"
)

// deepest bounds a stack: what lies below belongs to its last frame. Runs of one
// frame, as of a linked list, count once.
const deepest = 200

// builder makes nodes of a tree.
type builder struct {
	f      heapfacts.Flame
	frames map[frameKey]int32
	nodes  map[nodeKey]int32
	depth  []int32
}

type frameKey struct{ name, site uint32 }

type nodeKey struct{ parent, frame int32 }

func newBuilder() *builder {
	return &builder{
		f:      heapfacts.Flame{Nodes: []heapfacts.FlameNode{{Parent: -1, Frame: -1}}},
		frames: map[frameKey]int32{}, nodes: map[nodeKey]int32{}, depth: []int32{0},
	}
}

// frame numbers a frame; make is called for a new one.
func (b *builder) frame(k frameKey, make func() heapfacts.Frame) int32 {
	n, ok := b.frames[k]
	if !ok {
		n = int32(len(b.f.Frames))
		b.frames[k] = n
		b.f.Frames = append(b.f.Frames, make())
	}
	return n
}

// below is the node of a frame below another.
func (b *builder) below(parent, frame int32) int32 {
	if b.f.Nodes[parent].Frame == frame || b.depth[parent] >= deepest {
		return parent
	}
	k := nodeKey{parent, frame}
	n, ok := b.nodes[k]
	if !ok {
		n = int32(len(b.f.Nodes))
		b.nodes[k] = n
		b.f.Nodes = append(b.f.Nodes, heapfacts.FlameNode{Parent: parent, Frame: frame})
		b.depth = append(b.depth, b.depth[parent]+1)
	}
	return n
}

// totals adds nodes up to their parents.
func (b *builder) totals() heapfacts.Flame {
	for i := len(b.f.Nodes) - 1; i >= 0; i-- {
		n := &b.f.Nodes[i]
		if n.Total += n.Bytes; i > 0 {
			b.f.Nodes[n.Parent].Total += n.Total
		}
	}
	return b.f
}

// Owners has a stack of each object that is what dominates it, the machine's roots
// first: a frame's total is what it retains.
func Owners(v *holding.View) heapfacts.Flame {
	b := newBuilder()
	words, word := v.Steps()
	sites, site := v.Sites()
	size := func(i uint32) int64 { return int64(v.Size(i)) }
	way := []int32{0}
	v.Walk(func(i uint32) {
		k := frameKey{word(i), site(i)}
		f := b.frame(k, func() heapfacts.Frame {
			s := sites[k.site]
			return heapfacts.Frame{Name: words[k.name], File: s.File, Line: int64(s.Line)}
		})
		n := b.below(way[len(way)-1], f)
		b.f.Nodes[n].Objects++
		b.f.Nodes[n].Bytes += size(i)
		way = append(way, n)
	}, func(uint32) { way = way[:len(way)-1] })
	return b.totals()
}

// Sites has a stack of each reachable object that is where it was made: gem, file and
// line, class.
func Sites(v *holding.View) heapfacts.Flame {
	b := newBuilder()
	sites, site := v.Sites()
	gems := make([]string, len(sites))
	for k := range gems {
		gems[k] = v.Gem(k)
	}
	gem, class := site, func(i uint32) uint32 { return uint32(v.ClassKey(i)) }
	size := func(i uint32) int64 { return int64(v.Size(i)) }
	const gemFrame, siteFrame, classFrame = 1 << 30, 2 << 30, 3 << 30 // apart in one map
	gemAt := map[string]uint32{}
	firstGem := make([]uint32, len(gems)) // words that stand twice have one number
	for k, g := range gems {
		if _, ok := gemAt[g]; !ok {
			gemAt[g] = uint32(k)
		}
		firstGem[k] = gemAt[g]
	}
	v.Walk(func(i uint32) {
		g, s, c := firstGem[gem(i)], site(i), class(i)
		n := b.below(0, b.frame(frameKey{gemFrame, g}, func() heapfacts.Frame { return heapfacts.Frame{Name: orNot(gems[g])} }))
		if s != 0 {
			n = b.below(n, b.frame(frameKey{siteFrame, s}, func() heapfacts.Frame { return siteOf(sites[s].File, sites[s].Method, sites[s].Line) }))
		}
		n = b.below(n, b.frame(frameKey{classFrame, c}, func() heapfacts.Frame { return heapfacts.Frame{Name: v.Class(i)} }))
		b.f.Nodes[n].Objects++
		b.f.Nodes[n].Bytes += size(i)
	}, func(uint32) {})
	return b.totals()
}

func orNot(s string) string {
	if s == "" {
		return "not traced"
	}
	return s
}

func siteOf(file, method string, line uint32) heapfacts.Frame {
	name := file
	if line > 0 {
		name += ":" + strconv.FormatUint(uint64(line), 10)
	}
	if method != "" {
		name = method + " " + name
	}
	return heapfacts.Frame{Name: name, File: file, Line: int64(line)}
}

// Fold puts nodes below a share of the whole together with the others below the same
// parent, so that a picture can be drawn of it.
func Fold(f heapfacts.Flame, share float64) heapfacts.Flame {
	least := int64(share * float64(f.Nodes[0].Total))
	out := heapfacts.Flame{Dump: f.Dump, Tool: f.Tool, Frames: append([]heapfacts.Frame{}, f.Frames...)}
	small := int32(len(out.Frames))
	out.Frames = append(out.Frames, heapfacts.Frame{Name: "(smaller ones)"})
	to := make([]int32, len(f.Nodes)) // node -> node of out
	rest := map[int32]int32{}         // of out: parent -> its small child
	for i, n := range f.Nodes {
		switch {
		case i == 0:
			to[0] = 0
			out.Nodes = append(out.Nodes, heapfacts.FlameNode{Parent: -1, Frame: -1, Objects: n.Objects, Bytes: n.Bytes, Total: n.Total})
			continue
		case out.Nodes[to[n.Parent]].Frame == small: // within what was put together
			to[i] = to[n.Parent]
			out.Nodes[to[i]].Objects += n.Objects
			out.Nodes[to[i]].Bytes += n.Bytes
			continue
		case n.Total >= least:
			to[i] = int32(len(out.Nodes))
			out.Nodes = append(out.Nodes, heapfacts.FlameNode{Parent: to[n.Parent], Frame: n.Frame, Objects: n.Objects, Bytes: n.Bytes, Total: n.Total})
			continue
		}
		p := to[n.Parent]
		at, ok := rest[p]
		if !ok {
			at = int32(len(out.Nodes))
			rest[p] = at
			out.Nodes = append(out.Nodes, heapfacts.FlameNode{Parent: p, Frame: small})
		}
		to[i] = at
		out.Nodes[at].Objects += n.Objects
		out.Nodes[at].Bytes += n.Bytes
		out.Nodes[at].Total += n.Total
	}
	return out
}
