package recorder_test

import (
	"io"
	"testing"
	"time"

	"culprit/internal/lab/started"
	"culprit/internal/livefacts"
	"culprit/internal/recorder"
	"culprit/internal/source/proc"
)

// grow starts a Ruby whose thread "grower" does something after a line of input.
func grow(t *testing.T, what string) (pid int, begin func()) {
	t.Helper()
	p := started.Ruby(t, nil, "-rfiddle", "-e", `$stdout.sync = true
go = Queue.new
def work; t = Process.clock_gettime(Process::CLOCK_MONOTONIC); 1 while Process.clock_gettime(Process::CLOCK_MONOTONIC) - t < 0.15; end
Thread.new { go.pop; `+what+`; $over = true; go.pop }.name = "grower"
Thread.new { loop { sleep 0.01; 200.times { "x" * 50 } } }.name = "busy"
Thread.new { loop { sleep 1; GC.start if $over } }
puts "ready"; $stdin.gets; go << 1
$stdin.gets`)
	return p.PID, func() {
		if _, err := io.WriteString(p.In, "go\n"); err != nil {
			t.Error(err)
		}
	}
}

// watch watches a process for a while.
func watch(t *testing.T, pid int, begin func(), long time.Duration) []livefacts.Episode {
	t.Helper()
	w, err := recorder.Open(recorder.Watch{PID: pid, Host: "web1", Tool: "test", FS: proc.Host(), Root: "/proc"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	end := time.Now().Add(long)
	for tick := 0; time.Now().Before(end); tick++ {
		if tick == 40 {
			begin()
		}
		if tick%10 == 0 {
			done, err := w.Second(time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if len(done) > 0 {
				return done
			}
		}
		if err := w.Sample(time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// TestCaught: who grows a process is caught at it, with the kind of growth; a process that
// only works is nobody's case.
func TestCaught(t *testing.T) {
	for _, c := range []struct{ name, what, kind string }{
		{"retention", `$kept = []; 60.times { |i| 20_000.times { |k| $kept << "text #{i} #{k}" * 3 }; work }`, "retention"},
		{"bloat", `a, $few = [], []; 60.times { |i| 20_000.times { |k| a << [k]; $few << a.last if k % 200 == 0 }; work }; a = nil`, "bloat"},
		{"native", `one = "x" * (1 << 20); 60.times { p = Fiddle::Pointer.new(Fiddle.malloc(1 << 20)); p[0, 1 << 20] = one; work }`, "native"},
		{"healthy", `sleep 1`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pid, begin := grow(t, c.what)
			long := 4 * time.Minute // a bound for a test that hangs
			if c.kind == "" {
				long = 15 * time.Second
			}
			done := watch(t, pid, begin, long)
			if c.kind == "" {
				if done != nil {
					t.Errorf("%+v", done)
				}
				return
			}
			if len(done) != 1 || len(done[0].Who) == 0 {
				t.Fatalf("%+v", done)
			}
			e := done[0]
			if q := e.Who[0]; q.Name != "grower" || q.Kind != "thread" || q.Share < 0.5 || e.Kind != c.kind || e.Bytes < 30<<20 {
				t.Errorf("%s (%s): %+v", e.Kind, e.Reason, e)
			}
		})
	}
}
