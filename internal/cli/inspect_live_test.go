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

	"culprit"
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

// TestInspectDump: a dump that was taken from outside names who holds what, and a core of
// the same process gives the same objects.
func TestInspectDump(t *testing.T) {
	pid := strconv.Itoa(start(t, nil, "-e", `class Cart; def initialize(i) @items = Array.new(50) { |k| "item #{k} of cart number #{i}" } end end
class Registry; @all = []; class << self; attr_reader :all end end
500.times { |i| Registry.all << Cart.new(i) }
GC.start
puts "ready"; $stdout.flush
$stdin.gets`))
	dir := t.TempDir()
	out := filepath.Join(dir, "live.json")
	d := inspected[livefacts.Dump](t, "dump", pid, "-o", out, "--json")
	if d.Objects < 30_000 || d.References < 30_000 || d.Roots == 0 || d.PauseSeconds <= 0 || len(d.Warnings) > 0 || d.EstimatedBytes*2 > d.Bytes {
		t.Errorf("%+v", d)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != int64(d.FileBytes) {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := os.Stat(out + ".culprit-heap"); err != nil {
		t.Error(err)
	}
	var report culprit.Heap
	var text, errs bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &text, Stderr: &errs, Env: os.Getenv}
	if code := cli.Run(t.Context(), []string{"heap", "--json", out}, w); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if err := json.Unmarshal(text.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	// 500 carts of 50 texts of 66 bytes and more, and their arrays.
	if len(report.Suspects) == 0 || !strings.Contains(report.Suspects[0].Describe, "Registry") || report.Suspects[0].Retained < 1_700_000 {
		t.Errorf("%+v", report.Suspects)
	}
	if code := cli.Run(t.Context(), []string{"inspect", "dump", pid, "-o", out}, w); code != 1 || !strings.Contains(errs.String(), "--force") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	core := filepath.Join(dir, "core")
	if said, err := exec.Command("gcore", "-o", core, pid).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s; hint: make setup", err, said)
	}
	of := inspected[livefacts.Dump](t, "dump", "--core", core+"."+pid, "-o", filepath.Join(dir, "core.json"), "--no-index", "--json")
	// A core has the pages of stacks that were never touched.
	if of.Objects != d.Objects || of.References != d.References || of.Bytes < d.Bytes || of.Bytes > d.Bytes+4<<20 || of.PID != -1 || len(of.Warnings) != 1 {
		t.Errorf("core: %+v\nlive: %+v", of, d)
	}
}

// TestStacksServe: threads get the requests of the log that have not ended, and one that
// waits for a thread is told apart.
func TestStacksServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "action_controller", "metal")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	render := filepath.Join(dir, "basic_implicit_render.rb")
	if err := os.WriteFile(render, []byte("module ActionController; module BasicImplicitRender; def send_action(*) = index; end; end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(start(t, nil, "-r", render, "-e", `class ReportsController; include ActionController::BasicImplicitRender; def index = sleep; end
class CartsController; include ActionController::BasicImplicitRender; def index = sleep; end
[ReportsController, CartsController].each { |c| Thread.new { c.new.send_action }.name = c.name }
sleep 0.3
puts "ready"; $stdout.flush
$stdin.gets`))
	begun := func(pid, id, path, controller string) string {
		head := "I, [2026-11-27T23:00:01.000000 #" + pid + "]  INFO -- : [" + id + "] "
		text := head + `Started GET "` + path + `" for 10.0.0.1 at 2026-11-27 23:00:01 +0000` + "\n"
		if controller != "" {
			text += head + "Processing by " + controller + "#index as HTML\n"
		}
		return text
	}
	log := filepath.Join(t.TempDir(), "production.log")
	ended := begun(pid, "gone", "/carts/0", "CartsController") +
		"I, [2026-11-27T23:00:02.000000 #" + pid + "]  INFO -- : [gone] Completed 200 OK in 1000ms (Views: 1.0ms | Allocations: 10)\n"
	text := ended + begun(pid, "one", "/reports?range=all", "ReportsController") + begun("999", "other", "/carts/9", "CartsController") +
		begun(pid, "two", "/carts/1", "CartsController") + begun(pid, "three", "/waits", "")
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := inspected[livefacts.Stacks](t, "stacks", "--json", "--log", log, pid)
	served := map[string]string{}
	for _, th := range s.Threads {
		for _, r := range th.Requests {
			served[th.Action] += r.Path + ";"
		}
	}
	if len(served) != 2 || served["ReportsController#index"] != "/reports;" || served["CartsController#index"] != "/carts/1;" {
		t.Errorf("%+v", s.Threads)
	}
	if len(s.Unplaced) != 1 || s.Unplaced[0].Path != "/waits" || len(s.Warnings) != 0 {
		t.Errorf("%+v, %v", s.Unplaced, s.Warnings)
	}
}
