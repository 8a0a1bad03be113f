//go:build e2e

package cli_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"culprit"
	"culprit/internal/cli"
)

// railsDumps unpacks the recorded dumps of a Rails process, and gives their paths.
func railsDumps(t *testing.T) (paths []string) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "testdata", "heapdumps", "rails-3.1.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(1<<27))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return paths
}

// heapJSON runs culprit heap and reads its report.
func heapJSON[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	var out, errs bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: func(string) string { return "" }}
	if code := cli.Run(t.Context(), append([]string{"heap"}, args...), w); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func heapy(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("heapy", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("heapy: %v\n%s\nhint: make setup", err, out)
	}
	return string(out)
}

var (
	ofGeneration = regexp.MustCompile(`(?m)^Generation: +(nil|\d+) object count: (\d+)`)
	ofPlace      = regexp.MustCompile(`(?m)^ +(\d+)  (.+:\d+)$`)
	ofRetained   = regexp.MustCompile(`(?m)^Retained (\w+) (\d+) objects of size (\d+)/\d+ \(in bytes\) at: (.*)$`)
)

// TestBesideHeapy: where heapy is right, culprit says the same of a real Rails
// process. Not compared: its memory without a generation, which it sums under 0 and
// reads under nil, so that it is always 0.0 kb (zombocom/heapy lib/heapy/analyzer.rb).
func TestBesideHeapy(t *testing.T) {
	dumps := railsDumps(t)
	r := heapJSON[culprit.Heap](t, "--json", "--no-index", dumps[0])
	objects := map[string]int64{}
	for _, g := range r.ByGeneration {
		objects[g.Key] = g.Objects
	}
	found := ofGeneration.FindAllStringSubmatch(heapy(t, "read", dumps[0]), -1)
	for _, m := range found {
		n, _ := strconv.ParseInt(m[2], 10, 64)
		key := m[1]
		if key == "nil" {
			// heapy counts the lines of roots too.
			key, n = "not traced", n-(r.Totals.Lines-r.Totals.Objects)
		}
		if objects[key] != n {
			t.Errorf("generation %s: %d objects, heapy counts %d", key, objects[key], n)
		}
	}
	if len(found) != len(r.ByGeneration) || len(found) < 5 {
		t.Errorf("%d generations, heapy has %d", len(r.ByGeneration), len(found))
	}

	bytesAt := map[string]culprit.Bytes{}
	for _, g := range r.ByLocation {
		bytesAt[g.Key] = g.Bytes
	}
	places := ofPlace.FindAllStringSubmatch(strings.Split(heapy(t, "read", dumps[0], "all"), "\nobject count")[0], -1)
	for _, m := range places[:min(len(places), 40)] {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		if bytesAt[m[2]] != culprit.Bytes(n) {
			t.Errorf("%s: %d bytes, heapy has %d", m[2], bytesAt[m[2]], n)
		}
	}
	if len(places) < 20 {
		t.Errorf("heapy tells %d places", len(places))
	}
	besideHeapyDiff(t, dumps)
}

// besideHeapyDiff compares what stayed. heapy knows objects by their address only,
// and takes sizes from the second dump; in this recording no address was used again
// by what stayed, so counts agree.
func besideHeapyDiff(t *testing.T, dumps []string) {
	t.Helper()
	d := heapJSON[culprit.HeapDiff](t, append([]string{"diff", "--json"}, dumps...)...)
	stayed, theirs := map[string]int64{}, map[string]int64{}
	for _, g := range d.Groups {
		stayed[g.Location] += g.Objects
	}
	for _, m := range ofRetained.FindAllStringSubmatch(heapy(t, append([]string{"diff"}, dumps...)...), -1) {
		n, _ := strconv.ParseInt(m[2], 10, 64)
		theirs[m[4]] += n
	}
	for place, n := range theirs {
		if stayed[place] != n {
			t.Errorf("%s: %d stayed, heapy says %d", place, stayed[place], n)
		}
	}
	if len(theirs) != len(stayed) || theirs["rails.rb:23"] != 600 {
		t.Errorf("%v and %v", stayed, theirs)
	}
}

// TestRails: the planted cache is found in dumps of a real Rails process: each of 300
// requests leaves a string of 2,000 bytes and its key.
func TestRails(t *testing.T) {
	dumps := railsDumps(t)
	d := heapJSON[culprit.HeapDiff](t, append([]string{"diff", "--json"}, dumps...)...)
	g := d.Groups[0]
	if g.Class != "String" || g.Location != "rails.rb:23" || g.Objects != 600 || g.Bytes < 600_000 || g.Holder == nil ||
		g.Holder.Class != "Hash" || g.Holder.Describe != "Hash made at rails.rb:22, in PriceCache" {
		t.Errorf("largest %+v, holder %+v", g, g.Holder)
	}
	if rest := d.Retained.Bytes - g.Bytes; rest > 50_000 {
		t.Errorf("%d bytes beside the cache stayed", rest)
	}
	// The first requests, before the cache has weight, accuse nobody.
	r := heapJSON[culprit.Heap](t, "--json", "--no-index", dumps[0])
	for _, s := range r.Suspects {
		if strings.Contains(s.Describe, "PriceCache") {
			t.Errorf("with 0.6 MB of %v: %+v", r.Totals.Bytes, s)
		}
	}
	if r.Totals.Objects < 90_000 || r.Totals.Understood != r.Totals.Lines {
		t.Errorf("totals %+v", r.Totals)
	}
}
