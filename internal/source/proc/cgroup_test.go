package proc

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"culprit"
)

// unpack makes a folder of /proc and /sys from a text archive.
func unpack(t *testing.T, text string) FS {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return FS{Proc: filepath.Join(dir, "proc"), Sys: filepath.Join(dir, "sys")}
}

// A container below a unit with a lower limit: the lowest one holds, of memory and
// of processors.
func TestCgroup2(t *testing.T) {
	f := unpack(t, `
-- proc/7/cgroup --
0::/app/web
-- proc/8/cgroup --
1:name=systemd:/
-- sys/fs/cgroup/app/memory.max --
2000000000
-- sys/fs/cgroup/app/cpu.max --
150000 100000
-- sys/fs/cgroup/app/web/memory.max --
max
-- sys/fs/cgroup/app/web/cpu.max --
max 100000
-- sys/fs/cgroup/app/web/memory.current --
1500000000
-- sys/fs/cgroup/app/web/memory.swap.current --
7000
-- sys/fs/cgroup/app/web/memory.stat --
anon 900000000
file 500000000
kernel 20000000
shmem 100000000
inactive_file 300000000
-- sys/fs/cgroup/app/web/memory.events --
low 0
oom_kill 3
`)
	c, err := f.Cgroup(7)
	if err != nil || c.Limit != 2e9 || c.Current != 15e8 || c.Anon != 9e8 || c.File != 5e8 || c.Shmem != 1e8 || c.InactiveFile != 3e8 ||
		c.Killed != 3 || c.Peak != culprit.Unknown || c.Swap != 7000 || c.Kernel != 2e7 || c.CPUs != 1.5 || c.Working() != 12e8 || len(c.Warnings) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := f.Cgroup(8); err != nil || c.Version != 0 || c.Limit != culprit.Unknown || c.Working() != culprit.Unknown {
		t.Errorf("no group: %+v, %v", c, err)
	}
}

// In a container of version 1 the folders above are not mounted, and the limit of
// the group above is told by the kernel; elsewhere's groups are not visible, and
// the numbers of another group are not taken for theirs.
func TestCgroup1InContainer(t *testing.T) {
	f := unpack(t, `
-- proc/7/cgroup --
4:memory:/docker/ab/web
3:cpu,cpuacct:/docker/ab
0::/
-- proc/9/cgroup --
4:memory:/docker/cd
-- proc/self/mountinfo --
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
35 31 0:32 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
36 31 0:33 /docker/ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
37 31 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
-- sys/fs/cgroup/memory/memory.limit_in_bytes --
9223372036854771712
-- sys/fs/cgroup/memory/web/memory.limit_in_bytes --
9223372036854771712
-- sys/fs/cgroup/memory/web/memory.usage_in_bytes --
800000000
-- sys/fs/cgroup/memory/web/memory.stat --
cache 1
total_cache 300000000
total_rss 500000000
total_shmem 4096
total_inactive_file 100000000
total_swap 0
hierarchical_memory_limit 1000000000
-- sys/fs/cgroup/memory/web/memory.oom_control --
oom_kill_disable 0
under_oom 0
oom_kill 1
-- sys/fs/cgroup/cpu/cpu.cfs_quota_us --
-1
-- sys/fs/cgroup/cpu/cpu.cfs_period_us --
100000
`)
	c, err := f.Cgroup(7)
	if err != nil || c.Version != 1 || c.Limit != 1e9 || c.Current != 8e8 || c.Anon != 5e8 || c.File != 3e8 || c.Swap != 0 || c.Killed != 1 || c.CPUs != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = f.Cgroup(9)
	if err != nil || c.Limit != culprit.Unknown || c.Current != culprit.Unknown || len(c.Warnings) != 1 {
		t.Errorf("another container: %+v, %v", c, err)
	}
}

// What is there and cannot be read is told.
func TestCgroupTrouble(t *testing.T) {
	f := unpack(t, `
-- proc/7/cgroup --
0::/
-- sys/fs/cgroup/memory.max/not-a-file --
`)
	c, err := f.Cgroup(7)
	if err != nil || c.Limit != culprit.Unknown || len(c.Warnings) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}
