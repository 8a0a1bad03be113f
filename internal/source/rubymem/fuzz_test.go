package rubymem

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"

	"culprit/internal/source/procmem"
)

// image is memory at a place.
type image struct {
	at   uint64
	b    []byte
	maps []procmem.Mapping
}

func (m image) Maps() []procmem.Mapping { return m.maps }

func (m image) Present(from, to uint64, visit func(from, to uint64)) error {
	if a, b := max(from, m.at), min(to, m.at+uint64(len(m.b))); a < b {
		visit(a, b)
	}
	return nil
}

func (m image) ReadAt(b []byte, off int64) (int, error) {
	from := uint64(off) - m.at
	if uint64(off) < m.at || from >= uint64(len(m.b)) {
		return 0, procmem.ErrUnmapped
	}
	n := copy(b, m.b[from:])
	if n < len(b) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

func versions() []string { return []string{"2.7", "3.1", "3.3", "3.4"} }

// tinyPages are just enough for a heap.
const tinyPages = sampled

// tiny is a small heap: a global variable points to an object space, that to a table, that
// to pages, and each page's body back to it. One slot is a thread with a stack of one
// frame.
func tiny(l layout) []byte {
	b := make([]byte, 0x40000+(tinyPages+1)*l.align)
	put := func(at, v uint64) { binary.LittleEndian.PutUint64(b[at-base:], v) }
	space, table, body := base+0x4000, base+0x6000, base+0x40000
	put(base, space)
	put(space+l.sorted, table)
	entries := table
	if l.darray {
		put(table, tinyPages)
		entries += 16
	} else {
		put(space+l.allocated, tinyPages)
	}
	for i := range uint64(tinyPages) {
		pg, at := base+0x8000+0x1000*i, body+i*l.align
		put(entries+8*i, pg)
		put(pg+l.start, at+16)
		if l.fixedSlot == 0 {
			binary.LittleEndian.PutUint16(b[pg+l.slotSize-base:], 40)
		}
		binary.LittleEndian.PutUint16(b[pg+l.total-base:], 100)
		put(at, pg)
	}
	tinyCounters(l, put, space)
	for i := range uint64(30) {
		put(body+16+40*i, tString)
	}
	th, ec, typ, stack := base+0x20000, base+0x21000, base+0x22000, base+0x23000
	put(body+16, tData)
	put(body+16+16, typ)
	put(body+16+24, 1)
	put(body+16+32, th)
	put(typ, typ+64)
	copy(b[typ+64-base:], "VM/thread\x00")
	put(th+16, body+16)
	put(th+l.threadEC, ec)
	put(ec+l.threadPtr, th)
	put(ec, stack)
	put(ec+8, 512)
	put(ec+16, stack+8*512-3*l.frame)
	iseq, code := base+0x25000, base+0x26000
	frame := stack + 8*512 - 2*l.frame
	put(frame, code+0x800)
	put(frame+16, iseq)
	put(frame+32, stack+64)
	put(iseq, tImemo|imemoIseq<<12)
	put(iseq+16, code)
	put(code+l.body.path, body+16+40)
	put(code+l.body.label, body+16+40)
	put(code+l.body.info, code+0x400)
	put(code+l.body.infoSize, 2)
	put(code+l.body.succ, code+0x500)
	put(code+l.body.size, 0x40) // four bytes, before the next field
	put(code+l.body.encoded, code+0x700)
	return b
}

// tinyCounters says how many slots there are.
func tinyCounters(l layout, put func(at, v uint64), space uint64) {
	for _, f := range []string{"eden_heap.total_slots", "size_pools[].eden_heap.total_slots", "heaps[].total_slots"} {
		if o, ok := l.field("rb_objspace", f); ok {
			put(space+o, 100*tinyPages)
		}
	}
	for _, f := range []string{"size_pools[].slot_size", "heaps[].slot_size"} {
		if o, ok := l.field("rb_objspace", f); ok {
			put(space+o, 40)
		}
	}
}

const base uint64 = 0x7f0000000000

func memory(b []byte, version string) image {
	return image{base, b, []procmem.Mapping{
		{From: base, To: base + 0x1000, Read: true, Write: true, File: true, Path: "/usr/lib/libruby-" + version + ".so." + version},
		{From: base + 0x1000, To: base + uint64(len(b)), Read: true, Write: true},
	}}
}

func layoutOf(t testing.TB, version string) layout {
	l, err := newLayout(version, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTiny(t *testing.T) {
	for _, v := range versions() {
		r, err := Open(memory(tiny(layoutOf(t, v)), v))
		if err != nil {
			t.Fatalf("%s: %v", v, err)
		}
		c, err := r.Census()
		if err != nil || c.Objects != 30 || c.Slots != 100*tinyPages || c.ByType["T_STRING"] != 29 || c.ByType["FREE"] != 100*tinyPages-30 {
			t.Errorf("%s: %+v, %v", v, c, err)
		}
		threads, _, err := r.Sample()
		if err != nil || len(threads) != 1 || len(threads[0].Frames) != 1 {
			t.Errorf("%s: %+v, %v", v, threads, err)
		}
		const pc, iseq = base + 0x26800, base + 0x25000
		if frames := r.Trace([]Raw{{PC: pc, ISeq: iseq}}); !slices.Equal(frames, threads[0].Frames) {
			t.Errorf("%s: %+v read before, %+v now", v, frames, threads[0].Frames)
		}
		if frames := r.Trace([]Raw{{PC: pc + 1<<20, ISeq: iseq}, {PC: pc, ISeq: iseq + 8}}); len(frames) != 0 {
			t.Errorf("%s: frames of code that is gone: %+v", v, frames)
		}
	}
}

// FuzzRuby: whatever stands in the memory, reading it ends, and slots are counted once.
func FuzzRuby(f *testing.F) {
	for i, v := range versions() {
		l := layoutOf(f, v)
		for _, at := range []uint64{0, l.sorted + 0x4000, 0x8000, 0x20000 + l.threadEC, 0x21000, 0x21008, 0x21010, 0x25010, 0x26000 + l.body.path, 0x26000 + l.body.infoSize} {
			for _, w := range []uint64{0, base + 0x6008, base + 0x21000, ^uint64(0), 1 << 40} {
				f.Add(uint8(i), uint32(at), w)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, w uint64) {
		v := versions()[int(which)%len(versions())]
		b := tiny(layoutOf(t, v))
		binary.LittleEndian.PutUint64(b[int(at)%(len(b)-8):], w)
		r, err := Open(memory(b, v))
		if err != nil {
			return
		}
		c, err := r.Census()
		sum := int64(0)
		for _, n := range c.ByType {
			sum += n
		}
		if err == nil && (sum != c.Slots || c.Objects > c.Slots || c.Slots > int64(len(b))/40) {
			t.Fatalf("%+v", c)
		}
		_, _, _ = r.Sample()
		_, _ = r.Fibers()
		_, _ = r.Bodies()
		_, _ = r.Places()
		_, _ = r.ThreadIDs()
		_ = r.Trace([]Raw{{w, uint64(at) + base, w}, {base + 0x26800, base + 0x25000, uint64(at) + base}, {magicCFunc, 0, w}})
		_ = r.GCStat()
	})
}

// TestDescribed: a program without its version in its name tells it in its constants; one
// that does not is refused.
func TestDescribed(t *testing.T) {
	for _, v := range versions() {
		b := tiny(layoutOf(t, v))
		m := memory(b, v)
		end := uint64(len(b)) - 0x1000
		m.maps[0].Path, m.maps[1].To = "/usr/local/bin/ruby", base+end
		m.maps = append(m.maps, procmem.Mapping{From: base + end, To: base + end + 0x1000, Read: true, File: true, Path: "/usr/local/bin/ruby"})
		if _, err := Open(m); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", v, err)
		}
		copy(b[end+0x700:], "ruby "+v+".7p221 (2026-01-02 revision b200bad6cd) [x86_64-linux]\x00")
		r, err := Open(m)
		if err != nil || r.Version != v {
			t.Errorf("%s: %+v, %v", v, r, err)
		}
	}
}
