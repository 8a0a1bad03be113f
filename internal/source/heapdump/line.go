package heapdump

import (
	"math"
	"strconv"

	"culprit/internal/heap"
)

// object is what one line says, reused from line to line.
type object struct {
	addr, class, size uint64
	gen               int32
	typ, name, file   []byte
	line              uint64
	root              []byte
	refs              []uint64
}

func (o *object) reset() { *o = object{gen: -1, refs: o.refs[:0]} }

// read reads one line.
func (o *object) read(line []byte) error {
	o.reset()
	s := scanner{b: line}
	if !s.take('{') {
		return errShape
	}
	for {
		key, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return errShape
		}
		if err := o.field(key, &s); err != nil {
			return err
		}
		if s.take('}') {
			break
		}
		if !s.take(',') {
			return errShape
		}
	}
	s.blank()
	if s.i != len(s.b) || o.typ == nil {
		return errShape
	}
	if o.root == nil && o.addr == 0 && string(o.typ) != "SHAPE" {
		return errShape
	}
	return nil
}

// field takes one field; those that nobody asks for are passed over.
func (o *object) field(key []byte, s *scanner) (err error) {
	switch string(key) {
	case "address":
		o.addr, err = s.address()
	case "type":
		o.typ, err = s.text()
	case "class":
		o.class, err = s.address()
	case "memsize":
		o.size, err = s.number()
	case "generation":
		var n uint64
		n, err = s.number()
		o.gen = int32(min(n, math.MaxInt32))
	case "file":
		o.file, err = s.text()
	case "line":
		o.line, err = s.number()
	case "name":
		o.name, err = s.text()
	case "root":
		o.root, err = s.text()
	case "references":
		o.refs, err = s.addresses(o.refs)
	default:
		err = s.skip()
	}
	return err
}

// part is the columns of one block, before they are put together.
type part struct {
	h      *heap.Heap
	types  map[string]uint8
	places map[string]uint32
	key    []byte

	lines, understood, shapes int64
	bad                       []BadLine
}

func newPart() *part {
	return &part{
		h:     &heap.Heap{From: []uint64{0}, Locations: []string{""}, Names: map[uint64]string{}, Large: map[uint32]uint64{}},
		types: map[string]uint8{}, places: map[string]uint32{"": 0},
	}
}

// add takes one object.
func (p *part) add(o *object) {
	switch {
	case o.root != nil:
		p.h.Roots = append(p.h.Roots, heap.Root{Category: string(o.root), Refs: append([]uint64(nil), o.refs...)})
		return
	case string(o.typ) == "SHAPE":
		p.shapes++ // a description of ivars, no object
		return
	}
	h := p.h
	id := uint32(len(h.Addr))
	h.Addr = append(h.Addr, o.addr)
	h.Type = append(h.Type, p.typeOf(o.typ))
	h.Class = append(h.Class, o.class)
	h.Gen = append(h.Gen, o.gen)
	h.Loc = append(h.Loc, p.place(o))
	if o.size >= uint64(heap.LargeSize) {
		h.Large[id] = o.size
		h.Size = append(h.Size, heap.LargeSize)
	} else {
		h.Size = append(h.Size, uint32(o.size))
	}
	h.Refs = append(h.Refs, o.refs...)
	h.From = append(h.From, uint64(len(h.Refs)))
	if o.name != nil {
		h.Names[o.addr] = unescape(o.name)
	}
}

func (p *part) typeOf(t []byte) uint8 {
	if n, ok := p.types[string(t)]; ok {
		return n
	}
	n := uint8(min(len(p.h.Types), math.MaxUint8))
	if int(n) == len(p.h.Types) {
		p.h.Types = append(p.h.Types, string(t))
		p.types[string(t)] = n
	}
	return n
}

// place numbers where an object was made; the file alone where no line is told.
func (p *part) place(o *object) uint32 {
	if o.file == nil {
		return 0
	}
	p.key = append(p.key[:0], o.file...)
	if o.line > 0 {
		p.key = append(p.key, ':')
		p.key = strconv.AppendUint(p.key, o.line, 10)
	}
	if n, ok := p.places[string(p.key)]; ok {
		return n
	}
	n := uint32(len(p.h.Locations))
	text := unescape(p.key)
	p.h.Locations = append(p.h.Locations, text)
	p.places[string(p.key)] = n
	return n
}

// unescape takes the escapes of JSON out of a name.
func unescape(raw []byte) string {
	for _, c := range raw {
		if c == '\\' {
			if s, err := strconv.Unquote(`"` + string(raw) + `"`); err == nil {
				return s
			}
			break
		}
	}
	return string(raw)
}
