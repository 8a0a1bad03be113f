package heapdump_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
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
		Address, Type, Class, File, Method, Name, Root string
		Line, Memsize                                  uint64
		Generation                                     *int32
		References                                     []string
		Embedded, Frozen, Fstring, Shared, Singleton   bool
		Value                                          json.RawMessage
		Flags                                          map[string]bool
	}
	h, i, roots, refs := d.Heap, uint32(0), 0, 0
	code := func(s string) uint32 {
		n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return h.Space.Code(n)
	}
	values, digests, strings := map[uint64]string{}, map[string]uint64{}, 0
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
		want := row{code(l.Address), heap.None, l.Type, -1, l.Memsize, heap.Site{File: l.File, Line: uint32(l.Line), Method: l.Method}, 0}
		if l.Class != "" && l.Type != "IMEMO" {
			want.class = code(l.Class)
		}
		if l.Generation != nil {
			want.gen = *l.Generation
		}
		for flag, is := range map[uint8]bool{
			heap.Embedded: l.Embedded, heap.Frozen: l.Frozen, heap.Fstring: l.Fstring, heap.Shared: l.Shared,
			heap.Old: l.Flags["old"], heap.WBProtected: l.Flags["wb_protected"], heap.Marked: l.Flags["marked"],
		} {
			if is {
				want.flags |= flag
			}
		}
		got := row{h.Code[i], h.Class[i], h.Types[h.Type[i]], h.Gen[i], h.Bytes(i), h.Sites[h.Site[i]], h.Flags[i] &^ heap.Broken}
		if got != want || int(h.References(i)) != len(l.References) || l.Name != "" && h.Modules[i].Name != l.Name || h.Modules[i].Singleton != l.Singleton {
			t.Fatalf("object %d is %+v, want %+v of %s", i, got, want, lines.Text())
		}
		for k, r := range l.References {
			if h.Refs[refs+k] != code(r) {
				t.Fatalf("reference %d of %s", k, lines.Text())
			}
		}
		refs += len(l.References)
		if l.Type == "STRING" {
			digest := h.Text[strings]
			strings++
			v := string(l.Value)
			if before, ok := digests[v]; ok && before != digest || (digest == 0) != (v == "") || digest != 0 && values[digest] != "" && values[digest] != v {
				t.Fatalf("digest %x of %s", digest, v)
			}
			digests[v], values[digest] = digest, v
		}
		i++
	}
	if int(i) != h.Len() || roots != len(h.Roots) || refs != len(h.Refs) || strings != len(h.Text) || d.Understood != d.Lines || i < 5000 {
		t.Errorf("%d objects of %d, %d roots of %d, understood %d of %d lines", h.Len(), i, len(h.Roots), roots, d.Understood, d.Lines)
	}
	// The machine reaches nearly all of a heap that was just collected.
	g, err := heap.NewGraph(h)
	if err != nil {
		t.Fatal(err)
	}
	tree := heap.Dominators(h.Pool, g, h.Bytes)
	reached := len(tree.Order) - 1
	if float64(reached) < 0.99*float64(h.Len()) {
		t.Errorf("%d of %d objects are reached", reached, h.Len())
	}
}

type row struct {
	code, class uint32
	typ         string
	gen         int32
	size        uint64
	site        heap.Site
	flags       uint8
}

// TestAgain: each line can be had again by the number of its object.
func TestAgain(t *testing.T) {
	text, err := os.ReadFile(dump(t, `class Cache; STORE = []; end; 1000.times { |i| Cache::STORE << "value #{i}" }`))
	if err != nil {
		t.Fatal(err)
	}
	text = append([]byte("broken\n"), text...)
	d := read(t, text)
	l := heapdump.Lines{Heap: d.Heap, Open: func(at int64) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text[at:])), nil }}
	for i := uint32(0); i < uint32(d.Heap.Len()); i += 7 {
		line, err := l.Line(i)
		if want := fmt.Sprintf(`"address":"0x%x"`, d.Heap.Address(i)); err != nil || !bytes.Contains(line, []byte(want)) {
			t.Fatalf("object %d: %s, %v, want %s", i, line, err, want)
		}
	}
	if _, err := l.Line(uint32(d.Heap.Len())); err == nil {
		t.Error("an object that is not there has a line")
	}
}

// TestBothWays: the fast way and the slow way read the same. Blanks that Ruby does
// not write keep the fast way from a line.
func TestBothWays(t *testing.T) {
	text, err := os.ReadFile(dump(t, `S = Struct.new(:a); require "bigdecimal"
KEEP = [1.5, 2**80, 3r, 2i, /x/, "ab".match(/b/), S.new(1), Object.new, "\u0000\x01\n\"\\", "\xff", "ü" * 300, :sym, {a: 1}, [1] * 50, BigDecimal("1.1"), "v" * 5000]
500.times { |i| KEEP << "v#{i}" << [KEEP.last] }`))
	if err != nil {
		t.Fatal(err)
	}
	fast, slow := read(t, text), read(t, bytes.ReplaceAll(text, []byte(`{"address":`), []byte(`{ "address":`)))
	a, b := fast.Heap, slow.Heap
	if fast.Lines != slow.Lines || fast.Understood != slow.Understood || !reflect.DeepEqual(places(a), places(b)) {
		t.Errorf("%d and %d lines", fast.Lines, slow.Lines)
	}
	for name, same := range map[string]bool{
		"size": slices.Equal(a.Size, b.Size), "type": slices.Equal(a.Type, b.Type), "gen": slices.Equal(a.Gen, b.Gen), "flags": slices.Equal(a.Flags, b.Flags),
		"degree": slices.Equal(a.Degree, b.Degree), "text": slices.Equal(a.Text, b.Text), "modules": reflect.DeepEqual(names(a), names(b)),
		"address": slices.Equal(all(a, a.Code), all(b, b.Code)), "class": slices.Equal(all(a, a.Class), all(b, b.Class)), "refs": slices.Equal(all(a, a.Refs), all(b, b.Refs)),
	} {
		if !same {
			t.Errorf("%s differ", name)
		}
	}
}

// all gives the addresses of codes.
func all(h *heap.Heap, code []uint32) []uint64 {
	list := make([]uint64, 0, len(code))
	for _, c := range code {
		if c == heap.None {
			list = append(list, 0)
			continue
		}
		list = append(list, h.Space.Address(c))
	}
	return list
}

func places(h *heap.Heap) (list []heap.Site) {
	for _, s := range h.Site {
		list = append(list, h.Sites[s])
	}
	return list
}

func names(h *heap.Heap) map[uint32]string {
	m := map[uint32]string{}
	for i, x := range h.Modules {
		m[i] = x.Name + "/" + x.RealName
	}
	return m
}

// TestInterleaved: a line into which another was written is not taken for one.
func TestInterleaved(t *testing.T) {
	good := `{"address":"0x7f0000000028", "type":"STRING", "class":"0x7f0000000050", "embedded":true, "bytesize":1, "value":"a", "encoding":"UTF-8", "memsize":40, "flags":{"wb_protected":true, "old":true}}`
	for cut := 1; cut < len(good); cut++ {
		d, err := heapdump.Read(t.Context(), strings.NewReader(good[:cut]+good+"\n"+good[:cut]+"\n"+good+"\n"+strings.Repeat(" ", 100)), heapdump.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Heap.Len() != 1 || d.Understood != 1 || d.Lines != 3 {
			t.Fatalf("cut at %d: %d objects, understood %d of %d", cut, d.Heap.Len(), d.Understood, d.Lines)
		}
	}
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
	f.Add([]byte(strings.Repeat(`{"address":"0x7f0000000028", "type":"STRING", "class":"0x7f0000000050", "embedded":true, "bytesize":1, "value":"a", "encoding":"UTF-8", "references":["0x7f0000000028", "0x7f0000000050"], "file":"a.rb", "line":6, "method":"x", "generation":19, "memsize":40, "flags":{"wb_protected":true, "old":true}}`+"\n", 3)))
	f.Add([]byte(`{"type":"ROOT","root":"vm","references":[]}` + "\n" + `{"address":"0x1","type":"A"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := heapdump.Read(context.Background(), bytes.NewReader(text), heapdump.Options{Workers: 2})
		if err != nil {
			return
		}
		h := d.Heap
		refs := 0
		for i := range uint32(h.Len()) {
			refs += int(h.References(i))
		}
		if refs != len(h.Refs) || d.Understood > d.Lines || len(h.Code) != len(h.Site) {
			t.Fatalf("columns do not fit: %d objects, %d of %d lines", h.Len(), d.Understood, d.Lines)
		}
		g, err := heap.NewGraph(h)
		if err != nil {
			t.Fatal(err)
		}
		heap.Dominators(h.Pool, g, h.Bytes)
		h.Close()
	})
}

// TestIdentity: what tells whether objects are the same does not depend on whether
// references are read.
func TestIdentity(t *testing.T) {
	text := recorded(t, "types-3.1.tar.zst")["types.json"]
	whole := read(t, text).Heap
	d, err := heapdump.Read(t.Context(), bytes.NewReader(text), heapdump.Options{Identity: true})
	if err != nil {
		t.Fatal(err)
	}
	h := d.Heap
	if d.Understood != d.Lines || len(h.Refs) != 0 || !slices.Equal(h.Size, whole.Size) || !slices.Equal(h.Gen, whole.Gen) || !slices.Equal(h.Type, whole.Type) ||
		!slices.Equal(all(h, h.Code), all(whole, whole.Code)) || !slices.Equal(all(h, h.Class), all(whole, whole.Class)) {
		t.Errorf("%d objects and %d, understood %d of %d lines", h.Len(), whole.Len(), d.Understood, d.Lines)
	}
}
