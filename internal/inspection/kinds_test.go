package inspection_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"culprit/internal/inspection"
	"culprit/internal/lab/started"
	"culprit/internal/livefacts"
	"culprit/internal/source/proc"
)

func copyingOf(t *testing.T) inspection.Copying {
	return inspection.Copying{Root: "/proc", Spool: t.TempDir(), Self: os.Getpid(), FS: proc.Host(), Now: time.Now}
}

// whole looks at a process in all ways, and gives its census.
func whole(t *testing.T, pid int) (livefacts.Inspect, livefacts.Heap) {
	t.Helper()
	target, err := inspection.Live("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	d, err := target.Inspect("test", proc.Host())
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, c := range d.Categories {
		sum += int64(c.Bytes)
	}
	if sum != int64(d.RSS) || len(d.Warnings) > 0 {
		t.Errorf("%d of %d bytes: %+v", sum, d.RSS, d)
	}
	h, err := target.Heap("test")
	if err != nil {
		t.Fatal(err)
	}
	dump, err := target.Dump(context.Background(), "test", io.Discard, copyingOf(t))
	if err != nil || dump.Objects != h.Objects || len(dump.Warnings) > 0 {
		t.Errorf("%d objects, %+v, %v", h.Objects, dump, err)
	}
	if s, err := target.Stacks("test", false); err != nil || len(s.Threads) == 0 || len(s.Threads[0].Frames) == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	return d, h
}

// TestForked: a worker that shares its pages with the one that forked it, and writes to
// some, is looked at like any other; its proportional share is less than what is resident.
func TestForked(t *testing.T) {
	p := started.Ruby(t, nil, "-e", `KEPT = Array.new(200_000) { |i| "shared text #{i} that has bytes of its own" }
child = fork do
  OWN = Array.new(50_000) { |i| [i] }
  KEPT.each_slice(10) { |s| s[0] << "!" }
  $stdout.puts Process.pid; $stdout.flush
  sleep
end
$stdin.gets
Process.kill(:KILL, child); Process.wait(child)`)
	child, err := strconv.Atoi(p.First)
	if err != nil {
		t.Fatal(err)
	}
	parent, _ := whole(t, p.PID)
	worker, heap := whole(t, child)
	if worker.PSS >= worker.RSS || parent.PSS >= parent.RSS*9/10 {
		t.Errorf("parent %s of %s, worker %s of %s", parent.PSS, parent.RSS, worker.PSS, worker.RSS)
	}
	if heap.ByType["T_ARRAY"] < 50_000 || heap.ByType["T_STRING"] < 200_000 {
		t.Errorf("%+v", heap.ByType)
	}
}

// TestNamespaces: a Ruby in pid and mount namespaces of its own, as in a container.
func TestNamespaces(t *testing.T) {
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		t.Fatalf("%v; hint: make setup", err)
	}
	dir := t.TempDir()
	shim := "#!/bin/sh\nexec unshare --mount --pid --fork --mount-proc --kill-child " + ruby + ` "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "ruby"), []byte(shim), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	p := started.Ruby(t, nil, "-e", `KEPT = Array.new(50_000) { |i| i.to_s }
puts "ready"; $stdout.flush; $stdin.gets`)
	pid := p.PID
	for { // down to the Ruby itself
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			t.Fatal(err)
		}
		list := strings.Fields(string(b))
		if len(list) == 0 {
			break
		}
		if pid, err = strconv.Atoi(list[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, heap := whole(t, pid); heap.ByType["T_STRING"] < 50_000 {
		t.Errorf("%+v", heap.ByType)
	}
}

// TestEnds: a process that is killed while it is dumped gives an error, or what had been
// copied by then.
func TestEnds(t *testing.T) {
	for _, ms := range []time.Duration{0, 50, 100, 130, 160, 200, 300, 500} {
		after := ms * time.Millisecond
		p := started.Ruby(t, nil, "-e", `KEPT = Array.new(150_000) { |i| "text #{i} of the heap" }; puts "ready"; $stdout.flush; $stdin.gets`)
		target, err := inspection.Live("/proc", p.PID)
		if err != nil {
			t.Fatal(err)
		}
		killed := make(chan error)
		go func() {
			time.Sleep(after)
			killed <- p.Kill()
		}()
		d, err := target.Dump(context.Background(), "test", io.Discard, copyingOf(t))
		if kerr := <-killed; kerr != nil {
			t.Error(kerr)
		}
		if err == nil && d.Objects < 150_000 && len(d.Warnings) == 0 {
			t.Errorf("after %v: %+v", after, d)
		}
		t.Logf("after %v: %d objects, %v, %v", after, d.Objects, d.Warnings, err)
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	}
}
