// Package nativemem is the door to the native heap of a process: glibc's arenas, their
// chunks, what malloc_trim would give back, and blocks that no pointer reaches.
//
// It owns finding main_arena by its own invariants and walking every chunk. It refuses
// other allocators by name, and to give a number where the walk does not close.
//
// Facts of glibc are those of malloc/malloc.c and malloc/arena.c
// (https://sourceware.org/git/?p=glibc.git).
package nativemem

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"culprit/internal/source/procmem"
)

// Errors that callers tell apart.
var (
	ErrAllocator = errors.New("its allocator is not glibc's")
	ErrNoArena   = errors.New("glibc's main arena was not found")
	ErrTorn      = errors.New("the native heap changed while it was walked")
)

// Heap is what glibc's malloc has.
type Heap struct {
	Arenas []Arena
	// MmapChunks are blocks with a mapping of their own, MmapBytes their size: glibc's own
	// count (mallinfo2's hblks and hblkhd).
	MmapChunks, MmapBytes int64
	// Mapped are those blocks that were found.
	Mapped []Range

	view *procmem.View
}

// Range is a stretch of addresses.
type Range struct{ From, To uint64 }

// Arena is one of the heaps that threads share. All amounts are in bytes.
type Arena struct {
	Main    bool
	Address uint64 // of its struct malloc_state
	System  int64  // taken of the kernel: malloc_info's system current
	InUse   int64
	Free    int64 // mallinfo2's fordblks: free chunks, those of fast bins and the top
	Top     int64
	// Releasable is what malloc_trim(0) would give back: whole pages of free chunks that
	// are in memory, and the end of the main arena.
	Releasable int64
	Chunks     int64 // in use
	Parts      []Range

	bins, top uint64
}

// Chunk is a block of malloc.
type Chunk struct {
	Address uint64 // that the program has
	Size    int64  // with its header of 8 bytes
	InUse   bool   // chunks that a thread keeps for itself (tcache) count as in use
}

// Allocators that are known by the names of their files.
var allocators = regexp.MustCompile(`/lib(jemalloc|tcmalloc|mimalloc)[^/]*\.so|/(ld-musl)-`)

// Allocator names what gives a process its memory: "glibc", "jemalloc", "tcmalloc",
// "mimalloc", "musl" or "unknown".
func Allocator(maps []procmem.Mapping) string {
	name := "unknown"
	for _, m := range maps {
		if part := allocators.FindStringSubmatch(m.Path); part != nil {
			if part[2] != "" {
				return "musl"
			}
			return part[1]
		}
		if isLibc(m.Path) {
			name = "glibc"
		}
	}
	return name
}

var libc = regexp.MustCompile(`/libc(\.so\.6|-2\.[0-9]+\.so)(?: \(deleted\))?$`)

func isLibc(path string) bool { return libc.MatchString(path) }

// Read finds all arenas and walks them.
func Read(v *procmem.View) (*Heap, error) {
	if name := Allocator(v.Maps()); name != "glibc" {
		return nil, fmt.Errorf("%w but %s", ErrAllocator, name)
	}
	h := &Heap{view: v}
	if err := h.find(); err != nil {
		return nil, err
	}
	h.mapped()
	for i := range h.Arenas {
		if err := h.measure(&h.Arenas[i]); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// measure walks one arena.
func (h *Heap) measure(a *Arena) error {
	var pages []Range
	err := h.each(a, func(c Chunk) {
		if c.InUse {
			a.InUse += c.Size
			a.Chunks++
			return
		}
		a.Free += c.Size
		if r, ok := trimmed(c); ok {
			pages = append(pages, r)
		}
	})
	if err != nil {
		return err
	}
	top, err := h.view.Word(a.top + 8)
	if err != nil {
		return fmt.Errorf("%w: its top cannot be read (%w)", ErrTorn, err)
	}
	a.Top = int64(top &^ 7)
	a.Free += a.Top
	fast, err := h.fast(a, func(uint64) {})
	if err != nil {
		return err
	}
	a.Free += fast
	a.InUse -= fast
	if a.Main {
		// systrim gives the end of the top back but for one page and MINSIZE.
		if r := (Range{roundUp(a.top + minSize + 1), a.top + uint64(a.Top)}); r.From < r.To {
			pages = append(pages, r)
		}
	}
	for _, r := range pages {
		if err := h.view.Mem.Present(r.From, r.To, func(from, to uint64) { a.Releasable += int64(to - from) }); err != nil {
			return err
		}
	}
	return nil
}

// minSize is MINSIZE, the size of the smallest chunk, and that of struct malloc_chunk less
// its list of sizes.
const minSize = 32

func roundUp(at uint64) uint64 { return (at + procmem.PageSize - 1) &^ (procmem.PageSize - 1) }

// trimmed gives the whole pages within a free chunk: those behind its head of 48 bytes
// (mtrim).
func trimmed(c Chunk) (Range, bool) {
	at := c.Address - 16
	r := Range{roundUp(at + 48), (at + uint64(c.Size)) &^ (procmem.PageSize - 1)}
	return r, r.From < r.To
}

// Total sums up all arenas.
func (h *Heap) Total() (t Arena) {
	for _, a := range h.Arenas {
		t.System += a.System
		t.InUse += a.InUse
		t.Free += a.Free
		t.Top += a.Top
		t.Releasable += a.Releasable
		t.Chunks += a.Chunks
	}
	return t
}

// Each visits all chunks of all arenas, and blocks with a mapping of their own.
func (h *Heap) Each(visit func(Chunk)) error {
	for i := range h.Arenas {
		if err := h.each(&h.Arenas[i], visit); err != nil {
			return err
		}
	}
	for _, r := range h.Mapped {
		visit(Chunk{Address: r.From + 16, Size: int64(r.To - r.From), InUse: true})
	}
	return nil
}

// Ranges are all stretches that malloc has, by address.
func (h *Heap) Ranges() []Range {
	var list []Range
	for _, a := range h.Arenas {
		list = append(list, a.Parts...)
	}
	list = append(list, h.Mapped...)
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	return list
}

// SizeClass is chunks in use of one size.
type SizeClass struct{ Size, Count, Bytes int64 }

// Histogram counts chunks in use by their size, most bytes first. Sizes of more than 4
// KB are counted by the power of two below them.
func (h *Heap) Histogram() ([]SizeClass, error) {
	sizes := map[int64]*SizeClass{}
	err := h.Each(func(c Chunk) {
		if !c.InUse {
			return
		}
		size := c.Size
		if size > 4096 {
			for size = 4096; size*2 <= c.Size; size *= 2 {
			}
		}
		s := sizes[size]
		if s == nil {
			s = &SizeClass{Size: size}
			sizes[size] = s
		}
		s.Count++
		s.Bytes += c.Size
	})
	list := make([]SizeClass, 0, len(sizes))
	for _, s := range sizes {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b SizeClass) int {
		if a.Bytes != b.Bytes {
			return int(b.Bytes - a.Bytes)
		}
		return int(a.Size - b.Size)
	})
	return list, err
}
