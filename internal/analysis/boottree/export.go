package boottree

import (
	"fmt"
	"slices"
	"strconv"

	"culprit"
)

// mostGroups is how many lines and classes are told apart; the rest is one row,
// so that the rows still add up.
const mostGroups = 500

// measure is what a mode charges: the resident set, or what is left on the heap.
type measure func(n *node) culprit.Bytes

func byRSS(n *node) culprit.Bytes      { return n.own.RSS }
func byRetained(n *node) culprit.Bytes { return n.retained.bytes }

// export makes the tree of the report, largest first.
func (t *tree) export(of measure) []culprit.BootNode {
	return t.exportAll(t.root.children, of, ofApp)
}

func (t *tree) exportAll(list []*node, of measure, around string) []culprit.BootNode {
	out := make([]culprit.BootNode, 0, len(list))
	for _, n := range list {
		if n == t.outside && n.own == (culprit.BootReading{}) && n.retained == (sum{}) {
			continue
		}
		out = append(out, t.exportOne(n, of, around))
	}
	largest(out, func(n culprit.BootNode) int64 { return int64(n.TotalBytes) }, func(n culprit.BootNode) string { return n.Name })
	return out
}

func (t *tree) exportOne(n *node, of measure, around string) culprit.BootNode {
	gem := t.gemOf(n, around)
	b := culprit.BootNode{
		Name: t.title(n), File: n.file, Gem: gem, AlsoBy: n.alsoBy,
		OwnBytes: of(n), TotalBytes: of(n), PSSBytes: n.own.PSS,
		AllocatedBytes: n.own.ObjectBytes, AllocatedObjects: n.own.Objects,
		RetainedBytes: n.retained.bytes, RetainedObjects: n.retained.objects,
		TimeMS: ms(n.own.NS), OwnTimeMS: ms(n.own.NS),
		Children: t.exportAll(n.children, of, gem),
	}
	if gem == ofApp {
		b.Gem = ""
	}
	for _, c := range b.Children {
		b.TotalBytes += c.TotalBytes
		b.PSSBytes += c.PSSBytes
		b.AllocatedBytes += c.AllocatedBytes
		b.AllocatedObjects += c.AllocatedObjects
		b.RetainedBytes += c.RetainedBytes
		b.RetainedObjects += c.RetainedObjects
		b.TimeMS += c.TimeMS
	}
	return b
}

// unmeasured puts Unknown where a mode has measured nothing.
func unmeasured(list []culprit.BootNode, pss, heap bool) {
	for i := range list {
		n := &list[i]
		if !pss {
			n.PSSBytes = culprit.Unknown
		}
		if !heap {
			n.AllocatedBytes, n.AllocatedObjects = culprit.Unknown, culprit.Unknown
			n.RetainedBytes, n.RetainedObjects = culprit.Unknown, culprit.Unknown
		}
		unmeasured(n.Children, pss, heap)
	}
}

func ms(ns int64) float64 { return float64(ns) / 1e6 }

// gemOf is whose a node is: of its file, or of the node around it.
func (t *tree) gemOf(n *node, around string) string {
	if n == t.outside {
		return ofRuby
	}
	if gem, ok := t.places.gem(n.file); ok {
		return gem
	}
	return around
}

// gems adds the nodes up by gem, each by itself.
func (t *tree) gems(of measure) []culprit.BootGem {
	byName := map[string]*culprit.BootGem{}
	seen := map[string]bool{} // an initializer has the file that it stands in
	t.walk(func(n *node, gem string) {
		g := byName[gem]
		if g == nil {
			g = &culprit.BootGem{Name: gem, Version: t.places.version(gem), RetainedBytes: culprit.Unknown, RetainedObjects: culprit.Unknown}
			byName[gem] = g
		}
		g.Bytes += of(n)
		g.TimeMS += ms(n.own.NS)
		if n.file != "" && !seen[n.file] {
			g.Files++
			seen[n.file] = true
		}
	})
	list := make([]culprit.BootGem, 0, len(byName))
	for _, g := range byName {
		list = append(list, *g)
	}
	largest(list, func(g culprit.BootGem) int64 { return int64(g.Bytes) }, func(g culprit.BootGem) string { return g.Name })
	return list
}

// walk visits each node with the gem that it belongs to.
func (t *tree) walk(visit func(n *node, gem string)) {
	var down func(n *node, around string)
	down = func(n *node, around string) {
		for _, c := range n.children {
			gem := t.gemOf(c, around)
			visit(c, gem)
			down(c, gem)
		}
	}
	down(t.root, ofApp)
}

// files adds the nodes up by file.
func (t *tree) files(of measure) []culprit.BootGroup {
	groups := map[string]culprit.BootGroup{}
	t.walk(func(n *node, gem string) {
		key := t.places.shown(n.file)
		if n.file == "" {
			key = n.name
		}
		g := groups[key]
		g.Key, g.Gem, g.Objects = key, gem, culprit.Unknown
		g.Bytes += of(n)
		groups[key] = g
	})
	return ordered(groups)
}

// ordered lists groups, largest first, small ones beyond mostGroups as one.
func ordered(groups map[string]culprit.BootGroup) []culprit.BootGroup {
	list := make([]culprit.BootGroup, 0, len(groups))
	for _, g := range groups {
		list = append(list, g)
	}
	largest(list, func(g culprit.BootGroup) int64 { return int64(g.Bytes) }, func(g culprit.BootGroup) string { return g.Key })
	if len(list) <= mostGroups {
		return list
	}
	rest := culprit.BootGroup{Key: fmt.Sprintf("(%d more)", len(list)-mostGroups)}
	for _, g := range list[mostGroups:] {
		rest.Bytes += g.Bytes
		if g.Objects == culprit.Unknown || rest.Objects == culprit.Unknown {
			rest.Objects = culprit.Unknown
			continue
		}
		rest.Objects += g.Objects
	}
	return append(slices.Clip(list[:mostGroups]), rest)
}

// forked is what a worker shares with its master.
func forked(rec culprit.BootRecording) *culprit.BootFork {
	f := rec.Fork
	if f == nil {
		return nil
	}
	first, later := f.Forked.SharedDirty+f.Forked.SharedClean, f.Worked.SharedDirty+f.Worked.SharedClean
	return &culprit.BootFork{
		MasterBytes: f.Master.RSS, SharedBytes: first, UnsharedBytes: max(first-later, 0),
		// A worker of a master that has loaded nothing shares something as well, and
		// pages of files are shared between all processes, preloaded or not.
		PreloadSavesBytes: max(f.Worked.SharedDirty-f.Unbooted.SharedDirty, 0),
	}
}

// line is a line as a reader wants it.
func (t *tree) line(file string, line int) string {
	if line == 0 {
		return t.places.shown(file)
	}
	return t.places.shown(file) + ":" + strconv.Itoa(line)
}
