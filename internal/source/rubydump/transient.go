package rubydump

// Of struct transient_heap (transient_heap.c): room for the elements of young arrays and
// hashes, and a list of those that are to move out of it. What holds the elements are the
// arrays and hashes. From 2.6 to 3.2.
const (
	transientAlign  = 32 << 10 // of the arena
	transientBlocks = 1 << 10  // it has so many blocks of that size
)

// setTransientApart looks for that struct among the variables of programs, as nothing
// points to it: an arena at a multiple of its alignment, no more of it used than there is,
// and a list whose block is as large as the struct says.
func (d *dumper) setTransientApart() {
	o := found(d.Ruby, "transient_heap", "promoted_objects", "promoted_objects_size", "promoted_objects_index", "arena", "arena_index")
	if len(o) < 5 {
		return
	}
	for _, v := range d.programs() {
		err := d.view.Mem.Present(v.from, v.to, func(from, to uint64) {
			at := max(from, v.from)
			d.each(at, (min(to, v.to)-at)/8, func(w uint64) {
				if w != 0 && w%transientAlign == 0 && d.view.Writable(w) {
					d.setApartIf(at-o["arena"], w, o)
				}
				at += 8
			})
		})
		if err != nil {
			d.lost()
		}
	}
}

func (d *dumper) setApartIf(heap, arena uint64, o map[string]uint64) {
	size, err := d.view.Uint32(heap + o["promoted_objects_size"])
	used, err2 := d.view.Uint32(heap + o["promoted_objects_index"])
	blocks, err3 := d.view.Uint32(heap + o["arena_index"])
	list, err4 := d.view.Word(heap + o["promoted_objects"])
	if err != nil || err2 != nil || err3 != nil || err4 != nil || size == 0 || used > size || blocks > transientBlocks {
		return
	}
	if d.opt.Blocks == nil {
		// Its size is a power of two, and of the arena all is there.
		if size < 1<<10 || size&(size-1) != 0 || !d.view.Writable(list) || !d.view.Covers(arena, transientBlocks*transientAlign) {
			return
		}
	} else if from, to, ok := d.opt.Blocks.Block(list); !ok || from != list || to-from < 8*uint64(size) || to-from >= 8*uint64(size)+32 {
		return
	}
	d.stacks.tables = append(d.stacks.tables, stretch{list, list + 8*uint64(size)}, stretch{arena, arena + transientBlocks*transientAlign})
	d.stacks.apart[list] = true
	if b, ok := d.blockOf(arena); ok {
		d.stacks.apart[b.from] = true
	}
}
