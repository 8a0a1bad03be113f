package diagnose

import (
	"fmt"

	"culprit"
)

// groupRules are about what stands around a process: its cgroup, its machine, and
// how many of its kind there are.
func groupRules() []Rule {
	return []Rule{
		{
			ID: "page-cache", Title: "Page cache counts as memory of the container", Class: "page_cache", On: "process",
			Seen:    "most of what the cgroup is charged with is files",
			Confirm: "Compare memory.stat: anon is the processes, file goes when it is needed elsewhere.",
			URL:     "https://docs.kernel.org/admin-guide/cgroup-v2.html", Says: "file: memory used to cache filesystem data, tmpfs and shared memory included",
			judge: judgePageCache,
		},
		{
			ID: "tmpfs", Title: "Files in memory (tmpfs, /dev/shm)", Class: "page_cache", On: "process",
			Seen:    "shmem is a large part of the memory there is",
			Confirm: "df -h -t tmpfs, and ls in /dev/shm and /tmp: deleting the files gives it back at once.",
			URL:     "https://docs.kernel.org/filesystems/tmpfs.html", Says: "files of tmpfs live in the page cache and in swap only",
			judge: judgeTmpfs,
		},
		{
			ID: "killed", Title: "The kernel has killed processes for want of memory", Class: "configuration", On: "process",
			Seen:    "oom_kill in memory.events of the cgroup",
			Confirm: "journalctl -k names who and when: give it to culprit investigate beside the logs.",
			URL:     "https://docs.kernel.org/admin-guide/cgroup-v2.html", Says: "oom_kill counts processes killed in the group",
			judge: judgeKilled,
		},
		{
			ID: "too-many", Title: "More processes than memory", Class: "configuration", On: "process",
			Seen:    "each process is of ordinary size, and all together have 90 % of the memory or more",
			Confirm: "Start with fewer workers: nothing else changes, and memory stays below the limit.",
			URL:     "https://github.com/rails/rails/issues/52522", Says: "too many workers by the count of cores took 70 to 95 % of memory with little traffic",
			judge: judgeTooMany,
		},
	}
}

func judgePageCache(f *facts) (verdict, bool) {
	g := f.p.Group
	if g.Current <= 0 || g.File < 0 || g.Current < small {
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
		change:  "Alarm on anonymous memory or on the working set, not on memory.current.",
	}, true
}

func judgeTmpfs(f *facts) (verdict, bool) {
	shm, total, of := f.p.Group.Shmem, f.memory, "the cgroup"
	if shm == culprit.Unknown {
		shm, total, of = f.p.HostShmem, f.p.HostTotal, "the machine"
	}
	if shm < small || share(shm, total) < 0.1 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("files in memory take %s, %s of what %s has; no process shows them as its own", shm, percent(share(shm, total)), of),
		change:  "Look into /dev/shm and /tmp, and let temporary files be written to a disk.",
	}, true
}

func judgeKilled(f *facts) (verdict, bool) {
	if f.p.Group.Killed <= 0 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("the kernel has killed %d processes of this cgroup since it was made", f.p.Group.Killed),
		change:  "What grew is gone with them: look at the logs of the minutes before.",
	}, true
}

// ordinary is what a worker of a Rails app takes, by the cases in which the number
// of processes was the cause (300 MB each, justin.searls.co and tylerrowsell.ca),
// and twice that.
const ordinary = 600 * culprit.MiB

func judgeTooMany(f *facts) (verdict, bool) {
	c := f.capacity()
	if c == nil || c.Workers < 2 || f.memory <= 0 {
		return verdict{}, false
	}
	total := c.MasterBytes + culprit.Bytes(c.Workers)*c.WorkerBytes
	if share(total, f.memory) < 0.9 || c.WorkerBytes > ordinary {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("%d workers of about %s and their master take %s of the %s there are (%s): none of them is large", c.Workers, c.WorkerBytes, total, f.memory, f.memoryOf),
		change:  fmt.Sprintf("Run %d workers.", c.Fit),
		saves:   culprit.Interval{Estimate: ptr(culprit.Bytes(max(0, c.Workers-c.Fit)) * c.WorkerBytes)},
	}, true
}

// headroom is the share of the limit that is left to the page cache and to what a
// worker needs for a moment beyond what it has now.
const headroom = 0.1

// capacity counts how many workers fit, from the largest one that runs now.
func (f *facts) capacity() *culprit.Capacity {
	if f.p == nil || f.memory <= 0 || f.ruby == "" && len(f.p.Cluster) == 0 {
		return nil
	}
	c := &culprit.Capacity{LimitBytes: f.memory, LimitOf: f.memoryOf}
	for _, m := range f.p.Cluster {
		if m.Role == "worker" {
			c.Workers++
			c.WorkerBytes = max(c.WorkerBytes, m.PSS)
		} else {
			c.MasterBytes += m.PSS
		}
	}
	if c.Workers == 0 {
		c.Workers, c.WorkerBytes = 1, f.pss
	}
	c.Threads = f.threads()
	if c.WorkerBytes <= 0 {
		return nil
	}
	usable := float64(f.memory)*(1-headroom) - float64(c.MasterBytes)
	c.Fit = max(0, int(usable/float64(c.WorkerBytes)))
	c.PeakBytes = culprit.Unknown
	c.Text = fmt.Sprintf("%d workers of %s fit into %s (%s), with a tenth kept free; %d run now", c.Fit, c.WorkerBytes, f.memory, f.memoryOf, c.Workers)
	if len(f.p.Cluster) == 0 {
		c.Text = fmt.Sprintf("%d processes like this one fit into %s (%s), with a tenth kept free", c.Fit, f.memory, f.memoryOf)
	}
	if f.peak > 0 {
		c.PeakBytes, c.FitAtPeak = f.peak, max(0, int(usable/float64(f.peak)))
		c.Text += fmt.Sprintf("; of the size that one had in the incident, %s, %d fit", f.peak, c.FitAtPeak)
	}
	return c
}
