package metrics

import "strings"

// family is what a Telegraf measurement speaks of.
type family uint8

const (
	familyOther family = iota
	familyProcess
	familyHost
	familyCgroup
	familyContainer
)

// notMemory are Telegraf's measurements that hold no memory of a host or a
// process (influxdata/telegraf plugins/inputs): skipped without a look at
// their fields.
var notMemory = words(`cpu disk diskio net netstat processes kernel system swap nginx nginx_plus postgresql
	postgresql_extensible redis redis_keyspace memcached haproxy phpfpm internal internal_agent internal_gather
	internal_memstats internal_write interrupts soft_interrupts linux_sysctl_fs nstat ping http_response
	net_response dns_query conntrack sensors temp wireless procstat_lookup docker docker_container_cpu
	docker_container_net docker_container_blkio docker_container_health docker_container_status influxdb
	elasticsearch_jvm elasticsearch_indices mysql apache varnish filestat x509_cert systemd_units chrony`)

// familyOf sorts a measurement by its name.
func familyOf(name string) family {
	switch {
	case notMemory[name]:
		return familyOther
	case name == "mem", strings.HasPrefix(name, "mem_"), name == "memory":
		return familyHost
	case name == "cgroup", strings.HasPrefix(name, "cgroup_"):
		return familyCgroup
	case name == "docker_container_mem", name == "podman_container_mem", name == "kubernetes_pod_container":
		return familyContainer
	case strings.HasPrefix(name, "win_"), strings.HasPrefix(name, "cpu_"), strings.HasPrefix(name, "disk_"), strings.HasPrefix(name, "net_"):
		return familyOther
	}
	// procstat, or a name_override: the fields tell.
	return familyProcess
}

// fieldSlot tells what a field holds and how many bytes its unit has.
//
// Telegraf 0.x made a measurement of every field, "procstat_memory_rss value=":
// there the name of the measurement is the field.
func fieldSlot(f family, measurement, field string) (slot, int64) {
	if field == "value" || field == "gauge" {
		switch f {
		case familyHost:
			field = strings.TrimPrefix(measurement, "mem_")
		case familyProcess, familyCgroup:
			field = strings.TrimPrefix(strings.TrimPrefix(measurement, "procstat_"), "cgroup_")
		case familyContainer, familyOther:
		}
	}
	switch f {
	case familyHost:
		return hostFields[field], 1
	case familyCgroup:
		return cgroupFields[field], 1
	case familyContainer:
		return containerFields[field], 1
	case familyProcess:
		return processField(measurement, field)
	case familyOther:
	}
	return slotNone, 1
}

// hostFields: influxdata/telegraf plugins/inputs/mem/README.md. "used" leaves
// page cache and buffers out (shirou/gopsutil mem/mem_linux.go).
var hostFields = map[string]slot{
	"used": slotUsed, "cached": slotCached, "buffered": slotBuffers, "total": slotTotal, "available": slotAvailable, "free": slotFree,
}

// processFields: influxdata/telegraf plugins/inputs/procstat/README.md; the
// second line comes with properties = ["mmap"].
var processFields = map[string]slot{
	"pid": slotPID, "memory_rss": slotRSS, "memory_swap": slotSwap,
	"memory_pss": slotPSS, "memory_anonymous": slotAnonymous, "memory_private_clean": slotPrivateClean, "memory_private_dirty": slotPrivateDirty,
	"memory_uss": slotUSS, "rss": slotRSS, "pss": slotPSS, "uss": slotUSS, "rss_bytes": slotRSS,
	"heap_live_slots": slotLiveSlots, "heap_free_slots": slotFreeSlots,
}

// processField also takes the prefix option of procstat ("puma_memory_rss").
// Other inputs name their own memory so ("used_memory_rss" of redis), which is
// why the prefix must leave a name of procstat behind.
func processField(measurement, field string) (slot, int64) {
	if s, ok := processFields[field]; ok {
		return s, 1
	}
	switch field {
	case "rss_kb":
		return slotRSS, 1 << 10
	case "rss_mb":
		return slotRSS, 1 << 20
	}
	if i := strings.Index(field, "_memory_"); i > 0 && strings.HasPrefix(measurement, "procstat") {
		return processFields[field[i+1:]], 1
	}
	return slotNone, 1
}

// cgroupFields: influxdata/telegraf plugins/inputs/cgroup/README.md names fields
// after files and keys; kernel Documentation/admin-guide/cgroup-v1/memory.rst
// and cgroup-v2.rst tell what they hold. The totals of v1 include children, as
// the plain names of v2 do.
var cgroupFields = map[string]slot{
	"memory.current": slotUsage, "memory.usage_in_bytes": slotUsage,
	"memory.stat.anon": slotCgroupRSS, "memory.stat.total_rss": slotCgroupRSS,
	"memory.stat.file": slotCgroupCache, "memory.stat.total_cache": slotCgroupCache,
	"memory.stat.inactive_file": slotInactiveFile, "memory.stat.total_inactive_file": slotInactiveFile,
}

// containerFields: influxdata/telegraf plugins/inputs/docker (its "usage" leaves
// inactive file pages out: docker_stats.go, calculateMemUsageUnixNoCache) and
// plugins/inputs/kubernetes.
var containerFields = map[string]slot{
	"usage": slotWorking, "rss": slotCgroupRSS, "cache": slotCgroupCache, "anon": slotCgroupRSS, "file": slotCgroupCache,
	"memory_usage_bytes": slotUsage, "memory_working_set_bytes": slotWorking, "memory_rss_bytes": slotCgroupRSS,
}

func words(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}
