// Package heap is the graph of a Ruby heap: objects, who refers to whom, who
// dominates whom, and what each retains.
//
// It owns the columns of a heap (one array for each attribute, no object has a
// pointer of its own), the resolution of addresses, dominators and retained sizes.
// It refuses to read dumps, to name objects, and to judge which of them is a leak.
package heap

import (
	"math"

	"culprit/internal/offheap"
)

// None stands for an object that is not there: a class that was not dumped, an
// address that nobody has.
const None = ^uint32(0)

// Most is the most objects, and the most references, that numbers of 32 bits hold.
const Most = math.MaxUint32 - 1<<16

// Heap is a heap as columns: object i has the i-th entry of each. The order is
// that of the dump. An object takes 28 bytes, and 4 for each reference.
type Heap struct {
	Pool  *offheap.Pool
	Space *Space

	Code  []uint32 // of the address
	Type  []uint8  // index into Types
	Flags []uint8
	Size  []uint32 // bytes with what it owns outside of the heap; Large for more
	// Class is the code of the class's address until NewGraph, then an index into
	// Graph.Classes. None for objects of no class, then 0.
	Class []uint32
	Gen   []int32  // the collection in which the object was made, -1 not traced
	Site  []uint32 // index into Sites, 0 not traced
	// Degree is the number of references; Many when it stands in ManyRefs.
	Degree []uint8
	// Refs are the references of all objects one after another: codes until NewGraph,
	// then numbers of objects.
	Refs []uint32
	// Text has for each STRING with a value a digest of it, in the order of the dump;
	// 0 where the dump does not give the value.
	Text []uint64

	Types    []string // "STRING", "HASH", ...
	Sites    []Site   // [0] is not traced
	Roots    []Root
	Large    map[uint32]uint64
	ManyRefs map[uint32]uint32
	Modules  map[uint32]Module // classes and modules, by their number
	Structs  map[uint32]string // C types of large DATA, by their number
	Shapes   map[ShapeOf]uint32
	Marks    []Mark

	Index *Index // made by MakeIndex
}

// Site is where an object was made.
type Site struct {
	File   string
	Line   uint32 // 0 not told
	Method string // "" not told
}

// Root is one category of references of the machine: "vm", "machine_context", ...
// Refs are codes.
type Root struct {
	Category string
	Refs     []uint32
}

// Module is what a dump tells of a class or module itself.
type Module struct {
	Name      string
	Singleton bool
	RealName  string // of the class that a singleton class belongs to
	Super     uint32 // code of its superclass, None when not told
}

// ShapeOf is a shape (https://bugs.ruby-lang.org/issues/18776) of objects of a class,
// by the code of the class.
type ShapeOf struct{ Class, Shape uint32 }

// Mark tells where in the dump the line of an object begins, in bytes. Each 64th
// object has one.
type Mark struct {
	Object uint32
	At     uint64
}

// MarkEach is how many objects one mark is for, at most.
const MarkEach = 64

// Marks of Size and Degree that stand in a map.
const (
	LargeSize = ^uint32(0)
	Many      = ^uint8(0)
)

// Flags of an object.
const (
	Old = 1 << iota
	Embedded
	Frozen
	Fstring // one of the strings that are kept once (interned)
	Shared  // shares the bytes of another
	WBProtected
	Broken // a string that is no valid text in its encoding
	Marked
)

// Builtin are Ruby's types in the order of T_ constants, with what dumps call them;
// a heap's Types begin with these.
var Builtin = []string{
	"NONE", "OBJECT", "CLASS", "MODULE", "FLOAT", "STRING", "REGEXP", "ARRAY", "HASH", "STRUCT",
	"BIGNUM", "FILE", "DATA", "MATCH", "COMPLEX", "RATIONAL", "NIL", "TRUE", "FALSE", "SYMBOL",
	"FIXNUM", "UNDEF", "IMEMO", "NODE", "ICLASS", "ZOMBIE", "MOVED",
}

// Types that are asked for by number.
const (
	TypeObject   = 1
	TypeClass    = 2
	TypeModule   = 3
	TypeFloat    = 4
	TypeString   = 5
	TypeRegexp   = 6
	TypeArray    = 7
	TypeHash     = 8
	TypeStruct   = 9
	TypeBignum   = 10
	TypeFile     = 11
	TypeData     = 12
	TypeMatch    = 13
	TypeComplex  = 14
	TypeRational = 15
	TypeSymbol   = 19
	TypeImemo    = 22
	TypeIClass   = 24
)

// New makes a heap without objects. Heaps that are compared share a space; nil makes
// a new one.
func New(p *offheap.Pool, space *Space) *Heap {
	if space == nil {
		space = &Space{}
	}
	return &Heap{
		Pool: p, Space: space, Types: append([]string(nil), Builtin...), Sites: []Site{{}},
		Large: map[uint32]uint64{}, ManyRefs: map[uint32]uint32{}, Modules: map[uint32]Module{}, Structs: map[uint32]string{}, Shapes: map[ShapeOf]uint32{},
	}
}

// Expect makes room for about n objects with the references that objects usually
// have. Room takes no memory before it is used.
func (h *Heap) Expect(n int) {
	p := h.Pool
	n = min(n, Most)
	h.Code, h.Class, h.Size, h.Site = room(p, h.Code, n), room(p, h.Class, n), room(p, h.Size, n), room(p, h.Site, n)
	h.Gen, h.Type, h.Flags, h.Degree = room(p, h.Gen, n), room(p, h.Type, n), room(p, h.Flags, n), room(p, h.Degree, n)
	h.Refs, h.Text = room(p, h.Refs, n+n/2), room(p, h.Text, n/2)
	h.Marks = make([]Mark, 0, n/MarkEach)
}

func room[T offheap.Number](p *offheap.Pool, s []T, n int) []T { return offheap.Grow(p, s, n)[:len(s)] }

// Len is the number of objects.
func (h *Heap) Len() int { return len(h.Code) }

// Address is that of object i.
func (h *Heap) Address(i uint32) uint64 { return h.Space.Address(h.Code[i]) }

// Bytes is the size of object i.
func (h *Heap) Bytes(i uint32) uint64 {
	if s := h.Size[i]; s != LargeSize {
		return uint64(s)
	}
	return h.Large[i]
}

// References is how many references the dump lists for object i.
func (h *Heap) References(i uint32) uint32 {
	if d := h.Degree[i]; d != Many {
		return uint32(d)
	}
	return h.ManyRefs[i]
}

// MakeIndex makes the index of addresses, once.
func (h *Heap) MakeIndex() *Index {
	if h.Index == nil {
		h.Index = NewIndex(h.Pool, h.Space, h.Code)
	}
	return h.Index
}

// OnlyIdentity gives back what is not needed to tell whether an object of another
// dump is the same: addresses, types, classes, generations and sizes stay.
func (h *Heap) OnlyIdentity() {
	offheap.Free(h.Pool, h.Site)
	offheap.Free(h.Pool, h.Flags)
	offheap.Free(h.Pool, h.Degree)
	offheap.Free(h.Pool, h.Refs)
	offheap.Free(h.Pool, h.Text)
	h.Site, h.Flags, h.Degree, h.Refs, h.Text = nil, nil, nil, nil, nil
}

// ForComparison gives back what is not told of objects that stayed, and tells the
// kernel that columns which a graph does not need may be written out, where they lie
// on disk.
func (h *Heap) ForComparison() {
	offheap.Free(h.Pool, h.Flags)
	offheap.Free(h.Pool, h.Text)
	h.Flags, h.Text = nil, nil
	offheap.Cool(h.Pool, h.Site)
	offheap.Cool(h.Pool, h.Gen)
	offheap.Cool(h.Pool, h.Type)
	offheap.Cool(h.Pool, h.Size)
	offheap.Cool(h.Pool, h.Code)
}

// Close gives the columns back: nothing of the heap may be used any more.
func (h *Heap) Close() { h.Pool.Close() }
