package diagnose

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/app"
)

// facts are the sums that rules look at.
type facts struct {
	p *Process
	a *app.App
	r *culprit.Report
	// memory is the limit that counts: the user's word, or the process's.
	memory   culprit.Bytes
	memoryOf string
	peak     culprit.Bytes

	rss, pss, private, swap, huge culprit.Bytes
	arenas                        arenas
	by                            split  // rss by what holds it
	allocator                     string // "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl", "" unknown
	ruby                          string // version by the mapped library, "" unknown
	library                       string // path of an allocator that is not libc's
	cluster                       cluster
}

// cluster is a master and its workers added up.
type cluster struct {
	n, workers      int
	rss, pss, swap  culprit.Bytes // of all
	master, largest culprit.Bytes // PSS and swap of the master, of the largest worker
	private         culprit.Bytes // of the worker that has most
	list            []Member      // workers
}

func newFacts(s Subject) *facts {
	f := &facts{p: s.Process, a: s.App, r: s.Report, memory: s.Memory, memoryOf: "--memory", peak: s.Peak}
	if f.p == nil {
		return f
	}
	if f.memory == culprit.Unknown {
		f.memory, f.memoryOf = f.p.Limit, f.p.LimitOf
	}
	f.sum()
	return f
}

var (
	rubyLibrary  = regexp.MustCompile(`libruby[^/]*?[-.]so\.(\d+\.\d+\.\d+)|libruby-(\d+\.\d+)\.so`)
	rubyBinary   = regexp.MustCompile(`/ruby(\d+\.\d+)?$`)
	otherMalloc  = regexp.MustCompile(`lib(jemalloc|tcmalloc|mimalloc)[^/]*\.so`)
	musl         = regexp.MustCompile(`ld-musl|libc\.musl`)
	glibc        = regexp.MustCompile(`/libc[-.][^/]*so|/libc\.so\.6`)
	clusterTitle = regexp.MustCompile(`^puma: cluster worker (\d+): (\d+)`)
	masterTitle  = regexp.MustCompile(`^puma \d`)
)

func (f *facts) sum() {
	for _, m := range f.p.Mappings {
		f.rss += m.RSS
		f.pss += m.PSS
		f.private += m.Private
		f.swap += m.Swap
		f.huge += m.AnonHuge
		if strings.HasPrefix(m.Path, "/") {
			f.recognise(m.Path)
		}
	}
	f.arenas = countArenas(f.p.Mappings)
	f.by = splitOf(f.p.Mappings, f.arenas, pageAlign(f.ruby))
	for _, m := range f.p.Cluster {
		f.cluster.n++
		f.cluster.rss += m.RSS
		f.cluster.pss += m.PSS
		f.cluster.swap += m.Swap
		if m.Role != "worker" {
			f.cluster.master += m.PSS + m.Swap
			continue
		}
		f.cluster.workers++
		f.cluster.largest = max(f.cluster.largest, m.PSS+m.Swap)
		f.cluster.private = max(f.cluster.private, m.Private)
		f.cluster.list = append(f.cluster.list, m)
	}
}

func (f *facts) recognise(path string) {
	if m := otherMalloc.FindStringSubmatch(path); m != nil {
		f.allocator, f.library = m[1], path
	}
	switch {
	case f.allocator != "" && f.allocator != "glibc":
	case musl.MatchString(path):
		f.allocator = "musl"
	case glibc.MatchString(path):
		f.allocator = "glibc"
	}
	if m := rubyLibrary.FindStringSubmatch(path); m != nil && len(m[1]) >= len(f.ruby) {
		f.ruby = m[1] + m[2]
	} else if m := rubyBinary.FindStringSubmatch(path); m != nil && f.ruby == "" && m[1] != "" {
		f.ruby = m[1]
	}
}

// Role tells what Puma calls a process by its title: "master", "worker", or "".
// master is the pid that a worker names.
func Role(title string) (role string, master int) {
	if m := clusterTitle.FindStringSubmatch(title); m != nil {
		pid, err := strconv.Atoi(m[2])
		if err != nil {
			return "worker", 0
		}
		return "worker", pid
	}
	if masterTitle.MatchString(title) {
		return "master", 0
	}
	return "", 0
}

// env is a variable of the process, or what a file of the app sets; where it is
// told is returned too.
func (f *facts) env(name string) (value, where string, known bool) {
	if f.p != nil && f.p.Env != nil {
		v := f.p.Env[name]
		return v, fmt.Sprintf("/proc/%d/environ", f.p.PID), true
	}
	if f.a != nil {
		for _, s := range f.a.Env {
			if s.Name == name && s.Value != "" {
				return s.Value, s.File + ":" + strconv.Itoa(s.Line), true
			}
		}
	}
	return "", "", false
}

// tell lists the facts for the reader.
func (f *facts) tell() []culprit.DoctorFact {
	out := []culprit.DoctorFact{}
	if f.p == nil {
		return out
	}
	smaps := fmt.Sprintf("/proc/%d/smaps", f.p.PID)
	amount := func(name string, b culprit.Bytes, quality, source string) {
		if b != culprit.Unknown {
			out = append(out, culprit.DoctorFact{Name: name, Value: b.String(), Bytes: b, Quality: quality, Source: source})
		}
	}
	word := func(name, value, quality, source string) {
		out = append(out, culprit.DoctorFact{Name: name, Value: value, Bytes: culprit.Unknown, Quality: quality, Source: source})
	}
	amount("rss_bytes", f.rss, "exact", smaps)
	amount("pss_bytes", f.pss, "exact", smaps)
	amount("private_bytes", f.private, "exact", smaps)
	if f.swap > 0 {
		amount("swap_bytes", f.swap, "exact", smaps)
	}
	f.tellSplit(amount, word, smaps)
	if f.huge > 0 {
		amount("huge_pages_bytes", f.huge, "exact", smaps)
	}
	word("threads", strconv.Itoa(f.p.Threads), "exact", fmt.Sprintf("/proc/%d/stat", f.p.PID))
	if f.p.Servers > 0 {
		word("puma_threads", strconv.Itoa(f.p.Servers), "exact", fmt.Sprintf("/proc/%d/task", f.p.PID))
	}
	f.tellCluster(amount, word)
	if f.allocator != "" {
		word("allocator", f.allocator, "exact", smaps)
	}
	if f.ruby != "" {
		word("ruby", f.ruby, "estimated", smaps)
	}
	f.tellEnv(word)
	if f.memory != culprit.Unknown {
		amount("limit_bytes", f.memory, "exact", f.memoryOf)
	}
	if f.p.HugePages != "" {
		word("transparent_huge_pages", f.p.HugePages, "exact", "/sys/kernel/mm/transparent_hugepage/enabled")
	}
	if f.p.CPUs > 0 {
		word("cpus", strconv.Itoa(f.p.CPUs), "exact", "/sys/devices/system/cpu/online")
	}
	if f.p.Quota > 0 {
		word("cpu_quota", strconv.FormatFloat(f.p.Quota, 'f', -1, 64), "exact", "cgroup")
	}
	return out
}

// tellSplit lists what holds the resident memory: the amounts add up to it.
func (f *facts) tellSplit(amount func(name string, b culprit.Bytes, quality, source string), word func(name, value, quality, source string), smaps string) {
	part, most := "exact", "estimated"
	if f.arenas.merged {
		part = "estimated"
	}
	amount("main_heap_bytes", f.by.heap, "exact", smaps)
	word("arena_heaps", strconv.Itoa(f.arenas.heaps), "exact", smaps)
	word("arenas", strconv.Itoa(f.arenas.n), "estimated", smaps)
	amount("arena_bytes", f.by.arenas, part, smaps)
	amount("stacks_bytes", f.by.stacks, "estimated", smaps)
	amount("run_time_code_bytes", f.by.code, "exact", smaps)
	amount("files_bytes", f.by.files, "exact", smaps)
	amount("shared_memory_bytes", f.by.shared, "exact", smaps)
	amount("other_anonymous_bytes", f.by.unnamed, part, smaps)
	if f.by.named {
		most = "exact"
	}
	if f.by.pages == culprit.Unknown {
		word("ruby_pages_at_most_bytes", "in the heaps above: not told by smaps", "refused", smaps)
		return
	}
	amount("ruby_pages_at_most_bytes", f.by.pages, most, smaps)
}

// tellCluster lists what master and workers have together, and each worker by
// itself.
func (f *facts) tellCluster(amount func(name string, b culprit.Bytes, quality, source string), word func(name, value, quality, source string)) {
	c := f.cluster
	if c.n == 0 {
		return
	}
	const rollup = "/proc/*/smaps_rollup"
	word("cluster", fmt.Sprintf("%d workers, 1 master", c.workers), "exact", "/proc/*/cmdline")
	amount("cluster_rss_bytes", c.rss, "exact", rollup)
	amount("cluster_pss_bytes", c.pss, "exact", rollup)
	amount("worker_private_most_bytes", c.private, "exact", rollup)
}

func (f *facts) tellEnv(word func(name, value, quality, source string)) {
	if f.p.Env == nil {
		word("environment", "may not be read", "refused", fmt.Sprintf("/proc/%d/environ", f.p.PID))
		return
	}
	for _, name := range []string{"MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_CONF", "RUBYOPT", "RUBY_YJIT_ENABLE", "WEB_CONCURRENCY", "RAILS_MAX_THREADS"} {
		if v := f.p.Env[name]; v != "" {
			word(name, v, "exact", fmt.Sprintf("/proc/%d/environ", f.p.PID))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.p.Env)) {
		if strings.HasPrefix(name, "RUBY_GC_") {
			word(name, f.p.Env[name], "exact", fmt.Sprintf("/proc/%d/environ", f.p.PID))
		}
	}
}

func ptr(b culprit.Bytes) *float64 {
	v := float64(b)
	return &v
}

func share(part, whole culprit.Bytes) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", x*100) }
