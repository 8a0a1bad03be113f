package rubydump

// iseq is code (iseq.c, rb_iseq_mark_and_move): its parts, and every word of it that is
// an object. Operands that are addresses of something else are no objects' addresses, so
// nothing is taken for one that is none.
func (d *dumper) iseq(slot []byte) uint64 {
	d.maybe(word64(slot, 8))  // wrapper
	d.maybe(word64(slot, 24)) // what it is loaded of; else hooks of TracePoints, or what compiles it
	d.maybe(word64(slot, 32))
	d.reach(word64(slot, 24), 0)
	body := word64(slot, 16)
	if body == 0 {
		return 0
	}
	for _, name := range []string{
		"variable.coverage", "variable.pc2branchindex", "variable.script_lines", "location.label", "location.base_label",
		"location.pathobj", "mandatory_only_iseq", "local_iseq", "parent_iseq",
	} {
		if o, ok := d.lay.body[name]; ok {
			d.maybe(d.word(body + o))
		}
	}
	size := d.bodyHalf(body, "iseq_size")
	d.maybeEach(d.bodyWord(body, "iseq_encoded"), size)
	bytes := d.lay.bodySize + 8*size + 8*d.bodyHalf(body, "local_table_size") + 16*d.bodyHalf(body, "insns_info.size")
	if !d.lay.v27 { // in 2.7 they have no objects
		n := d.bodyHalf(body, "ci_size")
		d.maybeEach(d.bodyWord(body, "call_data"), 2*n)
		bytes += 16 * n
	}
	bytes += d.inline(body)
	d.keywords(d.bodyWord(body, "param.keyword"))
	return bytes + d.catches(d.bodyWord(body, "catch_table"))
}

func (d *dumper) bodyWord(body uint64, name string) uint64 {
	o, ok := d.lay.body[name]
	if !ok {
		return 0
	}
	return d.word(body + o)
}

func (d *dumper) bodyHalf(body uint64, name string) uint64 {
	o, ok := d.lay.body[name]
	if !ok {
		return 0
	}
	return uint64(d.half(body + o))
}

// inline are caches within code: union iseq_inline_storage_entry, of two words. Constants
// that were read stay here.
func (d *dumper) inline(body uint64) uint64 {
	n := d.bodyHalf(body, "is_size")
	for _, name := range []string{"ic_size", "ise_size", "ivc_size", "icvarc_size"} {
		n += d.bodyHalf(body, name)
	}
	at := d.bodyWord(body, "is_entries")
	if at == 0 || n == 0 {
		return 0
	}
	d.each(at, 2*n, func(w uint64) {
		if d.isObject(w) {
			d.refs = append(d.refs, w)
		} else if w&7 == 0 && d.block(w) >= 24 {
			d.maybeEach(w+16, 2) // a class variable's cache: its scope, since 3.2, and its class
		}
	})
	return 16 * n
}

// keywords are defaults of parameters: struct rb_iseq_param_keyword (vm_core.h) has the
// number, those required, and the defaults at 24.
func (d *dumper) keywords(at uint64) {
	if at == 0 {
		return
	}
	n, required := d.half(at), d.half(at+4)
	if n > required {
		d.maybeEach(d.word(at+keywordDefaults), uint64(n-required))
	}
}

const keywordDefaults = 24

// catches are what is run on exceptions: struct iseq_catch_table is packed, so entries of
// 32 bytes begin at 4, with code at 8.
func (d *dumper) catches(at uint64) uint64 {
	if at == 0 {
		return 0
	}
	n := min(uint64(d.half(at)), 1<<20)
	for i := range n {
		d.maybe(d.word(at + 12 + 32*i))
	}
	return 4 + 32*n
}
