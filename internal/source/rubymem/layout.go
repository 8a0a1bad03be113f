package rubymem

import (
	"embed"
	"encoding/json"
	"fmt"
)

// layouts are generated from the debugging information of Ruby's own sources, one file
// for each minor version and kind of machine (scripts/layouts.sh).
//
//go:embed layouts/*.json
var layouts embed.FS

// structLayout is where a struct of C has its fields, in bytes.
type structLayout struct {
	Size   uint64            `json:"size"`
	Fields map[string]uint64 `json:"fields"`
}

// tables are the structs of one version.
type tables struct {
	Ruby    string                  `json:"ruby"`
	Arch    string                  `json:"arch"`
	Structs map[string]structLayout `json:"structs"`
}

// readTables gives the structs of a version.
func readTables(version, arch string) (*tables, error) {
	b, err := layouts.ReadFile("layouts/ruby-" + version + "-" + arch + ".json")
	if err != nil {
		return nil, fmt.Errorf("%w: %s on %s", ErrVersion, version, arch)
	}
	t := &tables{}
	if err := json.Unmarshal(b, t); err != nil {
		return nil, fmt.Errorf("layout of Ruby %s: %w", version, err)
	}
	return t, nil
}

// field gives the offset of the first of some fields that a struct has.
func (t *tables) field(name string, fields ...string) (uint64, bool) {
	s, ok := t.Structs[name]
	if !ok {
		return 0, false
	}
	for _, f := range fields {
		if o, ok := s.Fields[f]; ok {
			return o, true
		}
	}
	return 0, false
}

// layout is what is read often, resolved.
type layout struct {
	*tables
	align                               uint64 // of pages of the heap: HEAP_PAGE_ALIGN
	sorted                              uint64 // in struct rb_objspace: the table of pages
	allocated                           uint64 // in struct rb_objspace: how many pages the table has, where it is no darray
	darray                              bool   // the table is a darray: its length and room stand before it
	slotSize, total, start              uint64 // in struct heap_page
	fixedSlot                           uint64 // size of all slots, 0 where each page has its own
	singleton                           uint64 // flag of a singleton class
	shared                              uint64 // flag of a string or array that shares its bytes
	structLen                           uint64 // of the length of an embedded struct, in its flags from bit 13
	super, classpath, ivTable, attached uint64
	classPtr                            uint64 // RClass.ptr, 0 where the extension stands in the slot
	frame                               uint64 // size of a control frame
	threadEC, threadName                uint64
	tid, native                         uint64 // a thread's number for the kernel, in itself or in its native thread; of 2.7 in glibc's
	threadPtr, fiberEC                  uint64
	ractor, running                     uint64 // of a thread; and in it the context that has the lock
	owner                               bool   // they are the machine, and the thread that has the lock (vm_core.h of 2.7, rb_vm_struct.gvl)
	body                                bodyLayout
	insn                                uint64 // size of an entry of insns_info
	lastOp                              uint64 // tLAST_OP_ID: numbers of names up to this are not shifted
}

// bodyLayout is struct rb_iseq_constant_body.
type bodyLayout struct{ encoded, size, path, label, info, infoSize, succ, parent, local uint64 }

// Flags of objects (include/ruby/internal/fl_type.h): FL_USER0 is bit 12.
const (
	flUser0 = 1 << 12
	flUser1 = 1 << 13
	flUser2 = 1 << 14
	flUser3 = 1 << 15
)

// newLayout resolves what this package reads, and refuses a table that lacks some of it.
func newLayout(version, arch string) (layout, error) {
	t, err := readTables(version, arch)
	if err != nil {
		return layout{}, err
	}
	l := layout{tables: t, align: 64 << 10, singleton: flUser0, shared: flUser2, structLen: 0x7f}
	var missing []string
	get := func(to *uint64, name string, fields ...string) {
		o, ok := t.field(name, fields...)
		if !ok {
			missing = append(missing, name+"."+fields[0])
		}
		*to = o
	}
	get(&l.sorted, "rb_objspace", "heap_pages.sorted")
	get(&l.total, "heap_page", "total_slots")
	get(&l.start, "heap_page", "start")
	get(&l.threadEC, "rb_thread_struct", "ec")
	get(&l.threadName, "rb_thread_struct", "name")
	get(&l.threadPtr, "rb_execution_context_struct", "thread_ptr")
	get(&l.fiberEC, "rb_fiber_struct", "cont.saved_ec")
	get(&l.super, "RClass", "super")
	get(&l.body.encoded, "rb_iseq_constant_body", "iseq_encoded")
	get(&l.body.size, "rb_iseq_constant_body", "iseq_size")
	get(&l.body.path, "rb_iseq_constant_body", "location.pathobj")
	get(&l.body.label, "rb_iseq_constant_body", "location.label")
	get(&l.body.info, "rb_iseq_constant_body", "insns_info.body")
	get(&l.body.infoSize, "rb_iseq_constant_body", "insns_info.size")
	get(&l.body.succ, "rb_iseq_constant_body", "insns_info.succ_index_table")
	get(&l.body.parent, "rb_iseq_constant_body", "parent_iseq")
	get(&l.body.local, "rb_iseq_constant_body", "local_iseq")
	l.frame, l.insn = t.Structs["rb_control_frame_struct"].Size, t.Structs["iseq_insn_info_entry"].Size
	switch version {
	case "2.7":
		l.align, l.fixedSlot, l.lastOp = 16<<10, 40, 168
		get(&l.native, "rb_thread_struct", "thread_id")
		get(&l.ractor, "rb_thread_struct", "vm")
		get(&l.running, "rb_vm_struct", "gvl.owner")
		l.owner, l.tid = true, pthreadTID(arch)
	case "3.1":
		l.align, l.lastOp = 16<<10, 169
		get(&l.tid, "rb_thread_struct", "tid")
	default:
		l.lastOp = 169
		get(&l.native, "rb_thread_struct", "nt")
		get(&l.tid, "rb_native_thread", "tid")
	}
	if version == "3.4" {
		l.darray, l.lastOp, l.singleton, l.shared = true, 170, flUser1, flUser0
	}
	if version != "2.7" {
		get(&l.ractor, "rb_thread_struct", "ractor")
		get(&l.running, "rb_ractor_struct", "threads.running_ec")
	}
	if !l.darray {
		get(&l.allocated, "rb_objspace", "heap_pages.allocated_pages")
	}
	if l.fixedSlot == 0 {
		get(&l.slotSize, "heap_page", "slot_size")
	}
	if _, old := t.field("RClass", "ptr"); old {
		l.structLen = 3 // the bit behind tells of the transient heap
		get(&l.classPtr, "RClass", "ptr")
		get(&l.ivTable, "rb_classext_struct", "iv_tbl")
	} else {
		get(&l.classpath, "rb_classext_struct", "classpath")
		get(&l.attached, "rb_classext_struct", "as.singleton_class.attached_object")
		l.classpath += t.Structs["RClass"].Size
		l.attached += t.Structs["RClass"].Size
	}
	if missing != nil || l.frame == 0 || l.insn == 0 {
		return layout{}, fmt.Errorf("layout of Ruby %s lacks %v", version, missing)
	}
	return l, nil
}

// pthreadTID is where glibc keeps the kernel's number in what a pthread_t points to
// (nptl/descr.h, struct pthread: behind its header and a list node; the header has 704
// bytes on amd64, where it is of tcbhead_t, and 24 words on arm64).
func pthreadTID(arch string) uint64 {
	if arch == "amd64" {
		return 704 + 16
	}
	return 24*8 + 16
}

// types are Ruby's own, by the low five bits of an object's flags
// (include/ruby/internal/value_type.h).
var types = [32]string{
	0x00: "FREE", 0x01: "T_OBJECT", 0x02: "T_CLASS", 0x03: "T_MODULE", 0x04: "T_FLOAT", 0x05: "T_STRING", 0x06: "T_REGEXP",
	0x07: "T_ARRAY", 0x08: "T_HASH", 0x09: "T_STRUCT", 0x0a: "T_BIGNUM", 0x0b: "T_FILE", 0x0c: "T_DATA", 0x0d: "T_MATCH",
	0x0e: "T_COMPLEX", 0x0f: "T_RATIONAL", 0x11: "T_NIL", 0x12: "T_TRUE", 0x13: "T_FALSE", 0x14: "T_SYMBOL", 0x15: "T_FIXNUM",
	0x16: "T_UNDEF", 0x1a: "T_IMEMO", 0x1b: "T_NODE", 0x1c: "T_ICLASS", 0x1d: "T_ZOMBIE", 0x1e: "T_MOVED",
}

// Numbers of types that are asked for.
const (
	tObject = 0x01
	tClass  = 0x02
	tModule = 0x03
	tString = 0x05
	tArray  = 0x07
	tHash   = 0x08
	tStruct = 0x09
	tData   = 0x0c
	tImemo  = 0x1a
	tIClass = 0x1c
)
