package rubydump

// children adds what an object refers to besides its class, and tells the bytes that it
// owns outside of its slot, and whether they are an estimate.
func (d *dumper) children(at, flags uint64, slot []byte) (bytes uint64, estimated bool) {
	bytes, estimated = d.held(at, flags, slot)
	if bytes > mostOwned { // a length that is none
		d.lost()
		return 0, true
	}
	return bytes, estimated
}

// mostOwned bounds what one object owns, in bytes.
const mostOwned = 1 << 40

func (d *dumper) held(at, flags uint64, slot []byte) (bytes uint64, estimated bool) {
	bytes = d.generic(at, flags)
	switch flags & 0x1f {
	case tObject:
		bytes += d.plain(flags, slot)
	case tString:
		bytes += d.text(flags, slot)
	case tArray:
		bytes += d.array(flags, slot)
	case tHash:
		bytes += d.hash(at, flags, slot)
	case tStruct:
		bytes += d.structure(flags, slot)
	case tClass, tModule:
		bytes += d.module(at, flags, slot)
	case tIClass:
		bytes += d.included(at, flags, slot)
	case tRational, tComplex:
		d.value(word64(slot, 16))
		d.value(word64(slot, 24))
	case tBignum:
		if digits := word64(slot, 24); flags&user2 == 0 && digits != 0 {
			bytes += d.bignum(digits, word64(slot, 16))
		}
	case tRegexp:
		d.value(word64(slot, 24))
		return bytes + d.regexp(word64(slot, 16)), true
	case tMatch:
		bytes += d.match(at, slot)
	case tFile:
		return bytes + d.file(word64(slot, 16)), true
	case tData:
		n := d.data(at, slot)
		return bytes + n, true
	case tImemo:
		n, est := d.imemo(flags, slot)
		return bytes + n, est
	}
	return bytes, false
}

// plain is an object of a class of Ruby's.
func (d *dumper) plain(flags uint64, slot []byte) uint64 {
	if d.lay.old {
		if flags&user1 != 0 {
			for o := 16; o < 40; o += 8 {
				d.value(word64(slot, o))
			}
			return 0
		}
		n := word64(slot, 16) & 0xffffffff
		d.each(word64(slot, 24), n, d.value)
		return 8 * n
	}
	n, capacity, table, ok := d.shape(flags)
	switch {
	case !ok:
		return 0
	case table:
		in := word64(slot, 16)
		d.stEach(in, func(_, v uint64) { d.value(v) })
		return d.stBytes(in)
	case flags&user1 != 0:
		for i := range n {
			d.value(word64(slot, int(16+8*i)))
		}
		return 0
	}
	d.each(word64(slot, 16), n, d.value)
	return 8 * capacity
}

// noFree is a text whose bytes are a constant's: STR_NOFREE.
const noFree = user18

func (d *dumper) text(flags uint64, slot []byte) uint64 {
	if flags&user1 == 0 { // embedded
		return 0
	}
	if flags&d.lay.shared != 0 {
		d.value(word64(slot, 32))
		return 0
	}
	if flags&noFree != 0 {
		return 0
	}
	end := uint64(1)
	switch encodingOf(flags) {
	case 3, 4, 7: // UTF-16
		end = 2
	case 5, 6, 8: // UTF-32
		end = 4
	}
	return word64(slot, 32) + end
}

func (d *dumper) array(flags uint64, slot []byte) uint64 {
	if flags&user1 != 0 {
		for i := range flags >> (flUser + 3) & d.lay.arrayMask {
			d.value(word64(slot, int(16+8*i)))
		}
		return 0
	}
	if flags&d.lay.shared != 0 {
		d.value(word64(slot, 24))
		return 0
	}
	n := word64(slot, 16)
	d.each(word64(slot, 32), n, d.value)
	if flags&d.lay.sharedRoot != 0 { // where others have their room it counts them
		return 8 * n
	}
	return 8 * word64(slot, 24)
}

// Flags of a hash (internal/hash.h).
const (
	hashDefault  = user2 // what is asked for a missing key is a Proc
	hashTable    = user3 // struct st_table; else struct ar_table of 8 pairs
	hashCount    = flUser + 4
	hashBound    = flUser + 8
	hashInSlot   = 24 // since 3.3 the table stands in the slot
	mostInASmall = 8
)

// hash: up to 3.1 a table of its own, then in the slot.
func (d *dumper) hash(at, flags uint64, slot []byte) (bytes uint64) {
	table, missing := at+hashInSlot, word64(slot, 16)
	if d.lay.old {
		table, missing = word64(slot, 16), word64(slot, 24)
	}
	switch {
	case table == 0:
	case flags&hashTable != 0:
		d.stEach(table, func(key, v uint64) { d.value(key); d.value(v) })
		bytes = d.stBytes(table)
		if !d.lay.old {
			bytes -= stSize
		}
	default:
		d.each(table+d.lay.smallPairs, 2*min(flags>>hashBound&0xf, mostInASmall), d.value)
		if d.lay.old {
			bytes = d.lay.smallSize
		}
	}
	d.value(missing)
	return bytes
}

func (d *dumper) structure(flags uint64, slot []byte) uint64 {
	if n := flags >> (flUser + 1) & d.lay.structMask; n != 0 {
		for i := range n {
			d.value(word64(slot, int(16+8*i)))
		}
		return 0
	}
	n, ptr := word64(slot, 16), word64(slot, 24)
	if ptr == 0 {
		return 0
	}
	d.each(ptr, n, d.value)
	return 8 * n
}

// bignum: a build has digits of 8 bytes, or of 4: then its block has no room for others.
func (d *dumper) bignum(digits, n uint64) uint64 {
	if n > mostWords {
		d.lost()
		return 0
	}
	if block := d.block(digits); block > 0 && block < 8*n {
		return 4 * n
	}
	return 8 * n
}

// match: up to 3.1 its places are in struct rmatch, then behind it in the slot.
func (d *dumper) match(at uint64, slot []byte) uint64 {
	d.value(word64(slot, 16))
	places, own := at+32, uint64(24)
	if d.lay.old {
		d.value(word64(slot, 32))
		if places, own = word64(slot, 24), 24+40; places == 0 {
			return 0
		}
	} else {
		d.value(word64(slot, 24))
	}
	allocated, offsets := d.half(places), d.half(places+32)
	return own + 16*uint64(allocated) + 16*uint64(offsets)
}

// regexp is what onig_memsize counts, as blocks: the pattern, and what it points to.
func (d *dumper) regexp(at uint64) uint64 {
	n := d.block(at)
	if n > 0 {
		n += d.block(d.word(at))
	}
	return n
}

// file: struct rb_io_t.
func (d *dumper) file(at uint64) uint64 {
	if at == 0 {
		return 0
	}
	for _, name := range []string{"self", "pathv", "tied_io_for_writing", "writeconv_asciicompat", "writeconv_pre_ecopts", "encs.ecopts", "write_lock", "timeout"} {
		if o, ok := d.lay.io[name]; ok {
			d.value(d.word(at + o))
		}
	}
	size := d.StructSize("rb_io_t")
	for _, name := range []string{"rbuf.capa", "wbuf.capa", "cbuf.capa"} {
		if o, ok := d.Offset("rb_io_t", name); ok {
			size += uint64(d.half(at + o))
		}
	}
	return size
}

// block is the bytes of malloc's block that begins at an address, 0 where that is not
// known.
func (d *dumper) block(at uint64) uint64 {
	if at == 0 || d.opt.Blocks == nil {
		return 0
	}
	from, to, ok := d.opt.Blocks.Block(at)
	if !ok || from != at {
		return 0
	}
	return to - from
}
