package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"culprit"
)

// Cgroup is the memory of the group (container, unit) that a process is in.
// Members that the kernel does not tell are Unknown.
type Cgroup struct {
	Path    string // within the hierarchy, "/" at its root
	Version int    // 1 or 2, 0 when there is none
	Dir     string // the folder of the group, "" when it is not visible from here
	// Limit is the lowest one on the way up; Unknown when there is none.
	Limit, Current, Peak culprit.Bytes
	Anon, File, Shmem    culprit.Bytes // File includes Shmem
	InactiveFile, Swap   culprit.Bytes
	// Kernel is what the kernel itself keeps for the group: stacks, tables, sockets.
	Kernel culprit.Bytes
	Killed int64   // processes that the kernel killed for want of memory, Unknown
	CPUs   float64 // processors it may use (quota), 0 when there is no limit
	// Warnings tell what is there and could not be read.
	Warnings []string
}

// Working is what the OOM killer looks at: all but file pages that nobody used of
// late (cAdvisor's working set).
func (c Cgroup) Working() culprit.Bytes {
	if c.Current == culprit.Unknown || c.InactiveFile == culprit.Unknown {
		return culprit.Unknown
	}
	return max(0, c.Current-c.InactiveFile)
}

// String names the group.
func (c Cgroup) String() string {
	if c.Version == 0 {
		return "no cgroup"
	}
	return fmt.Sprintf("cgroup v%d %s", c.Version, c.Path)
}

// Cgroup reads the group of a process: /proc/PID/cgroup says which one, and
// /proc/self/mountinfo where it is mounted. That there is none is no error.
//
// https://docs.kernel.org/admin-guide/cgroup-v2.html,
// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
func (f FS) Cgroup(pid int) (Cgroup, error) {
	const none = culprit.Unknown
	c := Cgroup{
		Limit: none, Current: none, Peak: none, Anon: none, File: none, Shmem: none,
		InactiveFile: none, Swap: none, Kernel: none, Killed: none,
	}
	text, err := f.read(pid, "cgroup")
	if err != nil {
		return c, err
	}
	path, version := groupOf(text, "memory")
	if version == 0 {
		return c, nil
	}
	c.Path, c.Version = path, version
	mount, dir, ok := f.hierarchy(path, version, "memory")
	if !ok {
		c.Warnings = append(c.Warnings, c.String()+" is not visible from here: its limit is not known")
		return c, nil
	}
	c.Dir = dir
	c.fill(mount)
	c.quota(f, text)
	return c, nil
}

// groupOf finds the group that accounts a controller: the one of version 1 when
// the controller is there, else that of version 2.
func groupOf(text, controller string) (path string, version int) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			if c == controller {
				return parts[2], 1
			}
		}
		if parts[0] == "0" && parts[1] == "" {
			path, version = parts[2], 2
		}
	}
	return path, version
}

// hierarchy finds where the group of a path is, and the mount that it is below. A
// container sees a part of the hierarchy only: what is mounted says which.
func (f FS) hierarchy(path string, version int, controller string) (mount, dir string, ok bool) {
	mounts, err := f.Mounts(0)
	if err != nil { // a procfs of somewhere else: the usual places
		mounts = []Mount{
			{Root: "/", Point: "/sys/fs/cgroup", Type: "cgroup2"},
			{Root: "/", Point: "/sys/fs/cgroup/" + controller, Type: "cgroup", Super: controller},
		}
	}
	for _, m := range mounts {
		if version == 2 && m.Type != "cgroup2" || version == 1 && (m.Type != "cgroup" || !listed(m.Super, controller)) {
			continue
		}
		rel, below := beneath(path, m.Root)
		if !below {
			continue
		}
		if rest, isSys := strings.CutPrefix(m.Point, "/sys"); isSys {
			m.Point = filepath.Join(f.Sys, rest)
		}
		dir := filepath.Join(m.Point, rel)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return m.Point, dir, true
		}
	}
	return "", "", false
}

func listed(options, name string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == name {
			return true
		}
	}
	return false
}

// beneath is the part of path below root.
func beneath(path, root string) (string, bool) {
	path = filepath.Clean("/" + path)
	if root == "/" {
		return path, !strings.HasPrefix(path, "/..")
	}
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(root, "/"))
	return rest, ok && (rest == "" || rest[0] == '/')
}

// names are those of the files and keys of a version.
type names struct {
	limit, current, peak, anon, file, shmem, inactive, swap, kernel, events string
}

func namesOf(version int) names {
	if version == 1 {
		return names{"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "total_rss", "total_cache", "total_shmem", "total_inactive_file", "total_swap", "", "memory.oom_control"}
	}
	return names{"memory.max", "memory.current", "memory.peak", "anon", "file", "shmem", "inactive_file", "", "kernel", "memory.events"}
}

// unlimited is where version 1 begins to mean "no limit": LONG_MAX rounded down to
// a page.
const unlimited = 1 << 62

func (c *Cgroup) fill(mount string) {
	n := namesOf(c.Version)
	c.Current, c.Peak = c.number(c.Dir, n.current), c.number(c.Dir, n.peak)
	stat := c.pairs("memory.stat")
	for key, to := range map[string]*culprit.Bytes{n.anon: &c.Anon, n.file: &c.File, n.shmem: &c.Shmem, n.inactive: &c.InactiveFile, n.swap: &c.Swap, n.kernel: &c.Kernel} {
		if v, ok := stat[key]; ok && key != "" {
			*to = culprit.Bytes(v)
		}
	}
	if c.Version == 2 {
		c.Swap = c.number(c.Dir, "memory.swap.current")
	} else if v := c.number(c.Dir, "memory.kmem.usage_in_bytes"); v != culprit.Unknown {
		c.Kernel = v
	}
	if v, ok := c.pairs(n.events)["oom_kill"]; ok {
		c.Killed = v
	}
	for at := c.Dir; within(at, mount); at = filepath.Dir(at) {
		if l := c.number(at, n.limit); l != culprit.Unknown && l < unlimited && (c.Limit == culprit.Unknown || l < c.Limit) {
			c.Limit = l
		}
	}
	// In a container the groups above are not visible; version 1 tells their limit.
	if l, ok := stat["hierarchical_memory_limit"]; ok && l < unlimited && (c.Limit == culprit.Unknown || culprit.Bytes(l) < c.Limit) {
		c.Limit = culprit.Bytes(l)
	}
}

func within(dir, mount string) bool { return dir == mount || strings.HasPrefix(dir, mount+"/") }

// quota is how many processors the group may use: the lowest on the way up.
func (c *Cgroup) quota(f FS, text string) {
	path, version := groupOf(text, "cpu")
	if version == 0 {
		return
	}
	mount, dir, ok := f.hierarchy(path, version, "cpu")
	if !ok {
		return
	}
	for at := dir; within(at, mount); at = filepath.Dir(at) {
		var quota, period culprit.Bytes
		if version == 1 {
			quota, period = c.number(at, "cpu.cfs_quota_us"), c.number(at, "cpu.cfs_period_us")
		} else {
			a, b, _ := strings.Cut(c.text(at, "cpu.max"), " ")
			quota, period = parseNumber(a), parseNumber(b)
		}
		if quota <= 0 || period <= 0 {
			continue
		}
		if n := float64(quota) / float64(period); c.CPUs == 0 || n < c.CPUs {
			c.CPUs = n
		}
	}
}

// text reads a small file; what is not there is "".
func (c *Cgroup) text(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		// ENODEV: the group ended, or a file that its controller does not serve.
		if !errors.Is(err, fs.ErrNotExist) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s of %s could not be read: %v", name, c, errors.Unwrap(err)))
		}
		return ""
	}
	return strings.TrimSpace(string(b))
}

// number reads a file that holds one number; "max" and what is not there are
// Unknown.
func (c *Cgroup) number(dir, name string) culprit.Bytes {
	return parseNumber(c.text(dir, name))
}

func parseNumber(text string) culprit.Bytes {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return culprit.Unknown
	}
	return culprit.Bytes(n)
}

// pairs reads lines of "key value".
func (c *Cgroup) pairs(name string) map[string]int64 {
	return parsePairs(c.text(c.Dir, name))
}

func parsePairs(text string) map[string]int64 {
	m := map[string]int64{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			m[key] = int64(min(n, 1<<63-1))
		}
	}
	return m
}
