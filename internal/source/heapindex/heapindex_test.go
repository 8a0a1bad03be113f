package heapindex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"culprit/internal/heap"
	"culprit/internal/offheap"
	"culprit/internal/source/heapdump"
	"culprit/internal/source/heapindex"
)

const dump = `{"type":"ROOT","root":"vm","references":["0x7f0000000010"]}
{"address":"0x7f0000000010","type":"CLASS","class":"0x1","name":"SettingsCache","references":["0x7f0000000038"],"memsize":7}
{"address":"0x7f0000000038","type":"HASH","references":["0x7f0000000060","0x33"],"memsize":40,"file":"app/models/cache.rb","line":3,"method":"x","generation":4}
{"address":"0x7f0000000060","type":"STRING","value":"v","memsize":5000000000,"generation":5,"file":"app/models/cache.rb","line":14}
{"address":"0x3","type":"OBJECT","class":"0x7f0000000010","shape_id":7,"memsize":40}
`

// made makes a dump and its index.
func made(t testing.TB) (path string, src heapindex.Source, x *heapindex.Index) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "heap.json")
	if err := os.WriteFile(file, []byte(dump), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	if src, err = heapindex.Of(f); err != nil {
		t.Fatal(err)
	}
	d, err := heapdump.ReadFile(context.Background(), f, heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := heap.NewGraph(d.Heap)
	if err != nil {
		t.Fatal(err)
	}
	x = &heapindex.Index{
		Meta: heapindex.Meta{Lines: d.Lines, Tool: "culprit 0", Lost: g.Lost}, Heap: d.Heap, Graph: g,
		Tree: heap.Dominators(d.Heap.Pool, g, d.Heap.Bytes), Report: []byte(`{"a":1}`),
	}
	path = file + heapindex.Suffix
	if err := heapindex.Save(context.Background(), path, src, x); err != nil {
		t.Fatal(err)
	}
	return path, src, x
}

func TestWhole(t *testing.T) {
	path, src, want := made(t)
	f, err := heapindex.Open(path, src)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	if text, err := f.Report(); err != nil || string(text) != `{"a":1}` || f.Meta() != want.Meta {
		t.Errorf("report %s, %v, %+v", text, err, f.Meta())
	}
	got, err := f.Load(offheap.New(""))
	if err != nil {
		t.Fatal(err)
	}
	a, b := got.Heap, want.Heap
	for i := range uint32(b.Len()) {
		if a.Address(i) != b.Address(i) || a.Bytes(i) != b.Bytes(i) || a.Types[a.Type[i]] != b.Types[b.Type[i]] || a.Sites[a.Site[i]] != b.Sites[b.Site[i]] ||
			a.Gen[i] != b.Gen[i] || a.Flags[i] != b.Flags[i] || a.References(i) != b.References(i) || got.Graph.ClassOf(i) != want.Graph.ClassOf(i) ||
			!reflect.DeepEqual(got.Graph.Refs(i), want.Graph.Refs(i)) || got.Graph.Index.Find(b.Address(i)) != i {
			t.Errorf("object %d differs", i)
		}
	}
	if !reflect.DeepEqual(a.Modules, b.Modules) || !reflect.DeepEqual(a.Roots, b.Roots) || !reflect.DeepEqual(a.Shapes, b.Shapes) || !reflect.DeepEqual(a.Marks, b.Marks) ||
		!reflect.DeepEqual(a.Text, b.Text) || !reflect.DeepEqual(got.Tree, want.Tree) || got.Graph.Lost != 1 {
		t.Error("tables differ")
	}
}

// TestUnfit: an index of another dump, of another version, cut or changed in any
// byte is not used.
func TestUnfit(t *testing.T) {
	path, src, _ := made(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := src
	other.Changed++
	if _, err := heapindex.Open(path, other); !errors.Is(err, heapindex.ErrStale) {
		t.Errorf("of a dump that changed: %v", err)
	}
	if _, err := heapindex.Open(path+"x", src); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	newer := bytes.Clone(whole)
	newer[16]++
	write(t, path, newer)
	if _, err := heapindex.Open(path, src); !errors.Is(err, heapindex.ErrVersion) {
		t.Errorf("of another version: %v", err)
	}
	for at := 64; at < len(whole); at += 97 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x55
		write(t, path, bad)
		if x := load(t, path, src); x != nil && !zeros(whole, at) {
			t.Errorf("byte %d of %d changed, and nobody noticed", at, len(whole))
		}
	}
	for cut := 0; cut < len(whole); cut += 511 {
		write(t, path, whole[:cut])
		if load(t, path, src) != nil {
			t.Errorf("cut at %d of %d, and nobody noticed", cut, len(whole))
		}
	}
}

func closed(t testing.TB, f io.Closer) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// zeros tells whether a byte lies between sections.
func zeros(b []byte, at int) bool {
	return bytes.Count(b[max(at-16, 0):min(at+16, len(b))], []byte{0}) >= 32 || b[at] == 0
}

func load(t *testing.T, path string, src heapindex.Source) *heapindex.Index {
	t.Helper()
	f, err := heapindex.Open(path, src)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { closed(t, f) })
	x, err := f.Load(offheap.New(""))
	if err != nil {
		return nil
	}
	return x
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCancelled: nothing is left of an index that was not finished, and the old one
// stays.
func TestCancelled(t *testing.T) {
	path, src, x := made(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	cancel()
	if err := heapindex.Save(ctx, path, src, x); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old index changed: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// FuzzLoad: whatever stands in the columns, with right sums, loading ends without a
// fault and walks end.
func FuzzLoad(f *testing.F) {
	path, src, _ := made(f)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[64:])
	f.Fuzz(func(t *testing.T, body []byte) {
		p := filepath.Join(t.TempDir(), "x")
		write(t, p, append(bytes.Clone(whole[:64]), body...))
		x := load(t, p, src)
		if x == nil {
			return
		}
		for v := range uint32(x.Graph.N) {
			for at := v; at != heap.None; at = x.Tree.Parent[at] {
				_ = at
			}
		}
	})
}
