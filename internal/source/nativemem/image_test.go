package nativemem

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"culprit/internal/source/procmem"
)

// image is memory of a process that never was.
type image struct {
	maps []procmem.Mapping
	data [][]byte
}

func (m *image) Maps() []procmem.Mapping { return m.maps }

func (m *image) add(from uint64, size int, path string) {
	m.maps = append(m.maps, procmem.Mapping{From: from, To: from + uint64(size), Read: true, Write: true, Path: path, File: path != "" && path[0] == '/'})
	m.data = append(m.data, make([]byte, size))
	slices.SortFunc(m.maps, func(a, b procmem.Mapping) int { return int(a.From>>20) - int(b.From>>20) })
}

// part is the memory from an address on.
func (m *image) part(at uint64) []byte {
	for i, p := range m.maps {
		if at >= p.From && at < p.To {
			return m.data[i][at-p.From:]
		}
	}
	return nil
}

func (m *image) put(at uint64, words ...uint64) {
	for i, w := range words {
		binary.LittleEndian.PutUint64(m.part(at+8*uint64(i)), w)
	}
}

func (m *image) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		p := m.part(uint64(off) + uint64(n))
		if p == nil {
			return n, procmem.ErrUnmapped
		}
		n += copy(b[n:], p)
	}
	return n, nil
}

func (m *image) Present(from, to uint64, visit func(from, to uint64)) error {
	for _, p := range m.maps {
		if a, b := max(from, p.From), min(to, p.To); a < b {
			visit(a, b)
		}
	}
	return nil
}

// Places of the image. Addresses ascend.
const (
	imageHeap  uint64 = 0x550000000000
	imageArena uint64 = 0x7f1000000000
	imageMap   uint64 = 0x7f2000000000
	imageLibc  uint64 = 0x7f3000000000
	imageStack uint64 = 0x7ffc00000000
	imageState        = imageLibc + 0x800
	imagePar          = imageLibc + 0x100
)

// tiny is a heap of two arenas: main_arena holds the cache of a thread with two chunks, a
// chunk in a fastbin, a free chunk of three pages, one that the stack points to, one that
// this one points to, and one that nothing points to. A block has a mapping of its own.
func tiny() *image {
	m := &image{}
	m.add(imageHeap, 0x21000, "[heap]")
	m.add(imageArena, 0x21000, "")
	m.add(imageMap, 0x3000, "")
	m.add(imageLibc, 0x4000, "/lib/libc.so.6")
	m.add(imageStack, 0x1000, "[stack]")
	at := imageHeap
	chunk := func(size uint64, prevUsed uint64) (user uint64) {
		m.put(at+8, size|prevUsed)
		at += size
		return at - size + 16
	}
	cache := chunk(0x290, 1)
	first, second := chunk(0x30, 1), chunk(0x30, 1)
	m.put(cache, 2<<16)
	m.put(cache+128+8, first)
	m.put(first, second^first>>12, 0xabcdef)
	m.put(second, second>>12, 0xabcdef)
	fast := chunk(0x40, 1)
	m.put(fast, fast>>12)
	held, inner := chunk(0x50, 1), chunk(0x400, 1)
	m.put(held+8, inner+100)
	m.put(imageStack+0x800, held)
	free := chunk(0x4000, 1)
	leaked := chunk(0x60, 0)
	m.put(leaked, 0x6c6c7566656c6261, 0x6e61656c)
	top := at
	m.put(top+8, (imageHeap+0x21000-top)|1)
	state(m, imageState, top, 0x21000, imageArena+0x30)
	m.put(imageState+16+16, fast-16)
	unsorted := imageState + 112 - 16
	m.put(imageState+112, free-16, free-16)
	m.put(free, unsorted, unsorted)
	m.put(imagePar, 0, 0, 1<<32, 65536|1<<32, 0, 0x3000, 0x3000, imageHeap)
	m.put(imageMap, 0, 0x3000|2)
	m.put(imageStack+0x808, imageMap+0x2000)
	m.put(imageArena, imageArena+0x30, 0, 0x21000, 0x21000)
	top = (imageArena + 0x30 + withFast + stateEnd + 15) &^ 15
	m.put(top+8, 0x1000|5)
	top += 0x1000
	m.put(top+8, (imageArena+0x21000-top)|1)
	state(m, imageArena+0x30, top, 0x21000, imageState)
	return m
}

// state writes a malloc_state whose bins are empty.
func state(m *image, at, top, system, next uint64) {
	b := at + withFast
	for bin := range uint64(bins) {
		m.put(b+16*bin, b+16*bin-16, b+16*bin-16)
	}
	m.put(b-topBefore, top)
	m.put(b+nextAt, next)
	m.put(b+systemAt, system)
}

func copied(t *testing.T, m *image) *procmem.Mirror {
	t.Helper()
	plan, err := procmem.NewPlan(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	room, err := procmem.NewRoom("", plan.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	mirror, err := procmem.Copy(m, plan, room)
	if err != nil {
		t.Fatal(err)
	}
	return mirror
}

func TestTiny(t *testing.T) {
	m := tiny()
	h, err := Read(procmem.NewView(m))
	if err != nil {
		t.Fatal(err)
	}
	want := Arena{
		Main: true, Address: imageState, Heaps: 1, System: 0x21000, InUse: 0x290 + 0x50 + 0x400 + 0x60, Fast: 0x40,
		Top: 0x21000 - 0x47e0, Free: 0x21000 - 0x47e0 + 0x4040, Tcache: 0x60, Chunks: 4, FreeChunks: 2,
		Releasable: 0x1c000 + 0x3000, TopPresent: 0x21000 - 0x47e0,
	}
	if h.Arenas[0] != want {
		t.Errorf("%+v\nwant %+v", h.Arenas[0], want)
	}
	if a := h.Arenas[1]; a.InUse != 0x1000 || a.Chunks != 1 || a.Releasable != 0 {
		t.Errorf("%+v", a)
	}
	if h.MmapChunks != 1 || h.MmapBytes != 0x3000 || h.MmapFound != 1 || h.TcacheChunks != 2 {
		t.Errorf("%+v", h)
	}
	mirror := copied(t, m)
	defer func() { _ = mirror.Close() }()
	r, err := Leaks(mirror, []uint64{imageArena + 0x1000})
	if err != nil {
		t.Fatal(err)
	}
	// The cache of the thread, which nothing points to here, and the one that was leaked.
	if len(r.Groups) != 2 || r.Blocks != 2 || r.Groups[1].Signature != "text" || r.Groups[1].Size != 0x60 || r.Considered != 6 {
		t.Errorf("%+v", r)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(*image)
		want error
	}{
		{"a size", func(m *image) { m.put(imageHeap+8, 0x13) }, ErrTorn},
		{"a size that is too large", func(m *image) { m.put(imageHeap+8, 1<<40) }, ErrTorn},
		{"a fastbin in a circle", func(m *image) { m.put(imageHeap+0x300, (imageHeap+0x2f0)^(imageHeap+0x300)>>12) }, ErrTorn},
		{"top", func(m *image) { m.put(imageState+96, 8) }, ErrTorn},
		{"a bin", func(m *image) { clear(m.part(imageState + 400)[:200]) }, ErrNoArena},
		{"the ring", func(m *image) { m.put(imageState+2160, 8) }, ErrNoArena},
		{"mp_", func(m *image) { m.put(imagePar+56, 0) }, ErrNoArena},
		{"heap_info", func(m *image) { m.put(imageArena, 0) }, ErrTorn},
		{"jemalloc", func(m *image) { m.maps[3].Path = "/usr/lib/libjemalloc.so.2" }, ErrAllocator},
	} {
		m := tiny()
		c.harm(m)
		if _, err := Read(procmem.NewView(m)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestAllocator(t *testing.T) {
	for file, want := range map[string]string{
		"/usr/lib/x86_64-linux-gnu/libc.so.6":        "glibc",
		"/lib/x86_64-linux-gnu/libc-2.31.so":         "glibc",
		"/usr/lib/x86_64-linux-gnu/libjemalloc.so.2": "jemalloc",
		"/usr/lib/libtcmalloc_minimal.so.4":          "tcmalloc",
		"/lib/ld-musl-x86_64.so.1":                   "musl",
		"/usr/bin/ruby":                              "unknown",
		"[heap]":                                     "unknown",
	} {
		maps := []procmem.Mapping{{Path: file}}
		if got := Allocator(maps); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
		if got := Allocator(append(maps, procmem.Mapping{Path: "/lib/libc.so.6"})); got != want && want != "unknown" {
			t.Errorf("%s beside libc: %s, want %s", file, got, want)
		}
	}
}

// FuzzRead: whatever stands in the memory, reading it ends, without a panic and with sums
// that fit the memory.
func FuzzRead(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(binary.LittleEndian.AppendUint64([]byte{1, 0, 0}, 0x12), true)
	f.Add(binary.LittleEndian.AppendUint64([]byte{0x92, 4, 3}, imageHeap+0x2f0), false)
	f.Fuzz(func(t *testing.T, patches []byte, split bool) {
		m := tiny()
		if split {
			m.put(imageState+96, imageMap+0x2000)
		}
		for ; len(patches) >= 11; patches = patches[11:] {
			d := m.data[int(patches[2])%len(m.data)]
			o := int(binary.LittleEndian.Uint16(patches)) * 8 % (len(d) - 8)
			copy(d[o:o+8], patches[3:11])
		}
		h, err := Read(procmem.NewView(m))
		if err == nil {
			check(t, h)
		}
		mirror := copied(t, m)
		defer func() { _ = mirror.Close() }()
		r, lerr := Leaks(mirror, []uint64{imageHeap + 0x400})
		if (lerr == nil) != (err == nil) {
			t.Fatalf("of a copy %v, else %v", lerr, err)
		}
		if lerr == nil && (r.Blocks > r.Considered || r.Bytes > r.ConsideredBytes || r.Blocks < 0) {
			t.Fatalf("%+v", r)
		}
	})
}

func check(t *testing.T, h *Heap) {
	t.Helper()
	const most = 0x21000*2 + 0x3000
	sum, used, seen := int64(0), int64(0), int64(0)
	for _, a := range h.Arenas {
		if a.InUse < 0 || a.Free < 0 || a.Chunks < 0 || a.Releasable < 0 || a.Tcache < 0 {
			t.Fatalf("%+v", a)
		}
		sum += a.InUse + a.Free + a.Tcache
		used += a.InUse
	}
	if sum > most {
		t.Fatalf("%d bytes of %d", sum, most)
	}
	err := h.Each(func(c Chunk) {
		if c.InUse && c.Arena >= 0 {
			seen += c.Size
		}
	})
	// What a cache of a broken heap names need not be a chunk.
	if err != nil || seen < used || seen > used+h.TcacheBytes {
		t.Fatalf("%d bytes in use, then %d: %v", used, seen, err)
	}
	for _, s := range h.Histogram() {
		if s.Count < 0 || s.Bytes < 0 || s.Size > s.Most {
			t.Fatalf("%+v", s)
		}
	}
}
