package nativemem

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path"
	"slices"

	"culprit/internal/source/procmem"
)

// Bounds of a report.
const (
	mostGroups = 1 << 14 // more are put together under size 0
	mostSample = 8
)

type groupKey struct {
	size      int64
	signature string
}

// report lists what was not marked.
func (k *marker) report() *LeakReport {
	r := &LeakReport{Unread: k.unread}
	groups := map[groupKey]*LeakGroup{}
	bases := basesOf(k.mirror.Maps())
	for i, at := range k.index.starts {
		size := int64(k.index.sizes[i] &^ flags)
		r.Considered++
		r.ConsideredBytes += size
		if k.marked[i/64]&(1<<(i%64)) != 0 {
			continue
		}
		r.Blocks++
		r.Bytes += size
		key := groupKey{size, k.signature(at, bases)}
		g := groups[key]
		if g == nil && len(groups) >= mostGroups {
			key = groupKey{0, "other"}
			g = groups[key]
		}
		if g == nil {
			g = &LeakGroup{Size: key.size, Signature: key.signature}
			groups[key] = g
		}
		g.Count++
		g.Bytes += size
		if len(g.Sample) < mostSample {
			g.Sample = append(g.Sample, at)
		}
	}
	for _, g := range groups {
		r.Groups = append(r.Groups, *g)
	}
	slices.SortFunc(r.Groups, func(a, b LeakGroup) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Signature, b.Signature))
	})
	return r
}

// basesOf gives where each file was loaded: the lowest address of it.
func basesOf(maps []procmem.Mapping) map[string]uint64 {
	bases := map[string]uint64{}
	for _, m := range maps {
		if _, ok := bases[m.Path]; m.File && !ok {
			bases[m.Path] = m.From
		}
	}
	return bases
}

// signature says what a block begins with.
func (k *marker) signature(at uint64, bases map[string]uint64) string {
	b := k.mirror.Slice(at, 16)
	if len(b) < 8 {
		return "data"
	}
	w := binary.LittleEndian.Uint64(b)
	if w == 0 {
		return "zero"
	}
	m, ok := procmem.Find(k.mirror.Maps(), w)
	switch {
	case ok && m.File && m.Write:
		return path.Base(m.Path)
	case ok && m.File:
		return fmt.Sprintf("%s+%#x", path.Base(m.Path), w-bases[m.Path])
	case ok && m.Path == "[stack]":
		return "stack"
	case ok && k.heap.walkOf(w) != nil:
		return "heap"
	case printable(b):
		return "text"
	}
	return "data"
}

// leastText is how long a text must be, in bytes.
const leastText = 4

// printable tells whether bytes begin with a text: to their end, or to a zero byte.
func printable(b []byte) bool {
	for i, c := range b {
		if c == 0 {
			return i >= leastText
		}
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' && c != '\r' && c < 0x80 {
			return false
		}
	}
	return true
}
