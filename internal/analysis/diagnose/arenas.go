package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"culprit"
)

// heapMax is the size and the alignment of glibc's heaps for threads on 64-bit
// machines: twice the largest threshold of mmap, 4 MiB times the size of a long
// (glibc malloc/arena.c, HEAP_MAX_SIZE).
const heapMax = 64 << 20

// nearlyFull is where a heap of a thread counts as one that its arena has left for
// the next: an arena grows its last heap until what is asked for does not fit any
// more (glibc malloc/malloc.c, sysmalloc).
const nearlyFull = heapMax - 4<<20

// arenas are the heaps of threads: how many, and what is resident in them.
type arenas struct {
	heaps int
	// n is the number of arenas that the heaps belong to, by those that still grow:
	// an estimate.
	n   int
	rss culprit.Bytes
	// shares are the resident sizes of the heaps, the largest first.
	shares []culprit.Bytes
	// merged: a heap lies in one mapping with its neighbour, so that what is
	// resident in each is taken as even.
	merged bool
	of     map[uint64]bool // where the mappings begin that hold heaps
}

// countArenas finds heaps by their shape: anonymous private memory that begins at
// a multiple of 64 MiB, readable and writable up to some point, without any rights
// from there to the next multiple. The kernel merges what lies side by side with
// the same rights, heaps that are full and buffers below a heap too: they are
// split here by their alignment.
func countArenas(list []Mapping) arenas {
	a := arenas{of: map[uint64]bool{}}
	for i := 0; i < len(list); {
		run := runOf(list[i:])
		if run == 0 {
			i++
			continue
		}
		a.take(list[i : i+run])
		i += run
	}
	slices.SortFunc(a.shares, func(x, y culprit.Bytes) int { return cmp.Compare(y, x) })
	if a.heaps > 0 {
		a.n = max(a.n, 1)
	}
	return a
}

// runOf is the number of mappings at the beginning of list that are anonymous and
// lie side by side.
func runOf(list []Mapping) int {
	n := 0
	for n < len(list) && anonymous(list[n]) && (n == 0 || list[n].Start == list[n-1].End) {
		n++
	}
	return n
}

// anonymous memory has no file; kernels since 5.17 let programs name it.
func anonymous(m Mapping) bool {
	return strings.HasSuffix(m.Perms, "p") && (m.Path == "" || strings.HasPrefix(m.Path, "[anon:") && !strings.Contains(m.Path, "Ruby"))
}

// take counts the heaps within a run of neighbouring mappings.
func (a *arenas) take(run []Mapping) {
	end := run[len(run)-1].End
	for at := (run[0].Start + heapMax - 1) / heapMax * heapMax; at+heapMax <= end; at += heapMax {
		i := slices.IndexFunc(run, func(m Mapping) bool { return m.Start <= at && at < m.End })
		if i < 0 || !isHeap(run, i, at) {
			continue
		}
		m := run[i]
		used := min(m.End, at+heapMax) - at
		rss := m.RSS
		if m.Start != at || m.End > at+heapMax {
			a.merged = true
			rss = culprit.Bytes(float64(m.RSS) * float64(used) / float64(m.End-m.Start))
		}
		a.heaps++
		a.rss += rss
		a.shares = append(a.shares, rss)
		a.of[m.Start] = true
		if used < nearlyFull {
			a.n++
		}
	}
}

// isHeap tells whether the mapping at i holds a heap that begins at an address: it
// is writable, and either the rest up to the next multiple has no rights, or it is
// made of whole heaps. A big buffer that covers a multiple by chance is none.
func isHeap(run []Mapping, i int, at uint64) bool {
	m := run[i]
	if m.Perms != "rw-p" {
		return false
	}
	if m.End < at+heapMax {
		return closed(run, i, at+heapMax)
	}
	last := m.End / heapMax * heapMax
	return m.Start%heapMax == 0 && (m.End == last || closed(run, i, last+heapMax))
}

// closed tells whether the mapping behind i has no rights and reaches an address.
func closed(run []Mapping, i int, to uint64) bool {
	return i+1 < len(run) && run[i+1].Perms == "---p" && run[i+1].End >= to
}
