package inspection_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"culprit/internal/inspection"
	"culprit/internal/lab/started"
	"culprit/internal/livefacts"
	"culprit/internal/source/proc"
)

// start starts a Ruby that has made a heap, and waits.
func start(t *testing.T) *inspection.Target {
	t.Helper()
	p := started.Ruby(t, nil, "-e", `require "json"; require "stringio"
KEPT = Array.new(100_000) { |i| "text #{i} that has bytes of its own in malloc's heap" }
MORE = (1..20_000).to_h { |i| [i.to_s, { "a" => [i] * 4, "b" => Object.new }] }
gone = Array.new(300_000) { "z" * 200 }; gone = nil
IOS = Array.new(200) { StringIO.new("x") }
Thread.new { sleep }
f = Fiber.new { Fiber.yield }; f.resume
GC.start; GC.start
puts "ready"; $stdout.flush; $stdin.gets`)
	target, err := inspection.Live("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// TestWhole: each resident byte is counted once, the native heap closes, and a process
// without a leak is not said to have one.
func TestWhole(t *testing.T) {
	target := start(t)
	d, err := target.Inspect("test", proc.Host())
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, c := range d.Categories {
		if c.Quality == livefacts.Refused {
			t.Errorf("%s: %s", c.Name, c.Reason)
		}
		sum += int64(c.Bytes)
	}
	if sum != int64(d.RSS) || len(d.Warnings) > 0 || d.Threads != 2 || d.Reclaimable < 0 {
		t.Errorf("%d of %d bytes: %+v", sum, d.RSS, d)
	}
	libraries, err := target.Libraries()
	if err != nil || !slices.ContainsFunc(libraries, func(l livefacts.Library) bool {
		return l.Name == "stringio.so" && l.Objects >= 200 && l.Bytes >= 200*24
	}) {
		t.Errorf("%+v, %v", libraries, err)
	}
	leaks, err := target.Leaks("test", inspection.Copying{Root: "/proc", Spool: t.TempDir(), Self: os.Getpid(), FS: proc.Host(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d bytes flagged, paused %.0f ms", leaks.Bytes, leaks.ConsideredBytes, 1000*leaks.PauseSeconds)
	if leaks.Bytes*1000 > leaks.ConsideredBytes || leaks.Considered < 5_000 || leaks.PauseSeconds <= 0 {
		t.Errorf("%+v", leaks)
	}
	n, err := target.Native("test")
	if err != nil || len(n.Arenas) == 0 || len(n.Sizes) == 0 {
		t.Errorf("%+v, %v", n, err)
	}
	s, err := target.Stacks("test", true)
	if err != nil {
		t.Fatal(err)
	}
	fibers := 0
	for _, th := range s.Threads {
		if th.Fiber {
			fibers++
			if len(th.Frames) < 2 || th.Frames[0].Method != "Fiber.yield" {
				t.Errorf("%+v", th)
			}
		}
	}
	if fibers != 1 || len(s.Threads) != 3 {
		t.Errorf("%d fibers, %+v", fibers, s)
	}
}

// TestAction: the stack of a request names its action, that of a job its class.
func TestAction(t *testing.T) {
	f := func(method, path string) livefacts.Frame { return livefacts.Frame{Method: method, Path: path} }
	request := []livefacts.Frame{
		f("Array#each", "app/models/report.rb"), f("Report#build", "app/models/report.rb"), f("Admin::ReportsController#index", "app/controllers/admin/reports_controller.rb"),
		f("ActionController::BasicImplicitRender#send_action", "/gems/actionpack-6.1/lib/action_controller/metal/basic_implicit_render.rb"),
		f("AbstractController::Base#process_action", "/gems/actionpack-6.1/lib/abstract_controller/base.rb"),
	}
	job := []livefacts.Frame{f("ExportJob#perform", "app/jobs/export_job.rb"), f("ActiveJob::Execution#perform_now", "/gems/activejob/lib/active_job/execution.rb")}
	for want, frames := range map[string][]livefacts.Frame{"Admin::ReportsController#index": request, "ExportJob#perform": job, "": request[4:]} {
		if got := inspection.Action(frames); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
