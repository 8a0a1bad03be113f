package metrics

import (
	"net"
	"sort"
	"strconv"
	"strings"

	"culprit"
)

// How sure it is what a metric measures.
type sureness uint8

const (
	notMemoryAtAll sureness = iota
	guessed
	known
)

// metricSlots are exact metric names. Sources: prometheus/client_golang
// prometheus/process_collector.go; google/cadvisor docs/storage/prometheus.md;
// prometheus/node_exporter collector/meminfo.go (before 0.16 without "_bytes");
// discourse/prometheus_exporter README (ruby_*); GitLab's Ruby sampler
// (gitlab docs administration/monitoring/prometheus/gitlab_metrics.md).
var metricSlots = map[string]slot{
	"process_resident_memory_bytes": slotRSS, "ruby_rss": slotRSS, "ruby_process_resident_memory_bytes": slotRSS,
	"ruby_process_proportional_memory_bytes": slotPSS, "ruby_process_unique_memory_bytes": slotUSS,
	"ruby_heap_live_slots": slotLiveSlots, "ruby_gc_stat_heap_live_slots": slotLiveSlots,
	"ruby_heap_free_slots": slotFreeSlots, "ruby_gc_stat_heap_free_slots": slotFreeSlots,
	"container_memory_working_set_bytes": slotWorking, "container_memory_rss": slotCgroupRSS,
	"container_memory_cache": slotCgroupCache, "container_memory_usage_bytes": slotUsage,
	"node_memory_MemTotal": slotTotal, "node_memory_MemFree": slotFree, "node_memory_MemAvailable": slotAvailable,
	"node_memory_Buffers": slotBuffers, "node_memory_Cached": slotCached, "node_memory_SReclaimable": slotReclaimable,
}

// metricSlot tells what a metric of Prometheus measures.
func metricSlot(name string, labels map[string]string) (slot, sureness) {
	switch name {
	case "namedprocess_namegroup_memory_bytes": // ncabatoff/process-exporter README
		if t := labels["memtype"]; t == "" || t == "resident" {
			return slotGroupRSS, known
		}
		return slotNone, notMemoryAtAll
	case "":
		return slotUnknown, guessed // an expression
	}
	if s, ok := metricSlots[strings.TrimSuffix(name, "_bytes")]; ok {
		return s, known
	}
	if s, ok := metricSlots[name]; ok {
		return s, known
	}
	for prefix, fields := range map[string]map[string]slot{"procstat_": processFields, "mem_": hostFields, "docker_container_mem_": containerFields} {
		if f, ok := strings.CutPrefix(name, prefix); ok { // Telegraf's Prometheus output
			if s := fields[f]; s != slotNone && s != slotPID {
				return s, known
			}
			return slotNone, notMemoryAtAll
		}
	}
	return guessSlot(name)
}

// guessSlot reads names that nobody documented: they must speak of memory, and
// not of limits, address space or other programs' insides.
func guessSlot(name string) (slot, sureness) {
	n := strings.ToLower(name)
	for _, no := range []string{"virtual", "vsize", "vms", "limit", "max", "request", "quota", "failcnt", "fault", "go_", "jvm_", "percent", "ratio", "swap", "node_", "mysql", "redis", "shared", "_total", "count", "cpu", "disk", "network"} {
		if strings.Contains(n, no) {
			return slotNone, notMemoryAtAll
		}
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(n, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("working_set"):
		return slotWorking, guessed
	case has("rss", "resident"):
		return slotRSS, guessed
	case has("_pss", "proportional"):
		return slotPSS, guessed
	case has("_uss", "unique"):
		return slotUSS, guessed
	case has("mem") && has("byte", "used", "usage"):
		return slotUnknown, guessed
	}
	return slotNone, notMemoryAtAll
}

// labelledSeries makes the identity out of labels.
func labelledSeries(name string, labels map[string]string) culprit.Series {
	s := culprit.Series{Host: hostLabel(labels)}
	pid := firstOf(labels, "pid", "process_id")
	if n, err := strconv.Atoi(pid); err == nil && n > 0 {
		s.PID, pid = n, ""
	}
	container := firstOf(labels, "container", "container_name")
	s.Name = firstOf(labels, "groupname", "process_name", "process", "systemd_unit")
	switch {
	case s.Name != "":
	case container != "":
		s.Name, s.Role = container, "container"
	case strings.HasPrefix(name, "container_"):
		s.Name, s.Role = firstOf(labels, "name", "id"), "container"
	case pid != "":
		s.Name = pid // "puma_0" of GitLab
	default:
		s.Name = firstOf(labels, "type", "job", "app", "service")
	}
	if s.Name == "" && !strings.HasPrefix(name, "node_memory_") {
		s.Name = name
	}
	switch labels["type"] {
	case "sidekiq", "delayed_job", "good_job", "job":
		s.Role = "job"
	case "master", "puma_master":
		s.Role = "master"
	case "worker", "puma_worker":
		s.Role = "worker"
	}
	if role, _, _ := roleOf(firstOf(labels, "cmdline", "process_name")); role != "" {
		s.Role = role
	}
	return s
}

// hostLabel finds the machine, or the pod, which is what logs call a host. An
// address of the exporter itself says nothing.
func hostLabel(labels map[string]string) string {
	for _, k := range []string{"host", "hostname", "pod", "pod_name", "instance", "node", "nodename", "server", "machine", "dyno", "source"} {
		v := labels[k]
		if v == "" {
			continue
		}
		v = stripPort(v)
		switch v {
		case "localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0":
			continue
		}
		return v
	}
	return ""
}

func stripPort(v string) string {
	v = strings.TrimPrefix(strings.TrimPrefix(v, "http://"), "https://")
	if host, port, err := net.SplitHostPort(v); err == nil {
		if _, err := strconv.Atoi(port); err == nil {
			return host
		}
	}
	return v
}

// sumOfOthers tells series that add up others of the same answer: cAdvisor's
// parent cgroups and the pause container.
func sumOfOthers(name string, labels map[string]string) bool {
	if !strings.HasPrefix(name, "container_memory_") {
		return false
	}
	if c, ok := labels["container"]; ok {
		return c == "" || c == "POD"
	}
	if c, ok := labels["container_name"]; ok {
		return c == "" || c == "POD"
	}
	if labels["name"] != "" {
		return false
	}
	id := labels["id"]
	return id == "/" || id == "/docker" || strings.HasSuffix(id, ".slice") || strings.HasPrefix(id, "/kubepods") || labels["pod"] != ""
}

// fillKind decides what a value without a telling name measures, by whom it is
// told of: a process's resident set, a container's working set, or the memory
// used on a host.
func fillKind(s culprit.Series, labels map[string]string) slot {
	switch {
	case s.PID > 0:
		return slotRSS
	case labels["groupname"] != "":
		return slotGroupRSS
	case s.Role == "container", labels["pod"] != "":
		return slotWorking
	}
	return slotUsed
}

// labelKey is one text for one label set.
func labelKey(labels map[string]string) string {
	keys := make([]string, 0, len(labels))
	for k := range labels {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(k)
		b.WriteByte('=')
		b.WriteString(labels[k])
	}
	return b.String()
}
