package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/cli"
	"culprit/internal/present/inspect"
)

// TestInspectHeap: the census of a live Ruby that only this test has started.
func TestInspectHeap(t *testing.T) {
	pid := start(t, nil, "-e", `KEPT = Array.new(120_000) { |i| "text #{i}" }
GC.start
puts "ready"; $stdout.flush
$stdin.gets`)
	var out, errs bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: os.Getenv}
	if code := cli.Run(t.Context(), []string{"inspect", "heap", "--json", strconv.Itoa(pid)}, w); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var h inspect.Heap
	if err := json.Unmarshal(out.Bytes(), &h); err != nil {
		t.Fatal(err)
	}
	if h.Schema != inspect.HeapSchema || h.PID != pid || h.ByType["T_STRING"] < 120_000 || h.ByType["T_STRING"] > 160_000 || h.Quality != "exact" || h.Slots != h.Objects+h.ByType["FREE"] {
		t.Errorf("%+v", h)
	}
}
