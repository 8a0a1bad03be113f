package nativemem

import (
	"encoding/binary"
	"fmt"
	"strings"

	"culprit/internal/source/procmem"
)

// block is what mmap gave for one chunk.
type block struct {
	from, chunk, to uint64
}

// nameless tells of memory that malloc may have mapped: glibc.mem.decorate_maps names it.
func nameless(m procmem.Mapping) bool {
	return m.Read && m.Write && !m.Execute && !m.Share && !m.File &&
		(m.Path == "" || strings.HasPrefix(m.Path, "[anon: glibc: malloc"))
}

// findMapped looks for chunks with the bit IS_MMAPPED in nameless mappings. The kernel
// joins neighbours, so every page can begin one.
func (h *Heap) findMapped() error {
	if h.MmapChunks == 0 {
		return nil
	}
	buffer := make([]byte, windowSize)
	for _, m := range h.view.Maps() {
		if !nameless(m) {
			continue
		}
		if h.wholeMapped() {
			break
		}
		f := finder{heap: h, m: m, free: m.From}
		var failed error
		err := h.view.Mem.Present(m.From, m.To, func(from, to uint64) {
			if failed == nil {
				failed = f.stretch(buffer, max(from, m.From), min(to, m.To))
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return fmt.Errorf("blocks with mappings of their own: %w", err)
		}
	}
	return nil
}

// finder goes through one mapping.
type finder struct {
	heap *Heap
	m    procmem.Mapping
	free uint64 // from here on nothing was found
}

// stretch looks at pages that are in memory.
func (f *finder) stretch(buffer []byte, from, to uint64) error {
	for at := max(from, f.free); at < to; {
		if k := f.heap.walkOf(at); k != nil {
			at = max(k.end, at+procmem.PageSize) &^ (procmem.PageSize - 1)
			f.free = max(f.free, at)
			continue
		}
		b := buffer[:min(to-at, windowSize)]
		if _, err := f.heap.view.Mem.ReadAt(b, int64(at)); err != nil {
			return fmt.Errorf("reading at %#x: %w", at, err)
		}
		at = f.block(b, at)
	}
	return nil
}

// block looks at the pages of one reading, and says where to go on.
func (f *finder) block(b []byte, at uint64) uint64 {
	for o := 0; o < len(b); o += procmem.PageSize {
		page := at + uint64(o)
		if page < f.free {
			continue
		}
		if f.heap.walkOf(page) != nil {
			return page
		}
		if found, ok := f.page(b[o:min(o+procmem.PageSize, len(b))], page); ok {
			f.heap.addMapped(found)
			f.free = found.to
			if found.to-at >= uint64(len(b)) {
				return found.to
			}
		}
	}
	return at + uint64(len(b))
}

// page looks for a header. A block with an alignment begins before its chunk: prev_size
// tells by how much, and the chunk stands 16 bytes before a power of two. Since 2.43 size
// leaves the header out.
func (f *finder) page(b []byte, page uint64) (block, bool) {
	if len(b) < procmem.PageSize {
		return block{}, false
	}
	for a := uint64(align); a <= procmem.PageSize; a *= 2 {
		o := a - header
		before, head := binary.LittleEndian.Uint64(b[o:]), binary.LittleEndian.Uint64(b[o+8:])
		if head&flags != isMmapped {
			continue
		}
		chunk, size := page+o, head&^flags
		if size < smallest || size > f.m.To-chunk || before > chunk-f.free {
			continue
		}
		from, to := chunk-before, chunk+size
		if to%procmem.PageSize == procmem.PageSize-header { // since 2.43
			to += header
		}
		if from%procmem.PageSize != 0 || to%procmem.PageSize != 0 || before != o && a < procmem.PageSize {
			continue
		}
		return block{from, chunk, to}, true
	}
	return block{}, false
}

func (h *Heap) addMapped(b block) {
	h.mapped = append(h.mapped, b)
	h.MmapFound++
	h.MmapFoundBytes += int64(b.to - b.from)
	h.sizes.add(int64(b.to-b.chunk), 1)
}
