package proc

import (
	"fmt"
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
	// Limit is the lowest one on the way up; Unknown when there is none.
	Limit, Current, Peak     culprit.Bytes
	Anon, File, Shmem        culprit.Bytes // File includes Shmem
	InactiveFile, SwapCharge culprit.Bytes
	Killed                   int64 // processes that the kernel killed for want of memory, Unknown
}

// Cgroup reads the group of a process. That there is none is no error.
func (f FS) Cgroup(pid int) (Cgroup, error) {
	none := Cgroup{
		Limit: culprit.Unknown, Current: culprit.Unknown, Peak: culprit.Unknown, Anon: culprit.Unknown, File: culprit.Unknown,
		Shmem: culprit.Unknown, InactiveFile: culprit.Unknown, SwapCharge: culprit.Unknown, Killed: culprit.Unknown,
	}
	text, err := f.read(pid, "cgroup")
	if err != nil {
		return none, err
	}
	path, version := memoryGroup(text)
	if version == 0 {
		return none, nil
	}
	none.Path, none.Version = path, version
	mount := filepath.Join(f.Sys, "fs", "cgroup")
	names := v2
	if version == 1 {
		mount, names = filepath.Join(mount, "memory"), v1
	}
	none.fill(mount, names)
	return none, nil
}

// memoryGroup finds the group that accounts memory: the one of version 1 when the
// controller is there, else that of version 2.
func memoryGroup(text string) (path string, version int) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			if c == "memory" {
				return parts[2], 1
			}
		}
		if parts[0] == "0" && parts[1] == "" {
			path, version = parts[2], 2
		}
	}
	return path, version
}

type names struct{ limit, current, peak, anon, file, shmem, inactive, swap, killed, events string }

var (
	v2 = names{"memory.max", "memory.current", "memory.peak", "anon", "file", "shmem", "inactive_file", "memory.swap.current", "oom_kill", "memory.events"}
	v1 = names{"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "total_rss", "total_cache", "total_shmem", "total_inactive_file", "", "oom_kill", "memory.oom_control"}
)

// unlimited is where version 1 begins to mean "no limit": LONG_MAX rounded down to
// a page.
const unlimited = 1 << 62

func (c *Cgroup) fill(mount string, n names) {
	// In a container the path of the host may not be visible: then the mount itself
	// is the group.
	dir := filepath.Join(mount, c.Path)
	if _, err := os.Stat(dir); err != nil {
		dir = mount
	}
	c.Current, c.Peak = number(dir, n.current), number(dir, n.peak)
	c.SwapCharge = number(dir, n.swap)
	stat := pairs(dir, "memory.stat")
	for key, to := range map[string]*culprit.Bytes{n.anon: &c.Anon, n.file: &c.File, n.shmem: &c.Shmem, n.inactive: &c.InactiveFile} {
		if v, ok := stat[key]; ok {
			*to = culprit.Bytes(v)
		}
	}
	if v, ok := pairs(dir, n.events)[n.killed]; ok {
		c.Killed = v
	}
	for at := dir; strings.HasPrefix(at, mount); at = filepath.Dir(at) {
		if l := number(at, n.limit); l != culprit.Unknown && l < unlimited && (c.Limit == culprit.Unknown || l < c.Limit) {
			c.Limit = l
		}
	}
}

// number reads a file that holds one number; "max" and what is not there are Unknown.
func number(dir, name string) culprit.Bytes {
	if name == "" {
		return culprit.Unknown
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return culprit.Unknown
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n < 0 {
		return culprit.Unknown
	}
	return culprit.Bytes(n)
}

// pairs reads lines of "key value".
func pairs(dir, name string) map[string]int64 {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil
	}
	m := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
			m[key] = n
		}
	}
	return m
}

// String names the group.
func (c Cgroup) String() string {
	if c.Version == 0 {
		return "no cgroup"
	}
	return fmt.Sprintf("cgroup v%d %s", c.Version, c.Path)
}
