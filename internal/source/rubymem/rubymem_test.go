package rubymem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"culprit/internal/lab/started"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// idle makes objects of many types, threads that wait in calls of many kinds, tells what
// Ruby itself knows, and does nothing more.
const idle = `require "json"; require "set"; require "stringio"
S = Struct.new(:a)
module Outer; class Kept; def initialize(i); @a = i; @b = i; end; end; end
KEPT = (1..20_000).map { |i| [S.new(i), "text #{i}", { i => i }, i * 1.5e300, 2**70 + i, Outer::Kept.new(i), /x#{i % 9}/] }
class Work
  def deep(n); n.zero? ? [3].each { |x| Work.stop(x) } : deep(n - 1); end
  def self.stop(x)
    begin
      raise "x"
    rescue
      {a: 1}.each_with_index { |k, i| yield_self { sleep } }
    end
  end
  def loops
    loop do
      sleep
    end
  end
end
T = [Thread.new { Work.new.deep(5) }, Thread.new { Work.new.loops }, Thread.new { Queue.new.pop },
  Thread.new { [[1]].map { |a| a.map { |b| sleep } } }, Thread.new { Work.new.instance_eval { tap { send(:sleep) } } }, Thread.new { eval("begin; sleep; ensure; 1; end", nil, "made.rb", 77) }]
T.each_with_index { |t, i| t.name = "worker #{i}" }
sleep 0.05 until T.all? { |t| t.status == "sleep" }
GC.start; GC.start; GC.disable
own = { "objects" => ObjectSpace.count_objects({}) , "kept" => ObjectSpace.each_object(Outer::Kept).count,
  "traces" => T.to_h { |t| [t.name, t.backtrace] } }
own["stat"] = GC.stat
own["objects"] = ObjectSpace.count_objects(own["objects"])
$stdout.puts(own.to_json); $stdout.flush
$stdin.gets`

// said is what a Ruby tells of itself.
type said struct {
	Objects map[string]int64    `json:"objects"`
	Kept    int64               `json:"kept"`
	Traces  map[string][]string `json:"traces"`
	Stat    map[string]float64  `json:"stat"`
}

// ruby starts a Ruby and gives what it says of its own heap.
func ruby(t *testing.T, script string) (pid int, own said) {
	t.Helper()
	p := started.Ruby(t, nil, "-e", script)
	if err := json.Unmarshal([]byte(p.First), &own); err != nil {
		t.Fatal(err)
	}
	return p.PID, own
}

func open(t *testing.T, pid int) *rubymem.Ruby {
	t.Helper()
	live, err := procmem.Open("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	// A heap that grows while it is looked for can be missed.
	for range 5 {
		var r *rubymem.Ruby
		if r, err = rubymem.Open(live); err == nil {
			return r
		}
		if err := live.Refresh(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal(err)
	return nil
}

// TestOwnWord: what is read from outside is what Ruby says itself, but for the few
// objects that telling it makes.
func TestOwnWord(t *testing.T) {
	pid, own := ruby(t, idle)
	r := open(t, pid)
	c, err := r.Census()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("objects", func(t *testing.T) { sameObjects(t, c, own) })
	t.Run("stat", func(t *testing.T) { sameStat(t, r.GCStat(), own.Stat) })
	t.Run("stacks", func(t *testing.T) { sameTraces(t, r, own) })
}

// TestThreadIDs: the kernel knows the numbers that are read of Ruby's threads, all of
// them, and the ways to them that others are told.
func TestThreadIDs(t *testing.T) {
	pid, own := ruby(t, idle)
	r := open(t, pid)
	list, err := r.ThreadIDs()
	if err != nil || len(list) != len(own.Traces)+1 || list[pid] == 0 {
		t.Errorf("%v of pid %d, %v", list, pid, err)
	}
	for tid, at := range list {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", pid, tid)); err != nil {
			t.Error(err)
		}
		if name := r.ThreadName(at); tid != pid && own.Traces[name] == nil {
			t.Errorf("thread %d is named %q", tid, name)
		}
	}
	p, err := r.Places()
	if err != nil || len(p.TID) == 0 || p.Frame < 56 || p.Running == 0 || p.Owner != (r.Version == "2.7") {
		t.Errorf("%+v, %v", p, err)
	}
}

func sameObjects(t *testing.T, c rubymem.Census, own said) {
	// Telling makes the traces' texts and the JSON's.
	const telling = 400
	for name, n := range own.Objects {
		got := c.ByType[name]
		if name == "TOTAL" {
			got = c.Slots
		}
		if d := got - n; d > telling || d < -telling {
			t.Errorf("%s: %d, Ruby counts %d", name, got, n)
		}
	}
	if c.Unread != 0 || c.Objects < 140_000 || own.Objects["TOTAL"] != c.Slots {
		t.Errorf("%d pages unread, %d objects, %d slots of %d", c.Unread, c.Objects, c.Slots, own.Objects["TOTAL"])
	}
	i := slices.IndexFunc(c.ByClass, func(k rubymem.ClassCount) bool { return k.Key == "Outer::Kept" })
	if i < 0 || c.ByClass[i].Objects != own.Kept {
		t.Errorf("Outer::Kept: %d of %d: %+v", i, own.Kept, c.ByClass[:min(len(c.ByClass), 20)])
	}
}

func sameStat(t *testing.T, stat map[string]uint64, own map[string]float64) {
	// Allocations go on while Ruby tells.
	moving := map[string]float64{
		"heap_live_slots": 1000, "heap_free_slots": 1000, "total_allocated_objects": 1000, "total_freed_objects": 10, "malloc_increase_bytes": 1 << 20, "oldmalloc_increase_bytes": 1 << 20,
	}
	for key, want := range own {
		got, ok := stat[key]
		if d := float64(got) - want; !ok || d > moving[key] || d < -moving[key] {
			t.Errorf("%s: %d (%v), Ruby says %.0f", key, got, ok, want)
		}
	}
}

func sameTraces(t *testing.T, r *rubymem.Ruby, own said) {
	threads, _, err := r.Sample()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, th := range threads {
		want, ok := own.Traces[th.Name]
		if !ok {
			continue
		}
		found++
		var got []string
		for _, f := range th.Frames {
			if r.Version == "3.4" {
				got = append(got, fmt.Sprintf("%s:%d:in '%s'", f.Path, f.Line, f.Label))
			} else {
				got = append(got, fmt.Sprintf("%s:%d:in `%s'", f.Path, f.Line, f.Label))
			}
		}
		if !slices.Equal(got, want) || th.Cut {
			t.Errorf("%s (cut: %v): \n%s\nRuby says\n%s", th.Name, th.Cut, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if found != len(own.Traces) || len(own.Traces) != 6 {
		t.Errorf("%d of %d threads, of %d", found, len(own.Traces), len(threads))
	}
}

func TestRefused(t *testing.T) {
	live, err := procmem.Open("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rubymem.Open(live); !errors.Is(err, rubymem.ErrNotRuby) {
		t.Errorf("of this test: %v", err)
	}
}

const busy = `
class Climber
  def up(n, kept); n.zero? ? kept.map { |x| x.to_s * 2 }.size : up(n - 1, [n, *kept.last(3)]); end
  def run; loop { up(rand(40), [1, 2, 3]); [3, 1, 2].sort.map { |x| x.to_s } }; end
end
3.times { |i| Thread.new { Climber.new.run }.name = "climber #{i}" }
$stdout.puts("{}"); $stdout.flush
$stdin.gets
exit!(0)`

// TestBusy: stacks of a process that goes on are read as they were at one moment, or not
// at all: no frame is of another call than those that the program makes, and no stack is
// of an order that cannot be.
func TestBusy(t *testing.T) {
	pid, _ := ruby(t, busy)
	r := open(t, pid)
	calls := map[string]bool{}
	for name := range strings.FieldsSeq("new up run loop map to_s * size zero? - last rand sort <=> gets flush puts write <main>") {
		calls[name] = true
	}
	stacks, torn := 0, 0
	for range 1000 {
		list, bad, err := r.Sample()
		if errors.Is(err, rubymem.ErrTorn) {
			torn++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		torn += bad
		for _, th := range list {
			stacks++
			inRun := false
			for i := len(th.Frames) - 1; i >= 0; i-- {
				f := th.Frames[i]
				name := f.Label
				if k := strings.LastIndexAny(name, "#."); k >= 0 && !strings.Contains(name, " ") {
					name = name[k+1:]
				}
				inRun = inRun || name == "run"
				if !calls[name] && !strings.HasPrefix(f.Label, "block ") || f.Line < 0 || f.Line > 1000 || name == "up" && !inRun {
					t.Errorf("frame %d of %s: %+v in %+v", i, th.Name, f, th.Frames)
				}
			}
		}
	}
	t.Logf("%d stacks read, %d torn", stacks, torn)
	if stacks < 1000 {
		t.Errorf("%d stacks, %d torn", stacks, torn)
	}
}
