package heapdump

import (
	"math"

	"culprit/internal/heap"
)

// object is what one line says, reused from line to line.
type object struct {
	addr, class, super, size  uint64
	gen                       int32
	typ, name, realName, root []byte
	file, method, value       []byte
	structName                []byte
	line                      uint64
	refs                      []uint64
	flags                     uint8
	shape                     uint32
	singleton                 bool
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
	case "real_class_name":
		o.realName, err = s.text()
	case "superclass":
		o.super, err = s.address()
	case "singleton":
		o.singleton, err = s.truth()
	case "method":
		o.method, err = s.text()
	case "value":
		if s.blank(); s.i < len(s.b) && s.b[s.i] != '"' {
			return s.skip()
		}
		o.value, err = s.text()
	case "shape_id":
		var n uint64
		n, err = s.number()
		o.shape = uint32(min(n, math.MaxUint32))
	case "embedded", "frozen", "fstring", "shared", "broken":
		var is bool
		if is, err = s.truth(); is {
			o.flags |= ownFlags[string(key)]
		}
	case "flags":
		err = o.gcFlags(s)
	case "struct":
		o.structName, err = s.text()
	case "root":
		o.root, err = s.text()
	case "references":
		o.refs, err = s.addresses(o.refs)
	default:
		err = s.skip()
	}
	return err
}

var ownFlags = map[string]uint8{
	"embedded": heap.Embedded, "frozen": heap.Frozen, "fstring": heap.Fstring, "shared": heap.Shared, "broken": heap.Broken,
}

// gcFlags reads what the collector knows of an object.
func (o *object) gcFlags(s *scanner) error {
	if !s.take('{') {
		return errShape
	}
	for !s.take('}') {
		name, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return errShape
		}
		is, err := s.truth()
		if err != nil {
			return err
		}
		if is {
			o.flags |= flagOf(string(name))
		}
		s.take(',')
	}
	return nil
}
