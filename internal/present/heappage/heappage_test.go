package heappage_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/heappage"
)

const (
	mb   = 1_000_000
	evil = "</script><b>evil"
)

func way(names ...string) []culprit.HeapNode {
	list := []culprit.HeapNode{{Describe: "the machine's roots"}}
	for i, n := range names {
		list = append(list, culprit.HeapNode{Describe: n, Address: "0x7f98" + strconv.Itoa(1000+i), Class: n})
	}
	return list
}

// made is a made-up heap with suspects, hostile names and more places than a page
// carries.
func made() culprit.Heap {
	h := culprit.Heap{
		Schema: culprit.HeapSchema, Tool: "culprit 0.1.0", Dump: "heap.json",
		Totals: culprit.HeapTotals{Objects: 995_456, Bytes: 412 * mb, UnreachableObjects: 1204, UnreachableBytes: 3 * mb, Lines: 995_461, Understood: 995_460},
		ByClass: []culprit.HeapGroup{
			{Key: "Hash", Objects: 120_001, Bytes: 21 * mb, Retained: 260 * mb},
			{Key: "String", Objects: 498_004, Bytes: 190 * mb, Retained: 190 * mb},
			{Key: evil, Objects: 12, Bytes: 2 * mb, Retained: 2 * mb},
			{Key: "(class without a name)", Objects: 3, Bytes: 900, Retained: 900},
		},
		ByType:     []culprit.HeapGroup{{Key: "STRING", Objects: 498_004, Bytes: 190 * mb, Retained: 190 * mb}},
		ByLocation: []culprit.HeapGroup{{Key: "app/models/settings_cache.rb:14", Objects: 12_500, Bytes: 180 * mb, Retained: 181 * mb}, {Key: "not traced", Objects: 4, Bytes: 8, Retained: 8}},
		ByGem:      []culprit.HeapGroup{{Key: "app", Objects: 12_500, Bytes: 180 * mb, Retained: 181 * mb}, {Key: "activerecord", Objects: 99, Bytes: mb, Retained: mb}},
		Suspects: []culprit.HeapSuspect{
			{HeapNode: culprit.HeapNode{Describe: "Hash made at app/models/settings_cache.rb:3, in SettingsCache", Address: "0x7f981002", Class: "Hash"}, Retained: 181 * mb, Share: 0.443, Path: way("class Object", "class SettingsCache", "Hash made at app/models/settings_cache.rb:3, in SettingsCache")},
			{HeapNode: culprit.HeapNode{Describe: "Array in " + evil, Address: "0x7f981003", Class: "Array"}, Retained: 61 * mb, Share: 0.149, Path: way(strings.Split(strings.Repeat("Node,", 39)+"Array", ",")...)},
		},
		ByKind:      []culprit.HeapGroup{{Key: "named", Objects: 4000, Bytes: 3 * mb, Retained: 9 * mb}, {Key: "singleton", Objects: 1800, Bytes: mb, Retained: mb}},
		Unreachable: []culprit.HeapGroup{{Key: "String", Objects: 1200, Bytes: 2 * mb}},
		Duplicates: []culprit.HeapString{
			{Address: "0x7f99", Copies: 9001, Bytes: 4 * mb, Wasted: 4*mb - 40, Location: "app/models/order.rb:7"}, {Address: "0x7f9a", Copies: 7, Bytes: mb, Wasted: mb / 2, Value: evil},
		},
		BigStrings: []culprit.HeapString{{Address: "0x7f9b", Copies: 1, Bytes: 6 * mb, Location: "lib/" + evil + ".rb:1"}},
		Shapes:     []culprit.HeapShapes{{Class: "Order", Shapes: 41, Objects: 12_000}},
		Warnings:   []string{"understood 995,460 of 995,461 lines of heap.json; the first that was not is line 12"},
	}
	for i := range 1500 {
		h.ByLocation = append(h.ByLocation, culprit.HeapGroup{Key: "app/f" + strconv.Itoa(i) + ".rb:1", Objects: 1, Bytes: 40, Retained: 40})
	}
	for i := range 200 {
		h.ByGeneration = append(h.ByGeneration, culprit.HeapGroup{Key: strconv.Itoa(10 + i), Objects: int64(i), Bytes: culprit.Bytes((i*7919)%100) * mb / 50, Retained: mb})
	}
	h.ByGeneration = append(h.ByGeneration, culprit.HeapGroup{Key: "not traced", Objects: 9, Bytes: mb, Retained: mb})
	return h
}

func stayed(dumps ...string) culprit.HeapDiff {
	return culprit.HeapDiff{
		Schema: culprit.HeapDiffSchema, Tool: "culprit 0.1.0", Dumps: dumps,
		Retained: culprit.HeapTally{Objects: 6003, Bytes: 6 * mb}, Gone: culprit.HeapTally{Objects: 412, Bytes: 90_000},
		Groups: []culprit.HeapDiffGroup{
			{Location: "app/models/settings_cache.rb:14", Class: "String", Gem: "app", Objects: 6000, Bytes: 5 * mb, Holder: &culprit.HeapHolder{
				HeapNode: culprit.HeapNode{Describe: "Hash made at app/models/settings_cache.rb:3, in SettingsCache", Address: "0x7f981002", Class: "Hash"}, Path: way("class Object", "class SettingsCache", "Hash"),
			}},
			{Location: "", Class: evil, Gem: "", Objects: 3, Bytes: mb},
		},
		Warnings: []string{},
	}
}

// TestSamples writes pages for the browser tests when CULPRIT_SAMPLES names a
// folder, and holds what every page must hold.
func TestSamples(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"heap":      func(b *bytes.Buffer) error { return heappage.Write(b, made()) },
		"heap_none": func(b *bytes.Buffer) error { return heappage.Write(b, culprit.Heap{Schema: culprit.HeapSchema}) },
		"heap_diff": func(b *bytes.Buffer) error { return heappage.WriteDiff(b, stayed("a.json", "b.json", "c.json")) },
		"heap_two":  func(b *bytes.Buffer) error { return heappage.WriteDiff(b, stayed("a.json", "b.json")) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if n := strings.Count(text, "</script>"); n != 2 {
			t.Errorf("%s: %d script ends, want 2", name, n)
		}
		if strings.Contains(text, "<b>evil") || strings.Contains(text, " src=") || !strings.Contains(text, "default-src") {
			t.Errorf("%s: hostile text, a load or no policy", name)
		}
		_, rest, _ := strings.Cut(text, `id="culprit-heap">`)
		inline, _, _ := strings.Cut(rest, "</script>")
		var got struct {
			Schema     string
			ByLocation []culprit.HeapGroup `json:"by_location"`
			Cut        map[string]int
		}
		if err := json.Unmarshal([]byte(inline), &got); err != nil || !strings.HasPrefix(got.Schema, "culprit.heap") {
			t.Errorf("%s: the page carries %q: %v", name, got.Schema, err)
		}
		if name == "heap" && (len(got.ByLocation) != 1000 || got.Cut["by_location"] != 502) {
			t.Errorf("the page has %d places and leaves out %d", len(got.ByLocation), got.Cut["by_location"])
		}
		if dir := os.Getenv("CULPRIT_SAMPLES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".html"), out.Bytes(), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
