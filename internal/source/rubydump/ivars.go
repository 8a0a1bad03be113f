package rubydump

// findIvars looks for the table of variables of objects that have no room for them
// (variable.c, generic_iv_tbl_): its keys are objects with FL_EXIVAR.
func (d *dumper) findIvars() map[uint64]uint64 {
	const enough = 16
	found := map[uint64]uint64{}
	d.EachGlobal(func(w uint64) bool {
		if !d.table(w) {
			return true
		}
		seen, good := 0, 0
		d.stEach(w, func(key, value uint64) {
			if seen++; seen > enough {
				return
			}
			if d.pages.slot(key) && !d.pages.within(value) && d.view.Writable(value) {
				if flags, err := d.view.Word(key); err == nil && flags&flExivar != 0 {
					good++
				}
			}
		})
		if good == 0 || good < min(seen, enough) {
			return true
		}
		d.stEach(w, func(key, value uint64) { found[key] = value })
		d.ivarsAt, d.ivarsEntries = w, d.word(w+stEntries)
		d.ivarsBytes = stEntry << (d.half(w) & 0xff)
		return false
	})
	return found
}

// table tells whether an address can be that of a struct st_table with entries.
func (d *dumper) table(at uint64) bool {
	if at&7 != 0 || !d.view.Writable(at) || d.pages.within(at) {
		return false
	}
	power, err := d.view.Uint32(at)
	start, err1 := d.view.Word(at + stStart)
	bound, err2 := d.view.Word(at + stBound)
	count, err3 := d.view.Word(at + stCount)
	entries, err4 := d.view.Word(at + stEntries)
	if err != nil || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return false
	}
	power &= 0xff
	return power < 34 && start < bound && bound <= 1<<power && count > 0 && count <= bound-start && entries&7 == 0 && d.view.Writable(entries)
}

// generic adds the variables of an object that stand in that table, and tells their bytes
// (variable.c, rb_generic_ivar_memsize).
func (d *dumper) generic(at, flags uint64) uint64 {
	if flags&flExivar == 0 {
		return 0
	}
	ivars, ok := d.ivars[at]
	if !ok {
		d.lost() // it has some, and they are not found
		return 0
	}
	if !d.lay.old {
		if _, _, table, _ := d.shape(flags); table {
			in := d.word(ivars)
			d.stEach(in, func(_, v uint64) { d.value(v) })
			return 16 + d.stBytes(in)
		}
	}
	n := uint64(d.half(ivars))
	d.each(ivars+8, n, d.value)
	return 8 + 8*n
}
