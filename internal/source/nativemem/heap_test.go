package nativemem_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"culprit/internal/source/nativemem"
)

// told is what a child says of its own heap.
type told struct {
	hblks, hblkhd, fordblks, fsmblks int64
	system                           []int64 // of arenas
}

var systemCurrent = regexp.MustCompile(`<system type="current" size="(\d+)"/>`)

func parseTold(t *testing.T, lines []string) (w told) {
	t.Helper()
	if _, err := fmt.Sscan(lines[0], &w.hblks, &w.hblkhd, &w.fordblks, &w.fsmblks); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		if m := systemCurrent.FindStringSubmatch(line); m != nil {
			n, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			w.system = append(w.system, n)
		}
	}
	w.system = w.system[:len(w.system)-1] // the sum
	return w
}

// near tells whether two numbers are within a share of each other.
func near(a, b int64, share float64) bool {
	d := a - b
	return float64(max(d, -d)) <= share*float64(max(a, b))
}

func TestHeap(t *testing.T) {
	program := compile(t, "heap")
	for _, way := range []string{"plain", "gap", "split", "large"} {
		t.Run(way, func(t *testing.T) {
			c := start(t, program, way)
			want := parseTold(t, c.until(t, "end"))
			h := read(t, c.live(t))
			compare(t, h, want)
			again(t, h)
			m, _ := c.mirror(t)
			copied := read(t, m)
			compare(t, copied, want)
			if way == "plain" {
				compare(t, read(t, c.core(t)), want)
			}
			trims(t, c, copied)
		})
	}
}

func compare(t *testing.T, h *nativemem.Heap, want told) {
	t.Helper()
	if len(h.Arenas) != len(want.system) {
		t.Fatalf("%d arenas, want %d", len(h.Arenas), len(want.system))
	}
	systems := map[int64]int{}
	free, fast, system, known := int64(0), int64(0), int64(0), int64(0)
	for i, a := range h.Arenas {
		systems[a.System]++
		systems[want.system[i]]--
		free += a.Free
		fast += a.Fast
		system += a.System
		known += a.Free + a.InUse + a.Tcache
	}
	for n, k := range systems {
		if k != 0 {
			t.Errorf("an arena of %d bytes: %d more than malloc_info says", n, k)
		}
	}
	t.Logf("free %d of %d, fast %d of %d; %d of %d bytes are no chunk; mmapped %d", free, want.fordblks, fast, want.fsmblks, system-known, system, h.MmapBytes)
	if !near(free, want.fordblks, 0.001) || fast != want.fsmblks {
		t.Errorf("%d free, of these %d in fastbins, want %d and %d", free, fast, want.fordblks, want.fsmblks)
	}
	if h.MmapBytes != want.hblkhd || h.MmapChunks != want.hblks || h.MmapFoundBytes != want.hblkhd || h.MmapFound != want.hblks {
		t.Errorf("%d mmapped, %d bytes, found %d, %d, want %d, %d", h.MmapChunks, h.MmapBytes, h.MmapFound, h.MmapFoundBytes, want.hblks, want.hblkhd)
	}
	if system-known > 64<<10 {
		t.Errorf("%d bytes are no chunk", system-known)
	}
	if h.TcacheChunks < 7 {
		t.Errorf("%d cached chunks", h.TcacheChunks)
	}
}

// again compares the second walk and the histogram with the first.
func again(t *testing.T, h *nativemem.Heap) {
	t.Helper()
	n, used := map[int]int64{}, map[int]int64{}
	all := int64(0)
	err := h.Each(func(c nativemem.Chunk) {
		if c.InUse {
			n[c.Arena]++
			used[c.Arena] += c.Size
			all += c.Size
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range h.Arenas {
		if n[i] != a.Chunks || used[i] != a.InUse {
			t.Errorf("arena %d: %d chunks of %d bytes, want %d of %d", i, n[i], used[i], a.Chunks, a.InUse)
		}
	}
	if n[-1] != h.MmapChunks {
		t.Errorf("%d mmapped, want %d", n[-1], h.MmapChunks)
	}
	for _, s := range h.Histogram() {
		all -= s.Bytes
	}
	if all != 0 {
		t.Errorf("the histogram is %d bytes off", all)
	}
}

// trims compares what malloc_trim(0) gives back with what was said.
func trims(t *testing.T, c *child, h *nativemem.Heap) {
	t.Helper()
	before := c.rss(t)
	if _, err := c.in.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	c.until(t, "trimmed")
	gone, want := before-c.rss(t), int64(0)
	for _, a := range h.Arenas {
		want += a.Releasable
	}
	t.Logf("releasable %d, released %d", want, gone)
	if !near(want, gone, 0.02) {
		t.Errorf("malloc_trim(0) gave back %d bytes, predicted were %d", gone, want)
	}
}
