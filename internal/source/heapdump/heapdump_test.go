package heapdump_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/internal/heap"
	"culprit/internal/source/heapdump"
)

// dump has a real Ruby dump its own heap, with allocation sites.
func dump(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "heap.json")
	cmd := exec.Command("ruby", "-robjspace", "-e", "ObjectSpace.trace_object_allocations_start\n"+script+
		"\nGC.start\nFile.open(ARGV[0], 'w') { |f| ObjectSpace.dump_all(output: f) }", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ruby: %v\n%s\nhint: make setup", err, out)
	}
	return file
}

func read(t *testing.T, text []byte) *heapdump.Dump {
	t.Helper()
	d, err := heapdump.Read(t.Context(), bytes.NewReader(text), heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAgainstJSON: every column is what a parser of JSON finds in a real dump.
func TestAgainstJSON(t *testing.T) {
	file := dump(t, `class Cache; STORE = {}; end
2000.times { |i| Cache::STORE["k#{i}\n\"q\"\\"] = ["v" * 100, :"s#{i}", i * 1.5, i.to_r, { a: i }] }`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, text)
	type line struct {
		Address, Type, Class, File, Name, Root string
		Line, Memsize                          uint64
		Generation                             *int32
		References                             []string
	}
	h, i, roots := d.Heap, 0, 0
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "ROOT" {
			if h.Roots[roots].Category != l.Root || len(h.Roots[roots].Refs) != len(l.References) {
				t.Fatalf("root %d: %+v", roots, h.Roots[roots])
			}
			roots++
			continue
		}
		gen := int32(-1)
		if l.Generation != nil {
			gen = *l.Generation
		}
		place := l.File
		if l.Line > 0 {
			place += ":" + json.Number(strings.TrimSpace(string(must(json.Marshal(l.Line))))).String()
		}
		if h.Types[h.Type[i]] != l.Type || uint64(h.Size[i]) != l.Memsize || h.Gen[i] != gen || h.Locations[h.Loc[i]] != place ||
			int(h.From[i+1]-h.From[i]) != len(l.References) || l.Name != "" && h.Names[h.Addr[i]] != l.Name {
			t.Fatalf("object %d is %s %d %d %q, want %+v", i, h.Types[h.Type[i]], h.Size[i], h.Gen[i], h.Locations[h.Loc[i]], l)
		}
		i++
	}
	if i != h.Len() || roots != len(h.Roots) || d.Understood != d.Lines || i < 5000 {
		t.Errorf("%d objects of %d, %d roots of %d, understood %d of %d lines", h.Len(), i, len(h.Roots), roots, d.Understood, d.Lines)
	}
	// The machine reaches nearly all of a heap that was just collected.
	g := heap.NewGraph(h)
	tree := heap.Dominators(g, h.Bytes)
	reached := len(tree.Order) - 1
	if float64(reached) < 0.99*float64(h.Len()) {
		t.Errorf("%d of %d objects are reached", reached, h.Len())
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestBroken(t *testing.T) {
	good := `{"address":"0x10", "type":"STRING", "class":"0x20", "value":"a\"}\\", "references":["0x20","0x30"], "memsize":40, "flags":{"wb_protected":true}}`
	d := read(t, []byte(good+"\nhello\n"+good[:40]+"\n\r\n"+`{"address":"0x18","type":"HASH","memsize":9223372036854775000}`+"\n"+`{"type":"SHAPE","id":1}`+"\n"+`{"type":"ROOT","root":"vm","references":["0x10"]}`))
	if d.Heap.Len() != 2 || d.Lines != 6 || d.Understood != 4 || len(d.Bad) != 2 || d.Bad[0].Line != 2 || d.Shapes != 0 && d.Shapes != 1 {
		t.Errorf("%+v", d)
	}
	if d.Heap.Bytes(1) != 9223372036854775000 || len(d.Heap.Roots) != 1 {
		t.Errorf("large size %d, roots %v", d.Heap.Bytes(1), d.Heap.Roots)
	}
	for _, bad := range []string{"", "hello\n", "{}\n", `{"type":"STRING"}`} {
		if _, err := heapdump.Read(context.Background(), strings.NewReader(bad), heapdump.Options{}); !errors.Is(err, heapdump.ErrNotDump) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestBlocks: where the input is cut makes no difference.
func TestBlocks(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		b.WriteString(`{"address":"0x` + strings.Repeat("0", i%3) + `7f0000` + string("0123456789abcdef"[i%16]) + `00", "type":"STRING", "class":"0x20", "value":"` + strings.Repeat("x", i%400) + `", "memsize":40}` + "\n")
	}
	one, err := heapdump.Read(t.Context(), strings.NewReader(b.String()), heapdump.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	many := read(t, []byte(b.String()))
	if one.Heap.Len() != 60_000 || many.Heap.Len() != 60_000 || one.Understood != many.Understood || one.Bytes != int64(b.Len()) {
		t.Errorf("%d and %d objects", one.Heap.Len(), many.Heap.Len())
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"address":"0x10", "type":"STRING", "class":"0x20", "references":["0x20"], "memsize":40, "flags":{"a":[1,{"b":null}]}}`))
	f.Add([]byte(`{"type":"ROOT","root":"vm","references":[]}` + "\n" + `{"address":"0x1","type":"A"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := heapdump.Read(context.Background(), bytes.NewReader(text), heapdump.Options{Workers: 2})
		if err != nil {
			return
		}
		h := d.Heap
		if len(h.From) != h.Len()+1 || int(h.From[h.Len()]) != len(h.Refs) || d.Understood > d.Lines {
			t.Fatalf("columns do not fit: %d objects, %d of %d lines", h.Len(), d.Understood, d.Lines)
		}
		heap.Dominators(heap.NewGraph(h), h.Bytes)
	})
}
