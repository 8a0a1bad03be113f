package holding_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/heap"
	"culprit/internal/source/heapdump"
)

// dumpFiles has a real Ruby run a script that calls dump_to three times.
func dumpFiles(t testing.TB, script string) (list []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "app.rb")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ruby", "-robjspace", "-e", `ObjectSpace.trace_object_allocations_start
def dump_to(name) = (GC.start; File.open("#{ARGV[0]}/#{name}", "w") { |f| ObjectSpace.dump_all(output: f) })
load ARGV[1]`, dir, file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ruby: %v\n%s\nhint: make setup", err, out)
	}
	for _, name := range []string{"a", "b", "c"} {
		list = append(list, filepath.Join(dir, name))
	}
	return list
}

// dumps reads what dumpFiles makes, for a comparison.
func dumps(t testing.TB, script string) (list []*heap.Heap) {
	t.Helper()
	space := &heap.Space{}
	for _, path := range dumpFiles(t, script) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := heapdump.ReadFile(t.Context(), f, heapdump.Options{Space: space})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		list = append(list, d.Heap)
	}
	return list
}

// diff compares heaps; they are used up.
func diff(t *testing.T, heaps ...*heap.Heap) culprit.HeapDiff {
	t.Helper()
	d := holding.NewDiffer(len(heaps))
	for _, h := range heaps {
		if err := d.Add(h); err != nil {
			t.Fatal(err)
		}
	}
	r, _, err := d.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func report(t *testing.T, h *heap.Heap) culprit.Heap {
	t.Helper()
	v, err := holding.Look(h)
	if err != nil {
		t.Fatal(err)
	}
	return v.Report()
}

const leak = `module SettingsCache; STORE = {}; end
def request(from) = 1000.times { |i| SettingsCache::STORE[from + i] = "v" * 3000 }
request(0)
dump_to "a"
request(1000)
passing = Array.new(500) { |i| "w" * 2000 }
dump_to "b"
passing = nil
request(2000)
dump_to "c"
`

func TestLeak(t *testing.T) {
	d := diff(t, dumps(t, leak)...)
	g := d.Groups[0]
	if g.Class != "String" || !strings.HasSuffix(g.Location, "app.rb:2") || g.Objects != 1000 || g.Bytes < 3_000_000 || g.Gem != "app" {
		t.Errorf("largest group %+v", g)
	}
	if g.Holder == nil || g.Holder.Class != "Hash" || !strings.Contains(g.Holder.Describe, "in SettingsCache") {
		t.Fatalf("holder %+v", g.Holder)
	}
	for _, g := range d.Groups {
		if strings.HasSuffix(g.Location, "app.rb:6") && g.Bytes > 10_000 {
			t.Errorf("what went away is counted: %+v", g)
		}
	}
	var sum culprit.HeapTally
	for _, g := range d.Groups {
		sum.Objects += g.Objects
		sum.Bytes += g.Bytes
	}
	if sum != d.Retained {
		t.Errorf("groups add up to %+v of %+v", sum, d.Retained)
	}

	r := report(t, dumps(t, leak)[2])
	s := r.Suspects[0]
	if s.Class != "Hash" || !strings.Contains(s.Describe, "in SettingsCache") || s.Retained < 9_000_000 || s.Share < 0.5 {
		t.Errorf("first suspect %+v", s)
	}
	if s.Path[len(s.Path)-1].Address != s.Address {
		t.Errorf("the path ends at %+v", s.Path[len(s.Path)-1])
	}
	for name, groups := range map[string][]culprit.HeapGroup{
		"class": r.ByClass, "type": r.ByType, "location": r.ByLocation, "gem": r.ByGem, "generation": r.ByGeneration,
	} {
		var n int64
		var b culprit.Bytes
		for _, g := range groups {
			n += g.Objects
			b += g.Bytes
			if g.Retained > r.Totals.Bytes {
				t.Errorf("by %s: %+v retains more than there is", name, g)
			}
		}
		if n != r.Totals.Objects || b != r.Totals.Bytes {
			t.Errorf("by %s: %d objects, %d bytes of %+v", name, n, b, r.Totals)
		}
	}
}

// TestSteady: an app that works and keeps nothing has nothing large that stays.
func TestSteady(t *testing.T) {
	h := dumps(t, `def request = 1000.times.map { |i| "v" * 3000 }.size
request; dump_to "a"; request; dump_to "b"; request; dump_to "c"`)
	if d := diff(t, h...); d.Retained.Bytes > 100_000 {
		t.Errorf("retained %+v: %+v", d.Retained, d.Groups[0])
	}
}

// TestTwoProcesses: dumps that cannot be compared are told.
func TestTwoProcesses(t *testing.T) {
	a, b := dumps(t, leak), dumps(t, "x = Array.new(200_000) { Object.new }\n"+leak)
	one := diff(t, a[0], a[1])
	if strings.Contains(strings.Join(one.Warnings, "\n"), "compacted") {
		t.Errorf("one process: warnings %q", one.Warnings)
	}
	// Of two processes, told by the addresses alone.
	d := diff(t, respace(t, a[2], b[2].Space), b[2])
	if !strings.Contains(strings.Join(d.Warnings, "\n"), "compacted") {
		t.Errorf("warnings %q", d.Warnings)
	}
}

// respace gives a heap the codes of another's space.
func respace(t *testing.T, h *heap.Heap, space *heap.Space) *heap.Heap {
	t.Helper()
	for _, column := range [][]uint32{h.Code, h.Class, h.Refs} {
		for i, c := range column {
			if c != heap.None {
				column[i] = space.Code(h.Space.Address(c))
			}
		}
	}
	h.Space = space
	return h
}

// TestMadeUp: on a heap small enough to be reckoned by hand.
func TestMadeUp(t *testing.T) {
	d, err := heapdump.Read(t.Context(), strings.NewReader(`{"type":"ROOT","root":"vm","references":["0x10"]}
{"address":"0x10","type":"HASH","class":"0x0","references":["0x20","0x30"],"memsize":100}
{"address":"0x20","type":"ARRAY","class":"0x0","references":["0x40"],"memsize":10}
{"address":"0x30","type":"STRING","class":"0x0","memsize":5}
{"address":"0x40","type":"ARRAY","class":"0x0","references":["0x20"],"memsize":1000}
{"address":"0x50","type":"STRING","class":"0x0","memsize":7}
`), heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := report(t, d.Heap)
	want := map[string]culprit.HeapGroup{
		"HASH":   {Key: "HASH", Objects: 1, Bytes: 100, Retained: 1115},
		"ARRAY":  {Key: "ARRAY", Objects: 2, Bytes: 1010, Retained: 1010},
		"STRING": {Key: "STRING", Objects: 2, Bytes: 12, Retained: 5},
	}
	for _, g := range r.ByType {
		if g != want[g.Key] {
			t.Errorf("%+v, want %+v", g, want[g.Key])
		}
	}
	if len(r.Unreachable) != 1 || r.Unreachable[0].Bytes != 7 {
		t.Errorf("unreachable %+v", r.Unreachable)
	}
	if r.Totals.UnreachableObjects != 1 || r.Totals.UnreachableBytes != 7 {
		t.Errorf("totals %+v", r.Totals)
	}
}

// TestTexts: copies of one text, with what they waste and who made them; large ones;
// classes without a name. Texts that differ in one byte are not one.
func TestTexts(t *testing.T) {
	h := dumps(t, `
COPIES = Array.new(500) { "Content-Type: text/html" }
ESCAPES = Array.new(100) { "t\t\"q\" \\\\ so" }
OTHERS = Array.new(5000) { |i| "text of its own number #{i}" }
BIG = ["x" * 2_000_000]
ANONYMOUS = Array.new(300) { Class.new }
SINGLETON = Array.new(200) { Object.new.tap { |o| def o.to_s = "me" } }
dump_to "a"; dump_to "b"; dump_to "c"`)
	r := report(t, h[0])
	d := r.Duplicates
	if len(d) < 2 || d[0].Copies < 500 || d[0].Copies > 501 || !strings.HasSuffix(d[0].Location, "app.rb:2") || d[0].Wasted != d[0].Bytes-d[0].Bytes/culprit.Bytes(d[0].Copies) {
		t.Errorf("copies %+v", d)
	}
	found := false
	for _, x := range d {
		found = found || x.Copies >= 100 && strings.HasSuffix(x.Location, "app.rb:3")
		if strings.HasSuffix(x.Location, "app.rb:4") {
			t.Errorf("texts that differ are one: %+v", x)
		}
	}
	if !found {
		t.Errorf("copies with escapes: %+v", d)
	}
	if b := r.BigStrings; len(b) == 0 || b[0].Bytes < 2_000_000 || !strings.HasSuffix(b[0].Location, "app.rb:5") {
		t.Errorf("big %+v", b)
	}
	if k := r.ByKind; k[1].Objects < 300 || k[1].Objects > 310 || k[2].Objects < 300 || k[3].Objects < 200 || k[3].Objects > 215 || k[0].Objects < 300 {
		t.Errorf("kinds %+v", k)
	}
}
