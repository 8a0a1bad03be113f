package nativemem

import (
	"encoding/binary"
	"errors"
	"fmt"

	"culprit/internal/source/procmem"
)

// Bits of a chunk's size.
const (
	prevInUse = 1
	isMmapped = 2
	sizeBits  = 7
)

// cursor reads heads of chunks one after another in large pieces.
type cursor struct {
	m    procmem.Mem
	at   uint64
	data []byte
	buf  []byte
}

const piece = 1 << 20

// head reads the two words before what the program has.
func (c *cursor) head(at uint64) (prev, size uint64, err error) {
	if at < c.at || at+16 > c.at+uint64(len(c.data)) {
		if c.buf == nil {
			c.buf = make([]byte, piece)
		}
		n, err := c.m.ReadAt(c.buf, int64(at)) // up to the next page that is not there
		if n < 16 {
			return 0, 0, err
		}
		c.at, c.data = at, c.buf[:n]
	}
	o := at - c.at
	return binary.LittleEndian.Uint64(c.data[o:]), binary.LittleEndian.Uint64(c.data[o+8:]), nil
}

// each visits the chunks of an arena up to its top. A size that leads nowhere is an error:
// what lies behind it is not known.
func (h *Heap) each(a *Arena, visit func(Chunk)) error {
	for _, r := range a.Parts {
		if err := h.part(a, r, visit); err != nil {
			return err
		}
	}
	return nil
}

func (h *Heap) part(a *Arena, r Range, visit func(Chunk)) error {
	c := &cursor{m: h.view.Mem}
	at := r.From
	if !a.Main && at%heapMax == 0x20 { // which head the heap has is told by its first chunk
		if _, size, err := c.head(at); err == nil && (size&^sizeBits < minSize || size > heapMax) {
			at += 16
		}
	}
	_, size, err := c.head(at)
	if err != nil {
		return torn(at, err)
	}
	for at < r.To {
		n := size &^ sizeBits
		if r.To != a.top && n <= 16 {
			return nil // the two fence posts at the end of a heap that is full
		}
		if n < minSize || n%16 != 0 || at+n > r.To {
			return torn(at, fmt.Errorf("a chunk of %d bytes", n))
		}
		_, next, err := c.head(at + n)
		if err != nil {
			return torn(at+n, err)
		}
		visit(Chunk{Address: at + 16, Size: int64(n), InUse: next&prevInUse != 0})
		at, size = at+n, next
	}
	return nil
}

func torn(at uint64, err error) error {
	if errors.Is(err, procmem.ErrGone) {
		return err
	}
	return fmt.Errorf("%w: at %#x: %w", ErrTorn, at, err)
}

// mapped finds blocks with a mapping of their own: they begin with a page whose head says
// so, and follow each other where mappings have grown together.
func (h *Heap) mapped() {
	left := h.MmapBytes
	for _, m := range h.view.Maps() {
		if left <= 0 {
			return
		}
		if m.File || m.Path != "" || !m.Write || !m.Read || m.Share {
			continue
		}
		for at := m.From; at+procmem.PageSize <= m.To && left > 0; {
			n := h.mappedAt(at, m.To)
			if n == 0 {
				at += procmem.PageSize
				continue
			}
			h.Mapped = append(h.Mapped, Range{at, at + n})
			at += n
			left -= int64(n)
		}
	}
}

// mappedAt gives the size of the block at a page, 0 where there is none.
func (h *Heap) mappedAt(at, end uint64) uint64 {
	prev, err1 := h.view.Word(at)
	size, err2 := h.view.Word(at + 8)
	n := size &^ sizeBits
	if err1 != nil || err2 != nil || prev != 0 || size&sizeBits != isMmapped || n%procmem.PageSize != 0 || n == 0 || n > end-at {
		return 0
	}
	return n
}
