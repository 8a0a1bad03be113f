package rubydump

import "math/bits"

// ext is where a class has its parts.
func (d *dumper) ext(at uint64, slot []byte) uint64 {
	if d.lay.old {
		return word64(slot, 24)
	}
	return at + d.lay.ext
}

// part reads a table of a class, 0 where it has none.
func (d *dumper) part(ext uint64, name string) uint64 {
	o, ok := d.lay.class[name]
	if !ok || ext == 0 {
		return 0
	}
	return d.word(ext + o)
}

// methods is where a class has its table of methods.
func (d *dumper) methods(ext uint64, slot []byte) uint64 {
	if d.lay.old {
		return d.part(ext, "m_tbl")
	}
	return word64(slot, 24)
}

// module is a class or a module: what it inherits from, its methods, variables,
// constants and caches of calls.
func (d *dumper) module(at, flags uint64, slot []byte) uint64 {
	d.value(word64(slot, 16)) // the one above
	ext := d.ext(at, slot)
	if ext == 0 {
		return 0
	}
	methods, constants := d.methods(ext, slot), d.part(ext, "const_tbl")
	d.idEach(methods, d.maybe)
	bytes := d.idBytes(methods) + d.idBytes(constants)
	d.idEach(constants, func(entry uint64) { // struct rb_const_entry_struct (constant.h)
		d.value(d.word(entry + 8))
		d.value(d.word(entry + 16))
	})
	bytes += d.calls(ext)
	classVariables := d.part(ext, "cvc_tbl")
	bytes += d.idBytes(classVariables)
	if d.lay.old {
		return bytes + d.oldVariables(ext)
	}
	d.idEach(classVariables, func(entry uint64) { d.maybe(d.word(entry + 16)) }) // its cref (internal/class.h, struct rb_cvar_class_tbl_entry)
	if flags&0x1f == tClass && flags&d.lay.singleton != 0 {
		d.value(d.part(ext, "as.singleton_class.attached_object"))
	}
	d.value(d.part(ext, "classpath"))
	if flags&user2 != 0 { // RCLASS_SUPERCLASSES_INCLUDE_SELF
		bytes += 8 * (d.part(ext, "superclass_depth") + 1)
	}
	return bytes + d.variables(ext, flags)
}

// oldVariables are those of a class up to 3.1, with its constants of names; the table is
// counted twice, as Ruby does (gc.c, obj_memsize_of).
func (d *dumper) oldVariables(ext uint64) uint64 {
	table := d.part(ext, "iv_tbl")
	d.stEach(table, func(_, v uint64) { d.value(v) })
	bytes := 2*d.stBytes(table) + d.StructSize("rb_classext_struct")
	return bytes + d.stBytes(d.part(ext, "iv_index_tbl"))
}

// variables are those of a class since 3.2, by its shape.
func (d *dumper) variables(ext, flags uint64) uint64 {
	n, _, table, ok := d.shape(flags)
	at := d.part(ext, "iv_ptr")
	if !ok {
		return 0
	}
	if table {
		d.stEach(at, func(_, v uint64) { d.value(v) })
		return 0
	}
	if n > 0 {
		d.each(at, n, d.value)
	}
	return 8 << bits.Len64(n) // room is made in powers of two
}

// included is a module where it was included.
func (d *dumper) included(at, flags uint64, slot []byte) (bytes uint64) {
	d.value(word64(slot, 16))
	ext := d.ext(at, slot)
	if ext == 0 {
		return 0
	}
	if own := flags & (d.lay.originTable | d.lay.originShared); own == d.lay.originTable {
		methods := d.methods(ext, slot)
		d.idEach(methods, d.maybe)
		bytes = d.idBytes(methods)
	}
	d.idEach(d.part(ext, "callable_m_tbl"), d.maybe)
	if !d.lay.old {
		d.value(d.part(ext, "includer"))
	}
	return bytes + d.calls(ext)
}

// calls are the caches of methods that were called: struct rb_class_cc_entries
// (vm_callinfo.h), of int capacity, int length, the method, and pairs whose second word
// is a cache; the first is what the call gives, up to 3.3.
func (d *dumper) calls(ext uint64) uint64 {
	table := d.part(ext, "cc_tbl")
	bytes := d.idBytes(table)
	d.idEach(table, func(entry uint64) {
		capacity, n := d.half(entry), d.half(entry+4)
		d.maybe(d.word(entry + 8))
		d.maybeEach(d.word(entry+16), 2*uint64(n))
		bytes += 24 + 16*uint64(capacity)
	})
	return bytes
}

// maybeEach adds those of n words that are addresses of objects.
func (d *dumper) maybeEach(at, n uint64) {
	if at != 0 && n > 0 {
		d.each(at, n, d.maybe)
	}
}
