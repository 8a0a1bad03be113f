package proc

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"culprit"
	"culprit/internal/lab/started"
)

// ruby starts a Ruby that speaks when it is ready, and ends it with the test, or
// when stop is called.
func ruby(t *testing.T, env []string, script string) (pid int, stop func()) {
	t.Helper()
	p := started.Ruby(t, env, "-e", script+"; puts; $stdout.flush; gets")
	return p.PID, func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestLive reads a Ruby with threads; the sums over mappings are those that the
// kernel makes itself.
func TestLive(t *testing.T) {
	pid, stop := ruby(t, []string{"MALLOC_ARENA_MAX=2", "EMPTY="}, `
		$0 = "puma: cluster worker 0: 1 [shop]"
		3.times { |i| Thread.new { Thread.current.name = "puma srv tp 00#{i}"; sleep } }
		sleep 0.2`)
	f := Host()
	frozen := freeze(t, pid)
	a, err := f.Smaps(pid)
	if err != nil {
		t.Fatal(err)
	}
	var sum Memory
	for _, m := range a.Mappings {
		sum.RSS += m.RSS
		sum.Anonymous += m.Anonymous
	}
	// PSS and private pages are not compared: other Rubies share files with this one,
	// and come and go.
	roll, err := f.Rollup(pid)
	if err != nil || sum.RSS != roll.RSS || sum.Anonymous != roll.Anonymous || roll.PSSAnon == culprit.Unknown {
		t.Errorf("mappings add up to RSS %d, anonymous %d; the kernel says %d, %d (%v)", sum.RSS, sum.Anonymous, roll.RSS, roll.Anonymous, err)
	}
	frozen()
	maps, err := f.Maps(pid)
	if err != nil || len(maps) != len(a.Mappings) || maps[0].Start != a.Mappings[0].Start {
		t.Errorf("%d mappings in maps, %d in smaps, %v", len(maps), len(a.Mappings), err)
	}
	if !slices.ContainsFunc(maps, func(m Mapping) bool { return strings.Contains(m.Path, "libruby") }) {
		t.Error("no libruby among the mappings")
	}
	if env, err := f.Environ(pid); err != nil || env["MALLOC_ARENA_MAX"] != "2" {
		t.Errorf("environment %v, %v", env["MALLOC_ARENA_MAX"], err)
	}
	if line, err := f.Cmdline(pid); err != nil || line[0] != "puma: cluster worker 0: 1 [shop]" {
		t.Errorf("command %q, %v", line, err)
	}
	identity(t, f, pid)
	surroundings(t, f, pid)
	stop()
	for name, err := range map[string]error{
		"smaps": second(f.Smaps(pid)), "rollup": second(f.Rollup(pid)), "maps": second(f.Maps(pid)), "stat": second(f.Stat(pid)),
		"status": second(f.Status(pid)), "threads": second(f.Threads(pid)), "cgroup": second(f.Cgroup(pid)),
	} {
		if !errors.Is(err, ErrGone) {
			t.Errorf("%s of a process that ended: %v", name, err)
		}
	}
}

// freeze stops a process, so that two looks at it see the same, and returns what
// lets it go on.
func freeze(t *testing.T, pid int) (goOn func()) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("%d did not stop: %v, %v", pid, status, err)
	}
	return func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func identity(t *testing.T, f FS, pid int) {
	t.Helper()
	s, err := f.Stat(pid)
	if err != nil || s.PID != pid || s.PPID != os.Getpid() || s.Start == 0 || s.Threads != 4 {
		t.Errorf("stat %+v, %v", s, err)
	}
	up, err := f.Uptime()
	if age := s.Age(up); err != nil || age <= 0 || age > up {
		t.Errorf("age %v of %v, %v", age, up, err)
	}
	st, err := f.Status(pid)
	if err != nil || st.PPID != s.PPID || st.UID != os.Geteuid() || st.RSS <= 0 || st.HighWater < st.RSS || len(st.NSPID) == 0 || st.NSPID[0] != pid {
		t.Errorf("status %+v, %v", st, err)
	}
	threads, err := f.Threads(pid)
	named := 0
	for _, th := range threads {
		if strings.HasPrefix(th.Comm, "puma srv tp") {
			named++
		}
	}
	if err != nil || len(threads) != 4 || named != 3 {
		t.Errorf("threads %+v, %v", threads, err)
	}
	all, err := f.Processes()
	if err != nil || !slices.ContainsFunc(all, func(o Stat) bool { return o.Same(s) }) {
		t.Errorf("it is not among %d processes, %v", len(all), err)
	}
}

func surroundings(t *testing.T, f FS, pid int) {
	t.Helper()
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if m, err := f.Meminfo(); err != nil || m.Total < 1<<28 {
		t.Errorf("machine: %+v, %v", m, err)
	}
	if n, err := f.CPUs(); err != nil || n == 0 {
		t.Errorf("%d processors, %v", n, err)
	}
	if _, err := f.HugePages(); err != nil {
		t.Error(err)
	}
	if list, err := f.Limits(pid); err != nil || len(list) < 10 {
		t.Errorf("limits %+v, %v", list, err)
	}
	if c, err := f.Cgroup(pid); err != nil || len(c.Warnings) != 0 || c.Dir != "" && c.Current <= 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if uses, failed, err := f.Tmpfs(pid); err != nil {
		t.Errorf("%+v, %v, %v", uses, failed, err)
	}
}

// TestZombie: a process that has ended, and that nobody has waited for yet, still
// has an entry: it has no memory, and that is no sum of zero.
func TestZombie(t *testing.T) {
	pid, _ := ruby(t, nil, `$stdout.sync = true; child = fork { exit! }; sleep 0.01 until File.read("/proc/#{child}/stat") =~ /\) Z/; File.write("/proc/self/comm", child.to_s)`)
	f := Host()
	name, err := f.Comm(pid)
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.Processes()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s Stat) bool { return s.PPID == pid && s.Ended() })
	if i < 0 {
		t.Fatalf("no zombie below %d (%s)", pid, name)
	}
	for what, err := range map[string]error{"smaps": second(f.Smaps(all[i].PID)), "rollup": second(f.Rollup(all[i].PID)), "maps": second(f.Maps(all[i].PID))} {
		if !errors.Is(err, ErrGone) {
			t.Errorf("%s of a zombie: %v", what, err)
		}
	}
}

// TestExec: a process that becomes another program is another one, with the same
// pid and the same start.
func TestExec(t *testing.T) {
	cmd := exec.Command("ruby", "-e", `puts; $stdout.flush; gets; exec("ruby", "-e", "puts; $stdout.flush; gets")`)
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
	one := make([]byte, 1)
	if _, err := out.Read(one); err != nil {
		t.Fatal(err)
	}
	f := Host()
	before, err := f.Stat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.steady(before); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	if _, err := in.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(one); err != nil {
		t.Fatal(err)
	}
	if err := f.steady(before); !errors.Is(err, ErrGone) {
		t.Errorf("after exec: %v", err)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

// TestFaults: pages that a thread touches for the first time are faults of that thread,
// and those of all threads make up what the process has.
func TestFaults(t *testing.T) {
	p := started.Ruby(t, nil, "-e", `go = Queue.new
Thread.new { Thread.current.name = "toucher"; go.pop; $kept = "x" * (64 << 20); puts; $stdout.flush; sleep }
puts; $stdout.flush; gets; go << 1; gets`)
	f := Host()
	before, err := f.Faults(p.PID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.In.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	const pages = 64 << 20 / 4096
	deadline := time.Now().Add(20 * time.Second)
	for {
		after, err := f.Faults(p.PID)
		if err != nil {
			t.Fatal(err)
		}
		threads, err := f.Threads(p.PID)
		if err != nil {
			t.Fatal(err)
		}
		sum, mine := int64(0), int64(0)
		for _, th := range threads {
			d := after[th.TID] - before[th.TID]
			sum += d
			if th.Comm == "toucher" {
				mine = d
			}
		}
		if mine > 0 && mine >= pages && 10*mine >= 9*sum {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d faults are of the thread that touched %d pages", mine, sum, pages)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestParseFaults(t *testing.T) {
	const line = "41 (a) b) S 1 41 41 0 -1 4194304 101 0 7 0 1 2"
	if n, err := parseFaults(line); n != 108 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"", "41 (a) S 1", "41 (a) S 1 41 41 0 -1 4194304 x 0 7 0", "41 (a) S 1 41 41 0 -1 4194304 101 0 x 0"} {
		if n, err := parseFaults(bad); err == nil {
			t.Errorf("%q: %d", bad, n)
		}
	}
}
