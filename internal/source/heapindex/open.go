package heapindex

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// File is an index that was opened.
type File struct {
	f *os.File
	h header
	m []byte // the whole file, once columns were asked for
}

// Open looks for the index of a dump. There is none: fs.ErrNotExist. It cannot be
// used: ErrStale, ErrVersion or ErrDamaged.
func Open(path string, src Source) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x := &File{f: f}
	if err := x.table(src); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return x, nil
}

func (x *File) table(src Source) error {
	head := make([]byte, preamble)
	if _, err := io.ReadFull(io.NewSectionReader(x.f, 0, preamble), head); err != nil || string(head[:16]) != magic {
		return ErrDamaged
	}
	if v := binary.LittleEndian.Uint32(head[16:]); v != version {
		return fmt.Errorf("%w: %d, not %d", ErrVersion, v, version)
	}
	info, err := x.f.Stat()
	if err != nil {
		return err
	}
	at, n := binary.LittleEndian.Uint64(head[24:]), binary.LittleEndian.Uint64(head[32:])
	if size := uint64(info.Size()); at > size || n > size-at {
		return ErrDamaged
	}
	table := make([]byte, n)
	if _, err := x.f.ReadAt(table, int64(at)); err != nil || crc32.Checksum(table, castagnoli) != binary.LittleEndian.Uint32(head[20:]) {
		return ErrDamaged
	}
	if err := json.Unmarshal(table, &x.h); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, s := range x.h.Sections {
		if s.At < preamble || s.Bytes < 0 || s.At > int64(at) || s.Bytes > int64(at)-s.At {
			return ErrDamaged
		}
	}
	if x.h.Source != src {
		return ErrStale
	}
	return nil
}

// Meta is what was counted while the dump was read.
func (x *File) Meta() Meta { return x.h.Meta }

// Bytes is how large the file is.
func (x *File) Bytes() int64 {
	info, err := x.f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// Report reads the finished report, without the columns.
func (x *File) Report() ([]byte, error) {
	s := x.h.Sections["report"]
	b := make([]byte, s.Bytes)
	if _, err := x.f.ReadAt(b, s.At); err != nil || crc32.Checksum(b, castagnoli) != s.Sum {
		return nil, ErrDamaged
	}
	return b, nil
}

// Close ends the use of the file and of all that Load gave.
func (x *File) Close() error {
	var err error
	if x.m != nil {
		err = offheap.Unmap(x.m)
	}
	return errors.Join(err, x.f.Close())
}

// Load gives all that the index holds. The columns lie in the file: nobody may write
// to them.
func (x *File) Load(p *offheap.Pool) (*Index, error) {
	info, err := x.f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	if x.m, err = offheap.File(x.f, int(info.Size())); errors.Is(err, errors.ErrUnsupported) {
		x.m, err = wholeFile(p, x.f, int(info.Size()))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	r := &reader{x: x}
	out := &Index{Meta: x.h.Meta, Heap: r.heap(p), Tree: &heap.Tree{Parent: get[uint32](r, "parent"), Retained: get[uint64](r, "retained"), Order: get[uint32](r, "order")}}
	out.Graph = &heap.Graph{N: x.h.Objects, From: get[uint32](r, "from"), To: get[uint32](r, "refs"), Classes: get[uint32](r, "classes"), Lost: x.h.Meta.Lost}
	out.Report = r.bytes("report")
	if r.err == nil {
		r.err = sound(out)
	}
	if r.err != nil {
		return nil, r.err
	}
	out.Graph.Class, out.Graph.Index = out.Heap.Class, out.Heap.MakeIndex()
	return out, nil
}

func wholeFile(p *offheap.Pool, f *os.File, size int) ([]byte, error) {
	words := offheap.Make[uint64](p, (size+7)/8)
	b := offheap.AsBytes(words)[:size]
	_, err := f.ReadAt(b, 0)
	return b, err
}

// reader reads sections; the first error stays.
type reader struct {
	x   *File
	err error
}

func (r *reader) bytes(name string) []byte {
	s, ok := r.x.h.Sections[name]
	if !ok || s.At+s.Bytes > int64(len(r.x.m)) {
		r.err = errors.Join(r.err, ErrDamaged)
		return nil
	}
	b := r.x.m[s.At : s.At+s.Bytes : s.At+s.Bytes]
	if crc32.Checksum(b, castagnoli) != s.Sum {
		r.err = errors.Join(r.err, fmt.Errorf("%w: %s", ErrDamaged, name))
	}
	return b
}

func get[T offheap.Number](r *reader, name string) []T {
	b := r.bytes(name)
	s := offheap.Of[T](b)
	if len(b) > 0 && s == nil {
		r.err = errors.Join(r.err, ErrDamaged)
	}
	return s
}

func (r *reader) heap(p *offheap.Pool) *heap.Heap {
	space, err := heap.Restore(get[uint64](r, "pages"), get[uint64](r, "far"))
	if err != nil {
		r.err = errors.Join(r.err, ErrDamaged, err)
		return nil
	}
	h := heap.New(p, space)
	h.Code, h.Type, h.Flags, h.Size = get[uint32](r, "code"), get[uint8](r, "type"), get[uint8](r, "flags"), get[uint32](r, "size")
	h.Class, h.Gen, h.Site, h.Degree = get[uint32](r, "class"), get[int32](r, "gen"), get[uint32](r, "site"), get[uint8](r, "degree")
	h.Refs, h.Text = get[uint32](r, "refs"), get[uint64](r, "text")
	var t tables
	if err := json.Unmarshal(r.bytes("tables"), &t); err != nil {
		r.err = errors.Join(r.err, ErrDamaged, err)
	}
	h.Types, h.Sites, h.Roots, h.Large, h.ManyRefs, h.Modules, h.Structs = t.Types, t.Sites, t.Roots, t.Large, t.ManyRefs, t.Modules, t.Structs
	for _, s := range t.Shapes {
		h.Shapes[heap.ShapeOf{Class: s.Class, Shape: s.Shape}] = s.Objects
	}
	marks := get[uint64](r, "marks")
	for i := 0; i+1 < len(marks); i += 2 {
		h.Marks = append(h.Marks, heap.Mark{Object: uint32(marks[i]), At: marks[i+1]})
	}
	return h
}

// sound tells whether all numbers stay within the columns: sums do not protect from
// a file that was made wrong.
func sound(x *Index) error {
	h, g, t := x.Heap, x.Graph, x.Tree
	n := g.N
	for _, size := range []int{len(h.Code), len(h.Type), len(h.Flags), len(h.Size), len(h.Class), len(h.Gen), len(h.Site), len(h.Degree)} {
		if size != n {
			return ErrDamaged
		}
	}
	if len(g.From) != n+2 || len(t.Parent) != n+1 || len(t.Retained) != n+1 || len(t.Order) > n+1 || len(t.Order) == 0 ||
		len(g.Classes) == 0 || len(h.Types) == 0 || len(h.Sites) == 0 || int(g.From[n+1]) != len(g.To) || !slices.IsSorted(g.From) {
		return ErrDamaged
	}
	node, none := uint32(n), heap.None
	within := func(s []uint32, most uint32, orNone bool) bool {
		for _, v := range s {
			if v > most && (!orNone || v != none) {
				return false
			}
		}
		return true
	}
	if !within(g.To, node-1, false) && len(g.To) > 0 || !within(g.Classes[1:], node-1, false) || g.Classes[0] != none ||
		!within(h.Class, uint32(len(g.Classes)-1), false) || !within(h.Site, uint32(len(h.Sites)-1), false) ||
		!within(t.Parent, node, true) || !within(t.Order, node, false) || t.Order[0] != node {
		return ErrDamaged
	}
	for _, k := range h.Type {
		if int(k) >= len(h.Types) {
			return ErrDamaged
		}
	}
	return tree(t, node)
}

// tree tells whether each node's dominator stands before it in the order: then no
// walk up goes round.
func tree(t *heap.Tree, root uint32) error {
	before := make([]uint64, len(t.Parent)/64+1)
	before[root/64] |= 1 << (root % 64)
	for _, v := range t.Order[1:] {
		p := t.Parent[v]
		if p == heap.None || before[p/64]&(1<<(p%64)) == 0 {
			return ErrDamaged
		}
		before[v/64] |= 1 << (v % 64)
	}
	return nil
}
