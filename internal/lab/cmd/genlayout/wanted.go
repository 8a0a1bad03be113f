package main

// wanted are the structs of a table, by tag or by typedef. No version has them all.
// RVALUE is not among them: it is the union of the objects, and repeats them.
var wanted = []string{
	// Objects.
	"RArray", "RBasic", "RBignum", "RClass", "RClass_and_rb_classext_t", "RComplex", "RData", "RFile", "RFloat", "RHash",
	"RMatch", "RObject", "RRational", "RRegexp", "RString", "RStruct", "RSymbol", "RTypedData",
	"rb_classext_struct", "rb_data_type_struct", "rb_io_t", "rb_subclass_entry", "rmatch", "re_registers",
	// Tables.
	"ar_table_struct", "ar_table_pair_struct", "st_table", "st_table_entry", "rb_id_table", "item_t", "rb_symbols_t",
	"rb_shape", "rb_shape_tree_t", "weakmap", "rb_darray_meta_t",
	// The heap.
	"rb_objspace", "heap_page", "heap_page_header", "heap_page_body", "rb_size_pool_struct", "rb_heap_struct", "gc_list",
	"transient_heap", "transient_heap_block", "rb_postponed_job_struct",
	// Internal objects.
	"rb_ast_body_struct", "rb_cref_struct", "rb_imemo_tmpbuf_struct", "vm_ifunc", "vm_svar", "vm_throw_data", "MEMO",
	"rb_env_t", "rb_proc_t", "rb_block", "rb_captured_block",
	// Code.
	"rb_iseq_struct", "rb_iseq_constant_body", "rb_iseq_location_struct", "iseq_insn_info_entry", "succ_index_table",
	"succ_dict_block", "rb_method_entry_struct", "rb_callable_method_entry_struct", "rb_method_definition_struct",
	"rb_method_iseq_struct", "rb_method_cfunc_struct", "rb_callinfo", "rb_callcache",
	// What runs.
	"rb_vm_struct", "rb_ractor_struct", "rb_ractor_pub", "rb_thread_struct", "rb_native_thread", "rb_fiber_struct",
	"rb_context_struct", "cont_saved_vm_stack", "rb_execution_context_struct", "rb_control_frame_struct", "rb_vm_tag",
}
