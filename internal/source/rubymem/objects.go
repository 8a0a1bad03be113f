package rubymem

import (
	"encoding/binary"

	"culprit/internal/source/procmem"
)

// Page is one page of the heap: its slots, and what the collector notes of them.
type Page struct {
	Start       uint64 // address of the first slot
	Slot, Total int    // bytes of a slot, number of slots

	marks [markCount][]byte
	align uint64
}

// Mark is what the collector notes of a slot beside it, in maps of bits of its page
// (gc.c, struct heap_page).
type Mark int

// Marks of all versions.
const (
	Marked Mark = iota
	Marking
	Uncollectible
	WBUnprotected
	Pinned
	markCount
)

// markFields are their maps in struct heap_page.
var markFields = [markCount]string{"mark_bits", "marking_bits", "uncollectible_bits", "wb_unprotected_bits", "pinned_bits"}

// baseSlot is what a bit of these maps stands for, in bytes (gc.c, BASE_SLOT_SIZE).
const baseSlot = 40

// Has tells whether a slot has a mark. ok is false where the map could not be read.
func (p Page) Has(m Mark, at uint64) (is, ok bool) {
	n := (at & (p.align - 1)) / baseSlot
	b := p.marks[m]
	if int(n/8) >= len(b) {
		return false, false
	}
	return b[n/8]&(1<<(n%8)) != 0, true
}

// EachPage visits the pages of the heap with their slots, which are used again. It tells
// how many pages could not be read.
func (r *Ruby) EachPage(visit func(p Page, slots []byte)) (unread int) {
	size := int(r.lay.align/baseSlot/8) + 8
	var maps [markCount][]byte
	for m := range maps {
		maps[m] = make([]byte, size)
	}
	return r.eachPage(func(pg page, b []byte) {
		p := Page{Start: pg.start, Slot: pg.slot, Total: pg.total, align: r.lay.align}
		for m, name := range markFields {
			at, ok := r.lay.field("heap_page", name)
			if !ok {
				continue
			}
			if _, err := r.view.ReadAt(maps[m], int64(pg.at+at)); err == nil {
				p.marks[m] = maps[m]
			}
		}
		visit(p, b)
	})
}

// View is what the memory is read through.
func (r *Ruby) View() *procmem.View { return r.view }

// Align is the size of a page of the heap with its header; pages begin at its multiples.
func (r *Ruby) Align() uint64 { return r.lay.align }

// Space is the address of struct rb_objspace.
func (r *Ruby) Space() uint64 { return r.space }

// Offset gives where a struct has a field, of several names the first that this version
// has.
func (r *Ruby) Offset(name string, fields ...string) (uint64, bool) {
	return r.lay.field(name, fields...)
}

// StructSize is the size of a struct in bytes, 0 where this version has none.
func (r *Ruby) StructSize(name string) uint64 { return r.lay.Structs[name].Size }

// Old tells whether classes keep their parts in a struct of their own, and objects their
// variables without shapes: up to 3.1.
func (r *Ruby) Old() bool { return r.lay.classPtr != 0 }

// Flags that lie elsewhere in 3.4: of a singleton class, and of strings and arrays that
// share what they have.
func (r *Ruby) Flags() (singleton, shared uint64) { return r.lay.singleton, r.lay.shared }

// Path is the path that a class or module has itself, "" for one without name.
func (r *Ruby) Path(class uint64) string { return r.path(class) }

// Text reads a String, most bytes of it at most.
func (r *Ruby) Text(v uint64, most int) (string, bool) { return r.text(v, most) }

// Threads gives the structs of threads and of fibers.
func (r *Ruby) Threads() (threads, fibers []uint64, err error) { return r.findThreads() }

// TypeName is the name of a C type of T_DATA (rb_data_type_t.wrap_struct_name).
func (r *Ruby) TypeName(typ uint64) string { return r.typeName(typ) }

// EachGlobal visits the words of Ruby's global variables until visit gives false.
func (r *Ruby) EachGlobal(visit func(uint64) bool) { r.eachGlobal(visit) }

// IsRuby tells whether a file is Ruby's own program or library.
func IsRuby(path string) bool { return rubyFile.MatchString(path) }

// EachData visits T_DATA with a C type and data outside of their slots. It tells how many
// pages could not be read.
func (r *Ruby) EachData(visit func(typ, data uint64)) (unread int) {
	return r.eachPage(func(pg page, b []byte) {
		for s := 0; s < len(b); s += pg.slot {
			slot := b[s : s+pg.slot]
			if binary.LittleEndian.Uint64(slot)&0x1f != tData || binary.LittleEndian.Uint64(slot[24:]) != 1 {
				continue
			}
			if data := binary.LittleEndian.Uint64(slot[32:]); data != 0 {
				visit(binary.LittleEndian.Uint64(slot[16:]), data)
			}
		}
	})
}
