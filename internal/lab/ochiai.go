package lab

import (
	"cmp"
	"math"
	"slices"

	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// window is a stretch of one unit that grew or did not.
type window struct {
	from, to int64
	rise     float64 // bytes, of a growth window
}

// ochiai scores presence in growth windows (Ochiai 1957; Abreu et al., TAICPART
// 2007): hits / sqrt(growth windows x windows with the suspect). It
// looks at narrowed suspects, too, and at growth as clean as can be had: it is
// meant to be strong.
func ochiai(b *blotter) []float64 {
	n := len(b.c.Roster.Suspects)
	hits, seen, grown := make([]float64, n), make([]float64, n), 0.0
	growth, length := bigRuns(b.c)
	for u, rows := range b.units {
		windows := tile(b.c.Units[u].Points, growth[u], length)
		present := make([][]bool, n)
		for _, r := range rows {
			for _, e := range b.c.Roster.Labels[r.Label] {
				if present[e] == nil {
					present[e] = make([]bool, len(windows))
				}
				mark(present[e], windows, r)
			}
		}
		for i, w := range windows {
			if w.rise > 0 {
				grown++
			}
			for e := range present {
				if present[e] != nil && present[e][i] {
					seen[e]++
					if w.rise > 0 {
						hits[e]++
					}
				}
			}
		}
	}
	out := make([]float64, n)
	for e := range out {
		if hits[e] > 0 {
			out[e] = hits[e] / math.Sqrt(grown*seen[e])
		}
	}
	return out
}

func mark(present []bool, windows []window, r casefile.Row) {
	i, _ := slices.BinarySearchFunc(windows, r.Start, func(w window, t int64) int { return cmp.Compare(w.to, t) })
	for ; i < len(windows) && windows[i].from <= r.End; i++ {
		present[i] = true
	}
}

// bigRuns finds the growth of every unit and keeps the few largest runs that
// make up four fifths of it all and reach a fifth of the largest, with their
// typical length.
func bigRuns(c *casefile.Case) (byUnit [][]window, length int64) {
	byUnit = make([][]window, len(c.Units))
	var rises []float64
	total := 0.0
	for u := range c.Units {
		byUnit[u] = runs(&c.Units[u])
		for _, w := range byUnit[u] {
			rises = append(rises, w.rise)
			total += w.rise
		}
	}
	slices.Sort(rises)
	least, sum := 0.0, 0.0
	for i := len(rises) - 1; i >= 0 && sum < 0.8*total; i-- {
		least, sum = rises[i], sum+rises[i]
	}
	if len(rises) > 0 {
		least = math.Max(least, rises[len(rises)-1]/5)
	}
	var lengths []float64
	for u := range byUnit {
		byUnit[u] = slices.DeleteFunc(byUnit[u], func(w window) bool { return w.rise < least })
		for _, w := range byUnit[u] {
			lengths = append(lengths, float64(w.to-w.from))
		}
	}
	if len(lengths) > 0 {
		length = int64(stat.Median(lengths))
	}
	return byUnit, max(length, 5*second)
}

// tile fills the time between growth windows with windows of their length.
func tile(points []casefile.Point, growth []window, length int64) []window {
	if len(points) == 0 {
		return nil
	}
	var out []window
	fill := func(from, to int64) {
		for ; from < to; from += length {
			out = append(out, window{from: from, to: min(from+length, to)})
		}
	}
	at := points[0].At
	for _, g := range growth {
		fill(at, g.from)
		out = append(out, g)
		at = g.to
	}
	fill(at, points[len(points)-1].At)
	return out
}

// runs are stretches whose readings each rise by more than four robust standard
// deviations, with one flat reading allowed in between. The first twentieth of
// the series is left out, and of a young process the first 20 minutes at most a
// tenth of its life.
func runs(u *casefile.Unit) []window {
	points := u.Points
	if len(points) < 10 {
		return nil
	}
	steps := make([]float64, len(points)-1)
	for i := range steps {
		steps[i] = float64(points[i+1].Mem - points[i].Mem)
	}
	rise := math.Max(4*stat.MAD(steps), 1*mib)
	span := points[len(points)-1].At - points[0].At
	warm := points[0].At + span/20
	if u.Born > 0 {
		warm = max(warm, u.Born+min(1200*second, max(span/10, 40*second)))
	}
	var out []window
	for i := 0; i < len(steps); i++ {
		j := i
		for j < len(steps) && (steps[j] > rise || j > i && j+1 < len(steps) && steps[j+1] > rise) {
			j++
		}
		if w := (window{points[i].At, points[j].At, float64(points[j].Mem - points[i].Mem)}); j > i && w.rise >= 2*rise && w.from > warm {
			out = append(out, w)
		}
		i = max(i, j)
	}
	return out
}
