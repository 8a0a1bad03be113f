package culprit

// MemoryKind says what a memory sample measures. Kinds are never added up or
// compared with one another without a reason given in the code.
type MemoryKind uint8

// The kinds of memory series, in bytes unless said otherwise.
const (
	MemoryUnknown MemoryKind = iota
	RSS                      // resident set of one process: private and shared pages
	PSS                      // proportional set: shared pages divided by their sharers
	USS                      // unique set: private pages only
	Anonymous                // anonymous resident pages of one process
	Swap                     // swapped-out pages of one process
	HostUsed                 // host memory in use, page cache and buffers excluded
	HostCached               // page cache and buffers of the host
	HostTotal                // installed memory of the host
	HostAvailable            // kernel's estimate of memory that can still be given out
	CgroupUsage              // memory charged to a cgroup or container, page cache included
	CgroupWorking            // usage less inactive file pages (what the OOM killer looks at)
	CgroupRSS                // anonymous memory of a cgroup or container
	CgroupCache              // page cache charged to a cgroup or container, tmpfs included
	GroupRSS                 // sum of RSS over a named group of processes
	HeapLiveSlots            // live Ruby heap slots, a count and not bytes
	HeapFreeSlots            // free Ruby heap slots, a count and not bytes
)

// String returns the name used in reports.
func (k MemoryKind) String() string {
	names := [...]string{
		"unknown", "rss", "pss", "uss", "anonymous", "swap", "host_used", "host_cached",
		"host_total", "host_available", "cgroup_usage", "cgroup_working_set", "cgroup_rss",
		"cgroup_cache", "group_rss", "heap_live_slots", "heap_free_slots",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Series is the identity of one memory series as its source tells it.
type Series struct {
	Host string     // "" when neither line nor file says; the hall may fill it in
	PID  int        // 0 when the series is not of one process
	Name string     // process name, cgroup path, dyno, group or column: whatever names it
	Role string     // "master", "worker", ... when the source tells (cmdline, metric name)
	Kind MemoryKind // what it measures
	// Collapsed is set when several processes were written into this one series
	// (Telegraf procstat with pid as a field): its values jump between processes
	// and no per-process fit may use it.
	Collapsed bool
}
