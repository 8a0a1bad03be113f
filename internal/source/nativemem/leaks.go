package nativemem

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"culprit/internal/source/procmem"
)

// LeakReport is what no pointer reaches: blocks that the program can neither use nor free.
// A block that a stale pointer still names is not in it, so it is a lower bound.
type LeakReport struct {
	Blocks, Bytes int64
	Groups        []LeakGroup // most bytes first
	// Considered are all blocks in use.
	Considered, ConsideredBytes int64
}

// LeakGroup is leaked blocks of one size and one beginning.
type LeakGroup struct {
	Size, Count, Bytes int64
	// Library has the object that the first word points to (a table of functions), ""
	// where it points to none.
	Library string
	// Kind is "text" or "zero" where the first words are, "pointers" or "data".
	Kind string
}

// block is one in the list of all.
type block struct {
	at    uint64
	size  uint32 // of what the program has; larger ones saturate
	whole int64
}

// Leaks marks conservatively: whatever looks like an address within a block keeps it, from
// all memory that the process writes to and malloc does not own, from registers, and from
// blocks that are kept.
func Leaks(m *procmem.Mirror, registers []uint64) (*LeakReport, error) {
	h, err := Read(procmem.NewView(m))
	if err != nil {
		return nil, err
	}
	blocks, err := h.blocks(m)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return &LeakReport{}, nil
	}
	k := &marker{m: m, blocks: blocks, reached: make([]bool, len(blocks)), low: blocks[0].at, high: blocks[len(blocks)-1].at + uint64(blocks[len(blocks)-1].whole)}
	for _, w := range registers {
		k.mark(w)
	}
	k.roots(h.Ranges())
	k.spread()
	return k.report(h), nil
}

// blocks lists what is in use and no thread keeps for its next call, by address.
func (h *Heap) blocks(m *procmem.Mirror) (list []block, err error) {
	keys := h.keys()
	free, err := h.fastChunks()
	if err != nil {
		return nil, err
	}
	err = h.Each(func(c Chunk) {
		if !c.InUse || free[c.Address] || cached(m, c, keys) {
			return
		}
		size := c.Size - 8
		list = append(list, block{at: c.Address, size: uint32(min(size, 1<<32-1)), whole: size})
	})
	slices.SortFunc(list, func(a, b block) int { return cmp.Compare(a.at, b.at) })
	return list, err
}

// mostCached is the largest chunk that a thread keeps (tcache_max_bytes), with its head.
const mostCached = 1040

// cached tells whether a thread keeps a chunk for itself: its second word is a number that
// all such chunks share (tcache_key, since 2.34), or the thread's own table.
func cached(m *procmem.Mirror, c Chunk, keys map[uint64]bool) bool {
	if c.Size > mostCached {
		return false
	}
	b := m.Slice(c.Address, 16)
	if len(b) < 16 {
		return false
	}
	w := binary.LittleEndian.Uint64(b[8:])
	return w != 0 && keys[w]
}

// keys are what can stand in the second word of a cached chunk: a random number among the
// variables of libc (it is no address, and has bits in its upper half), or the address of
// a table of a thread, which is a chunk of 0x290 bytes.
func (h *Heap) keys() map[uint64]bool {
	keys := map[uint64]bool{}
	maps := h.view.Maps()
	for i, m := range maps {
		ours := isLibc(m.Path) || i > 0 && m.Path == "" && isLibc(maps[i-1].Path) && maps[i-1].To == m.From
		if !ours || !m.Write || m.Size() > 1<<20 {
			continue
		}
		for at := m.From; at < m.To; at += 8 {
			if w, err := h.view.Word(at); err == nil && w>>56 != 0 {
				keys[w] = true
			}
		}
	}
	const table = 0x290
	for i := range h.Arenas {
		_ = h.each(&h.Arenas[i], func(c Chunk) { // it was walked before
			if c.Size == table && c.InUse {
				keys[c.Address] = true
			}
		})
	}
	return keys
}

// fastChunks are those of fast bins, by what the program had.
func (h *Heap) fastChunks() (map[uint64]bool, error) {
	free := map[uint64]bool{}
	for i := range h.Arenas {
		if _, err := h.fast(&h.Arenas[i], func(at uint64) { free[at+16] = true }); err != nil {
			return nil, err
		}
	}
	return free, nil
}

// marker is the marking.
type marker struct {
	m         *procmem.Mirror
	blocks    []block
	reached   []bool
	stack     []int32
	low, high uint64
}

// mark reaches the block that a word points into.
func (k *marker) mark(w uint64) {
	if w < k.low || w >= k.high {
		return
	}
	i, found := slices.BinarySearchFunc(k.blocks, w, func(b block, w uint64) int { return cmp.Compare(b.at, w) })
	if !found {
		i--
	}
	if i < 0 || w >= k.blocks[i].at+uint64(k.blocks[i].whole) || k.reached[i] {
		return
	}
	k.reached[i] = true
	k.stack = append(k.stack, int32(i))
}

// scan marks all words of a stretch.
func (k *marker) scan(from, to uint64) {
	for at := from; at < to; {
		b := k.m.Slice(at, int(min(to-at, 1<<30)))
		if len(b) < 8 {
			at = (at + procmem.PageSize) &^ (procmem.PageSize - 1)
			continue
		}
		for o := 0; o+8 <= len(b); o += 8 {
			if w := binary.LittleEndian.Uint64(b[o:]); w >= k.low && w < k.high {
				k.mark(w)
			}
		}
		at += uint64(len(b) &^ 7)
	}
}

// roots marks from all that malloc does not own: variables, stacks, the heap of Ruby.
func (k *marker) roots(owned []Range) {
	for _, m := range k.m.Maps() {
		if !m.Write || !m.Read {
			continue
		}
		at := m.From
		for _, r := range owned {
			if r.To <= at || r.From >= m.To {
				continue
			}
			k.present(at, min(r.From, m.To))
			at = max(at, r.To)
		}
		k.present(at, m.To)
	}
}

func (k *marker) present(from, to uint64) {
	if from < to {
		_ = k.m.Present(from, to, k.scan) // a mirror knows what it holds
	}
}

// spread marks from what was reached.
func (k *marker) spread() {
	for len(k.stack) > 0 {
		i := k.stack[len(k.stack)-1]
		k.stack = k.stack[:len(k.stack)-1]
		b := k.blocks[i]
		k.present(b.at, b.at+uint64(b.whole))
	}
}

// report gathers what was not reached.
func (k *marker) report(h *Heap) *LeakReport {
	r := &LeakReport{Considered: int64(len(k.blocks))}
	groups := map[LeakGroup]*LeakGroup{}
	for i, b := range k.blocks {
		r.ConsideredBytes += b.whole
		if k.reached[i] {
			continue
		}
		r.Blocks++
		r.Bytes += b.whole
		key := k.sign(b, h.view.Maps())
		g := groups[key]
		if g == nil {
			g = &LeakGroup{Size: key.Size, Library: key.Library, Kind: key.Kind}
			groups[key] = g
		}
		g.Count++
		g.Bytes += b.whole
	}
	for _, g := range groups {
		r.Groups = append(r.Groups, *g)
	}
	slices.SortFunc(r.Groups, func(a, b LeakGroup) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Library, b.Library), cmp.Compare(a.Kind, b.Kind))
	})
	return r
}

// sign says what a block begins with.
func (k *marker) sign(b block, maps []procmem.Mapping) LeakGroup {
	g := LeakGroup{Size: b.whole, Kind: "data"}
	head := k.m.Slice(b.at, int(min(b.whole, 64)))
	if len(head) < 8 {
		return g
	}
	first := binary.LittleEndian.Uint64(head)
	if m, ok := procmem.Find(maps, first); ok {
		g.Kind = "pointers"
		if m.File {
			g.Library = m.Path
		}
		return g
	}
	switch {
	case !slices.ContainsFunc(head, func(c byte) bool { return c != 0 }):
		g.Kind = "zero"
	case text(head):
		g.Kind = "text"
	}
	return g
}

// text tells whether bytes are printable up to their first zero, and some are.
func text(b []byte) bool {
	for i, c := range b {
		if c == 0 {
			return i >= 8
		}
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// String is a line for an error or a log.
func (r *LeakReport) String() string {
	return fmt.Sprintf("%d blocks of %d, %d bytes of %d", r.Blocks, r.Considered, r.Bytes, r.ConsideredBytes)
}
