package rubydump

import (
	"maps"
	"slices"

	"culprit/internal/source/procmem"
)

// roots writes what holds objects from outside of the heap: threads, registers,
// finalizers, and the variables of Ruby and of C libraries with all that they lead to
// through malloc's blocks.
func (d *dumper) roots() {
	d.refs = d.refs[:0]
	for _, th := range d.stacks.threads {
		if d.word(th+d.lay.thread["ec"]) != 0 {
			d.maybe(d.word(th + 16)) // its object
		}
	}
	d.root("vm")
	for _, r := range d.opt.Registers {
		d.maybe(r)
	}
	d.root("machine_context")
	if o, ok := d.Offset("rb_objspace", "finalizer_table"); ok {
		d.stEach(d.word(d.Space()+o), func(_, v uint64) { d.value(v) })
	}
	d.root("finalizers")
	d.native()
	d.root("native")
}

// root writes one category.
func (d *dumper) root(category string) {
	slices.Sort(d.refs)
	d.refs = slices.Compact(d.refs)
	if len(d.refs) == 0 {
		return
	}
	d.told.Roots += int64(len(d.refs))
	d.out = append(d.out, `{"type":"ROOT", "root":"`...)
	d.out = append(d.out, category...)
	d.out = append(d.out, `", "references":[`...)
	for i, ref := range d.refs {
		if i > 0 {
			d.out = append(d.out, ", "...)
		}
		d.address(ref)
	}
	d.out = append(d.out, "]}\n"...)
	d.refs = d.refs[:0]
}

// native adds the objects that variables of programs lead to. Tables that do not hold
// what is in them are left out: those of the collector, of objects' variables, of texts
// and names that are kept once, and of caches of calls.
func (d *dumper) native() {
	d.setTransientApart()
	if d.opt.Blocks == nil {
		d.owned = d.ownedRanges()
	}
	found := map[uint64]bool{}
	seen := map[uint64]bool{}
	var todo []blockAt
	// A variable itself holds what it names. Behind it there are tables that do not.
	variable := true
	word := func(w uint64) {
		switch {
		case w&7 != 0 || w == 0:
		case d.pages.within(w):
			if d.isObject(w) && (variable || !d.weak(w)) {
				found[w] = true
			}
		default:
			b, ok := d.rootBlock(w)
			if !ok || seen[b.from] || d.stacks.apart[b.from] {
				return
			}
			seen[b.from] = true
			todo = append(todo, b)
			if d.opt.Blocks == nil {
				todo = append(todo, d.tablesAt(w)...)
			}
		}
	}
	for _, v := range d.programs() {
		d.eachThere(v.from, v.to, word)
	}
	variable = false
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !d.ivarTable(b.from) {
			d.eachFree(b.from, b.to, word)
		}
	}
	d.refs = append(d.refs, slices.Collect(maps.Keys(found))...)
}

// rootBlock gives the block of an address. Where malloc is not known it is a stretch from
// there: much more would reach into blocks that are free, where what was held once still
// stands.
func (d *dumper) rootBlock(at uint64) (blockAt, bool) {
	if d.opt.Blocks != nil {
		return d.blockOf(at)
	}
	m, ok := procmem.Find(d.view.Maps(), at)
	if !ok || !m.Read || !m.Write || m.Path == "[stack]" {
		return blockAt{}, false
	}
	return blockAt{from: at, to: min(at+unknownRoot, m.To)}, true
}

const unknownRoot = 1 << 10

// tablesAt gives what a table of Ruby's that begins at an address has elsewhere: it says
// itself how large that is.
func (d *dumper) tablesAt(at uint64) (list []blockAt) {
	if d.table(at) {
		entries := d.word(at + stEntries)
		list = append(list, blockAt{from: entries, to: entries + stEntry*d.word(at+stBound)})
	}
	capacity, err0 := d.view.Uint32(at)
	used, err := d.view.Uint32(at + 8)
	n, err2 := d.view.Uint32(at + 4)
	if err0 == nil && err == nil && err2 == nil && capacity > 0 && capacity&(capacity-1) == 0 && capacity < 1<<24 && n <= used && used <= capacity {
		if items, err := d.view.Word(at + idItems); err == nil && items&7 == 0 && d.view.Writable(items) && d.view.Covers(items, idItem*uint64(capacity)) {
			list = append(list, blockAt{from: items, to: items + idItem*uint64(capacity)})
		}
	}
	return list
}

// weak tells of an object that tables outside of the heap point at without holding it.
func (d *dumper) weak(at uint64) bool {
	flags := d.word(at)
	switch flags & 0x1f {
	case tSymbol:
		return true
	case tString:
		return flags&user17 != 0 // RSTRING_FSTR
	case tImemo:
		switch flags >> flUser & 0xf {
		case imemoCallinfo, imemoCallcache, imemoConstcache, imemoMent:
			return true
		}
	}
	return false
}

// ivarTable tells whether a block is the table of variables of objects without room for
// them: it is the objects that hold those.
func (d *dumper) ivarTable(at uint64) bool {
	return d.ivarsAt != 0 && (at == d.ivarsAt || at == d.ivarsEntries)
}
