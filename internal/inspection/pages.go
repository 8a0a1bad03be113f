package inspection

import (
	"errors"
	"slices"

	"culprit/internal/source/procmem"
)

// pages are stretches of memory that is there, by address: from, and the first behind.
type pages [][2]uint64

// present lists what is resident of a process.
func present(l *procmem.Live) (list pages, err error) {
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	for _, m := range l.Maps() {
		if m.From >= 1<<56 {
			continue // the kernel's own, as [vsyscall]
		}
		err := l.Present(m.From, m.To, func(from, to uint64) {
			if n := len(list); n > 0 && list[n-1][1] == from {
				list[n-1][1] = to
				return
			}
			list = append(list, [2]uint64{from, to})
		})
		if errors.Is(err, procmem.ErrGone) {
			return nil, err
		}
		// What was unmapped meanwhile is not there.
	}
	return list, nil
}

// less gives what is in p and not in o.
func (p pages) less(o pages) (list pages) {
	i := 0
	for _, s := range p {
		at := s[0]
		for i < len(o) && o[i][1] <= at {
			i++
		}
		for k := i; k < len(o) && o[k][0] < s[1]; k++ {
			if o[k][0] > at {
				list = append(list, [2]uint64{at, o[k][0]})
			}
			at = max(at, o[k][1])
		}
		if at < s[1] {
			list = append(list, [2]uint64{at, s[1]})
		}
	}
	return list
}

// has tells whether an address is in it.
func (p pages) has(at uint64) bool {
	i, found := slices.BinarySearchFunc(p, at, func(s [2]uint64, at uint64) int {
		switch {
		case s[1] <= at:
			return -1
		case s[0] > at:
			return 1
		}
		return 0
	})
	return found && i < len(p)
}

// size is in bytes.
func (p pages) size() (sum uint64) {
	for _, s := range p {
		sum += s[1] - s[0]
	}
	return sum
}

// blocks counts the bytes of each block of memory of a size.
func (p pages) blocks(size uint64) map[uint64]uint64 {
	in := map[uint64]uint64{}
	for _, s := range p {
		for at := s[0]; at < s[1]; {
			end := min(s[1], (at/size+1)*size)
			in[at/size] += end - at
			at = end
		}
	}
	return in
}
