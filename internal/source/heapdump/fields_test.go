package heapdump_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"culprit/internal/heap"
)

// recorded gives the dumps of an archive in testdata/heapdumps.
func recorded(t *testing.T, name string) map[string][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "testdata", "heapdumps", name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(1<<27))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// rule is a row of the table of fields in docs/format/heapdump.md.
type rule struct {
	on, but     []string // types, "all" first with those it is not on
	since, last float64
}

var fieldRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| ([^|]+) \\| ([^|]+) \\|")

func rules(t *testing.T) map[string]rule {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "format", "heapdump.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]rule{}
	for _, row := range fieldRow.FindAllStringSubmatch(string(text), -1) {
		r := rule{on: strings.Fields(row[2]), last: 99}
		if len(r.on) > 1 && r.on[1] == "but" {
			r.on, r.but = r.on[:1], r.on[2:]
		}
		since, last, ends := strings.Cut(strings.TrimSpace(row[3]), " to ")
		if since != "all" {
			if r.since, err = strconv.ParseFloat(since, 64); err != nil {
				t.Fatalf("%s: %v", row[1], err)
			}
		}
		if ends {
			if r.last, err = strconv.ParseFloat(last, 64); err != nil {
				t.Fatalf("%s: %v", row[1], err)
			}
		}
		out[row[1]] = r
	}
	if len(out) < 40 {
		t.Fatalf("only %d fields in the table", len(out))
	}
	return out
}

// TestFields holds the document against dumps of real Rubies, and the reader too:
// every line is understood.
func TestFields(t *testing.T) {
	table := rules(t)
	for _, version := range []string{"2.7", "3.1", "3.3", "3.4"} {
		text := recorded(t, "types-"+version+".tar.zst")["types.json"]
		ruby, err := strconv.ParseFloat(version, 64)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<26)
		for lines.Scan() {
			var all map[string]json.RawMessage
			if err := json.Unmarshal(lines.Bytes(), &all); err != nil {
				t.Fatalf("%s: %v: %s", version, err, lines.Text())
			}
			typ := strings.Trim(string(all["type"]), `"`)
			for field := range all {
				if seen[typ+field] {
					continue
				}
				seen[typ+field] = true
				r, ok := table[field]
				on := ok && (r.on[0] == "all" && !slices.Contains(r.but, typ) || slices.Contains(r.on, typ))
				if !on || ruby < r.since || ruby > r.last {
					t.Errorf("Ruby %s writes %q on %s; the document says %+v", version, field, typ, r)
				}
			}
		}
		d := read(t, text)
		if d.Understood != d.Lines || d.Early != nil || d.Heap.Len() < 15_000 {
			t.Errorf("Ruby %s: understood %d of %d lines, %d objects", version, d.Understood, d.Lines, d.Heap.Len())
		}
		if (d.Shapes > 0) != (ruby >= 3.3) || (len(d.Heap.Shapes) > 0) != (ruby >= 3.2) {
			t.Errorf("Ruby %s: %d shapes, of objects %d", version, d.Shapes, len(d.Heap.Shapes))
		}
		g, err := heap.NewGraph(d.Heap)
		if err != nil {
			t.Fatal(err)
		}
		tree := heap.Dominators(d.Heap.Pool, g, d.Heap.Bytes)
		if reached := float64(len(tree.Order)); reached < 0.97*float64(d.Heap.Len()) {
			t.Errorf("Ruby %s: %.0f of %d objects are reached", version, reached, d.Heap.Len())
		}
	}
}

// TestNewest: lines as Ruby's sources after 3.4 write them are read the fast way's
// words and all: shape and slot before the class, an age among the flags, no class of
// IMEMOs, free slots of a full dump.
func TestNewest(t *testing.T) {
	line := `{"address":"0x7f0000000028", "type":"STRING", "shape_id":0, "slot_size":40, "class":"0x7f0000000050", "embedded":true, "chilled":true, "bytesize":1, "value":"a", "encoding":"UTF-8", "coderange":"7bit", "memsize":40, "flags":{"wb_protected":true, "age":3, "old":true}}` + "\n"
	d := read(t, []byte(line+strings.Replace(line, "028", "078", 1)+
		`{"address":"0x7f00000000a0", "type":"IMEMO", "slot_size":40, "imemo_type":"callcache", "called_id":"puts", "receiver_class":"0x7f0000000050", "memsize":40}`+"\n"+
		`{"address":"0x7f00000000c8", "type":"NONE", "shape_id":0, "slot_size":40}`+"\n"+strings.Repeat(" ", 100)))
	h := d.Heap
	if h.Len() != 3 || d.Understood != 4 || h.Flags[0] != heap.Old|heap.WBProtected|heap.Embedded || h.Flags[1] != h.Flags[0] ||
		h.Space.Address(h.Class[1]) != 0x7f0000000050 || h.Class[2] != heap.None || h.Text[0] != h.Text[1] || h.Text[0] == 0 {
		t.Errorf("%d objects, understood %d, flags %x", h.Len(), d.Understood, h.Flags)
	}
}
