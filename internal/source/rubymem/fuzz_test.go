package rubymem

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// image is memory at a place.
type image struct {
	at uint64
	b  []byte
}

func (m image) ReadAt(b []byte, off int64) (int, error) {
	from := uint64(off) - m.at
	if uint64(off) < m.at || from >= uint64(len(m.b)) {
		return 0, errors.New("not mapped")
	}
	n := copy(b, m.b[from:])
	if n < len(b) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// tiny is a heap of one page in 256 KB: a global variable points to an object space,
// that to a table, that to a page, and the page's body back to it.
func tiny(l layout) []byte {
	b := make([]byte, 256<<10)
	put := func(at, v uint64) { binary.LittleEndian.PutUint64(b[at-base:], v) }
	space, table, pg, body := base+0x4000, base+0x6000, base+0x7000, base+0x10000
	put(base, space)
	put(space+l.sorted, table)
	entries := table
	if l.darray {
		put(table, 1)
		entries += 16
	}
	put(entries, pg)
	put(pg+l.start, body+16)
	if l.fixedSlot == 0 {
		binary.LittleEndian.PutUint16(b[pg+l.slotSize-base:], 40)
	}
	binary.LittleEndian.PutUint16(b[pg+l.total-base:], 100)
	put(body, pg)
	for i := range uint64(30) {
		put(body+16+40*i, 5) // strings
	}
	return b
}

const base uint64 = 0x7f0000000000

func open(b []byte, l layout) *Process {
	end := base + uint64(len(b))
	return &Process{mem: image{base, b}, lay: l, Version: l.version, regions: []region{
		{from: base, to: min(base+0x1000, end), write: true, path: "/usr/lib/libruby-3.1.so.3.1.2"}, {from: min(base+0x1000, end), to: end, write: true},
	}}
}

func TestTiny(t *testing.T) {
	for _, l := range layouts() {
		c, err := open(tiny(l), l).Census()
		if err != nil || c.Objects != 30 || c.Slots != 100 || c.ByType["T_STRING"] != 30 || c.ByType["FREE"] != 70 {
			t.Errorf("%s: %+v, %v", l.version, c, err)
		}
	}
}

// FuzzCensus: whatever stands in the memory, reading it ends, and slots are counted
// once.
func FuzzCensus(f *testing.F) {
	for i, l := range layouts() {
		f.Add(uint8(i), uint32(0), uint64(0))
		f.Add(uint8(i), uint32(l.sorted)+0x4000, base+0x6008)
		f.Add(uint8(i), uint32(0x7000), uint64(0xffffffffffffffff))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, v uint64) {
		l := layouts()[int(which)%len(layouts())]
		b := tiny(l)
		binary.LittleEndian.PutUint64(b[int(at)%(len(b)-8):], v)
		c, err := open(b, l).Census()
		sum := int64(0)
		for _, n := range c.ByType {
			sum += n
		}
		if err == nil && (sum != c.Slots || c.Objects > c.Slots || c.Slots > int64(len(b))/40) {
			t.Fatalf("%+v", c)
		}
	})
}
