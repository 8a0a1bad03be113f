package inspection_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/inspection"
	"culprit/internal/lab/started"
	"culprit/internal/livefacts"
	"culprit/internal/source/faults"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
)

// watched starts a script that waits for a line, works, and makes the file DONE, and
// watches the work. ok is false where this machine does not let anybody see faults: then
// it has said why.
func watched(t *testing.T, period int, env []string, script string) (d livefacts.Growth, ok bool) {
	t.Helper()
	p := started.Ruby(t, env, "-e", script)
	target, err := inspection.Live("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	g, err := inspection.NewGrowth(target, inspection.Watching{Tool: "test", Period: period, FS: proc.Host(), Open: inspection.HostFaults}, time.Now())
	if errors.Is(err, faults.ErrUnavailable) {
		if !strings.Contains(err.Error(), "; hint: ") || strings.Contains(err.Error(), "does not take what it is given") {
			t.Errorf("refused without a reason: %v", err)
		}
		t.Logf("this machine: %v", err)
		return d, false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.WriteString(p.In, "go\n"); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		time.Sleep(50 * time.Millisecond)
		if err := g.Tick(); err != nil {
			t.Fatal(err)
		}
	}
	d, flame, err := g.End(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sum := culprit.Bytes(flame.Nodes[0].Total)
	if left := d.Attributed - sum; left < 0 || left > culprit.Bytes(len(flame.Nodes)) {
		t.Errorf("%d bytes in the tree, %d attributed", sum, d.Attributed)
	}
	t.Logf("%s new, RSS +%s, %s attributed, %s faulted, %d samples of %d faults", d.New, d.RSSAfter-d.RSSBefore, d.Attributed, d.Faulted, d.Samples, d.Faults)
	for _, l := range d.Lines[:min(len(d.Lines), 6)] {
		t.Logf("%s %.2f %s:%d %s -> %s (unlocked %v, faulted %s)", l.Bytes, l.Share, l.Path, l.Line, l.Method, l.Call, l.Unlocked, l.Faulted)
	}
	return d, true
}

// of adds up what lines of a method have.
func of(d livefacts.Growth, method string, line int) (share float64, bytes, faulted culprit.Bytes) {
	for _, l := range d.Lines {
		if l.Method == method && (line == 0 || l.Line == line) {
			share, bytes, faulted = share+l.Share, bytes+l.Bytes, faulted+l.Faulted
		}
	}
	return share, bytes, faulted
}

const guilty = `class Keeper
  KEPT = []
  def keep(i)
    KEPT << ("k" * 3000 + i.to_s)
  end
  def churn(i)
    "short #{i}".upcase.size
  end
end
k = Keeper.new
20_000.times { |i| k.churn(i) }
puts "ready"; $stdout.flush; $stdin.gets
20_000.times { |i| k.keep(i); 10.times { k.churn(i) } }
$stdin.gets`

// TestGrowth: the line that keeps is told, not the one that only makes garbage; and what
// is told is as much as RSS grew.
func TestGrowth(t *testing.T) {
	d, ok := watched(t, 16, nil, guilty)
	if !ok {
		return
	}
	share, _, _ := of(d, "Keeper#keep", 4)
	if share < 0.7 || d.New < 50<<20 || d.Lost > 0 {
		t.Errorf("%.2f of %s: %+v", share, d.New, d.Lines)
	}
	if ratio := float64(d.Attributed) / float64(d.RSSAfter-d.RSSBefore); ratio < 0.8 || ratio > 1.1 {
		t.Errorf("%s attributed, RSS grew %s", d.Attributed, d.RSSAfter-d.RSSBefore)
	}
	if len(d.Who) == 0 || d.Who[0].Kind != "code" || d.Who[0].Share < 0.9 || d.Unlocked > d.Attributed/10 {
		t.Errorf("%+v, %s without the lock", d.Who, d.Unlocked)
	}
	stack := d.Lines[0].Stack
	if !slices.ContainsFunc(stack, func(f livefacts.Frame) bool { return f.Method == "Integer#times" }) {
		t.Errorf("%+v", stack)
	}
}

// TestGivenBack: a line whose memory goes back to the kernel each time has nearly all of
// the faults, and none of the growth.
func TestGivenBack(t *testing.T) {
	d, ok := watched(t, 16, []string{"MALLOC_MMAP_THRESHOLD_=131072"}, `KEPT = []
def keep; KEPT << "k" * 100_000; end
def churn; ("c" * 2_000_000).clear; end
puts "ready"; $stdout.flush; $stdin.gets
300.times { keep; churn }
$stdin.gets`)
	if !ok {
		return
	}
	_, kept, _ := of(d, "Object#keep", 2)
	_, churned, faulted := of(d, "Object#churn", 3)
	if kept < 20<<20 || churned > kept/5 || faulted < 5*kept {
		t.Errorf("%s kept, %s of %s churned", kept, churned, faulted)
	}
}

// TestWithoutLock: a thread that reads has given Ruby's lock away. The memory that it
// fills is of its own line, not of the one that has the lock meanwhile.
func TestWithoutLock(t *testing.T) {
	d, ok := watched(t, 16, nil, `def fill; File.open("/dev/zero") { |f| f.sysread(100_000_000) }; end
def spin; i = 0; i += 1 while $keep.nil?; end
puts "ready"; $stdout.flush; $stdin.gets
t = Thread.new { Thread.current.name = "filler"; $keep = fill }
spin
$stdin.gets`)
	if !ok {
		return
	}
	share, bytes, _ := of(d, "block in fill", 1)
	if more, b, _ := of(d, "Object#fill", 1); b > 0 {
		share, bytes = share+more, bytes+b
	}
	spun, _, _ := of(d, "Object#spin", 2)
	// What the thread touched before it was known has no line, and is none of a C library's.
	if share < 0.5 || bytes < 50<<20 || spun > 0.01 || d.Who[0].Name != "filler" || d.Native > d.Attributed/100 {
		t.Errorf("%.2f of %s filled, %.2f spun: %+v", share, bytes, spun, d.Who)
	}
	if d.Unlocked < d.Attributed*8/10 {
		t.Errorf("%s of %s without the lock", d.Unlocked, d.Attributed)
	}
}

// TestShortThreads: threads that live for a moment and code in fibers are told like any
// other.
func TestShortThreads(t *testing.T) {
	d, ok := watched(t, 16, nil, `KEPT = []
def brief; 200.times { KEPT << "b" * 5000 }; end
def fibre; 200.times { KEPT << "f" * 5000 }; end
puts "ready"; $stdout.flush; $stdin.gets
30.times { Thread.new { brief }.join; Fiber.new { fibre; Fiber.yield; fibre }.resume; sleep 0.002 }
$stdin.gets`)
	if !ok {
		return
	}
	brief, _, _ := of(d, "Object#brief", 2)
	fibre, _, _ := of(d, "Object#fibre", 3)
	if brief < 0.35 || fibre < 0.35 || d.Native > d.Attributed/20 || d.Attributed < 40<<20 {
		t.Errorf("%.2f in threads, %.2f in fibers, %s in none of Ruby's", brief, fibre, d.Native)
	}
}

// TestIdle: a Ruby that does nothing grows nothing.
func TestIdle(t *testing.T) {
	d, ok := watched(t, 64, nil, `puts "ready"; $stdout.flush; $stdin.gets; sleep 60 if ARGV[0]; $stdin.gets`)
	if !ok {
		return
	}
	if d.Attributed != 0 || len(d.Lines) != 0 || d.New > 1<<20 {
		t.Errorf("%+v", d)
	}
}

// TestFaultsRefused: where nobody may see faults, that is said and nothing else.
func TestFaultsRefused(t *testing.T) {
	target := start(t)
	refuse := func(faults.Target) (inspection.Faults, error) { return nil, faults.ErrUnavailable }
	g, err := inspection.NewGrowth(target, inspection.Watching{Tool: "test", Period: 64, FS: proc.Host(), Open: refuse}, time.Now())
	if !errors.Is(err, faults.ErrUnavailable) || g != nil {
		t.Errorf("%v, %v", g, err)
	}
}

// TestEndsMeanwhile: of a process that ends while it is watched there is no figure.
func TestEndsMeanwhile(t *testing.T) {
	p := started.Ruby(t, nil, "-e", `puts "ready"; $stdout.flush; $stdin.gets`)
	target, err := inspection.Live("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	g, err := inspection.NewGrowth(target, inspection.Watching{Tool: "test", Period: 64, FS: proc.Host(), Open: inspection.HostFaults}, time.Now())
	if errors.Is(err, faults.ErrUnavailable) {
		t.Logf("this machine: %v", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
	for range 4 {
		if err = g.Tick(); err != nil {
			break
		}
	}
	if _, _, end := g.End(time.Now()); end == nil {
		t.Errorf("figures of a process that is gone; Tick: %v", err)
	} else if !errors.Is(end, procmem.ErrGone) && !errors.Is(end, proc.ErrGone) {
		t.Errorf("%v; Tick: %v", end, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
