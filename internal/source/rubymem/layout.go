package rubymem

// layout is where Ruby of one minor version keeps what a census needs, on a machine
// of 64 bits, in bytes. The structs are private to gc.c, so no header tells them:
// the offsets are those of DWARF of Ruby's own sources, built with debugging
// information (https://github.com/ruby/ruby gc.c, struct rb_objspace and struct
// heap_page; of 3.4 gc/default/default.c). What is read by them is believed only
// where the pages of the heap agree with each other.
type layout struct {
	version string
	sorted  uint64 // in struct rb_objspace: the table of pages, address order
	darray  bool   // the table is a darray: its length and room stand before it
	align   uint64 // of pages: HEAP_PAGE_ALIGN
	// In struct heap_page:
	slotSize, total, start uint64
	fixedSlot              uint64 // size of all slots, 0 where each page has its own
}

// layouts are those that were compared with living Rubies; another version is refused
// by its name.
func layouts() []layout {
	return []layout{
		{version: "2.7", sorted: 248, align: 16 << 10, total: 0, start: 24, fixedSlot: 40},
		{version: "3.1", sorted: 256, align: 16 << 10, slotSize: 0, total: 2, start: 32},
		{version: "3.3", sorted: 1208, align: 64 << 10, slotSize: 0, total: 2, start: 32},
		{version: "3.4", sorted: 832, darray: true, align: 64 << 10, slotSize: 0, total: 2, start: 40},
	}
}

// types are Ruby's own, by the low five bits of an object's flags
// (include/ruby/internal/value_type.h).
var types = [32]string{
	0x00: "FREE", 0x01: "T_OBJECT", 0x02: "T_CLASS", 0x03: "T_MODULE", 0x04: "T_FLOAT", 0x05: "T_STRING", 0x06: "T_REGEXP",
	0x07: "T_ARRAY", 0x08: "T_HASH", 0x09: "T_STRUCT", 0x0a: "T_BIGNUM", 0x0b: "T_FILE", 0x0c: "T_DATA", 0x0d: "T_MATCH",
	0x0e: "T_COMPLEX", 0x0f: "T_RATIONAL", 0x11: "T_NIL", 0x12: "T_TRUE", 0x13: "T_FALSE", 0x14: "T_SYMBOL", 0x15: "T_FIXNUM",
	0x16: "T_UNDEF", 0x1a: "T_IMEMO", 0x1b: "T_NODE", 0x1c: "T_ICLASS", 0x1d: "T_ZOMBIE", 0x1e: "T_MOVED",
}
