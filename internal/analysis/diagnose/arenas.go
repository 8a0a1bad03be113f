package diagnose

import (
	"slices"
	"strings"

	"culprit"
)

// heapMax is the size and the alignment of glibc's heaps for threads on 64-bit
// machines: twice the largest threshold of mmap, 4 MiB times the size of a long
// (glibc malloc/arena.c, HEAP_MAX_SIZE).
const heapMax = 64 << 20

// arenas are the heaps of threads: how many, and what is resident in them.
type arenas struct {
	n   int
	rss culprit.Bytes
	// shares are the resident sizes, the largest first.
	shares []culprit.Bytes
}

// countArenas finds heaps by their shape: anonymous private memory that begins at
// a multiple of 64 MiB, readable and writable up to some point, without any rights
// from there to the next multiple. The kernel merges what lies side by side with
// the same rights, so heaps that are full are one mapping with their neighbour,
// and are split here by their alignment.
func countArenas(list []Mapping) arenas {
	var a arenas
	for i := 0; i < len(list); {
		run := runOf(list[i:])
		if run == 0 {
			i++
			continue
		}
		a.take(list[i : i+run])
		i += run
	}
	slices.SortFunc(a.shares, func(x, y culprit.Bytes) int { return int(max(-1, min(1, int64(y-x)))) })
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
		rss, ok := heapAt(run, at)
		if ok {
			a.n++
			a.rss += rss
			a.shares = append(a.shares, rss)
		}
	}
}

// heapAt tells whether a heap begins at an address, and what of it is resident: a
// writable mapping that begins there (or began at an earlier heap), then at most
// one without rights, which ends where the heap does.
func heapAt(run []Mapping, at uint64) (culprit.Bytes, bool) {
	first := slices.IndexFunc(run, func(m Mapping) bool { return m.Start <= at && at < m.End })
	m := run[first]
	if m.Perms != "rw-p" || m.Start%heapMax != 0 {
		return 0, false
	}
	rss := within(m, at, at+heapMax)
	if m.End >= at+heapMax {
		// Full, or merged: only a mapping of whole heaps is one of heaps, and a big
		// buffer is not.
		return rss, m.End%heapMax == 0 || closed(run, first)
	}
	return rss, closed(run, first)
}

// closed tells whether the mapping at i is followed by one without rights that
// ends at a multiple of 64 MiB.
func closed(run []Mapping, i int) bool {
	return i+1 < len(run) && run[i+1].Perms == "---p" && run[i+1].End%heapMax == 0 && run[i+1].End-run[i+1].Start < heapMax
}

// within is the part of what is resident in m that falls between two addresses,
// taken as even where the mapping is merged.
func within(m Mapping, from, to uint64) culprit.Bytes {
	a, b := max(m.Start, from), min(m.End, to)
	if b <= a || m.End == m.Start {
		return 0
	}
	return culprit.Bytes(float64(m.RSS) * float64(b-a) / float64(m.End-m.Start))
}
