package boottree

import (
	"slices"
	"strings"

	"culprit"
)

// Objects is the boot of two recordings: what was allocated, by the require that
// was under way, and what is left, by the file whose code made it.
func Objects(allocated, retained culprit.BootRecording) culprit.Boot {
	t := grow(allocated)
	b := t.head("objects")
	t.fold()
	unplaced := t.retain(retained)
	b.AllocatedObjects, b.AllocatedBytes = t.sum().Objects, t.sum().ObjectBytes
	b.RetainedBytes, b.RetainedObjects = 0, 0
	for _, o := range retained.Objects {
		b.RetainedBytes += o.Bytes
		b.RetainedObjects += o.Objects
	}
	b.TotalBytes = b.RetainedBytes
	b.Coverage = share(b.RetainedBytes-unplaced, b.RetainedBytes)
	b.BaseBytes = culprit.Unknown // of the resident set, which is not what is told here
	b.Tree = t.export(byRetained)
	unmeasured(b.Tree, false, true)
	b.Gems = t.gemsOf(retained)
	b.Files, b.Locations, b.Classes = t.groups(retained)
	b.Runs = []culprit.BootRun{{TotalBytes: b.TotalBytes, TimeMS: ms(max(allocated.TimeNS, retained.TimeNS))}}
	for _, w := range retained.Warnings {
		if !slices.Contains(b.Warnings, w) {
			b.Warnings = append(b.Warnings, w)
		}
	}
	return b
}

// retain charges what is left to the nodes, and returns the bytes that no node's
// file has made.
func (t *tree) retain(rec culprit.BootRecording) (unplaced culprit.Bytes) {
	byFile := map[string]*node{}
	t.root.each(func(n *node) {
		if n.file != "" && byFile[n.file] == nil {
			byFile[n.file] = n
		}
	})
	files := filesOf(rec)
	for _, o := range rec.Objects {
		if n := byFile[madeBy(o, files)]; n != nil {
			n.retained.add(o.Bytes, o.Objects)
			continue
		}
		t.outside.retained.add(o.Bytes, o.Objects)
		unplaced += o.Bytes
	}
	return unplaced
}

// filesOf maps the nodes of a recording to the files that they have loaded.
func filesOf(rec culprit.BootRecording) map[int]string {
	files := map[int]string{}
	for _, e := range rec.Events {
		if e.Kind == culprit.BootLoaded {
			files[e.ID] = e.Name
		}
	}
	return files
}

// madeBy is the file that objects belong to. Code from a string bears the file
// that it stands in, where Ruby tells (since 3.3): "(eval at FILE:LINE)".
func madeBy(o culprit.BootObjects, files map[int]string) string {
	if o.Node > 0 {
		return files[o.Node]
	}
	if rest, ok := strings.CutPrefix(o.File, "(eval at "); ok {
		if i := strings.LastIndexByte(rest, ':'); i > 0 {
			return rest[:i]
		}
	}
	return o.File
}

// gemsOf adds what is left up by gem, beside the time and files of the nodes.
func (t *tree) gemsOf(rec culprit.BootRecording) []culprit.BootGem {
	list := t.gems(func(*node) culprit.Bytes { return 0 })
	at := map[string]int{}
	for i := range list {
		at[list[i].Name] = i
		list[i].RetainedBytes, list[i].RetainedObjects = 0, 0
	}
	files := filesOf(rec)
	for _, o := range rec.Objects {
		gem := t.owner(madeBy(o, files))
		i, ok := at[gem]
		if !ok {
			i = len(list)
			at[gem] = i
			list = append(list, culprit.BootGem{Name: gem, Version: t.places.version(gem)})
		}
		list[i].RetainedBytes += o.Bytes
		list[i].RetainedObjects += o.Objects
		list[i].Bytes += o.Bytes
	}
	largest(list, func(g culprit.BootGem) int64 { return int64(g.Bytes) }, func(g culprit.BootGem) string { return g.Name })
	return list
}

// unplacedGem is the owner of objects whose place nobody knows.
const unplacedGem = "(unknown)"

func (t *tree) owner(file string) string {
	if gem, ok := t.places.gem(file); ok && !strings.HasPrefix(file, "(") {
		return gem
	}
	return unplacedGem
}

// groups adds what is left up by file, line and class.
func (t *tree) groups(rec culprit.BootRecording) (byFile, byLine, byClass []culprit.BootGroup) {
	files := filesOf(rec)
	f, l, c := map[string]culprit.BootGroup{}, map[string]culprit.BootGroup{}, map[string]culprit.BootGroup{}
	add := func(m map[string]culprit.BootGroup, key, gem string, o culprit.BootObjects) {
		g := m[key]
		g.Key, g.Gem = key, gem
		g.Bytes += o.Bytes
		g.Objects += o.Objects
		m[key] = g
	}
	for _, o := range rec.Objects {
		file := madeBy(o, files)
		gem := t.owner(file)
		if file == "" {
			file = "(unknown)"
		}
		add(f, t.places.shown(file), gem, o)
		if o.Node > 0 || o.Line == 0 && gem != unplacedGem {
			add(l, t.places.shown(file)+" (as it is loaded)", gem, o)
		} else {
			add(l, t.line(file, o.Line), gem, o)
		}
		add(c, o.Class, "", o)
	}
	return ordered(f), ordered(l), ordered(c)
}
