package ingest

import (
	"cmp"
	"fmt"
	"slices"

	"culprit"
	"culprit/internal/casefile"
)

// unfold makes a host's sum out of series that hold several processes in one
// (procstat with pid as a field). Where every instant still has all of them, as
// in a file of line protocol, their sum is known though no process is; where a
// database has overwritten all but one, nothing is.
func (b *seriesBook) unfold() []string {
	var warnings []string
	for _, t := range b.tracks {
		if !t.Collapsed {
			continue
		}
		refused := fmt.Sprintf("series %s of %s holds several processes in one (pid is a field): refused per process", t.Name, hostName(t.Host))
		if t.Kind != culprit.RSS {
			continue
		}
		if sums, n := sumInstants(t.points); n > 1 {
			s := t.Series
			s.Kind, s.Collapsed, s.PID = culprit.GroupRSS, false, 0
			i := b.track(s)
			b.tracks[i].points = sums
			warnings = append(warnings, fmt.Sprintf("%s; used as the sum of %d processes of the host; hint: set pid_tag = true for procstat", refused, n))
			continue
		}
		warnings = append(warnings, refused+"; hint: set pid_tag = true for procstat, or give the host's memory")
	}
	return warnings
}

// sumInstants adds up readings of the same instant. It keeps the instants that
// have as many as most do, and gives up (n = 0) when fewer than six in ten have.
func sumInstants(points []casefile.Point) (sums []casefile.Point, n int) {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(x, y casefile.Point) int { return cmp.Compare(x.At, y.At) })
	type instant struct {
		casefile.Point
		n int
	}
	var all []instant
	for _, p := range points {
		if k := len(all); k > 0 && all[k-1].At == p.At {
			all[k-1].Mem += p.Mem
			all[k-1].n++
			continue
		}
		all = append(all, instant{p, 1})
	}
	count := map[int]int{}
	for _, x := range all {
		count[x.n]++
	}
	for k, c := range count {
		if c > count[n] || (c == count[n] && k > n) {
			n = k
		}
	}
	if n < 2 || count[n]*10 < len(all)*6 {
		return nil, 0
	}
	for _, x := range all {
		if x.n == n {
			sums = append(sums, x.Point)
		}
	}
	return sums, n
}
