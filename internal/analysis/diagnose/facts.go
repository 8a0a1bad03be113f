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
	heap, files, anon             culprit.Bytes
	arenas                        arenas
	largest                       Mapping // of anonymous memory outside of heaps
	allocator                     string  // "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl", "" unknown
	ruby                          string  // version by the mapped library, "" unknown
	library                       string  // its path, or that of the allocator
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
		switch {
		case m.Path == "[heap]":
			f.heap += m.RSS
		case strings.HasPrefix(m.Path, "/"):
			f.files += m.RSS
			f.recognise(m.Path)
		case anonymous(m):
			f.anon += m.RSS
			if m.RSS > f.largest.RSS && m.Start%heapMax != 0 {
				f.largest = m
			}
		}
	}
	f.arenas = countArenas(f.p.Mappings)
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
	amount("main_heap_bytes", f.heap, "exact", smaps)
	word("arenas", strconv.Itoa(f.arenas.n), "exact", smaps)
	amount("arena_bytes", f.arenas.rss, f.arenaQuality(), smaps)
	amount("files_bytes", f.files, "exact", smaps)
	amount("other_anonymous_bytes", max(0, f.anon-f.arenas.rss), f.arenaQuality(), smaps)
	amount("huge_pages_bytes", f.huge, "exact", smaps)
	amount("swap_bytes", f.swap, "exact", smaps)
	word("ruby_objects", "not told by smaps", "refused", smaps)
	word("threads", strconv.Itoa(f.p.Threads), "exact", fmt.Sprintf("/proc/%d/stat", f.p.PID))
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
	return out
}

// arenaQuality: a heap that is merged with its neighbour is counted exactly, and
// what is resident in each of the two is taken as even.
func (f *facts) arenaQuality() string {
	for _, m := range f.p.Mappings {
		if m.Start%heapMax == 0 && m.Perms == "rw-p" && m.End-m.Start > heapMax {
			return "estimated"
		}
	}
	return "exact"
}

func (f *facts) tellEnv(word func(name, value, quality, source string)) {
	if f.p.Env == nil {
		word("environment", "may not be read", "refused", fmt.Sprintf("/proc/%d/environ", f.p.PID))
		return
	}
	for _, name := range []string{"MALLOC_ARENA_MAX", "LD_PRELOAD", "MALLOC_CONF", "RUBYOPT", "RUBY_YJIT_ENABLE", "WEB_CONCURRENCY", "RAILS_MAX_THREADS"} {
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
