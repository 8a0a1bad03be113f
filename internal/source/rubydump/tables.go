package rubydump

// Struct st_table (include/ruby/st.h): entries of hash, key and value.
const (
	stBinPower = 1
	stSizeInd  = 2
	stCount    = 16
	stBins     = 24
	stStart    = 32
	stBound    = 40
	stEntries  = 48
	stSize     = 56
	stEntry    = 24
)

// stEach visits the entries of a table that are not deleted. A table whose numbers do not
// hold together is not read, and counts as lost.
func (d *dumper) stEach(table uint64, visit func(key, value uint64)) {
	if table == 0 {
		return
	}
	start, bound, entries := d.word(table+stStart), d.word(table+stBound), d.word(table+stEntries)
	power := d.half(table) & 0xff
	if start == bound {
		return
	}
	if power > 40 || bound > 1<<power || start > bound || entries == 0 {
		d.lost()
		return
	}
	var entry [3]uint64
	i := 0
	d.each(entries+stEntry*start, 3*(bound-start), func(w uint64) {
		entry[i] = w
		if i++; i == 3 {
			i = 0
			if entry[0] != ^uint64(0) {
				visit(entry[1], entry[2])
			}
		}
	})
}

// stBytes is what st_memsize tells (st.c).
func (d *dumper) stBytes(table uint64) uint64 {
	if table == 0 {
		return 0
	}
	head := d.half(table)
	power := head & 0xff
	if power > 40 {
		d.lost()
		return stSize
	}
	n := uint64(stSize) + stEntry<<power
	if bin, ind := head>>(8*stBinPower)&0xff, head>>(8*stSizeInd)&0xff; d.word(table+stBins) != 0 && bin < 40 && ind < 4 {
		n += 1 << (bin + ind)
	}
	return n
}

// Struct rb_id_table (id_table.c): items of key and value.
const (
	idItems = 16
	idItem  = 16
	idSize  = 24
)

// idEach visits the values of a table of names.
func (d *dumper) idEach(table uint64, visit func(value uint64)) {
	if table == 0 {
		return
	}
	n, items := uint64(d.half(table)), d.word(table+idItems)
	if n == 0 || items == 0 {
		return
	}
	key := true
	there := false
	d.each(items, 2*n, func(w uint64) {
		if key {
			there = uint32(w) != 0
		} else if there {
			visit(w)
		}
		key = !key
	})
}

// idBytes is what rb_id_table_memsize tells.
func (d *dumper) idBytes(table uint64) uint64 {
	if table == 0 {
		return 0
	}
	return idSize + idItem*uint64(d.half(table))
}
