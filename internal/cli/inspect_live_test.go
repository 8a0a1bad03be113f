package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/cli"
	"culprit/internal/livefacts"
)

// inspected runs a command of inspect with --json.
func inspected[T any](t *testing.T, args ...string) (doc T) {
	t.Helper()
	var out, errs bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: os.Getenv}
	if code := cli.Run(t.Context(), append([]string{"inspect"}, args...), w); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

const kept = `KEPT = Array.new(120_000) { |i| "text #{i}" }
Thread.new { sleep }.name = "sleeper"
GC.start
puts "ready"; $stdout.flush
$stdin.gets`

// TestInspect: a live Ruby that only this test has started, and a core of it, tell the
// same.
func TestInspect(t *testing.T) {
	pid := strconv.Itoa(start(t, nil, "-e", kept))
	h := inspected[livefacts.Heap](t, "heap", "--json", pid)
	if h.ByType["T_STRING"] < 120_000 || h.ByType["T_STRING"] > 160_000 || h.Quality != livefacts.Exact || h.Slots != h.Objects+h.ByType["FREE"] ||
		h.ByClass[0].Key != "String" || h.ByClass[0].Objects < 120_000 {
		t.Errorf("%+v", h)
	}
	d := inspected[livefacts.Inspect](t, "--json", pid)
	sum := int64(0)
	for _, c := range d.Categories {
		sum += int64(c.Bytes)
	}
	if sum != int64(d.RSS) || d.RSS < 10<<20 || d.Allocator != "glibc" || d.Threads != 2 || d.GC["heap_live_slots"] < 120_000 || d.Reclaimable < 0 {
		t.Errorf("%d in categories: %+v", sum, d)
	}
	path := filepath.Join(t.TempDir(), "core")
	if out, err := exec.Command("gcore", "-o", path, pid).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s; hint: make setup", err, out)
	}
	path += "." + pid
	core := inspected[livefacts.Heap](t, "heap", "--json", "--core", path)
	if core.Objects != h.Objects || core.PID != -1 {
		t.Errorf("%d objects in the core, %d before", core.Objects, h.Objects)
	}
	for _, from := range [][]string{{pid}, {"--core", path}} {
		s := inspected[livefacts.Stacks](t, append([]string{"stacks", "--json"}, from...)...)
		if len(s.Threads) != 2 || s.Threads[1].Name != "sleeper" || s.Threads[1].Frames[0].Method != "Kernel#sleep" || s.Threads[0].Frames[0].Line != 5 {
			t.Errorf("%v: %+v", from, s.Threads)
		}
	}
}
