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
			Seen:    "many anonymous mappings of 64 MiB, of readable and closed parts, of many arenas, with much resident in them; glibc; no limit of arenas",
			Change:  "Set MALLOC_ARENA_MAX=2, or use jemalloc 5, on one of the servers first.",
			Saves:   "at most what is resident in all heaps but the two largest; how much of it is free is not seen from outside",
			Confirm: "On one of the servers: if it levels off lower, it was this; if the slope stays, memory is lost outside of Ruby.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "arenas of glibc can double the memory of a Ruby process with threads",
			judge: judgeArenas,
		},
		{
			ID: "main-heap", Title: "Much memory in the main heap", Class: "bloat", On: "process",
			Seen:    "[heap] holds most of a large process",
			Change:  "Find the request that needs so much: culprit investigate, with the logs of when it grew.",
			Saves:   "unknown: what is in use and what is free look alike from outside",
			Confirm: "Compare with the live heap of Ruby (GC.stat and ObjectSpace.memsize_of_all): far larger means that it was needed once and was not given back.",
			URL:     "https://github.com/puma/puma/issues/342", Says: "resident memory grows where available slots of the heap do not",
			judge: judgeMainHeap,
		},
		{
			ID: "outside-objects", Title: "Most of the memory is outside of Ruby's pages", Class: "fragmentation", On: "process",
			Seen:    "a large process of Ruby 3.1 or later has three times as much in malloc's heaps as in pages for objects",
			Change:  "Ask the process: GC.stat and ObjectSpace.memsize_of_all, after GC.start.",
			Saves:   "unknown: what objects hold outside of their slots lies there too",
			Confirm: "RSS of three times memsize_of_all or more is fragmentation or native memory; less is what objects hold.",
			URL:     "https://www.joyfulbikeshedding.com/blog/2019-03-14-what-causes-ruby-memory-bloat.html", Says: "memory that is free within malloc and was not given back",
			judge: judgeOutside,
		},
		{
			ID: "one-block", Title: "One block holds much memory", Class: "bloat", On: "process",
			Seen:    "one anonymous mapping outside of all heaps holds a large part",
			Change:  "See what is in flight: the request that holds it is running now, or has left it to a cache.",
			Saves:   "unknown",
			Confirm: "Look again in a minute: a block that is gone was in use by a request; one that stays is kept by somebody.",
			URL:     "http://rocket-science.ru/hacking/2013/12/17/ruby-memory-pitfalls", Says: "a big buffer is mapped by itself and comes back when it is freed",
			judge: judgeOneBlock,
		},
		{
			ID: "huge-pages", Title: "Transparent huge pages make memory coarse", Class: "configuration", On: "process",
			Seen:    "THP is \"always\", and a large part of the memory is in huge pages",
			Change:  "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled on one of the servers.",
			Saves:   "at most what is in huge pages",
			Confirm: "Set it to madvise on one of the servers and compare after an hour.",
			URL:     "https://docs.kernel.org/admin-guide/mm/transhuge.html", Says: "huge pages can take memory for parts that were never touched",
			judge: judgeHuge,
		},
		{
			ID: "swapped", Title: "Part of the process is swapped out", Class: "configuration", On: "process",
			Seen:    "Swap of smaps is a tenth of the memory or more",
			Change:  "Run fewer workers or threads, or give the machine more memory; curves of RSS alone mislead here.",
			Saves:   "nothing by itself",
			Confirm: "Watch pswpin and pswpout (vmstat 1): if they stay at zero, what is out is not missed.",
			URL:     "https://docs.kernel.org/filesystems/proc.html", Says: "Swap of smaps: what is out counts in no RSS",
			judge: judgeSwap,
		},
		{
			ID: "yjit", Title: "Ruby compiles at run time (YJIT)", Class: "vm", On: "process",
			Seen:    "--yjit, RUBY_YJIT_ENABLE, or executable memory of no file",
			Change:  "Set --yjit-exec-mem-size lower (48 MiB by default since 3.3.1) where memory is short.",
			Saves:   "at most the code, and several times as much that YJIT keeps about it",
			Confirm: "RubyVM::YJIT.runtime_stats(:code_region_size) and :yjit_alloc_size; or turn it off on one of the servers.",
			URL:     "https://github.com/Shopify/ruby/issues/556", Says: "killed after about twelve hours with YJIT, a plateau without",
			judge: judgeYJIT,
		},
	}
}

// arenaLimit is the limit of arenas that the environment sets: MALLOC_ARENA_MAX,
// or glibc.malloc.arena_max of GLIBC_TUNABLES, which is read since glibc 2.26.
func (f *facts) arenaLimit() (n int, text, where string, known bool) {
	v, where, known := f.env("MALLOC_ARENA_MAX")
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return n, "MALLOC_ARENA_MAX=" + v, where, true
	}
	tunables, where, _ := f.env("GLIBC_TUNABLES")
	for t := range strings.SplitSeq(tunables, ":") {
		v, ok := strings.CutPrefix(t, "glibc.malloc.arena_max=")
		if n, err := strconv.Atoi(v); ok && err == nil && n > 0 {
			return n, t, where, true
		}
	}
	return 0, "", "", known
}

func judgeArenas(f *facts) (verdict, bool) {
	a := f.arenas
	part := share(a.rss, f.rss)
	large := f.rss >= small && part >= quarter
	if f.allocator != "glibc" && f.allocator != "" && !large {
		return otherAllocator(f)
	}
	if a.heaps == 0 {
		return verdict{}, false
	}
	what := fmt.Sprintf("%d heaps of 64 MiB, of about %d arenas, hold %s: %s of the %s resident", a.heaps, a.n, a.rss, percent(part), f.rss)
	limit, text, where, known := f.arenaLimit()
	v := verdict{finding: notIt, what: what, evidence: []culprit.Evidence{{Text: "the largest: " + sizes(a.shares, 5)}}}
	switch {
	case !large:
		v.what += ", too little to begin with"
	case limit > 0 && limit <= fewArenas:
		v.what += ", with " + text + ": what is there was needed by few arenas"
		v.evidence = append(v.evidence, culprit.Evidence{Text: where})
	case a.n < fewArenas:
		v.what += ": few threads needed so much, and a limit of arenas would not change it"
	case !known:
		v.finding = cannotTell
		v.change = "Set MALLOC_ARENA_MAX=2 (or use jemalloc 5) on one of the servers, unless it is set already: the environment may not be read."
	default:
		v.finding = likely
		rest := a.rss
		for _, b := range a.shares[:min(2, len(a.shares))] {
			rest -= b
		}
		v.saves = culprit.Interval{High: ptr(rest)}
		if f.allocator != "glibc" && f.allocator != "" {
			v.evidence = append(v.evidence, culprit.Evidence{Text: f.library + " is mapped, but memory lies in heaps of glibc: it is not what gives out memory"})
		}
	}
	return v, true
}

func otherAllocator(f *facts) (verdict, bool) {
	_, text, where, _ := f.arenaLimit()
	v := verdict{finding: notIt, what: "memory is given out by " + f.allocator + ", which has no such heaps"}
	if text != "" {
		v.what = text + " has no effect: memory is given out by " + f.allocator
		v.evidence = append(v.evidence, culprit.Evidence{Text: where})
	}
	if f.library != "" {
		v.evidence = append(v.evidence, culprit.Evidence{Text: f.library})
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
	if f.by.heap < culprit.GiB || share(f.by.heap, f.rss) < 0.5 {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("the main heap holds %s of the %s resident: objects in use, or what a request needed once", f.by.heap, f.rss),
	}, true
}

// outsideRatio is the ratio of malloc's heaps to Ruby's pages from which on a
// look into the process is asked for: post-mortems of fragmentation had 3 and 50
// (metasploit-omnibus 119; grdw.nl, the shape of memory issues).
const outsideRatio = 3

func judgeOutside(f *facts) (verdict, bool) {
	heaps := f.by.heap + f.by.arenas
	if f.by.pages <= 0 || f.rss < culprit.GiB || heaps < outsideRatio*f.by.pages {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("%s are in malloc's heaps, and at most %s in Ruby's pages for objects", heaps, f.by.pages),
	}, true
}

func judgeOneBlock(f *facts) (verdict, bool) {
	m := f.by.largest
	if m.RSS < small || share(m.RSS, f.rss) < quarter || f.by.named && strings.Contains(m.Path, "Ruby") {
		return verdict{}, false
	}
	// Ruby's own pages lie side by side as one mapping: what is aligned like them
	// may be them.
	if align := pageAlign(f.ruby); align > 0 && m.Start%align == 0 && m.End%align == 0 {
		return verdict{}, false
	}
	return verdict{
		finding:  cannotTell,
		what:     fmt.Sprintf("one block has %s resident, %s of the process", m.RSS, percent(share(m.RSS, f.rss))),
		evidence: []culprit.Evidence{{Text: fmt.Sprintf("%x-%x %s", m.Start, m.End, m.Perms)}},
	}, true
}

func judgeHuge(f *facts) (verdict, bool) {
	if f.p.HugePages != "always" || f.huge < 64*culprit.MiB || share(f.huge, f.rss) < quarter {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("%s of %s are in huge pages: parts of them may never have been asked for, and a page shared with the master is copied whole", f.huge, f.rss),
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
	}, true
}

// Limits of the rule on compiled code. A Rails benchmark had 2.6 times the size of
// its code beside it (ruby/ruby pull request 6712): five times in all is a generous
// end. libffi and the like map some pages of code too.
const (
	leastCode = culprit.MiB
	codeTimes = 5
	minorPart = 0.1
)

func judgeYJIT(f *facts) (verdict, bool) {
	on, where := f.yjit()
	if !on && f.by.code < leastCode {
		return verdict{}, false
	}
	v := verdict{finding: cannotTell}
	if on {
		v.evidence = append(v.evidence, culprit.Evidence{Text: "on by " + where})
	}
	if f.by.code < leastCode {
		v.what = "YJIT is on; its code does not show from here. It compiles for hours, in every worker by itself"
		return v, true
	}
	most := codeTimes * f.by.code
	v.what = fmt.Sprintf("%s of compiled code; with what YJIT keeps about it, up to about %s of the %s resident", f.by.code, most, f.rss)
	v.saves = culprit.Interval{High: ptr(most)}
	if share(most, f.rss) < minorPart {
		v.finding, v.saves = notIt, culprit.Interval{}
	}
	return v, true
}

func (f *facts) yjit() (on bool, where string) {
	enabled, where, _ := f.env("RUBY_YJIT_ENABLE")
	if enabled == "1" || enabled == "true" || enabled == "yes" {
		return true, "RUBY_YJIT_ENABLE in " + where
	}
	opt, where, _ := f.env("RUBYOPT")
	if strings.Contains(opt, "--yjit") || strings.Contains(opt, "--jit") {
		return true, "RUBYOPT in " + where
	}
	if strings.Contains(f.p.Title, "--yjit") || strings.Contains(f.p.Title, "--jit") {
		return true, "the command line"
	}
	return false, ""
}
