// Package rubydump is the door for what a heap of Ruby holds, read from outside: it tells
// what ObjectSpace.dump_all would, in the same form, of a copy of the process.
//
// It owns which objects an object refers to and how many bytes it owns, for each type and
// version (https://github.com/ruby/ruby gc.c, rb_gc_mark_children and rb_obj_memsize_of;
// ext/objspace/objspace_dump.c), and the roots. Where Ruby asks a function of the object's
// own library, which cannot be called from outside, it takes each word that is the address
// of an object for a reference: rather one too many than one too few, as an object whose
// holder is not seen looks like garbage. It refuses to call what it could not read
// nothing, and to resolve who retains whom.
package rubydump

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// Blocks tells which stretches the C library's malloc has handed out.
type Blocks interface {
	// Block gives the block that an address lies in.
	Block(at uint64) (from, to uint64, ok bool)
}

// Options of a dump.
type Options struct {
	// Blocks is nil where the allocator is not known: then memory of C libraries is
	// followed a few words only, and Followed is false.
	Blocks Blocks
	// Registers of stopped threads, which may hold objects.
	Registers []uint64
}

// Told is what a dump holds.
type Told struct {
	Objects, References, Roots, Bytes int64 // Bytes are those that the objects own
	// Estimated objects have a size, or references, that Ruby alone knows for certain:
	// DATA, REGEXP, FILE and IMEMO.
	Estimated, EstimatedBytes int64
	Traced                    int64 // objects whose place of birth is known
	Unread                    int   // pages
	Lost                      int64 // reads within objects that failed
	Cut                       int64 // blocks of C that were not looked at to their end
	Followed                  bool
}

// dumper writes one dump.
type dumper struct {
	*rubymem.Ruby
	view                              *procmem.View
	lay                               offsets
	opt                               Options
	told                              Told
	out                               []byte
	pages                             pages
	shapes                            shapes
	ivars                             map[uint64]uint64 // the generic variables of objects that have some
	ivarsAt, ivarsEntries, ivarsBytes uint64            // where their table is
	sites                             map[uint64]rubymem.Birth
	owned                             []stretch // by objects, where blocks are not known
	stacks                            stacks
	types                             map[uint64]dataType

	refs    []uint64 // of the object at hand
	buffers [][]byte // for tables, by how deep they are nested
	depth   int
	class   uint64
}

// Dump writes a heap as lines of JSON.
func Dump(ctx context.Context, r *rubymem.Ruby, w io.Writer, opt Options) (Told, error) {
	d := &dumper{Ruby: r, view: r.View(), opt: opt, types: map[uint64]dataType{}}
	d.told.Followed = opt.Blocks != nil
	d.lay = offsetsOf(r)
	d.pages = pagesOf(r)
	if d.shapes = d.findShapes(); d.shapes.count == 0 && !d.lay.old {
		return d.told, fmt.Errorf("ruby %s: %w: its shapes are not found", r.Version, rubymem.ErrNoHeap)
	}
	d.ivars = d.findIvars()
	sites, traced, err := r.Births()
	if err != nil {
		d.lost()
	}
	d.sites = sites
	if err := d.findStacks(); err != nil {
		return d.told, err
	}
	d.stacks.apart[traced] = true
	if d.ivarsAt != 0 {
		d.stacks.tables = append(d.stacks.tables, stretch{d.ivarsEntries, d.ivarsEntries + d.ivarsBytes})
	}
	if traced != 0 { // an entry for each object that is traced, and room for as many
		d.stacks.tables = append(d.stacks.tables, stretch{traced, traced + 2*stEntry*uint64(len(sites))})
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	var failed error
	write := func() {
		if failed == nil {
			if failed = ctx.Err(); failed == nil {
				_, failed = buffered.Write(d.out)
			}
		}
		d.out = d.out[:0]
	}
	d.roots()
	write()
	d.told.Unread = r.EachPage(func(p rubymem.Page, slots []byte) {
		for s := 0; s+p.Slot <= len(slots) && failed == nil; s += p.Slot {
			d.object(p, p.Start+uint64(s), slots[s:s+p.Slot])
			if len(d.out) > 1<<20 {
				write()
			}
		}
		write()
	})
	if failed == nil {
		failed = buffered.Flush()
	}
	if failed != nil {
		return d.told, fmt.Errorf("writing the dump: %w", failed)
	}
	return d.told, nil
}

// lost counts what could not be read.
func (d *dumper) lost() { d.told.Lost++ }

// word reads a word. What cannot be read counts as lost and is no pointer.
func (d *dumper) word(at uint64) uint64 {
	w, err := d.view.Word(at)
	if err != nil {
		d.lost()
		return 0
	}
	return w
}

func (d *dumper) half(at uint64) uint32 {
	w, err := d.view.Uint32(at)
	if err != nil {
		d.lost()
		return 0
	}
	return w
}

// word64 reads a word of a slot.
func word64(slot []byte, o int) uint64 {
	if o+8 > len(slot) {
		return 0
	}
	return binary.LittleEndian.Uint64(slot[o:])
}

// each visits n words from an address.
func (d *dumper) each(at, n uint64, visit func(uint64)) {
	if n > mostWords {
		d.lost()
		return
	}
	if d.depth == len(d.buffers) {
		d.buffers = append(d.buffers, make([]byte, 32<<10))
	}
	buffer := d.buffers[d.depth]
	d.depth++
	defer func() { d.depth-- }()
	for n > 0 {
		part := buffer[:min(8*n, uint64(len(buffer)))]
		if _, err := d.view.ReadAt(part, int64(at)); err != nil {
			d.lost()
			return
		}
		for o := 0; o < len(part); o += 8 {
			visit(binary.LittleEndian.Uint64(part[o:]))
		}
		at += uint64(len(part))
		n -= uint64(len(part)) / 8
	}
}

// eachThere is each for a stretch of which some was never touched.
func (d *dumper) eachThere(from, to uint64, visit func(uint64)) {
	err := d.view.Mem.Present(from, to, func(a, b uint64) {
		if a, b = max(a, from), min(b, to); a < b {
			d.each(a, (b-a)/8, visit)
		}
	})
	if err != nil {
		d.lost()
	}
}

// mostWords bounds a table: more is no table of Ruby's.
const mostWords = 1 << 27

// pages tells where objects are.
type pages struct {
	align       uint64
	of          map[uint64]span
	least, last uint64
}

type span struct {
	start uint64
	slot  uint64
	total uint64
}

func pagesOf(r *rubymem.Ruby) pages {
	p := pages{align: r.Align(), of: map[uint64]span{}, least: ^uint64(0)}
	r.EachPage(func(pg rubymem.Page, _ []byte) {
		p.of[pg.Start/p.align] = span{pg.Start, uint64(pg.Slot), uint64(pg.Total)}
		p.least, p.last = min(p.least, pg.Start), max(p.last, pg.Start+p.align)
	})
	return p
}

// slot tells whether an address is that of a slot.
func (p *pages) slot(at uint64) bool {
	if at&7 != 0 || at < p.least || at >= p.last {
		return false
	}
	s, ok := p.of[at/p.align]
	return ok && at >= s.start && (at-s.start)%s.slot == 0 && (at-s.start)/s.slot < s.total
}

// within tells whether an address lies in a page of the heap. Behind its last slot malloc
// may have a small block, which is none of Ruby's.
func (p *pages) within(at uint64) bool {
	s, ok := p.of[at/p.align]
	return ok && at < s.start+s.slot*s.total
}

// value adds a reference that Ruby holds as one: immediates (numbers, nil, true, false,
// names) are none.
func (d *dumper) value(v uint64) {
	if v&7 == 0 && v > lastImmediate {
		d.refs = append(d.refs, v)
	}
}

// lastImmediate: nil, true, false and undef are below, in all versions
// (include/ruby/internal/special_consts.h).
const lastImmediate = 0x34

// maybe adds a word that may be a reference: where there is an object.
func (d *dumper) maybe(v uint64) {
	if d.isObject(v) {
		d.refs = append(d.refs, v)
	}
}

func (d *dumper) isObject(v uint64) bool {
	if !d.pages.slot(v) {
		return false
	}
	switch d.word(v) & 0x1f {
	case tNone, tZombie, tMoved:
		return false
	}
	return true
}
