package rises

import (
	"slices"

	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// stage places the calls of the watched units on grids.
func stage(c *casefile.Case, watches []Watch) (scenes []*scene) {
	usual := durations(c, watches)
	at := map[int32][]int{}
	for i, w := range watches {
		s := &scene{cells: int((w.To-w.From)/cell) + 1, busy: map[int32][]int32{}}
		for _, r := range w.Rises {
			// A rise over a longer time has calls of everybody in it: it tells none apart.
			if r.Bytes > 0 && r.To-r.From <= longest && r.To > w.From && r.From < w.To {
				s.rises = append(s.rises, span{s.clip((r.From - w.From) / cell), s.clip((r.To - w.From) / cell), r.Bytes})
			}
		}
		scenes = append(scenes, s)
		at[w.Unit] = append(at[w.Unit], i)
	}
	for rows := range c.Rows {
		for i := range rows {
			r := &rows[i]
			long, ok := usual[suspectOf(c, r)]
			if !ok || long > longest {
				continue
			}
			for _, k := range at[r.Unit] {
				w := &watches[k]
				end := min(r.End, r.Start+2*long) + slack
				if r.Start-slack > w.To || end < w.From {
					continue
				}
				s := scenes[k]
				s.calls = append(s.calls, call{suspectOf(c, r), s.clip((r.Start - slack - w.From) / cell), s.clip((end - w.From) / cell)})
			}
		}
	}
	kept := scenes[:0]
	for _, s := range scenes {
		if len(s.rises) > 0 && len(s.calls) > 0 {
			s.fill()
			kept = append(kept, s)
		}
	}
	return kept
}

// suspectOf is the endpoint or job of a row.
func suspectOf(c *casefile.Case, r *casefile.Row) int32 { return c.Roster.Labels[r.Label][0] }

// durations are the medians of completed calls on watched units, by suspect.
func durations(c *casefile.Case, watches []Watch) map[int32]int64 {
	on := map[int32]bool{}
	for _, w := range watches {
		on[w.Unit] = true
	}
	all := map[int32][]float64{}
	for rows := range c.Rows {
		for i := range rows {
			if r := &rows[i]; on[r.Unit] && r.Flags&casefile.FlagOpen == 0 {
				s := suspectOf(c, r)
				all[s] = append(all[s], float64(r.End-r.Start))
			}
		}
	}
	usual := make(map[int32]int64, len(all))
	for s, list := range all {
		usual[s] = int64(stat.Median(list))
	}
	return usual
}

func (s *scene) clip(k int64) int32 { return int32(min(max(k, 0), int64(s.cells-1))) }

// fill counts the cells in which each suspect has a call, and orders calls: rows come in
// any order.
func (s *scene) fill() {
	slices.SortFunc(s.calls, func(a, b call) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		if a.to != b.to {
			return int(a.to - b.to)
		}
		return int(a.suspect - b.suspect)
	})
	for _, c := range s.calls {
		list := s.busy[c.suspect]
		if list == nil {
			list = make([]int32, s.cells+1)
			s.busy[c.suspect] = list
		}
		for k := c.from; k <= c.to; k++ {
			list[k+1] = 1
		}
	}
	for _, list := range s.busy {
		for k := 1; k < len(list); k++ {
			list[k] += list[k-1]
		}
	}
}

// there tells whether a suspect has a call in a rise that is moved by some cells.
func (s *scene) there(list []int32, r span, by int32) bool {
	a, b, n := r.from+by, r.to+by, int32(s.cells)
	if a >= n {
		a, b = a-n, b-n
	}
	if b < n {
		return list[b+1] > list[a]
	}
	return list[n] > list[a] || list[b-n+1] > 0
}

// covered is the growth at which a suspect was in flight.
func (s *scene) covered(suspect, by int32) (sum int64) {
	list := s.busy[suspect]
	if list == nil {
		return 0
	}
	for _, r := range s.rises {
		if s.there(list, r, by) {
			sum += r.bytes
		}
	}
	return sum
}

// apart is the growth at which only the one or only the other was in flight.
func (s *scene) apart(one, other int32) (a, b int64) {
	for _, r := range s.rises {
		x := s.busy[one] != nil && s.there(s.busy[one], r, 0)
		y := s.busy[other] != nil && s.there(s.busy[other], r, 0)
		switch {
		case x && !y:
			a += r.bytes
		case y && !x:
			b += r.bytes
		}
	}
	return a, b
}

// at is the growth during a call.
func (s *scene) at(c call) (sum int64) {
	i, _ := slices.BinarySearchFunc(s.rises, c.from, func(r span, from int32) int { return int(r.to - from) })
	for ; i < len(s.rises) && s.rises[i].from <= c.to; i++ {
		sum += s.rises[i].bytes
	}
	return sum
}
