package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"culprit"
)

// Limits of the rules on a process. A process below small is nobody's trouble;
// what is below a quarter of it is not where to begin.
const (
	small     = 256 * culprit.MiB
	fewArenas = 4
	quarter   = 0.25
)

func processRules() []Rule {
	return []Rule{
		{
			ID: "arenas", Title: "Heaps of threads hold much memory", Class: "fragmentation", On: "process",
			Seen:    "many anonymous mappings of 64 MiB, of readable and closed parts, with much resident in them; glibc; no MALLOC_ARENA_MAX",
			Confirm: "Set MALLOC_ARENA_MAX=2, or jemalloc, on one of the servers: if it levels off lower, it was this; if the slope stays, memory is lost outside of Ruby.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "arenas of glibc can double the memory of a Ruby process with threads",
			judge: judgeArenas,
		},
		{
			ID: "main-heap", Title: "Much memory in the main heap", Class: "bloat", On: "process",
			Seen:    "[heap] holds most of a large process",
			Confirm: "Compare with the live heap of Ruby (GC.stat, or culprit inspect): far larger means that it was needed once and was not given back.",
			URL:     "https://github.com/puma/puma/issues/342", Says: "resident memory grows where available slots of the heap do not",
			judge: judgeMainHeap,
		},
		{
			ID: "one-block", Title: "One block holds much memory", Class: "bloat", On: "process",
			Seen:    "one anonymous mapping outside of all heaps holds a large part",
			Confirm: "Look again in a minute: a block that is gone was in use by a request; one that stays is kept by somebody.",
			URL:     "http://rocket-science.ru/hacking/2013/12/17/ruby-memory-pitfalls", Says: "a big buffer is mapped by itself and comes back when it is freed",
			judge: judgeOneBlock,
		},
		{
			ID: "shared-twice", Title: "The sum of RSS counts shared pages several times", Class: "shared_pages", On: "process",
			Seen:    "the sum of RSS of master and workers is much larger than that of PSS",
			Confirm: "Add up PSS (smaps_rollup) instead of RSS: it agrees with what the machine has in use.",
			URL:     "https://github.com/zombocom/get_process_mem/issues/40", Says: "11 GB by RSS where 2 GB are in use",
			judge: judgeShared,
		},
		{
			ID: "huge-pages", Title: "Transparent huge pages make memory coarse", Class: "configuration", On: "process",
			Seen:    "THP is \"always\", and a large part of the memory is in huge pages",
			Confirm: "Set it to madvise on one of the servers and compare after an hour.",
			URL:     "https://docs.kernel.org/admin-guide/mm/transhuge.html", Says: "huge pages can take memory for parts that were never touched",
			judge: judgeHuge,
		},
		{
			ID: "swapped", Title: "Part of the process is swapped out", Class: "configuration", On: "process",
			Seen:    "VmSwap is a tenth of the memory or more",
			Confirm: "Watch pswpin and pswpout (vmstat 1): if they stay at zero, what is out is not missed.",
			URL:     "https://docs.kernel.org/filesystems/proc.html", Says: "Swap of smaps: what is out counts in no RSS",
			judge: judgeSwap,
		},
		{
			ID: "yjit", Title: "YJIT is on", Class: "vm", On: "process",
			Seen:    "--yjit, RUBY_YJIT_ENABLE",
			Confirm: "RubyVM::YJIT.runtime_stats(:code_region_size) and :yjit_alloc_size; or turn it off on one of the servers.",
			URL:     "https://github.com/Shopify/ruby/issues/556", Says: "killed after about twelve hours with YJIT, a plateau without",
			judge: judgeYJIT,
		},
	}
}

func judgeArenas(f *facts) (verdict, bool) {
	a := f.arenas
	if f.allocator != "glibc" && f.allocator != "" {
		if v, where, _ := f.env("MALLOC_ARENA_MAX"); v != "" && f.allocator != "musl" {
			return verdict{
				finding: notIt, what: "MALLOC_ARENA_MAX=" + v + " has no effect: memory is given out by " + f.allocator,
				evidence: []culprit.Evidence{{Text: f.library}, {Text: where}},
			}, true
		}
		return verdict{finding: notIt, what: "memory is given out by " + f.allocator + ", which has no such heaps"}, true
	}
	if a.n == 0 {
		return verdict{}, false
	}
	part := share(a.rss, f.rss)
	what := fmt.Sprintf("%d heaps of 64 MiB hold %s, %s of the %s resident", a.n, a.rss, percent(part), f.rss)
	limit, where, known := f.env("MALLOC_ARENA_MAX")
	v := verdict{what: what, evidence: []culprit.Evidence{{Text: "the largest: " + sizes(a.shares, 5)}}}
	n, err := strconv.Atoi(limit)
	limited := err == nil && n > 0 && n <= fewArenas
	switch {
	case a.n < fewArenas || part < quarter || f.rss < small:
		v.finding, v.what = notIt, what+": too little to begin with"
	case limited:
		v.finding, v.what = notIt, what+", with MALLOC_ARENA_MAX="+limit+": what is there was needed by few arenas"
		v.evidence = append(v.evidence, culprit.Evidence{Text: where})
	case !known:
		v.finding = cannotTell
		v.change = "Set MALLOC_ARENA_MAX=2 (or use jemalloc 5) on one of the servers, unless it is set already: the environment may not be read."
	default:
		v.finding = likely
		v.change = "Set MALLOC_ARENA_MAX=2, or use jemalloc 5, on one of the servers first."
		// At most what lies in all heaps but the two that remain; how much of it is
		// free is not seen from here.
		rest := a.rss
		for _, b := range a.shares[:min(2, len(a.shares))] {
			rest -= b
		}
		v.saves = culprit.Interval{High: ptr(rest)}
	}
	return v, true
}

func sizes(list []culprit.Bytes, most int) string {
	var out []string
	for _, b := range list[:min(len(list), most)] {
		out = append(out, b.String())
	}
	if len(list) > most {
		out = append(out, fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(out, ", ")
}

func judgeMainHeap(f *facts) (verdict, bool) {
	if f.heap < culprit.GiB || share(f.heap, f.rss) < 0.5 {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("the main heap holds %s of the %s resident: objects in use, or what a request needed once", f.heap, f.rss),
		change:  "Find the request that needs so much: culprit investigate, with the logs of when it grew.",
	}, true
}

func judgeOneBlock(f *facts) (verdict, bool) {
	if f.largest.RSS < small || share(f.largest.RSS, f.rss) < quarter {
		return verdict{}, false
	}
	return verdict{
		finding:  cannotTell,
		what:     fmt.Sprintf("one block of %s is resident, %s of the process", f.largest.RSS, percent(share(f.largest.RSS, f.rss))),
		change:   "See what is in flight: the request that holds it is running now, or has left it to a cache.",
		evidence: []culprit.Evidence{{Text: fmt.Sprintf("%x-%x %s", f.largest.Start, f.largest.End, f.largest.Perms)}},
	}, true
}

func judgeShared(f *facts) (verdict, bool) {
	if len(f.p.Cluster) < 2 {
		return verdict{}, false
	}
	var rss, pss culprit.Bytes
	for _, m := range f.p.Cluster {
		rss += m.RSS
		pss += m.PSS
	}
	if pss <= 0 || share(rss, pss) < 1.25 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("the %d processes of the cluster add up to %s by RSS and have %s by PSS: %s are counted more than once", len(f.p.Cluster), rss, pss, rss-pss),
		change:  "Limit and alarm on PSS or on the cgroup, not on the sum of RSS; a worker killer that adds up RSS kills healthy workers.",
	}, true
}

func judgeHuge(f *facts) (verdict, bool) {
	if f.p.HugePages != "always" || f.huge < 64*culprit.MiB || share(f.huge, f.rss) < quarter {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("%s of %s are in huge pages: parts of them may never have been asked for, and a page shared with the master is copied whole", f.huge, f.rss),
		change:  "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled on one of the servers.",
		saves:   culprit.Interval{High: ptr(f.huge)},
	}, true
}

func judgeSwap(f *facts) (verdict, bool) {
	if f.swap < 50*culprit.MiB || share(f.swap, f.rss+f.swap) < 0.1 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("%s are swapped out: the process has %s, of which RSS shows %s", f.swap, f.rss+f.swap, f.rss),
		change:  "Run fewer workers or threads, or give the machine more memory; curves of RSS alone mislead here.",
	}, true
}

func judgeYJIT(f *facts) (verdict, bool) {
	enabled, where, _ := f.env("RUBY_YJIT_ENABLE")
	opt, optWhere, _ := f.env("RUBYOPT")
	on := enabled == "1" || enabled == "true" || enabled == "yes"
	if strings.Contains(opt, "--yjit") {
		on, where = true, optWhere
	}
	if strings.Contains(f.p.Title, "--yjit") {
		on, where = true, "the command line"
	}
	if !on {
		return verdict{}, false
	}
	return verdict{
		finding:  cannotTell,
		what:     "YJIT compiles for hours and needs three to four times the size of its code, in every worker by itself",
		change:   "Set --yjit-exec-mem-size lower (48 MiB by default since 3.3.1) where memory is short.",
		evidence: []culprit.Evidence{{Text: "on by " + where}},
	}, true
}
