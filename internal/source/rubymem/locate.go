package rubymem

import (
	"encoding/binary"

	"culprit/internal/source/procmem"
)

// page is one page of the heap.
type page struct {
	at          uint64 // struct heap_page
	start       uint64
	slot, total int
}

// How the table of pages is looked for.
const (
	window = 4 << 10 // of each struct that a global variable of Ruby points to
	// sampled is how many pages have to agree, each in its own place and behind the one
	// before: a table of fewer is no heap. One page can be the leavings of anything; Ruby 3.3
	// without a gem has 11 (GC.stat[:heap_allocated_pages]), others more.
	sampled  = 8
	mostPage = 1 << 24
	// mostGlobals is the most that global variables take: Ruby's are some 100 KB.
	mostGlobals = 64 << 20
)

// page reads one page, and tells whether it holds together: its body begins with a
// pointer back to it, and its slots end within it.
func (r *Ruby) page(at uint64) (page, bool) {
	start, ok := r.word(at + r.lay.start)
	if !ok || start == 0 {
		return page{}, false
	}
	back, ok := r.word(start &^ (r.lay.align - 1))
	if !ok || back != at {
		return page{}, false
	}
	total, ok := r.half(at + r.lay.total)
	slot := uint16(r.lay.fixedSlot)
	if ok && slot == 0 {
		slot, ok = r.half(at + r.lay.slotSize)
	}
	room := r.lay.align - start&(r.lay.align-1)
	if !ok || slot < 40 || slot%8 != 0 || total == 0 || uint64(slot)*uint64(total) > room {
		return page{}, false
	}
	return page{at: at, start: start, slot: int(slot), total: int(total)}, true
}

// find looks for the table of pages: some global variable of Ruby points to a struct
// in which, at the place that the version has it, there is a table whose entries are
// pages that hold together.
func (r *Ruby) find() error {
	found := false
	r.eachGlobal(func(w uint64) bool {
		found = w%8 == 0 && r.view.Writable(w) && r.inside(w)
		return !found
	})
	if !found {
		return ErrNoHeap
	}
	return nil
}

// eachGlobal visits the words of Ruby's global variables until visit gives false.
func (r *Ruby) eachGlobal(visit func(uint64) bool) {
	maps := r.view.Maps()
	for i, m := range maps {
		if !m.Write || m.Size() > mostGlobals || !globals(maps, i) {
			continue
		}
		further := true
		// What is not in memory was not written to: no pointer of a heap is there.
		_ = r.view.Mem.Present(m.From, m.To, func(from, to uint64) {
			words := make([]byte, to-from)
			if _, err := r.view.Mem.ReadAt(words, int64(from)); err != nil {
				return
			}
			for o := 0; further && o+8 <= len(words); o += 8 {
				further = visit(binary.LittleEndian.Uint64(words[o:]))
			}
		})
		if !further {
			return
		}
	}
}

// globals tells whether a mapping holds global variables of Ruby: its file's, or the
// nameless one right behind.
func globals(maps []procmem.Mapping, i int) bool {
	if rubyFile.MatchString(maps[i].Path) {
		return true
	}
	return i > 0 && maps[i].Path == "" && maps[i-1].To == maps[i].From && rubyFile.MatchString(maps[i-1].Path)
}

// inside looks for the table through a struct, and through what it points to: the
// machine has the object space in a field that moves between builds.
func (r *Ruby) inside(at uint64) bool {
	if r.take(at) {
		return true
	}
	for o := uint64(0); o < window; o += 8 {
		w, ok := r.word(at + o)
		if !ok {
			return false
		}
		if w%8 == 0 && w != at && r.view.Writable(w) && r.take(w) {
			return true
		}
	}
	return false
}

// take makes a struct the object space, if it is one.
func (r *Ruby) take(space uint64) bool {
	table, n := r.tableOf(space)
	if n == 0 {
		return false
	}
	r.space, r.table, r.pages = space, table, n
	return true
}

// tableOf reads the table of an object space, n is 0 when that is none.
func (r *Ruby) tableOf(space uint64) (table uint64, n int) {
	table, ok := r.word(space + r.lay.sorted)
	if !ok || !r.view.Writable(table) {
		return 0, 0
	}
	var count uint64
	if r.lay.darray {
		count, ok = r.word(table)
		table += 16
	} else {
		count, ok = r.word(space + r.lay.allocated)
	}
	if !ok || count < sampled || count > mostPage {
		return 0, 0
	}
	before := uint64(0)
	for i := range uint64(sampled) {
		at, ok := r.word(table + 8*(count*i/sampled))
		if !ok {
			return 0, 0
		}
		pg, ok := r.page(at)
		if !ok || pg.start <= before {
			return 0, 0
		}
		before = pg.start
	}
	return table, int(count)
}

// eachPage reads the slots of all pages, one page at a time. b is used again. unread
// counts pages that went away.
func (r *Ruby) eachPage(visit func(pg page, b []byte)) (unread int) {
	buf := make([]byte, 0, r.lay.align)
	for i := range r.pages {
		at, ok := r.word(r.table + 8*uint64(i))
		if !ok {
			unread++
			continue
		}
		pg, ok := r.page(at)
		if !ok {
			unread++
			continue
		}
		buf = buf[:pg.slot*pg.total]
		if _, err := r.view.Mem.ReadAt(buf, int64(pg.start)); err != nil {
			unread++
			continue
		}
		visit(pg, buf)
	}
	return unread
}
