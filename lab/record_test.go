//go:build e2e

package lab_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"culprit"
	"culprit/internal/livefacts"
)

// scenario is an app with something planted, and what a recording of it has to say.
type scenario struct {
	plant   string
	minutes float64
	workers int
	warm    time.Duration // traffic before the recording begins
	calls   int           // planned, 0 as the driver has it
	before  string        // of the recording, the first planned call

	named    string // who is convicted or suspected, "" nobody
	thread   string // in the headline
	category string
}

var scenarios = []scenario{
	// It is known who usually runs before somebody is caught, and he is caught twice.
	{plant: "bloat", minutes: 2, workers: 4, calls: 8, before: "35s", named: "Admin::ReportsController#index", category: "bloat"},
	{plant: "retention", minutes: 1.3, workers: 2, named: "RecommendationsController#index", category: "retention"},
	{plant: "native_leak", minutes: 1.3, workers: 2, named: "ThumbnailsController#show", category: "native"},
	// Its live bytes are bounded once all of its blocks are filled: until then it retains.
	{plant: "fragmentation", minutes: 2, workers: 2, warm: 60 * time.Second, category: "fragmentation"},
	// Each worker grows once in the first 70 s.
	{plant: "background", minutes: 1.4, workers: 4, thread: "metrics-buffer", category: "retention"},
	{plant: "healthy", minutes: 0.8, workers: 2},
}

// recordings is how many nights may pass until somebody is caught, and the kind is told:
// where a recording does not suffice nobody is named, and the next one counts. A wrong name
// fails at once.
const recordings = 4

// collect is how often the victims run a major collection: one with so little traffic runs
// none for minutes, and before it nobody can tell garbage from what is kept. It takes a
// second of a large heap, so it is not often.
const collect = "12s"

// TestRecordedLive: beside the real app under traffic, inspect record and investigate name
// who grows it, and how; where no call is to blame, they name nobody.
func TestRecordedLive(t *testing.T) {
	for _, need := range []string{"ruby", "puma", "nginx", "make", "cc"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("%s is missing: run make setup", need)
		}
	}
	bin := t.TempDir()
	for name, path := range map[string]string{"culprit": "../cmd/culprit", "driver": "./driver"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, name), path).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	pair := make(chan bool, 2) // two at a time: more of them starve each other
	for i, s := range scenarios {
		t.Run(s.plant, func(t *testing.T) {
			t.Parallel()
			pair <- true
			defer func() { <-pair }()
			for try := 1; ; try++ {
				r := film(t, bin, s, 60+i)
				t.Logf("recording %d: %s", try, r.text)
				wrong, short := r.check(t, s)
				for _, w := range wrong {
					t.Error(w)
				}
				if len(wrong) > 0 || len(short) == 0 {
					return
				}
				if try == recordings {
					t.Fatal(short)
				}
				t.Logf("not told: %v", short)
			}
		})
	}
}

// recorded is what came of a scenario.
type recorded struct {
	report   culprit.Report
	episodes []livefacts.Episode
	text     string
}

// film runs the app under traffic with a recorder beside it, and judges what it has seen.
func film(t *testing.T, bin string, s scenario, netNumber int) (r recorded) {
	t.Helper()
	dir := t.TempDir()
	said := &said{}
	driver := exec.Command(filepath.Join(bin, "driver"), "record", s.plant, "--out", filepath.Join(dir, "lab"), "--hosts", "1",
		"--workers", strconv.Itoa(s.workers), "--collect", collect, "--net", strconv.Itoa(netNumber),
		"--calls", strconv.Itoa(s.calls), "--before", cmp.Or(s.before, "0s"), "--minutes", fmt.Sprint(s.minutes), "--seed", cmp.Or(os.Getenv("CULPRIT_LAB_SEED"), "1"), "--victim", "victim")
	driver.Stdout, driver.Stderr = said, said
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- driver.Wait() }()
	over := false
	t.Cleanup(func() {
		if !over {
			_ = driver.Process.Signal(os.Interrupt) // it stops all that it has started
			if err := <-done; err != nil {
				t.Logf("the driver was interrupted: %v", err)
			}
		}
	})
	var pids []string
	await(t, 4*time.Minute, "the traffic", func() bool {
		select {
		case err := <-done:
			over = true
			t.Fatalf("the driver ended: %v\n%s", err, said)
		default:
		}
		pids = workers(t, driver.Process.Pid)
		return strings.Contains(said.String(), ": recording ") && len(pids) == s.workers
	})
	began := time.Now()
	time.Sleep(s.warm) // it is the scenario that has to run so long
	// The recording ends before the app: what is open then is looked at once more.
	left := time.Duration(s.minutes*float64(time.Minute)) - time.Since(began) - 5*time.Second
	folder := filepath.Join(dir, "case")
	run(t, bin, left+time.Minute, slices.Concat([]string{"inspect", "record", "-o", folder, "--for", left.Round(time.Second).String()}, pids)...)
	if err := <-done; err != nil {
		over = true
		t.Fatalf("the driver: %v\n%s", err, said)
	}
	over = true
	log := filepath.Join(dir, "lab", "logs", "web1", "production.log")
	r.text = run(t, bin, time.Minute, "investigate", folder, log)
	if err := json.Unmarshal([]byte(run(t, bin, time.Minute, "investigate", "--json", folder, log)), &r.report); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "episode-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var e livefacts.Episode
		if err := json.Unmarshal([]byte(read(t, f)), &e); err != nil {
			t.Fatal(err)
		}
		r.episodes = append(r.episodes, e)
	}
	return r
}

// run runs culprit to its end.
func run(t *testing.T, bin string, bound time.Duration, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "culprit"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("culprit %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// said is what a process says, read while it says it.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits for a condition, with a bound.
func await(t *testing.T, bound time.Duration, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Since(begin) > bound {
			t.Fatalf("no %s after %v", what, bound)
		}
	}
}

// workers lists the workers of Puma below a driver.
func workers(t *testing.T, driver int) (list []string) {
	t.Helper()
	for _, master := range below(t, driver) {
		for _, pid := range below(t, master) {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if err == nil && bytes.Contains(b, []byte("cluster worker")) {
				list = append(list, strconv.Itoa(pid))
			}
		}
	}
	return list
}

// below lists the processes that one has started.
func below(t *testing.T, pid int) (list []int) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is right
	for _, f := range tasks {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		for s := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(s); err == nil && syscall.Kill(n, 0) == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

// check holds the verdict against what was planted: what is wrong, and what is not told.
func (r recorded) check(t *testing.T, s scenario) (wrong, short []string) {
	t.Helper()
	v := r.report.Verdict
	named := false
	for _, x := range r.report.Suspects {
		if x.Finding != culprit.Convicted && x.Finding != culprit.Suspected {
			continue
		}
		if named = named || x.Name == s.named; x.Name != s.named {
			wrong = append(wrong, fmt.Sprintf("%s is %s, planted is %q: %s", x.Name, x.Finding, s.named, v.Headline))
		}
	}
	if s.named != "" && !named {
		short = append(short, s.named+" is not named: "+v.Headline)
	}
	if v.Outcome == culprit.OutcomeNotRequests && (s.thread == "" || !strings.Contains(v.Headline, s.thread)) {
		wrong = append(wrong, fmt.Sprintf("%s, planted is %q", v.Headline, s.thread))
	}
	if s.thread != "" && v.Outcome != culprit.OutcomeNotRequests {
		short = append(short, fmt.Sprintf("%s: %s; want the thread %q", v.Outcome, v.Headline, s.thread))
	}
	switch v.Category {
	case s.category:
	case "", "unknown":
		short = append(short, "no category, planted is "+s.category)
	default:
		short = append(short, fmt.Sprintf("category %q, planted is %q", v.Category, s.category))
	}
	for _, e := range r.episodes {
		who := ""
		for _, q := range e.Who[:min(3, len(e.Who))] {
			who += fmt.Sprintf("; %s %s %.0f %%, in %d of %d, usually %.0f %% of %d", q.Kind, q.Name, 100*q.Share, q.Grew, e.Grew, 100*q.Usual, e.Quiet)
		}
		if s.category == "" && len(e.Who) > 0 && e.Who[0].Kind == "action" && e.Who[0].Share >= 0.5 {
			wrong = append(wrong, "an episode accuses "+e.Who[0].Name)
		}
		t.Logf("pid %d, %s to %s: %s, %s (%s)%s", e.PID, e.From.Format(time.TimeOnly), e.To.Format(time.TimeOnly), e.Bytes, e.Kind, e.Reason, who)
	}
	return wrong, short
}
