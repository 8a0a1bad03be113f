package rubymem

import "slices"

// counter is a key of GC.stat and where it stands: fields of struct rb_objspace, or those
// of each of its pools, summed. Of several names the first that a version has counts
// (gc.c, gc_stat_internal).
type counter struct {
	key    string
	fields []string
	pools  []string
}

// counters are those that are read as they stand.
func counters() []counter {
	return []counter{
		{key: "count", fields: []string{"profile.count"}},
		{key: "time", fields: []string{"profile.total_time_ns"}},
		{key: "marking_time", fields: []string{"profile.marking_time_ns"}},
		{key: "sweeping_time", fields: []string{"profile.sweeping_time_ns"}},
		{key: "heap_allocated_pages", fields: []string{"heap_pages.allocated_pages"}},
		{key: "heap_sorted_length", fields: []string{"heap_pages.sorted_length"}},
		{key: "heap_allocatable_pages", fields: []string{"heap_pages.allocatable_pages"}, pools: []string{"allocatable_pages"}},
		{key: "heap_allocatable_slots", fields: []string{"heap_pages.allocatable_slots"}},
		{key: "heap_empty_pages", fields: []string{"empty_pages_count"}},
		{key: "heap_final_slots", fields: []string{"heap_pages.final_slots"}, pools: []string{"final_slots_count"}},
		{key: "heap_marked_slots", fields: []string{"marked_slots"}},
		{key: "heap_eden_pages", fields: []string{"eden_heap.total_pages"}, pools: []string{"eden_heap.total_pages", "total_pages"}},
		{key: "heap_tomb_pages", fields: []string{"tomb_heap.total_pages"}, pools: []string{"tomb_heap.total_pages"}},
		{key: "total_allocated_pages", fields: []string{"profile.total_allocated_pages"}, pools: []string{"total_allocated_pages"}},
		{key: "total_freed_pages", fields: []string{"profile.total_freed_pages", "heap_pages.freed_pages"}, pools: []string{"total_freed_pages"}},
		{key: "total_allocated_objects", fields: []string{"total_allocated_objects"}, pools: []string{"total_allocated_objects"}},
		{key: "total_freed_objects", fields: []string{"profile.total_freed_objects"}, pools: []string{"total_freed_objects"}},
		{key: "malloc_increase_bytes", fields: []string{"malloc_params.increase"}},
		{key: "malloc_increase_bytes_limit", fields: []string{"malloc_params.limit"}},
		{key: "minor_gc_count", fields: []string{"profile.minor_gc_count"}},
		{key: "major_gc_count", fields: []string{"profile.major_gc_count"}},
		{key: "compact_count", fields: []string{"profile.compact_count"}},
		{key: "read_barrier_faults", fields: []string{"profile.read_barrier_faults"}},
		{key: "total_moved_objects", fields: []string{"rcompactor.total_moved"}},
		{key: "remembered_wb_unprotected_objects", fields: []string{"rgengc.uncollectible_wb_unprotected_objects"}},
		{key: "remembered_wb_unprotected_objects_limit", fields: []string{"rgengc.uncollectible_wb_unprotected_objects_limit"}},
		{key: "old_objects", fields: []string{"rgengc.old_objects"}},
		{key: "old_objects_limit", fields: []string{"rgengc.old_objects_limit"}},
		{key: "oldmalloc_increase_bytes", fields: []string{"rgengc.oldmalloc_increase"}},
		{key: "oldmalloc_increase_bytes_limit", fields: []string{"rgengc.oldmalloc_increase_limit"}},
		{key: "heap_available_slots", fields: []string{}, pools: []string{"eden_heap.total_slots", "total_slots"}},
	}
}

// GCStat reads the counters of GC.stat, with its keys. A key that could not be read is
// not in it.
func (r *Ruby) GCStat() map[string]uint64 {
	stat := map[string]uint64{}
	pools := r.pools()
	for _, c := range counters() {
		if v, ok := r.counter(c, pools); ok {
			stat[c.key] = v
		}
	}
	r.derived(stat, pools)
	for _, key := range []string{"time", "marking_time", "sweeping_time"} {
		if v, ok := stat[key]; ok {
			stat[key] = v / 1e6 // GC.stat tells milliseconds
		}
	}
	return stat
}

// pool is a heap of slots of one size.
type pool struct {
	at   uint64
	name string // its struct
}

// pools lists the heaps of an object space: none up to 2.7.
func (r *Ruby) pools() (list []pool) {
	first, ok := r.lay.field("rb_objspace", "size_pools")
	name := "rb_size_pool_struct"
	if !ok {
		if first, ok = r.lay.field("rb_objspace", "heaps"); !ok {
			return nil
		}
		name = "rb_heap_struct"
	}
	size := r.lay.Structs[name].Size
	for i := range uint64(5) { // HEAP_COUNT, SIZE_POOL_COUNT
		at := r.space + first + i*size
		slot, ok := r.half(at)
		if !ok || uint64(slot) < 40<<i || slot%8 != 0 || uint64(slot) > 48<<i || i > 0 && r.Version == "3.1" {
			break
		}
		list = append(list, pool{at, name})
	}
	return list
}

func (r *Ruby) counter(c counter, pools []pool) (uint64, bool) {
	if v, ok := r.sum(c.pools, pools); ok { // fields of older versions stay behind, unused
		return v, true
	}
	if o, ok := r.lay.field("rb_objspace", c.fields...); ok {
		return r.word(r.space + o)
	}
	return 0, false
}

// sum adds a field of all pools.
func (r *Ruby) sum(names []string, pools []pool) (sum uint64, ok bool) {
	if len(pools) == 0 || len(names) == 0 {
		return 0, false
	}
	for _, p := range pools {
		o, ok := r.lay.field(p.name, names...)
		if !ok {
			return 0, false
		}
		v, ok := r.word(p.at + o)
		if !ok {
			return 0, false
		}
		if slices.Contains(names, "final_slots_count") {
			v &= 0xffff
		}
		sum += v
	}
	return sum, true
}

// derived adds the keys that GC.stat computes.
func (r *Ruby) derived(stat map[string]uint64, pools []pool) {
	if r.Version == "2.7" {
		eden, ok1 := r.lay.field("rb_objspace", "eden_heap.total_slots")
		tomb, ok2 := r.lay.field("rb_objspace", "tomb_heap.total_slots")
		a, ok3 := r.word(r.space + eden)
		b, ok4 := r.word(r.space + tomb)
		if ok1 && ok2 && ok3 && ok4 {
			stat["heap_available_slots"] = a + b
		}
	} else if tomb, ok := r.sum([]string{"tomb_heap.total_slots"}, pools); ok {
		stat["heap_available_slots"] += tomb
	}
	if r.lay.darray {
		stat["heap_allocated_pages"] = uint64(r.pages)
	}
	if m, ok := stat["marking_time"]; ok {
		if s, ok := stat["sweeping_time"]; ok {
			stat["time"] = m + s
		}
	}
	made, ok1 := stat["total_allocated_objects"]
	freed, ok2 := stat["total_freed_objects"]
	final, ok3 := stat["heap_final_slots"]
	if ok1 && ok2 && ok3 && made >= freed+final {
		stat["heap_live_slots"] = made - freed - final
		if all, ok := stat["heap_available_slots"]; ok && all >= made-freed {
			stat["heap_free_slots"] = all - (made - freed)
		}
	}
}
