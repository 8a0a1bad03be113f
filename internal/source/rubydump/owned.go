package rubydump

import (
	"slices"

	"culprit/internal/source/rubymem"
)

// ownedRanges lists the memory that objects own outside of the heap, by address and
// without overlaps: what stands there is held by those objects, and by nothing else. It is
// needed only where malloc's blocks are not known.
func (d *dumper) ownedRanges() []stretch {
	var list []stretch
	add := func(at, bytes uint64) {
		if at != 0 && bytes > 0 && bytes < mostOwned && d.view.Writable(at) {
			list = append(list, stretch{at, at + bytes})
		}
	}
	pageSize := d.StructSize("heap_page")
	d.EachPage(func(p rubymem.Page, slots []byte) {
		add(d.word(p.Start&^(d.pages.align-1)), pageSize) // the collector's notes of the page
		for s := 0; s+p.Slot <= len(slots); s += p.Slot {
			d.ownedBy(p.Start+uint64(s), slots[s:s+p.Slot], add)
		}
	})
	d.apartRanges(add)
	slices.SortFunc(list, func(a, b stretch) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	joined := list[:0]
	for _, r := range list {
		if n := len(joined); n > 0 && r.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, r.to)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// apartRanges adds what is told apart already: the collector's own, threads with their
// stacks, and tables that do not hold what is in them.
func (d *dumper) apartRanges(add func(at, bytes uint64)) {
	add(d.Space(), d.StructSize("rb_objspace"))
	for _, th := range d.stacks.threads {
		add(th, d.lay.threadSize)
		if ec := d.word(th + d.lay.thread["ec"]); ec != 0 {
			add(ec, d.lay.contextSize)
			add(d.word(ec), 8*d.word(ec+contextSize))
		}
	}
	for f := range d.stacks.fibers {
		add(f, d.lay.fiberSize)
		ec := f + d.lay.thread["saved_ec"]
		add(d.word(ec), 8*d.word(ec+contextSize))
	}
	for _, r := range d.stacks.tables {
		add(r.from, r.to-r.from)
	}
}

// ownedBy adds what one object owns, as children reckons it.
func (d *dumper) ownedBy(at uint64, slot []byte, add func(at, bytes uint64)) {
	flags := word64(slot, 0)
	switch flags & 0x1f {
	case tString:
		if flags&user1 != 0 && flags&(d.lay.shared|noFree) == 0 {
			add(word64(slot, 24), word64(slot, 32)+1)
		}
	case tArray:
		if flags&(user1|d.lay.shared) == 0 {
			add(word64(slot, 32), 8*max(word64(slot, 16), word64(slot, 24)*b2u(flags&d.lay.sharedRoot == 0)))
		}
	case tStruct:
		if flags>>(flUser+1)&d.lay.structMask == 0 {
			add(word64(slot, 24), 8*word64(slot, 16))
		}
	case tObject:
		if flags&user1 != 0 {
			return
		}
		if d.lay.old {
			add(word64(slot, 24), 8*(word64(slot, 16)&0xffffffff))
		} else if _, capacity, table, ok := d.shape(flags); ok && !table {
			add(word64(slot, 16), 8*capacity)
		}
	case tHash:
		table := at + hashInSlot
		if d.lay.old {
			if table = word64(slot, 16); flags&hashTable == 0 {
				add(table, d.lay.smallSize)
				return
			}
		}
		if table != 0 && flags&hashTable != 0 {
			if power := d.half(table) & 0xff; power < 40 {
				add(d.word(table+stEntries), stEntry<<power)
			}
		}
	}
}

func b2u(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// eachFree is eachThere without what objects own.
func (d *dumper) eachFree(from, to uint64, visit func(uint64)) {
	i, _ := slices.BinarySearchFunc(d.owned, from, func(r stretch, at uint64) int {
		if r.to <= at {
			return -1
		}
		return 1
	})
	for ; from < to; i++ {
		end := to
		if i < len(d.owned) {
			end = min(end, d.owned[i].from)
		}
		if from < end {
			d.eachThere(from, end, visit)
		}
		if i >= len(d.owned) || d.owned[i].from >= to {
			return
		}
		from = max(from, (d.owned[i].to+7)&^7)
	}
}
