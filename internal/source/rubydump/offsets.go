package rubydump

import "culprit/internal/source/rubymem"

// Types of objects (include/ruby/internal/value_type.h).
const (
	tNone     = 0x00
	tObject   = 0x01
	tClass    = 0x02
	tModule   = 0x03
	tFloat    = 0x04
	tString   = 0x05
	tRegexp   = 0x06
	tArray    = 0x07
	tHash     = 0x08
	tStruct   = 0x09
	tBignum   = 0x0a
	tFile     = 0x0b
	tData     = 0x0c
	tMatch    = 0x0d
	tComplex  = 0x0e
	tRational = 0x0f
	tSymbol   = 0x14
	tImemo    = 0x1a
	tIClass   = 0x1c
	tZombie   = 0x1d
	tMoved    = 0x1e
)

// typeNames are those of dumps.
var typeNames = [32]string{
	tObject: "OBJECT", tClass: "CLASS", tModule: "MODULE", tFloat: "FLOAT", tString: "STRING", tRegexp: "REGEXP",
	tArray: "ARRAY", tHash: "HASH", tStruct: "STRUCT", tBignum: "BIGNUM", tFile: "FILE", tData: "DATA", tMatch: "MATCH",
	tComplex: "COMPLEX", tRational: "RATIONAL", 0x11: "NIL", 0x12: "TRUE", 0x13: "FALSE", tSymbol: "SYMBOL", 0x15: "FIXNUM",
	0x16: "UNDEF", tImemo: "IMEMO", 0x1b: "NODE", tIClass: "ICLASS", tZombie: "ZOMBIE", tMoved: "MOVED",
}

// imemoNames are those of dumps (internal/imemo.h; imemo.c, rb_imemo_name).
var imemoNames = [16]string{
	"env", "cref", "svar", "throw_data", "ifunc", "memo", "ment", "iseq", "tmpbuf", "ast", "parser_strterm",
	"callinfo", "callcache", "constcache",
}

// Kinds of imemo.
const (
	imemoEnv        = 0
	imemoMent       = 6
	imemoIseq       = 7
	imemoTmpbuf     = 8
	imemoAst        = 9
	imemoCallinfo   = 11
	imemoCallcache  = 12
	imemoConstcache = 13
)

// Flags that all versions have alike (include/ruby/internal/fl_type.h).
const (
	flPromoted0 = 1 << 5
	flPromoted1 = 1 << 6
	flExivar    = 1 << 10
	flFreeze    = 1 << 11
	flUser      = 12 // FL_USER0 is this bit

	user1  = 1 << (flUser + 1)
	user2  = 1 << (flUser + 2)
	user3  = 1 << (flUser + 3)
	user5  = 1 << (flUser + 5)
	user8  = 1 << (flUser + 8)
	user12 = 1 << (flUser + 12)
	user17 = 1 << (flUser + 17)
	user18 = 1 << (flUser + 18)
)

// offsets is what is read for each object, resolved.
type offsets struct {
	old               bool   // up to 3.1
	v27, v34          bool   // 2.7; 3.4
	singleton, shared uint64 // flags
	sharedRoot        uint64 // flag of an array whose elements others share
	originTable       uint64 // flags of an ICLASS: it has a table of methods of its own ...
	originShared      uint64 // ... unless this is set too
	arrayMask         uint64 // of the length of an embedded array in the flags
	structMask        uint64
	ext               uint64 // where in its slot a class has its parts, 0 where they are elsewhere
	class             map[string]uint64
	body              map[string]uint64
	io                map[string]uint64
	thread            map[string]uint64
	threadSize        uint64
	contextSize       uint64
	fiberSize         uint64
	bodySize          uint64
	frame             uint64
	method            map[string]uint64 // of a method definition
	smallPairs        uint64            // of struct ar_table_struct
	smallSize         uint64
}

func offsetsOf(r *rubymem.Ruby) offsets {
	o := offsets{old: r.Old(), v27: r.Version == "2.7", v34: r.Version == "3.4"}
	o.singleton, o.shared = r.Flags()
	o.sharedRoot, o.originTable, o.originShared, o.arrayMask, o.structMask = user12, 1<<flUser, user3, 0x7f, 0x7f
	if o.old {
		o.sharedRoot, o.originTable, o.originShared, o.arrayMask, o.structMask = user5, user5, user8, 3, 3
	} else {
		o.ext = r.StructSize("RClass")
	}
	o.class = found(r, "rb_classext_struct", "iv_tbl", "iv_ptr", "const_tbl", "m_tbl", "callable_m_tbl", "cc_tbl", "cvc_tbl",
		"iv_index_tbl", "includer", "classpath", "as.singleton_class.attached_object", "superclass_depth")
	o.body = found(r, "rb_iseq_constant_body", "iseq_encoded", "iseq_size", "variable.coverage", "variable.pc2branchindex",
		"variable.script_lines", "location.label", "location.base_label", "location.pathobj", "mandatory_only_iseq", "local_iseq",
		"parent_iseq", "call_data", "ci_size", "param.keyword", "catch_table", "is_entries", "is_size", "ic_size", "ise_size",
		"ivc_size", "icvarc_size", "insns_info.size", "local_table_size")
	o.io = found(r, "rb_io_t", "self", "pathv", "tied_io_for_writing", "writeconv_asciicompat", "writeconv_pre_ecopts",
		"encs.ecopts", "write_lock", "timeout")
	o.thread = found(r, "rb_execution_context_struct", "machine.stack_start", "machine.stack_end", "thread_ptr", "local_storage")
	if at, ok := r.Offset("rb_fiber_struct", "cont.saved_ec"); ok {
		o.thread["saved_ec"] = at
	}
	for _, name := range []string{"stack", "stack_size"} {
		if at, ok := r.Offset("rb_fiber_struct", "cont.machine."+name); ok {
			o.thread[name] = at
		}
	}
	for _, name := range []string{"ec", "ractor", "root_fiber"} {
		if at, ok := r.Offset("rb_thread_struct", name); ok {
			o.thread[name] = at
		}
	}
	if at, ok := r.Offset("rb_ractor_struct", "pub.self"); ok {
		o.thread["ractor.self"] = at
	}
	o.threadSize, o.contextSize = r.StructSize("rb_thread_struct"), r.StructSize("rb_execution_context_struct")
	o.fiberSize, o.bodySize = r.StructSize("rb_fiber_struct"), r.StructSize("rb_iseq_constant_body")
	o.frame = r.StructSize("rb_control_frame_struct")
	o.smallPairs, _ = r.Offset("ar_table_struct", "pairs")
	o.smallSize = r.StructSize("ar_table_struct")
	o.method = found(r, "rb_method_definition_struct", "body.iseq.iseqptr", "body.iseq.cref", "body.attr.location",
		"body.bmethod.proc", "body.bmethod.hooks", "body.alias.original_me", "body.refined.orig_me", "body.refined.owner")
	return o
}

// found gives the fields that a version has.
func found(r *rubymem.Ruby, name string, fields ...string) map[string]uint64 {
	m := map[string]uint64{}
	for _, f := range fields {
		if at, ok := r.Offset(name, f); ok {
			m[f] = at
		}
	}
	return m
}
