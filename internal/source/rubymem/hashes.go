package rubymem

import "encoding/binary"

// Of what a hash owns (hash.c; st.c, st_memsize).
const (
	stTable    = 56 // sizeof(struct st_table)
	stEntry    = 24
	hashInSlot = 24 // since 3.3 the table stands in the slot
	mostPower  = 40
)

// hashes tells what hashes own outside of their slots. Up to 3.1 a table of more than 8
// pairs says in memory of its own how large it is: many of them are not all read.
type hashes struct {
	r    *Ruby
	read int
	seen int
}

// Of tables that stand elsewhere: those up to allRead are read, of the others one of
// readOneOf, which stands for as many.
const (
	allRead   = 1 << 17
	readOneOf = 16
)

// owned is in bytes, 0 where it could not be read, as the process goes on.
func (h *hashes) owned(flags uint64, slot []byte) int64 {
	large := flags&flUser3 != 0 // struct st_table; else struct ar_table
	if h.r.lay.classPtr == 0 {
		if !large || len(slot) < hashInSlot+stTable {
			return 0
		}
		head, bins := binary.LittleEndian.Uint64(slot[hashInSlot:]), binary.LittleEndian.Uint64(slot[hashInSlot+24:])
		return entries(head, bins)
	}
	table := binary.LittleEndian.Uint64(slot[16:])
	switch {
	case table == 0:
		return 0
	case !large:
		return int64(h.r.lay.Structs["ar_table_struct"].Size)
	}
	stands := int64(1)
	if h.read >= allRead {
		if h.seen++; h.seen%readOneOf != 0 {
			return 0
		}
		stands = readOneOf
	}
	h.read++
	head, ok1 := h.r.word(table)
	bins, ok2 := h.r.word(table + 24)
	if !ok1 || !ok2 {
		return 0
	}
	return stands * (stTable + entries(head, bins))
}

// entries is the size of a table's entries and bins, by the powers in its first bytes.
func entries(head, bins uint64) int64 {
	power, bin, ind := head&0xff, head>>8&0xff, head>>16&0xff
	if power > mostPower || bin > mostPower || ind > 3 {
		return 0
	}
	n := int64(stEntry) << power
	if bins != 0 {
		n += 1 << (bin + ind)
	}
	return n
}
