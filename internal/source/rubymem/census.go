package rubymem

import (
	"encoding/binary"
	"fmt"
)

// Census counts the slots of a heap by type, with Ruby's own names; FREE are slots
// without an object, as ObjectSpace.count_objects has them.
type Census struct {
	Pages   int
	Slots   int64
	Objects int64 // slots that are not free
	Bytes   int64 // of all slots
	ByType  map[string]int64
	// Unread are pages that went away while they were read.
	Unread int
}

// page is one page of the heap.
type page struct {
	start       uint64
	slot, total int
}

// How the table of pages is looked for.
const (
	window   = 4 << 10 // of each struct that a global variable of Ruby points to
	sampled  = 8       // pages that have to agree
	mostPage = 1 << 24
	// mostGlobals is the most that global variables take: Ruby's are some 100 KB.
	mostGlobals = 64 << 20
)

// Census reads all pages. The process goes on meanwhile: what it makes or frees while
// it is read may be counted or not.
func (p *Process) Census() (Census, error) {
	table, n, err := p.find()
	if err != nil {
		return Census{}, fmt.Errorf("pid %d, Ruby %s: %w", p.PID, p.Version, err)
	}
	c := Census{ByType: map[string]int64{}}
	var counts [32]int64
	buf := make([]byte, 0, p.lay.align)
	for i := range n {
		at, ok := p.word(table + 8*uint64(i))
		if !ok {
			c.Unread++
			continue
		}
		pg, ok := p.page(at)
		if !ok {
			c.Unread++
			continue
		}
		buf = buf[:pg.slot*pg.total]
		if _, err := p.mem.ReadAt(buf, int64(pg.start)); err != nil {
			c.Unread++
			continue
		}
		c.Pages++
		c.Bytes += int64(len(buf))
		for s := 0; s < len(buf); s += pg.slot {
			counts[binary.LittleEndian.Uint64(buf[s:])&0x1f]++
		}
	}
	for t, k := range counts {
		if k == 0 {
			continue
		}
		name := types[t]
		if name == "" {
			return Census{}, fmt.Errorf("pid %d, Ruby %s: %w: %d slots of type %#x", p.PID, p.Version, ErrNoHeap, k, t)
		}
		c.ByType[name] = k
		if c.Slots += k; t != 0 {
			c.Objects += k
		}
	}
	return c, nil
}

// page reads one page, and tells whether it holds together: its body begins with a
// pointer back to it, and its slots end within it.
func (p *Process) page(at uint64) (page, bool) {
	start, ok := p.word(at + p.lay.start)
	if !ok || start == 0 {
		return page{}, false
	}
	back, ok := p.word(start &^ (p.lay.align - 1))
	if !ok || back != at {
		return page{}, false
	}
	total, ok := p.half(at + p.lay.total)
	slot := uint16(p.lay.fixedSlot)
	if ok && slot == 0 {
		slot, ok = p.half(at + p.lay.slotSize)
	}
	room := p.lay.align - start&(p.lay.align-1)
	if !ok || slot < 40 || slot%8 != 0 || total == 0 || uint64(slot)*uint64(total) > room {
		return page{}, false
	}
	return page{start: start, slot: int(slot), total: int(total)}, true
}

// find looks for the table of pages: some global variable of Ruby points to a struct
// in which, at the place that the version has it, there is a table whose entries are
// pages that hold together.
func (p *Process) find() (table uint64, n int, err error) {
	for i, r := range p.regions {
		if !r.write || !p.globals(i) || r.to-r.from > mostGlobals {
			continue
		}
		words := make([]byte, r.to-r.from)
		if _, err := p.mem.ReadAt(words, int64(r.from)); err != nil {
			continue
		}
		for o := 0; o+8 <= len(words); o += 8 {
			w := binary.LittleEndian.Uint64(words[o:])
			if w%8 != 0 || !p.writable(w) {
				continue
			}
			if table, n := p.inside(w); n > 0 {
				return table, n, nil
			}
		}
	}
	return 0, 0, ErrNoHeap
}

// globals tells whether a region holds global variables of Ruby: its file's, or the
// nameless one right behind.
func (p *Process) globals(i int) bool {
	if rubyFile.MatchString(p.regions[i].path) {
		return true
	}
	return i > 0 && p.regions[i].path == "" && p.regions[i-1].to == p.regions[i].from && rubyFile.MatchString(p.regions[i-1].path)
}

// inside looks for the table through a struct, and through what it points to: the
// machine has the object space in a field that moves between builds.
func (p *Process) inside(at uint64) (table uint64, n int) {
	if table, n := p.table(at); n > 0 {
		return table, n
	}
	b := make([]byte, window)
	k, _ := p.mem.ReadAt(b, int64(at)) // what can be read of it
	for o := 0; o+8 <= k; o += 8 {
		w := binary.LittleEndian.Uint64(b[o:])
		if w%8 != 0 || w == at || !p.writable(w) {
			continue
		}
		if table, n := p.table(w); n > 0 {
			return table, n
		}
	}
	return 0, 0
}

// table reads the table of an object space, n is 0 when that is none.
func (p *Process) table(space uint64) (table uint64, n int) {
	table, ok := p.word(space + p.lay.sorted)
	if !ok || !p.writable(table) {
		return 0, 0
	}
	var count uint64
	if p.lay.darray {
		count, ok = p.word(table)
		table += 16
	} else {
		count, ok = p.pages(space, table)
	}
	if !ok || count == 0 || count > mostPage {
		return 0, 0
	}
	for i := range uint64(sampled) {
		at, ok := p.word(table + 8*(count*i/sampled))
		if !ok {
			return 0, 0
		}
		if _, ok := p.page(at); !ok {
			return 0, 0
		}
	}
	return table, int(count)
}

// pages tells how many pages a table has. Right behind it in the struct stands
// heap_pages.allocated_pages of most versions; the table itself tells best: its
// entries are pages, in the order of their addresses, up to the first that is none.
func (p *Process) pages(_, table uint64) (uint64, bool) {
	before := uint64(0)
	for n := range uint64(mostPage) {
		at, ok := p.word(table + 8*n)
		if !ok || at == 0 {
			return n, n > 0
		}
		pg, ok := p.page(at)
		if !ok || pg.start <= before {
			return n, n > 0
		}
		before = pg.start
	}
	return 0, false
}
