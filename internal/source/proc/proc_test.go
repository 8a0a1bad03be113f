package proc

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
)

func TestStat(t *testing.T) {
	s, err := parseStat("4101 (puma: (x) y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20 21\n")
	if err != nil || s.Comm != "puma: (x) y" || s.PID != 4101 || s.PPID != 1 || s.Threads != 8 || s.Start != 991 || s.State != 'S' || s.Faults != 7+9 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 1", "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestSmall(t *testing.T) {
	for text, want := range map[string]int{"0-3,6": 5, "0": 1, "": 0, "x": 0, "3-1": 0, "-1": 0, "0-99999999": 0} {
		if got, err := parseCPUs(text); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d processors, %v, want %d", text, got, err, want)
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
		path, version := groupOf(text, "memory")
		if got := path + " " + string(rune('0'+version)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	s, err := parseStatus("Name:\tpuma\nPPid:\t12\nUid:\t1000\t1001\t1002\t1003\nThreads:\t9\nNSpid:\t4101\t7\nVmRSS:\t   2048 kB\nVmSwap:\t0 kB\nTHP_enabled:\t0\nNew:\tx\n")
	if err != nil || s.Name != "puma" || s.PPID != 12 || s.UID != 1001 || s.Threads != 9 || !slices.Equal(s.NSPID, []int{4101, 7}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s.RSS != 2*culprit.MiB || s.Swap != 0 || s.HighWater != culprit.Unknown || s.Voluntary != culprit.Unknown || !s.TransparentOff {
		t.Errorf("amounts: %+v", s)
	}
	for _, bad := range []string{"VmRSS:\tx kB\n", "VmRSS:\t1 MB\n", "VmRSS:\t-1 kB\n", "VmRSS:\t99999999999999 kB\n", "NSpid:\tx\n", "Threads:\tmany\n"} {
		if s, err := parseStatus(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}

func TestLimits(t *testing.T) {
	const text = "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max data size             unlimited            unlimited            bytes     \n" +
		"Max open files            1024                 524288               files     \n" +
		"Max nice priority         0                    0                    \n"
	list, err := parseLimits(text)
	want := []Limit{{"Max data size", -1, -1, "bytes"}, {"Max open files", 1024, 524288, "files"}, {"Max nice priority", 0, 0, ""}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	for _, bad := range []string{"", "Limit\n", text + "x\n", strings.Replace(text, "1024", "many", 1)} {
		if list, err := parseLimits(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, list)
		}
	}
}

func TestMounts(t *testing.T) {
	list, err := parseMounts("36 35 98:0 /a /mnt\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n30 25 0:27 / /dev/shm rw - tmpfs tmpfs rw\n")
	want := []Mount{{"98:0", "/a", "/mnt b", "ext3", "/dev/root", "rw,errors=continue"}, {"0:27", "/", "/dev/shm", "tmpfs", "tmpfs", "rw"}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	for _, bad := range []string{"x\n", "36 35 98:0 /a /b - ext3\n", "36 35 98:0 /a /b rw - \n"} {
		if list, err := parseMounts(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, list)
		}
	}
}

func TestTimes(t *testing.T) {
	up, err := parseUptime("350735.47 234388.90\n")
	if err != nil || up != 350735470*time.Millisecond {
		t.Errorf("%v, %v", up, err)
	}
	if age := (Stat{Start: 35073500}).Age(up); age.Round(time.Millisecond) != 470*time.Millisecond {
		t.Errorf("age %v", age)
	}
	if age := (Stat{Start: 1 << 40}).Age(up); age != 0 {
		t.Errorf("of one that is to come: %v", age)
	}
	if _, err := parseUptime("soon"); err == nil {
		t.Error("soon is a time")
	}
}

func TestTexts(t *testing.T) {
	if got := parseCmdline("puma: cluster worker 0: 12 [shop]\x00\x00   "); len(got) != 1 || got[0] != "puma: cluster worker 0: 12 [shop]" {
		t.Errorf("%q", got)
	}
	if got := parseCmdline("ruby\x00-e\x00\x00x\x00"); !slices.Equal(got, []string{"ruby", "-e", "", "x"}) {
		t.Errorf("%q", got)
	}
	env := parseEnviron("A=1\x00B=x=y\x00A=2\x00junk\x00=no\x00")
	if len(env) != 2 || env["A"] != "1" || env["B"] != "x=y" {
		t.Errorf("%v", env)
	}
	if got, err := parseChosen("always [madvise] never\n"); got != "madvise" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := parseChosen("always\n"); err == nil {
		t.Error("nothing chosen is a choice")
	}
	if err := NewFS(t.TempDir()).Check(); !errors.Is(err, ErrNoProc) {
		t.Errorf("a folder without a procfs: %v", err)
	}
}

func FuzzParsers(f *testing.F) {
	f.Add(smaps)
	f.Add("4101 (puma: (x) y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 8 18 991 20 21\n")
	f.Add("MemTotal: 100 kB\n")
	f.Add("Limit   Soft Limit   Hard Limit   Units\nMax x   1   2   bytes\n")
	f.Add("36 35 98:0 /a /b\\040c rw - tmpfs tmpfs rw,memory\n")
	f.Add("5:cpu,memory:/x\n0::/y\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, flags := range []bool{true, false} {
			a, err := parseSmaps(strings.NewReader(text), flags)
			for _, m := range a.Mappings {
				if err == nil && (m.RSS < 0 || m.End < m.Start) {
					t.Errorf("%+v", m)
				}
			}
		}
		_, _ = parseStat(text)
		_, _ = parseStatus(text)
		_, _ = parseMeminfo(text)
		_, _ = parseLimits(text)
		_, _ = parseMounts(text)
		_, _ = parseUptime(text)
		_, _ = parseCPUs(text)
		_, _ = parseChosen(text)
		_, _ = groupOf(text, "memory")
		_, _ = beneath(text, "/a")
		_ = parsePairs(text)
		_ = parseCmdline(text)
		_ = parseEnviron(text)
	})
}
