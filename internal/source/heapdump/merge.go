package heapdump

import (
	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// merger puts blocks together, in the order of the file.
type merger struct {
	d     *Dump
	types map[string]uint8
	known map[heap.Site]uint32
	// places of each worker, by its own numbers
	places [][]uint32
	err    error
}

func newMerger(h *heap.Heap, workers int) *merger {
	m := &merger{d: &Dump{Heap: h}, types: map[string]uint8{}, known: map[heap.Site]uint32{{}: 0}, places: make([][]uint32, workers)}
	for i, t := range h.Types {
		m.types[t] = uint8(i)
	}
	return m
}

func (m *merger) take(j *job) {
	b, d := j.block, m.d
	for _, bad := range b.bad {
		if len(d.Bad) < maxBad {
			d.Bad = append(d.Bad, BadLine{d.Lines + bad.Line, bad.Text})
		}
	}
	d.Lines += b.seen
	d.Understood += b.understood
	d.Shapes += b.shapeLines
	if d.Heap.Len()+b.n > heap.Most || len(d.Heap.Refs)+b.refsN > heap.Most {
		m.err = heap.ErrTooMany
		return
	}
	defer offheap.Catch(&m.err)
	m.columns(b, j.worker)
	m.tables(b)
}

func (m *merger) columns(b *block, worker int) {
	h, p, n := m.d.Heap, m.d.Heap.Pool, b.n
	m.retype(b)
	m.locate(b, worker)
	base := uint32(h.Len())
	for k, at := range b.marks {
		h.Marks = append(h.Marks, heap.Mark{Object: base + uint32(k)*heap.MarkEach, At: uint64(b.from) + uint64(at)})
	}
	h.Code = offheap.Append(p, h.Code, b.code[:n])
	h.Class = offheap.Append(p, h.Class, b.class[:n])
	h.Size = offheap.Append(p, h.Size, b.size[:n])
	h.Gen = offheap.Append(p, h.Gen, b.gen[:n])
	h.Type = offheap.Append(p, h.Type, b.typ[:n])
	h.Flags = offheap.Append(p, h.Flags, b.flags[:n])
	h.Site = offheap.Append(p, h.Site, b.site[:n])
	h.Degree = offheap.Append(p, h.Degree, b.degree[:n])
	h.Refs = offheap.Append(p, h.Refs, b.refs[:b.refsN])
	h.Text = offheap.Append(p, h.Text, b.text[:b.textN])
	for id, v := range b.large {
		h.Large[base+id] = v
	}
	for id, v := range b.many {
		h.ManyRefs[base+id] = v
	}
	for id, v := range b.modules {
		h.Modules[base+id] = v
	}
	for id, v := range b.structs {
		h.Structs[base+id] = v
	}
}

func (m *merger) tables(b *block) {
	h := m.d.Heap
	h.Roots = append(h.Roots, b.roots...)
	for k, n := range b.shapes {
		h.Shapes[k] += n
	}
}

// retype gives types that Ruby does not have today the dump's numbers.
func (m *merger) retype(b *block) {
	if len(b.newTypes) == 0 {
		return
	}
	h := m.d.Heap
	to := make([]uint8, len(b.newTypes))
	for i, name := range b.newTypes {
		n, ok := m.types[name]
		if !ok && len(h.Types) < 256 {
			n = uint8(len(h.Types))
			h.Types = append(h.Types, name)
			m.types[name] = n
		}
		to[i] = n
	}
	for i, t := range b.typ[:b.n] {
		if k := int(t) - len(heap.Builtin); k >= 0 {
			b.typ[i] = to[k]
		}
	}
}

// locate gives places the dump's numbers.
func (m *merger) locate(b *block, worker int) {
	h, to := m.d.Heap, m.places[worker]
	for _, p := range b.places[len(to):] {
		n, ok := m.known[p]
		if !ok {
			n = uint32(len(h.Sites))
			h.Sites = append(h.Sites, p)
			m.known[p] = n
		}
		to = append(to, n)
	}
	m.places[worker] = to
	for i, s := range b.site[:b.n] {
		b.site[i] = to[s]
	}
}
