package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"culprit"
)

// groupRules are about what stands around a process: its cluster, its cgroup, its
// machine.
func groupRules() []Rule {
	const v2 = "https://docs.kernel.org/admin-guide/cgroup-v2.html"
	return []Rule{
		{
			ID: "one-worker", Title: "One worker is much larger than the others", Class: "bloat", On: "process",
			Seen:    "a worker has twice the memory of its median sibling and 200 MB more, and is not much older",
			Change:  "Look at what that worker served and the others did not: culprit investigate with the logs, or its open requests.",
			Saves:   "at most what it has beyond its siblings",
			Confirm: "What all workers run alike would make all of them grow: a restart of the one, and watch whether another takes its place.",
			URL:     "https://github.com/puma/puma/issues/2179", Says: "one dyno alone grew: had it been a leak of the server, every one would have",
			judge: judgeOneWorker,
		},
		{
			ID: "shared-twice", Title: "The sum of RSS counts shared pages several times", Class: "shared_pages", On: "process",
			Seen:    "the sum of RSS of master and workers is beyond the memory there is, that of PSS is not",
			Change:  "Limit and alarm on PSS or on the cgroup, not on the sum of RSS; a worker killer that adds up RSS kills healthy workers.",
			Saves:   "nothing: the memory was never taken",
			Confirm: "Add up PSS (smaps_rollup) instead of RSS: it agrees with what the machine has in use.",
			URL:     "https://github.com/zombocom/get_process_mem/issues/40", Says: "11 GB by RSS where 2 GB are in use",
			judge: judgeShared,
		},
		{
			ID: "page-cache", Title: "Page cache counts as memory of the container", Class: "page_cache", On: "process",
			Seen:    "most of what the cgroup is charged with is files, near its limit",
			Change:  "Alarm on anonymous memory or on the working set, not on memory.current.",
			Saves:   "nothing: the kernel gives it back when memory is short",
			Confirm: "Compare memory.stat: anon is the processes, file goes when it is needed elsewhere.",
			URL:     v2, Says: "file: memory used to cache filesystem data, tmpfs and shared memory included",
			judge: judgePageCache,
		},
		{
			ID: "tmpfs", Title: "Files in memory (tmpfs, /dev/shm)", Class: "page_cache", On: "process",
			Seen:    "file systems in memory, or shared memory, take a large part of what there is",
			Change:  "Look into them, and let temporary files be written to a disk.",
			Saves:   "what is in them, at once when the files are deleted",
			Confirm: "df -h -t tmpfs, and ls in /dev/shm and /tmp; ipcs -m for what databases share.",
			URL:     "https://docs.kernel.org/filesystems/tmpfs.html", Says: "files of tmpfs live in the page cache and in swap only",
			judge: judgeTmpfs,
		},
		{
			ID: "killed", Title: "The kernel has killed processes for want of memory", Class: "configuration", On: "process",
			Seen:    "oom_kill in memory.events (or memory.oom_control) of the cgroup",
			Change:  "What grew is gone with them: look at the logs of the minutes before.",
			Saves:   "nothing by itself",
			Confirm: "journalctl -k names who and when: give it to culprit investigate beside the logs.",
			URL:     v2, Says: "oom_kill counts processes killed in the group",
			judge: judgeKilled,
		},
		{
			ID: "others", Title: "Other processes have the memory", Class: "configuration", On: "process",
			Seen:    "the cgroup is near its limit, and most of its anonymous memory is of processes outside of this cluster",
			Change:  "Look at what else runs in the container: jobs, consoles, agents.",
			Saves:   "unknown",
			Confirm: "ps -o pid,rss,args --sort=-rss in the container names them; culprit doctor PID on the largest.",
			URL:     v2, Says: "anon of memory.stat is that of all processes in the group",
			judge: judgeOthers,
		},
		{
			ID: "too-many", Title: "More processes than memory", Class: "configuration", On: "process",
			Seen:    "each process is of ordinary size, and all together have 90 % of the memory or more",
			Change:  "Run fewer workers.",
			Saves:   "a worker's PSS for each worker less",
			Confirm: "Start with fewer workers: nothing else changes, and memory stays below the limit.",
			URL:     "https://github.com/rails/rails/issues/52522", Says: "too many workers by the count of cores took 70 to 95 % of memory with little traffic",
			judge: judgeTooMany,
		},
		{
			ID: "large-workers", Title: "Few workers fill the memory", Class: "bloat", On: "process",
			Seen:    "all together have 90 % of the memory or more, and each worker is large",
			Change:  "Find out what makes them large before there are fewer of them: culprit investigate with logs and memory of a day.",
			Saves:   "unknown",
			Confirm: "Compare with a worker that has just started: what it has then is the app, the rest is what calls left.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "look at the shape of the growth first",
			judge: judgeLarge,
		},
	}
}

// Limits of the rule on one large worker.
const (
	timesSibling = 2
	overSibling  = 200 * culprit.MiB
	likeAge      = 1.5
)

func judgeOneWorker(f *facts) (verdict, bool) {
	list := slices.Clone(f.cluster.list)
	if len(list) < 3 {
		return verdict{}, false // of two, neither is the ordinary one
	}
	slices.SortFunc(list, func(a, b Member) int { return int(max(-1, min(1, int64(a.PSS+a.Swap-b.PSS-b.Swap)))) })
	top, others := list[len(list)-1], list[:len(list)-1]
	median := others[len(others)/2]
	size, usual := top.PSS+top.Swap, median.PSS+median.Swap
	if size < timesSibling*usual || size-usual < overSibling {
		return verdict{}, false
	}
	v := verdict{
		finding: cannotTell, saves: culprit.Interval{High: ptr(size - usual)},
		what: fmt.Sprintf("worker %d has %s, its median sibling %s", top.PID, size, usual),
	}
	switch ages := []float64{top.Seconds, median.Seconds}; {
	case slices.Min(ages) <= 0:
		v.what += "; their ages are not known"
	case top.Seconds > likeAge*median.Seconds:
		v.what += fmt.Sprintf("; but it is %.1f times as old", top.Seconds/median.Seconds)
	default:
		v.finding = likely
		v.what += ", and is no older: single calls did it, and not what all workers run alike"
	}
	return v, true
}

func judgeShared(f *facts) (verdict, bool) {
	c := f.cluster
	misled := f.memory > 0 && share(c.rss, f.memory) >= full && share(c.pss, f.memory) < full
	if c.n < 2 || c.pss <= 0 || share(c.rss, c.pss) < 1.25 || c.rss-c.pss < small && !misled {
		return verdict{}, false
	}
	v := verdict{
		finding: notIt,
		what:    fmt.Sprintf("the %d processes of the cluster add up to %s by RSS and have %s by PSS: %s are counted more than once", c.n, c.rss, c.pss, c.rss-c.pss),
	}
	if misled {
		v.finding = it
		v.what += fmt.Sprintf(", and only by RSS they fill the %s (%s)", f.memory, f.memoryOf)
	}
	return v, true
}

// full is the share of the memory from which on it counts as used up.
const full = 0.9

func judgePageCache(f *facts) (verdict, bool) {
	g := f.p.Group
	if g.Current < small || g.File < 0 {
		return verdict{}, false
	}
	cache := g.File
	if g.Shmem > 0 {
		cache -= g.Shmem
	}
	// Without a limit that it comes near to, cache is what memory is for.
	if share(cache, g.Current) < 0.5 || f.p.LimitOf != "cgroup" || share(g.Current, f.p.Limit) < 0.7 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("of the %s that the cgroup is charged with, %s are cached files, which the kernel gives back when memory is short", g.Current, cache),
	}, true
}

// judgeTmpfs tells files in memory from other shared memory: the kernel counts
// both as one, and the buffers of a database on the same machine are no files.
func judgeTmpfs(f *facts) (verdict, bool) {
	shm, total, of := f.p.Group.Shmem, f.p.Limit, "the cgroup"
	if shm == culprit.Unknown || f.p.LimitOf != "cgroup" {
		shm, total, of = f.p.HostShmem, f.p.HostTotal, "the machine"
	}
	if shm < small || share(shm, total) < 0.1 {
		return verdict{}, false
	}
	var files culprit.Bytes
	var names []string
	for _, t := range f.p.Tmpfs {
		if t.Used >= small/4 {
			files += t.Used
			names = append(names, fmt.Sprintf("%s in %s", t.Used, t.Point))
		}
	}
	if files*2 < shm {
		return verdict{
			finding: cannotTell,
			what:    fmt.Sprintf("%s of shared memory, %s of what %s has, are in no file system that this process sees: buffers of a database, or another container's", shm, percent(share(shm, total)), of),
			change:  "ipcs -m, and the tmpfs of the machine's other containers, say whose it is.",
		}, true
	}
	return verdict{
		finding: it, saves: culprit.Interval{High: ptr(files)},
		what: fmt.Sprintf("files in memory take %s, %s of what %s has; no process shows them as its own", strings.Join(names, " and "), percent(share(files, total)), of),
	}, true
}

func judgeKilled(f *facts) (verdict, bool) {
	n := f.p.Group.Killed
	if n <= 0 {
		return verdict{}, false
	}
	what := "the kernel has killed a process of this cgroup since it was made"
	if n > 1 {
		what = fmt.Sprintf("the kernel has killed %d processes of this cgroup since it was made", n)
	}
	return verdict{finding: it, what: what}, true
}

func judgeOthers(f *facts) (verdict, bool) {
	g := f.p.Group
	if f.p.LimitOf != "cgroup" || g.Anon < small || g.Working < 0 || share(g.Working, f.p.Limit) < full {
		return verdict{}, false
	}
	mine := max(f.pss, f.cluster.pss)
	if mine*2 >= g.Anon {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("of the %s that processes of the cgroup have, %s are not of this one and its cluster", g.Anon, g.Anon-mine),
	}, true
}

// ordinary is what a worker of a Rails app takes, by the cases in which the number
// of processes was the cause (300 MB each, justin.searls.co and tylerrowsell.ca),
// and twice that.
const ordinary = 600 * culprit.MiB

// fills tells whether the cluster uses up the memory there is.
func (f *facts) fills() bool {
	c := f.cluster
	return c.workers >= 1 && f.memory > 0 && share(c.pss+c.swap, f.memory) >= full
}

func judgeTooMany(f *facts) (verdict, bool) {
	c := f.cluster
	if !f.fills() || c.workers < 2 || c.largest > ordinary {
		return verdict{}, false
	}
	fit := f.capacity()
	v := verdict{
		finding: it,
		what:    fmt.Sprintf("%d workers of up to %s and their master have %s of the %s there are (%s): none of them is large", c.workers, c.largest, c.pss+c.swap, f.memory, f.memoryOf),
		change:  fmt.Sprintf("Run %d workers.", fit.Fit),
		saves:   culprit.Interval{Estimate: ptr(culprit.Bytes(max(0, c.workers-fit.Fit)) * c.private)},
	}
	if fit.Fit == 0 {
		v.change, v.saves = "Give it more memory: not one worker fits.", culprit.Interval{}
	}
	if c.workers == f.p.CPUs {
		text := fmt.Sprintf("as many workers as the machine has processors (%d)", f.p.CPUs)
		if f.p.Quota > 0 && f.p.Quota < float64(f.p.CPUs) {
			text += fmt.Sprintf(", of which the cgroup may use %.3g", f.p.Quota)
		}
		v.evidence = append(v.evidence, culprit.Evidence{Text: text + ": count them by memory"})
	}
	return v, true
}

func judgeLarge(f *facts) (verdict, bool) {
	c := f.cluster
	if !f.fills() || c.largest <= ordinary {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell,
		what:    fmt.Sprintf("%d workers of up to %s and their master have %s of the %s there are (%s): large ones, and one look does not say why", c.workers, c.largest, c.pss+c.swap, f.memory, f.memoryOf),
	}, true
}
