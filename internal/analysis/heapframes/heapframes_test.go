package heapframes_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"culprit/internal/analysis/heapframes"
	"culprit/internal/analysis/holding"
	"culprit/internal/heapfacts"
	"culprit/internal/source/heapdump"
)

func look(t *testing.T, dump string) *holding.View {
	t.Helper()
	d, err := heapdump.Read(t.Context(), strings.NewReader(dump), heapdump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := holding.Look(d.Heap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.H.Close)
	return v
}

// random is a dump of n objects of a few classes, a part of them unreachable.
func random(n int) string {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString(`{"type":"ROOT", "root":"vm", "references":["0x10", "0x28", "0x1000", "0x1028", "0x1050", "0x1078", "0x10a0", "0x10c8"]}` + "\n")
	for i := range 5 {
		fmt.Fprintf(&b, `{"address":"0x%x", "type":"CLASS", "name":"C%d", "memsize":%d}`+"\n", 0x10+i*8, i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, `{"address":"0x%x", "type":"OBJECT", "class":"0x%x", "references":[`, 0x1000+i*40, 0x10+r.IntN(5)*8)
		for k := range r.IntN(4) {
			if k > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, `"0x%x"`, 0x1000+r.IntN(n)*40)
		}
		b.WriteString("]")
		if r.IntN(3) > 0 {
			fmt.Fprintf(&b, `, "file":"app/f%d.rb", "line":%d, "generation":3`, r.IntN(4), r.IntN(3)+1)
		}
		fmt.Fprintf(&b, `, "memsize":%d}`+"\n", r.IntN(500))
	}
	return b.String()
}

// whole holds that the nodes add up.
func whole(t *testing.T, name string, f heapfacts.Flame, bytes, objects int64) {
	t.Helper()
	var sumBytes, sumObjects int64
	below := make([]int64, len(f.Nodes))
	for i := len(f.Nodes) - 1; i >= 0; i-- {
		n := f.Nodes[i]
		sumBytes += n.Bytes
		sumObjects += n.Objects
		if below[i] += n.Bytes; below[i] != n.Total {
			t.Fatalf("%s: node %d has %d below, says %d", name, i, below[i], n.Total)
		}
		if i > 0 {
			if n.Parent >= int32(i) {
				t.Fatalf("%s: node %d stands before its parent", name, i)
			}
			below[n.Parent] += below[i]
		}
	}
	if sumBytes != bytes || sumObjects != objects || f.Nodes[0].Total != bytes {
		t.Errorf("%s: %d bytes of %d objects, want %d of %d", name, sumBytes, sumObjects, bytes, objects)
	}
}

// TestExact: stacks have all that is reachable, folded or not.
func TestExact(t *testing.T) {
	v := look(t, random(4000))
	r := v.Report().Totals
	bytes, objects := int64(r.Bytes-r.UnreachableBytes), r.Objects-r.UnreachableObjects
	if r.UnreachableObjects == 0 || objects < 1000 {
		t.Fatalf("%d are reachable, %d are not: this tests less than it should", objects, r.UnreachableObjects)
	}
	for name, f := range map[string]heapfacts.Flame{"owners": heapframes.Owners(v), "sites": heapframes.Sites(v)} {
		whole(t, name, f, bytes, objects)
		for _, share := range []float64{0.001, 0.05, 2} {
			less := heapframes.Fold(f, share)
			whole(t, fmt.Sprint(name, share), less, bytes, objects)
			if len(less.Nodes) > len(f.Nodes)+1 {
				t.Errorf("%s folded at %v has %d nodes of %d", name, share, len(less.Nodes), len(f.Nodes))
			}
		}
	}
	f := heapframes.Owners(v)
	if got := heapframes.Fold(f, 2); len(got.Nodes) != 2 {
		t.Errorf("all is small, and %d nodes are left", len(got.Nodes))
	}
}

// TestOwners: a stack is the way down the dominator tree, runs of a frame put together.
func TestOwners(t *testing.T) {
	v := look(t, `{"type":"ROOT", "root":"vm", "references":["0x10", "0x30"]}
{"address":"0x10", "type":"CLASS", "name":"Cache", "references":["0x20"], "memsize":7}
{"address":"0x20", "type":"HASH", "references":["0x21"], "file":"a.rb", "line":3, "memsize":40}
{"address":"0x21", "type":"HASH", "references":["0x22"], "file":"a.rb", "line":3, "memsize":50}
{"address":"0x22", "type":"STRING", "memsize":60}
{"address":"0x30", "type":"STRING", "memsize":5}
{"address":"0x31", "type":"STRING", "memsize":5}
`)
	f := heapframes.Owners(v)
	got := map[string]int64{}
	for i, n := range f.Nodes {
		text := ""
		for at := int32(i); at > 0; at = f.Nodes[at].Parent {
			fr := f.Frames[f.Nodes[at].Frame]
			text = fmt.Sprintf("%s %s:%d;", fr.Name, fr.File, fr.Line) + text
		}
		got[text] = n.Bytes
	}
	for text, want := range map[string]int64{"class Cache :0;": 7, "class Cache :0;(HASH) a.rb:3;": 90, "class Cache :0;(HASH) a.rb:3;(STRING) :0;": 60, "(STRING) :0;": 5} {
		if got[text] != want {
			t.Errorf("%q has %d, want %d", text, got[text], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d stacks: %v", len(got), got)
	}
}

// TestDeep: a list of many different frames does not make stacks without end.
func TestDeep(t *testing.T) {
	var b strings.Builder
	const n = 3000
	b.WriteString(`{"type":"ROOT", "root":"vm", "references":["0x1000"]}` + "\n")
	for i := range n {
		fmt.Fprintf(&b, `{"address":"0x%x", "type":"%s", "references":["0x%x"], "memsize":40}`+"\n", 0x1000+i*8, []string{"HASH", "ARRAY"}[i%2], 0x1000+i*8+8)
	}
	f := heapframes.Owners(look(t, b.String()))
	whole(t, "list", f, 40*n, n)
	if len(f.Nodes) != 201 {
		t.Errorf("%d nodes", len(f.Nodes))
	}
}
