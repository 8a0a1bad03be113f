package proc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culprit"
)

const smaps = `55d0a1c00000-55d0a1e21000 rw-p 00000000 00:00 0                          [heap]
Size:               2180 kB
Rss:                2000 kB
Pss:                1500 kB
Shared_Clean:          0 kB
Shared_Dirty:       1000 kB
Private_Clean:         0 kB
Private_Dirty:      1000 kB
Anonymous:          2000 kB
AnonHugePages:         0 kB
Swap:                 12 kB
THPeligible:           0
VmFlags: rd wr mr mw me ac sd
7f0000000000-7f0000021000 r--p 00000000 fe:01 1234                       /srv/my app/lib c.so (deleted)
Size:                132 kB
Rss:                 100 kB
Pss:                  10 kB
`

func TestSmaps(t *testing.T) {
	list, err := parseSmaps(strings.NewReader(smaps))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Path != "[heap]" || list[1].Path != "/srv/my app/lib c.so (deleted)" || list[1].Inode != 1234 {
		t.Fatalf("%+v", list)
	}
	h := list[0]
	if h.RSS != 2000*culprit.KiB || h.PSS != 1500*culprit.KiB || h.Private() != 1000*culprit.KiB || h.Swap != 12*culprit.KiB || h.End-h.Start != 0x221000 {
		t.Errorf("%+v", h)
	}
	for name, bad := range map[string]string{
		"cut":             smaps[:strings.Index(smaps, "Rss")],
		"no account":      "7f00-7f01 r--p 0 0:0 0\n7f02-7f03 r--p 0 0:0 0\nRss: 1 kB\n",
		"before any":      "Rss: 1 kB\n",
		"no size":         "7f00-7f01 r--p 0 0:0 0\nRss: many kB\n",
		"negative":        "7f00-7f01 r--p 0 0:0 0\nRss: -1 kB\n",
		"backwards":       "7f02-7f01 r--p 0 0:0 0\nRss: 1 kB\n",
		"another unit":    "7f00-7f01 r--p 0 0:0 0\nRss: 1 MB\n",
		"too much to add": "7f00-7f01 r--p 0 0:0 0\nRss: 9223372036854775807 kB\n",
	} {
		if list, err := parseSmaps(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: read as %+v", name, list)
		}
	}
}

func TestStat(t *testing.T) {
	s, err := parseStat("4101 (puma: (x) y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20 21\n")
	if err != nil || s.Comm != "puma: (x) y" || s.PID != 4101 || s.PPID != 1 || s.Threads != 8 || s.Start != 991 || s.State != 'S' {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 1", "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestSmall(t *testing.T) {
	for text, want := range map[string]int{"0-3,6": 5, "0": 1, "": 0, "x": 0, "3-1": 0} {
		if got := parseCPUs(text); got != want {
			t.Errorf("%q: %d processors, want %d", text, got, want)
		}
	}
	m, err := parseMeminfo("MemTotal: 100 kB\nMemFree: 7 kB\n")
	if err != nil || m.Total != 100*culprit.KiB || m.Shmem != culprit.Unknown {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := parseMeminfo("MemFree: 7 kB\n"); err == nil {
		t.Error("a machine without memory")
	}
	for text, want := range map[string]string{
		"0::/user.slice\n":                         "/user.slice 2",
		"12:memory:/docker/ab\n1:name=systemd:/\n": "/docker/ab 1",
		"5:cpu,memory:/x\n0::/y\n":                 "/x 1",
		"":                                         " 0",
	} {
		path, version := memoryGroup(text)
		if got := path + " " + string(rune('0'+version)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A container below a unit with a lower limit: the lowest one holds.
func TestCgroup(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("proc/7/cgroup", "0::/app/web\n")
	write("sys/fs/cgroup/app/memory.max", "2000000000\n")
	write("sys/fs/cgroup/app/web/memory.max", "max\n")
	write("sys/fs/cgroup/app/web/memory.current", "1500000000\n")
	write("sys/fs/cgroup/app/web/memory.stat", "anon 900000000\nfile 500000000\nshmem 100000000\ninactive_file 300000000\n")
	write("sys/fs/cgroup/app/web/memory.events", "low 0\noom_kill 3\n")
	c, err := FS{Proc: dir + "/proc", Sys: dir + "/sys"}.Cgroup(7)
	if err != nil || c.Limit != 2e9 || c.Current != 15e8 || c.Anon != 9e8 || c.File != 5e8 || c.Shmem != 1e8 || c.InactiveFile != 3e8 || c.Killed != 3 || c.Peak != culprit.Unknown {
		t.Errorf("%+v, %v", c, err)
	}
	write("proc/8/cgroup", "1:name=systemd:/\n")
	if c, err := (FS{Proc: dir + "/proc", Sys: dir + "/sys"}).Cgroup(8); err != nil || c.Version != 0 || c.Limit != culprit.Unknown {
		t.Errorf("no group: %+v, %v", c, err)
	}
}

// TestLive reads this very process and a Ruby beside it; the sums over mappings
// are those that the kernel makes itself.
func TestLive(t *testing.T) {
	cmd := exec.Command("ruby", "-e", `$0 = "puma: cluster worker 0: 1 [shop]"; puts; $stdout.flush; gets`)
	cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=2", "EMPTY=")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; hint: make setup", err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	f, pid := Host(), cmd.Process.Pid
	list, err := f.Smaps(pid)
	if err != nil {
		t.Fatal(err)
	}
	var sum Memory
	for _, m := range list {
		sum.RSS += m.RSS
		sum.PSS += m.PSS
	}
	roll, err := f.Rollup(pid)
	if err != nil || sum.RSS != roll.RSS || roll.PSSAnon == culprit.Unknown {
		t.Errorf("mappings add up to %d, the kernel says %d (%v)", sum.RSS, roll.RSS, err)
	}
	if !slices.ContainsFunc(list, func(m Mapping) bool { return strings.Contains(m.Path, "libruby") }) {
		t.Error("no libruby among the mappings")
	}
	env, err := f.Environ(pid)
	if err != nil || env["MALLOC_ARENA_MAX"] != "2" {
		t.Errorf("environment %v, %v", env["MALLOC_ARENA_MAX"], err)
	}
	if line, err := f.Cmdline(pid); err != nil || line[0] != "puma: cluster worker 0: 1 [shop]" {
		t.Errorf("command %q, %v", line, err)
	}
	if s, err := f.Stat(pid); err != nil || s.PID != pid || s.PPID != os.Getpid() || s.Start == 0 {
		t.Errorf("stat %+v, %v", s, err)
	}
	if pids, err := f.PIDs(); err != nil || !slices.Contains(pids, pid) {
		t.Errorf("pids: %v", err)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Smaps(pid); !errors.Is(err, ErrGone) {
		t.Errorf("a process that ended: %v", err)
	}
	if m, err := f.Meminfo(); err != nil || m.Total < 1<<28 || f.CPUs() == 0 {
		t.Errorf("machine: %+v, %d processors, %v", m, f.CPUs(), err)
	}
}

func FuzzParsers(f *testing.F) {
	f.Add(smaps)
	f.Add("4101 (puma: (x) y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20 21\n")
	f.Add("MemTotal: 100 kB\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parseSmaps(strings.NewReader(text))
		_, _ = parseStat(text)
		_, _ = parseMeminfo(text)
		_ = parseCPUs(text)
		_, _ = memoryGroup(text)
	})
}
