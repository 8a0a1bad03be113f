package heapflame_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"culprit/internal/heapfacts"
	"culprit/internal/present/heapflame"
)

// flame has names that formats may trip over.
func flame() heapfacts.Flame {
	return heapfacts.Flame{
		Dump: "heap.json", Tool: "culprit test",
		Frames: []heapfacts.Frame{{Name: "class Cache"}, {Name: "Hash", File: "app/cache.rb", Line: 14}, {Name: `a;b "q" \` + "\n\x1b[31m"}},
		Nodes: []heapfacts.FlameNode{
			{Parent: -1, Frame: -1, Total: 1_000_000},
			{Parent: 0, Frame: 0, Objects: 1, Bytes: 1000, Total: 901_000},
			{Parent: 1, Frame: 1, Objects: 10, Bytes: 900_000, Total: 900_000},
			{Parent: 0, Frame: 2, Objects: 5, Bytes: 99_000, Total: 99_000},
		},
	}
}

const total = 1_000_000

// TestPprof: the profile is whole, and go tool pprof reads it.
func TestPprof(t *testing.T) {
	var b bytes.Buffer
	if err := heapflame.Pprof(&b, flame()); err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var objects, sum int64
	for _, s := range p.Sample {
		objects += s.Value[0]
		sum += s.Value[1]
	}
	if objects != 16 || sum != total || len(p.Sample) != 3 {
		t.Errorf("%d objects and %d bytes in %d samples", objects, sum, len(p.Sample))
	}
	out := tool(t, b.Bytes(), "heap.pb.gz", "go", "tool", "pprof", "-top", "-unit", "B", "-nodefraction", "0")
	if !strings.Contains(out, "of 1000000B total") || !strings.Contains(out, "90.00% 90.00%    900000B 90.00%  Hash") {
		t.Errorf("go tool pprof says\n%s", out)
	}
}

// tool runs a program on a file.
func tool(t *testing.T, body []byte, name string, command ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s\nhint: make setup", command[0], err, out)
	}
	return string(out)
}

func TestFolded(t *testing.T) {
	var b bytes.Buffer
	if err := heapflame.Folded(&b, flame()); err != nil {
		t.Fatal(err)
	}
	want := "class Cache 1000\nclass Cache;Hash app/cache.rb:14 900000\na,b \"q\" \\??[31m 99000\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// TestSpeedscope holds what src/lib/file-format-spec.ts demands of a sampled profile.
func TestSpeedscope(t *testing.T) {
	var b bytes.Buffer
	if err := heapflame.Speedscope(&b, flame()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema   string `json:"$schema"`
		Shared   struct{ Frames []struct{ Name string } }
		Profiles []struct {
			Type, Name, Unit     string
			StartValue, EndValue int64
			Samples              [][]int
			Weights              []int64
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	p := got.Profiles[0]
	sum := int64(0)
	for i, w := range p.Weights {
		sum += w
		for _, f := range p.Samples[i] {
			if f < 0 || f >= len(got.Shared.Frames) {
				t.Errorf("sample %d has frame %d", i, f)
			}
		}
	}
	if p.Type != "sampled" || p.Unit != "bytes" || len(p.Samples) != len(p.Weights) || sum != p.EndValue-p.StartValue || sum != total || got.Schema == "" {
		t.Errorf("%+v", got)
	}
}

// TestDot: graphviz reads it, and draws each box with a line to it.
func TestDot(t *testing.T) {
	var b bytes.Buffer
	if err := heapflame.Dot(&b, flame()); err != nil {
		t.Fatal(err)
	}
	out := tool(t, b.Bytes(), "heap.dot", "dot", "-Tplain")
	if n, e := strings.Count(out, "\nnode "), strings.Count(out, "\nedge "); n != 4 || e != 3 {
		t.Errorf("%d nodes and %d edges in\n%s", n, e, out)
	}
	many := flame()
	for i := range 200 {
		many.Frames = append(many.Frames, heapfacts.Frame{Name: strconv.Itoa(i)})
		many.Nodes = append(many.Nodes, heapfacts.FlameNode{Parent: int32(i%3) + 1, Frame: int32(i) + 3, Objects: 1, Bytes: 2000, Total: 2000})
	}
	b.Reset()
	if err := heapflame.Dot(&b, many); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), " [label="); n != 61 {
		t.Errorf("%d boxes, want the 60 largest and the machine", n)
	}
}
