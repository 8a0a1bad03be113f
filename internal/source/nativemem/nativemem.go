// Package nativemem is the door to the native heap of a process: glibc's arenas, their
// chunks, what malloc_trim would give back, and blocks that no pointer reaches.
//
// It owns finding main_arena by its own invariants and walking every chunk. It refuses
// other allocators by name, and to give a number where the walk does not close.
//
// All layouts are those of glibc's malloc/malloc.c and malloc/arena.c on LP64
// (https://sourceware.org/git/?p=glibc.git), 2.31 to 2.43.
package nativemem

import (
	"errors"
	"fmt"

	"culprit/internal/source/procmem"
)

// Errors that callers tell apart.
var (
	// ErrAllocator means that malloc of the process is not glibc's.
	ErrAllocator = errors.New("the native heap is not glibc's")
	// ErrNoArena means that main_arena was not found.
	ErrNoArena = errors.New("glibc's main_arena was not found")
	// ErrTorn means that the sizes of chunks do not lead to the end of a heap: the process
	// went on while it was read, or its heap is broken.
	ErrTorn = errors.New("the native heap does not close")
)

// Heap is the malloc heap of a process. All sizes are bytes.
type Heap struct {
	Arenas []Arena
	// MmapChunks and MmapBytes are what mp_ says of blocks with mappings of their own:
	// mallinfo2's hblks and hblkhd.
	MmapChunks, MmapBytes int64
	// MmapFound and MmapFoundBytes are those blocks that were found. Where they differ
	// from the above, Each leaves these blocks out.
	MmapFound, MmapFoundBytes int64
	// TcacheBytes and TcacheChunks are free chunks in caches of threads. mallinfo2 counts
	// them as in use.
	TcacheBytes, TcacheChunks int64

	view   *procmem.View
	state  gap // main_arena
	walks  []walk
	mapped []block
	fast   []uint64 // chunks in fastbins, by address
	cached []uint64 // chunks in caches of threads, by address
	sizes  sizes
	chunks int64 // walked, in use
	steps  int64 // through lists of caches
}

// Arena is one arena. All sizes are bytes.
type Arena struct {
	Main    bool
	Address uint64 // of struct malloc_state
	Heaps   int64  // stretches of memory
	System  int64  // system_mem, as malloc_info's "system type=current"
	// InUse are chunks in use with their headers, those in caches of threads left out.
	InUse int64
	// Free are chunks in bins and fastbins, and top: this arena's part of fordblks.
	Free int64
	Fast int64 // of Free, in fastbins
	Top  int64 // of Free, the chunk at the end
	// Tcache are free chunks of this arena in caches of threads.
	Tcache int64
	// Releasable is what malloc_trim(0) gives back: whole pages inside free chunks, and of
	// main_arena those of top, as far as they are in memory. glibc never trims another
	// arena's top that way: see TopPresent.
	Releasable int64
	TopPresent int64 // of top, what is in memory
	Chunks     int64 // in use
	FreeChunks int64 // in bins and fastbins
}

// Chunk is a block of malloc, or a free one.
type Chunk struct {
	Address uint64 // what malloc returned
	Size    int64  // bytes with the header; 8 less are usable, of an mmapped one 16
	InUse   bool
	Arena   int // index in Heap.Arenas, -1 for a block with a mapping of its own
}

// Read finds the arenas and walks them all. The process should stand still, or be a copy:
// in one that goes on the walk may end with ErrTorn and is worth another try.
func Read(v *procmem.View) (*Heap, error) {
	if name := Allocator(v.Maps()); name != "glibc" {
		return nil, fmt.Errorf("%w: its allocator is %s", ErrAllocator, name)
	}
	found, err := findArenas(v)
	if err != nil {
		return nil, err
	}
	h := &Heap{view: v, state: gap{found.list[0], found.bins + stateEnd}}
	if err := h.lay(found); err != nil {
		return nil, err
	}
	if err := h.measure(); err != nil {
		return nil, err
	}
	if err := h.findMapped(); err != nil {
		return nil, err
	}
	return h, nil
}

// Each visits all chunks but top: arena by arena, by address in each heap, then blocks
// with mappings of their own. It reads the memory again.
func (h *Heap) Each(visit func(Chunk)) error {
	w := newWindow(h.view)
	for i := range h.walks {
		err := h.walks[i].each(w, func(c raw) {
			used := c.used && !has(h.cached, c.at) && !has(h.fast, c.at)
			visit(Chunk{Address: c.at + header, Size: int64(c.size), InUse: used, Arena: h.walks[i].arena})
		})
		if err != nil {
			return err
		}
	}
	if !h.wholeMapped() {
		return nil
	}
	for _, b := range h.mapped {
		visit(Chunk{Address: b.chunk + header, Size: int64(b.to - b.chunk), InUse: true, Arena: -1})
	}
	return nil
}

// wholeMapped tells whether the blocks that were found are those that glibc counts. Since
// 2.43 its sum may be some bytes off after a realloc (mremap_chunk).
func (h *Heap) wholeMapped() bool {
	off := h.MmapFoundBytes - h.MmapBytes
	return h.MmapFound == h.MmapChunks && max(off, -off) <= h.MmapChunks*header*mostResized
}

// mostResized is how many reallocs of each block the sum may be off by.
const mostResized = 64
