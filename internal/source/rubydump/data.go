package rubydump

import (
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// dataType is what a C type of objects needs.
type dataType struct {
	name  string
	marks bool // it has references
	weak  bool // Ruby's own WeakMap or WeakKeyMap: a C library may call a type alike
}

// How far words are followed through blocks of malloc: a wrapper of a C library holds
// objects at some distance, as Nokogiri's node does its document (node, xmlDoc, tuple), or
// Ruby's own table of what Marshal reads (table, entries, pairs).
const (
	follows    = 2
	mostBlocks = 4096
	// unknownBlock is how much of a block is looked at where the allocator is not known.
	unknownBlock = 256
	mostBlock    = 256 << 20 // bytes of one block that are looked at
)

// Of T_DATA (include/ruby/internal/core/rtypeddata.h).
const (
	dataEmbedded = 2
	dataInSlot   = 32
	typeMark     = 8 // rb_data_type_t.function.dmark
)

// data is an object of a C type.
func (d *dumper) data(at uint64, slot []byte) uint64 {
	first, flag, ptr := word64(slot, 16), word64(slot, 24), word64(slot, 32)
	t := dataType{marks: first != 0} // RData: dmark, dfree, data
	if typed(flag) {
		t = d.typeOf(first)
		if t.weak {
			return d.weakly(t.name, at, flag, ptr)
		}
		if flag&dataEmbedded != 0 {
			if t.marks {
				d.reachFrom(blockAt{at + dataInSlot, at + uint64(len(slot)), follows}, at)
			}
			d.scope(t.name, at+dataInSlot)
			return 0
		}
	}
	if ptr == 0 {
		return 0
	}
	switch t.name {
	case "VM/thread":
		return d.thread(ptr)
	case "fiber":
		return d.fiber(ptr)
	}
	if !t.marks {
		return d.block(ptr)
	}
	d.maybe(ptr) // some have an object in place of a struct
	if t.name == "ractor" {
		for _, th := range d.stacks.threads {
			d.maybe(d.word(th + 16))
		}
	}
	bytes := d.reach(ptr, at)
	d.scope(t.name, ptr)
	return bytes
}

// weakly is a map whose keys, and up to a kind values, may go while it stays (weakmap.c;
// to 3.2 gc.c). A WeakMap holds what is in its struct, a WeakKeyMap the values of its table.
func (d *dumper) weakly(name string, at, flag, ptr uint64) uint64 {
	bytes := uint64(0)
	if flag&dataEmbedded != 0 {
		ptr = at + dataInSlot
	} else {
		bytes = d.block(ptr)
	}
	switch {
	case ptr == 0:
	case name == "weakkeymap":
		d.stEach(d.word(ptr), func(_, v uint64) { d.value(v) })
	case flag&dataEmbedded == 0:
		d.maybeEach(ptr, bytes/8)
	}
	return bytes
}

// typed tells whether a T_DATA has a type: RTypedData.typed_flag is 1, or 3 for data in
// its slot.
func typed(flag uint64) bool { return flag == 1 || flag == 3 }

func (d *dumper) typeOf(typ uint64) dataType {
	if t, ok := d.types[typ]; ok {
		return t
	}
	t := dataType{name: d.TypeName(typ), marks: d.word(typ+typeMark) != 0}
	if m, ok := procmem.Find(d.view.Maps(), typ); ok && rubymem.IsRuby(m.Path) {
		t.weak = t.name == "weakmap" || t.name == "weakkeymap"
	}
	d.types[typ] = t
	return t
}

// scope adds the environment of a proc or a binding: struct rb_block has ep at 8, and the
// object that it lies in stands behind it.
func (d *dumper) scope(name string, at uint64) {
	if name != "proc" && name != "binding" {
		return
	}
	if ep := d.word(at + 8); ep&7 == 0 && ep != 0 && !d.pages.within(ep) && d.view.Writable(ep) {
		d.maybe(d.word(ep + 8))
	}
}

// blockAt is a block to look through, and how much further its pointers are followed.
type blockAt struct {
	from, to uint64
	follow   int
}

// reach adds the objects whose addresses stand in a block, and in the blocks that it
// points to. It tells the bytes of the first. self is no reference.
func (d *dumper) reach(at, self uint64) uint64 {
	first, ok := d.blockOf(at)
	if !ok {
		return 0
	}
	first.follow = follows
	d.reachFrom(first, self)
	if d.opt.Blocks == nil {
		return 0
	}
	return first.to - first.from
}

func (d *dumper) reachFrom(first blockAt, self uint64) {
	todo := []blockAt{first}
	seen := map[uint64]bool{first.from: true}
	for i := 0; i < len(todo); i++ {
		b := todo[i]
		if b.to-b.from > mostBlock {
			d.told.Cut++
		}
		d.eachThere(b.from, min(b.to, b.from+mostBlock), func(w uint64) {
			switch {
			case w&7 != 0 || w == 0:
			case d.pages.within(w):
				if w != self {
					d.maybe(w)
				}
			case b.follow > 0:
				next, ok := d.blockOf(w)
				switch {
				case !ok || next.from != w || d.stacks.apart[w] || seen[w]:
				case len(todo) == mostBlocks:
					d.told.Cut++
				default:
					seen[w] = true
					next.follow = b.follow - 1
					todo = append(todo, next)
				}
			}
		})
	}
}

// blockOf gives the block of an address: malloc's, or where malloc is not known a few
// words.
func (d *dumper) blockOf(at uint64) (blockAt, bool) {
	if at == 0 || d.pages.within(at) {
		return blockAt{}, false
	}
	if d.opt.Blocks != nil {
		from, to, ok := d.opt.Blocks.Block(at)
		return blockAt{from: from, to: to}, ok
	}
	m, ok := procmem.Find(d.view.Maps(), at)
	if !ok || !m.Read || !m.Write || at&7 != 0 {
		return blockAt{}, false
	}
	return blockAt{from: at, to: min(at+unknownBlock, m.To)}, d.there(at, min(at+unknownBlock, m.To))
}

// there tells whether a stretch is in memory.
func (d *dumper) there(from, to uint64) bool {
	sum := uint64(0)
	err := d.view.Mem.Present(from, to, func(a, b uint64) { sum += b - a })
	return err == nil && sum == to-from
}
