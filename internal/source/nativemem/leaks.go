package nativemem

import (
	"encoding/binary"

	"culprit/internal/source/procmem"
)

// LeakReport is what no pointer leads to.
type LeakReport struct {
	// Blocks in use that nothing points to, and their bytes with headers.
	Blocks, Bytes int64
	Groups        []LeakGroup // most bytes first
	// Considered are all blocks in use.
	Considered, ConsideredBytes int64
	// Unread are bytes that could hold pointers and were not in the copy: with any, a
	// block may be called leaked that is not.
	Unread int64
}

// LeakGroup is leaked blocks that look alike.
type LeakGroup struct {
	Size         int64 // bytes with the header
	Count, Bytes int64
	// Signature says what the first word is: "text", "zero", "data", "heap" for a pointer
	// to another block, "stack", or the file it points into, with the place in it where
	// that is constant: "libfoo.so+0x1234" is a table of virtual functions, mostly.
	Signature string
	Sample    []uint64 // addresses as malloc returned them, few
}

// Leaks marks what can be reached from all memory that is not malloc's, and from
// registers, through blocks in use; a pointer into a block counts as one to it. What was
// not reached is leaked: any word that happens to look like a pointer hides a leak, none
// makes one up. Chunks in fastbins and in caches of threads are free.
//
// The memory must be a copy with all that the process writes to. Pages that were swapped
// out are not in a copy: with swapped pages the report is not to be trusted.
func Leaks(m *procmem.Mirror, registers []uint64) (*LeakReport, error) {
	v := procmem.NewView(m)
	h, err := Read(v)
	if err != nil {
		return nil, err
	}
	x, err := h.index()
	if err != nil {
		return nil, err
	}
	k := &marker{mirror: m, heap: h, index: x, marked: make([]uint64, (len(x.starts)+63)/64)}
	k.unread = int64(m.Lost)
	for _, r := range registers {
		k.word(r)
	}
	if err := k.roots(registers); err != nil {
		return nil, err
	}
	k.drain()
	return k.report(), nil
}

// marker marks blocks.
type marker struct {
	mirror *procmem.Mirror
	heap   *Heap
	index  *index
	marked []uint64 // a bit for each block
	todo   []uint32 // marked, not looked into
	unread int64
}

// word marks what a word points to.
func (k *marker) word(w uint64) {
	if w-k.index.least >= k.index.span {
		return
	}
	i, ok := k.index.find(w)
	if !ok || k.marked[i/64]&(1<<(i%64)) != 0 {
		return
	}
	k.marked[i/64] |= 1 << (i % 64)
	k.todo = append(k.todo, uint32(i))
}

// drain looks into all that was marked, and into what that marks.
func (k *marker) drain() {
	for len(k.todo) > 0 {
		i := k.todo[len(k.todo)-1]
		k.todo = k.todo[:len(k.todo)-1]
		from := k.index.starts[i]
		k.scan(from, from+k.index.usable(int(i)))
	}
}

// scan looks at the words of a stretch, as far as they were copied.
func (k *marker) scan(from, to uint64) {
	for from = (from + 7) &^ 7; from < to; {
		b := k.mirror.Slice(from, int(min(to-from, windowSize)))
		if len(b) < 8 {
			from = (from/procmem.PageSize + 1) * procmem.PageSize // a page that was never touched
			continue
		}
		k.words(b)
		from += uint64(len(b)) &^ 7
	}
}

func (k *marker) words(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		if w := binary.LittleEndian.Uint64(b); w-k.index.least < k.index.span {
			k.word(w)
		}
	}
}
