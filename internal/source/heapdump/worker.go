package heapdump

import (
	"bytes"
	"strconv"

	"culprit/internal/heap"
)

// bigData is the size from which the C type of an object's data is kept: smaller ones
// are no suspects by themselves.
const bigData = 64 << 10

// row is an object as it stands in the columns. Its references begin in the block's
// at refs.
type row struct {
	code, class, site, shape uint32
	typ, flags               uint8
	gen                      int32
	size, text               uint64
	refs                     int
	structAt, structEnd      int // the name of its C type, fast way only
}

// block is what one stretch of a dump holds: columns, filled anew for each stretch.
type block struct {
	from int64 // where it begins in the dump
	n    int

	code, size, class, site []uint32
	typ, flags              []uint8
	gen                     []int32
	degree                  []uint8
	refs                    []uint32
	refsN                   int
	text                    []uint64
	textN                   int
	marks                   []uint32 // where the lines of each 64th object begin
	at                      uint32   // where the line begins that is read now

	large    map[uint32]uint64
	many     map[uint32]uint32
	modules  map[uint32]heap.Module
	structs  map[uint32]string
	shapes   map[heap.ShapeOf]uint32
	roots    []heap.Root
	newTypes []string // beyond heap.Builtin, as the worker has numbered them
	places   []heap.Site

	seen, understood, shapeLines int64
	bad                          []BadLine
}

// A block has room at first for lines and references of usual length; where there
// are more, it grows.
const (
	bytesOfLine      = 128
	bytesOfReference = 32
)

// begin makes room for a stretch of the dump.
func (b *block) begin(from int64, size int) {
	b.rows(size/bytesOfLine + 1)
	b.room(size/bytesOfReference + 1)
	b.from, b.n, b.refsN, b.textN = from, 0, 0, 0
	b.seen, b.understood, b.shapeLines = 0, 0, 0
	b.large, b.many, b.modules, b.structs = nil, nil, nil, nil
	b.marks, b.roots, b.bad = b.marks[:0], nil, nil
	clear(b.shapes)
}

// rows makes room for n objects, room for n references.
func (b *block) rows(n int) {
	if len(b.code) >= n {
		return
	}
	b.code, b.size, b.class, b.site = longer(b.code, n), longer(b.size, n), longer(b.class, n), longer(b.site, n)
	b.typ, b.flags, b.gen, b.degree = longer(b.typ, n), longer(b.flags, n), longer(b.gen, n), longer(b.degree, n)
	b.text = longer(b.text, n)
}

func (b *block) room(n int) {
	if len(b.refs) < n {
		b.refs = longer(b.refs, n)
	}
}

func longer[T any](s []T, n int) []T {
	made := make([]T, n)
	copy(made, s)
	return made
}

// add puts a row into the columns.
func (b *block) add(o *row) {
	k := b.n
	if k == len(b.code) {
		b.rows(2 * k)
	}
	b.n++
	if k&(heap.MarkEach-1) == 0 {
		b.marks = append(b.marks, b.at)
	}
	class := o.class
	if o.typ == heap.TypeImemo {
		// Where other objects have their class, these have something of their own
		// (https://github.com/ruby/ruby gc.c, gc_mark_children: it is not marked).
		class = heap.None
	}
	b.code[k], b.class[k], b.site[k], b.gen[k] = o.code, class, o.site, o.gen
	b.typ[k], b.flags[k] = o.typ, o.flags
	b.size[k] = uint32(o.size)
	if o.size >= uint64(heap.LargeSize) {
		b.size[k] = heap.LargeSize
		set(&b.large, uint32(k), o.size)
	}
	degree := b.refsN - o.refs
	b.degree[k] = uint8(degree)
	if degree >= int(heap.Many) {
		b.degree[k] = heap.Many
		set(&b.many, uint32(k), uint32(degree))
	}
	if o.typ == heap.TypeString {
		b.text[b.textN] = o.text
		b.textN++
	}
	if o.shape != 0 && o.typ == heap.TypeObject {
		set2(&b.shapes, heap.ShapeOf{Class: o.class, Shape: o.shape})
	}
	b.understood++
}

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

func set2(m *map[heap.ShapeOf]uint32, k heap.ShapeOf) {
	if *m == nil {
		*m = map[heap.ShapeOf]uint32{}
	}
	(*m)[k]++
}

// worker parses blocks; what it has learned of places and addresses stays from one
// to the next.
type worker struct {
	space *heap.Space
	cur   cursor
	b     *block
	now   row
	o     object
	cache [1 << cacheBits]block64
	flag8 []flagText
	sites sites
	types map[string]uint8
	names []string
	pad   []byte
	// identity: references and texts are passed over.
	identity bool
}

func newWorker(space *heap.Space) *worker {
	w := &worker{space: space, types: map[string]uint8{}, sites: newSites()}
	for i, name := range heap.Builtin {
		w.types[name] = uint8(i)
	}
	return w
}

// parse reads a stretch of whole lines into a block.
func (w *worker) parse(b *block, text []byte, from int64) {
	b.begin(from, len(text))
	w.b = b
	w.cur = newCursor(text, len(text)-overrun)
	for i := 0; i < len(text); {
		b.at = uint32(i)
		if i < w.cur.end {
			refs := b.refsN
			if next := w.fast(i); next > 0 {
				b.seen++
				i = next
				continue
			}
			b.refsN = refs
		}
		line := text[i:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		i += len(line) + 1
		w.slow(line)
	}
	b.newTypes, b.places = w.names, w.sites.list
}

// slow reads a line as JSON.
func (w *worker) slow(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	b := w.b
	b.seen++
	if err := w.o.read(line); err != nil {
		if len(b.bad) < maxBad {
			b.bad = append(b.bad, BadLine{b.seen, string(line[:min(len(line), 120)])})
		}
		return
	}
	o := &w.o
	switch {
	case o.root != nil:
		r := heap.Root{Category: string(o.root), Refs: make([]uint32, 0, len(o.refs))}
		for _, a := range o.refs {
			r.Refs = append(r.Refs, w.space.Code(a))
		}
		b.roots = append(b.roots, r)
		b.understood++
		return
	case string(o.typ) == "NONE":
		b.understood++ // a free slot, of a dump with full: true
		return
	case string(o.typ) == "SHAPE":
		b.shapeLines++ // a description of ivars, no object
		b.understood++
		return
	}
	w.object()
}

func (w *worker) object() {
	o, b := &w.o, w.b
	r := row{code: w.space.Code(o.addr), class: heap.None, typ: w.typeOf(o.typ), flags: o.flags, gen: o.gen, size: o.size, refs: b.refsN, shape: o.shape}
	if o.class != 0 {
		r.class = w.space.Code(o.class)
	}
	if need := b.refsN + len(o.refs); need > len(b.refs) {
		b.room(2 * need)
	}
	if !w.identity {
		for _, a := range o.refs {
			b.refs[b.refsN] = w.space.Code(a)
			b.refsN++
		}
	}
	if o.file != nil {
		r.site = w.sites.slow(heap.Site{File: unescape(o.file), Line: uint32(min(o.line, 1<<32-1)), Method: unescape(o.method)})
	}
	if o.value != nil && r.typ == heap.TypeString {
		r.text = w.digest(o.value)
	}
	if r.typ == heap.TypeClass || r.typ == heap.TypeModule || r.typ == heap.TypeIClass || o.name != nil {
		m := heap.Module{Name: unescape(o.name), Singleton: o.singleton, RealName: unescape(o.realName), Super: heap.None}
		if o.super != 0 {
			m.Super = w.space.Code(o.super)
		}
		set(&b.modules, uint32(b.n), m)
	}
	if r.typ == heap.TypeData && r.size >= bigData && o.structName != nil {
		set(&b.structs, uint32(b.n), unescape(o.structName))
	}
	b.add(&r)
}

// digest is that of the fast way, over a text of its own.
func (w *worker) digest(value []byte) uint64 {
	w.pad = append(append(w.pad[:0], value...), '"')
	w.pad = append(w.pad, make([]byte, 2*overrun)...)
	c := newCursor(w.pad, len(w.pad)-overrun)
	_, d := c.digest(0)
	return d
}

// typeOf numbers a type; those that Ruby does not have today come after its own.
func (w *worker) typeOf(t []byte) uint8 {
	if n, ok := w.types[string(t)]; ok {
		return n
	}
	n := len(heap.Builtin) + len(w.names)
	if n > 255 {
		return 0
	}
	w.names = append(w.names, string(t))
	w.types[string(t)] = uint8(n)
	return uint8(n)
}

// unescape takes the escapes of JSON out of a name.
func unescape(raw []byte) string {
	if bytes.IndexByte(raw, '\\') >= 0 {
		if s, err := strconv.Unquote(`"` + string(raw) + `"`); err == nil {
			return s
		}
	}
	return string(raw)
}
