package nativemem_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"culprit/internal/source/nativemem"
)

// rubyHeap is a Ruby with threads, dead objects and large strings. It says its own id,
// as it may have been started by a script.
const rubyHeap = `
$keep = Array.new(50_000) { |i| "x" * (30 + i % 500) }
4.times.map { |t| Thread.new { $keep.concat(Array.new(20_000) { |i| "y" * (40 + i % 900) }); nil } }.each(&:join)
$keep = $keep.select.with_index { |_, i| i % 3 == 0 }
$large = Array.new(5) { |i| "z" * (400_000 + i) }
Thread.new { sleep }
GC.start
puts Process.pid
$stdout.flush
$stdin.gets`

// TestRuby reads the heap of a Ruby: it closes, and nearly nothing in it is called
// leaked.
func TestRuby(t *testing.T) {
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		t.Fatalf("%v; hint: make setup", err)
	}
	t.Setenv("CULPRIT_TEST_LOADER", "")
	c := start(t, ruby, "-e", rubyHeap)
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if c.pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	m, registers := c.mirror(t)
	h := read(t, m)
	for _, a := range h.Arenas {
		if d := a.System - a.Free - a.InUse - a.Tcache; d < 0 || d > 8192*a.Heaps {
			t.Errorf("%d bytes are no chunk: %+v", d, a)
		}
	}
	t.Logf("%d arenas, %+v", len(h.Arenas), h.Arenas[0])
	if h.MmapChunks < 1 || h.MmapFound != h.MmapChunks || !near(h.MmapFoundBytes, h.MmapBytes, 0.001) {
		t.Errorf("%d mmapped of %d bytes, found %d of %d", h.MmapChunks, h.MmapBytes, h.MmapFound, h.MmapFoundBytes)
	}
	r, err := nativemem.Leaks(m, registers)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d blocks, %d of %d bytes, tcache %d", r.Blocks, r.Considered, r.Bytes, r.ConsideredBytes, h.TcacheChunks)
	for _, g := range r.Groups[:min(5, len(r.Groups))] {
		t.Logf("%d of %d bytes: %s", g.Count, g.Size, g.Signature)
	}
	if r.Considered < 15_000 || r.Blocks > r.Considered/100 {
		t.Errorf("%d of %d blocks are called leaked", r.Blocks, r.Considered)
	}
}
