package rubydump

// imemo are Ruby's own objects (internal/imemo.h; imemo.c, rb_imemo_mark_and_move).
func (d *dumper) imemo(flags uint64, slot []byte) (bytes uint64, estimated bool) {
	switch kind := flags >> flUser & 0xf; kind {
	case imemoEnv:
		return d.env(slot), false
	case imemoMent:
		d.method(slot)
		return 8, false
	case imemoIseq:
		return d.iseq(slot), true
	case imemoTmpbuf:
		return d.locations(slot), false
	case imemoCallinfo:
		return 0, false
	case imemoCallcache: // its class holds it, not it the class
		d.maybe(word64(slot, 16))
		return 0, false
	case imemoConstcache:
		d.value(word64(slot, 8))
		return 0, false
	case imemoAst:
		d.words(slot)
		return d.reach(word64(slot, 8), 0), true
	default:
		d.words(slot)
		return 0, false
	}
}

// words adds those of a slot's words that are objects.
func (d *dumper) words(slot []byte) {
	for o := 8; o+8 <= min(len(slot), 40); o += 8 {
		d.maybe(word64(slot, o))
	}
}

// Of an environment (vm_core.h): the words before ep hold what is around it, that behind
// the object that it is.
const envLocal = 0x02

// env is a scope that outlived its call: rb_env_t has iseq at 8, ep at 16, env at 24 and
// its length at 32.
func (d *dumper) env(slot []byte) uint64 {
	ep, from, n := word64(slot, 16), word64(slot, 24), word64(slot, 32)&0xffffffff
	if ep == 0 {
		return 0
	}
	d.value(word64(slot, 8))
	d.each(from, n, d.value)
	if d.word(ep)&envLocal == 0 {
		if before := d.word(ep-8) &^ 3; before != 0 {
			d.maybe(d.word(before + 8))
		}
	}
	return 8 * n
}

// method is rb_method_entry_t: the class it was defined in, what it is, its owner.
func (d *dumper) method(slot []byte) {
	d.value(word64(slot, 32))
	d.value(word64(slot, 8))
	def := word64(slot, 16)
	if def == 0 {
		return
	}
	for _, name := range methodParts[d.half(def)&0xf] {
		if o, ok := d.lay.method[name]; ok {
			d.maybe(d.word(def + o))
		}
	}
	if o, ok := d.lay.method["body.bmethod.hooks"]; ok && d.half(def)&0xf == methodOfProc {
		d.reach(d.word(def+o), 0)
	}
}

// methodOfProc is a method that define_method made: VM_METHOD_TYPE_BMETHOD (method.h,
// rb_method_type_t).
const methodOfProc = 4

// methodParts are the objects that methods have, by their types: code, attributes, procs,
// what an alias or a refinement stands for. Others have functions of C.
var methodParts = [16][]string{
	0:            {"body.iseq.iseqptr", "body.iseq.cref"},
	2:            {"body.attr.location"},
	3:            {"body.attr.location"},
	methodOfProc: {"body.bmethod.proc"},
	6:            {"body.alias.original_me"},
	11:           {"body.refined.orig_me", "body.refined.owner"},
}

// locations are rb_imemo_tmpbuf_t: words of C functions that may be objects, chained.
func (d *dumper) locations(slot []byte) (bytes uint64) {
	ptr, next, n := word64(slot, 16), word64(slot, 24), word64(slot, 32)
	seen := map[uint64]bool{}
	for {
		if ptr != 0 {
			d.maybeEach(ptr, n)
		}
		if next == 0 || !d.pages.slot(next) || seen[next] {
			return 8 * word64(slot, 32)
		}
		seen[next] = true
		ptr, n, next = d.word(next+16), d.word(next+32), d.word(next+24)
	}
}
