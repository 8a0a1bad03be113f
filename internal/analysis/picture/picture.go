// Package picture bins curves and calls for drawing: at most two thousand points
// a curve, lanes of density with the suspects' calls on top, so that a million
// calls open at once.
//
// It owns resolution. It refuses to decide who is a suspect: it is told.
package picture

import (
	"cmp"
	"slices"

	"culprit"
	"culprit/internal/casefile"
)

// Sizes of a picture.
const (
	maxPoints = 1600 // per curve, two per bin
	maxCurves = 24
	laneBins  = 600
	maxMarks  = 5000
)

// Named is a suspect to mark: the roster's suspect and its rank in the report.
type Named struct {
	Suspect int32
	Rank    int
}

// Cut is growth to take out of a unit's curve for the counterfactual.
type Cut struct {
	Unit  int
	A, B  int64
	Bytes int64
}

// Draw makes the picture. Cuts are the episodes attributed to the named ones.
func Draw(c *casefile.Case, grew map[int]bool, named []Named, cuts []Cut) *culprit.Picture {
	p := &culprit.Picture{From: sec(c.From), To: sec(c.To), Curves: []culprit.Curve{}, Lanes: []culprit.Lane{}}
	units := choose(c, grew)
	laneOf := map[int32]int{}
	for i, u := range units {
		p.Curves = append(p.Curves, curve(c, u, grew[u], cuts))
		unit := &c.Units[u]
		p.Lanes = append(p.Lanes, culprit.Lane{
			Host: unit.Process.Host, PID: unit.Process.PID, BinSeconds: (p.To - p.From) / laneBins,
			Density: make([]float64, laneBins), Marks: []culprit.Mark{},
		})
		laneOf[int32(u)] = i
	}
	fill(c, p, laneOf, named)
	return p
}

func sec(us int64) float64 { return float64(us) / 1e6 }

// choose takes the units to draw: those that grew first.
func choose(c *casefile.Case, grew map[int]bool) []int {
	var us []int
	for i, u := range c.Units {
		if len(u.Points) > 1 && u.Points[0].At <= c.To && u.Points[len(u.Points)-1].At >= c.From {
			us = append(us, i)
		}
	}
	slices.SortStableFunc(us, func(a, b int) int {
		if grew[a] != grew[b] {
			if grew[a] {
				return -1
			}
			return 1
		}
		return 0
	})
	us = us[:min(len(us), maxCurves)]
	slices.SortFunc(us, func(a, b int) int {
		x, y := c.Units[a].Process, c.Units[b].Process
		return cmp.Or(cmp.Compare(x.Host, y.Host), cmp.Compare(x.PID, y.PID), cmp.Compare(a, b))
	})
	return us
}

func curve(c *casefile.Case, unit int, grew bool, cuts []Cut) culprit.Curve {
	u := &c.Units[unit]
	out := culprit.Curve{
		Host: u.Process.Host, PID: u.Process.PID, Kind: u.Kind.String(), Grew: grew,
		At: []float64{}, Mem: []float64{}, Without: []float64{},
	}
	var mine []Cut
	for _, x := range cuts {
		if x.Unit == unit {
			mine = append(mine, x)
		}
	}
	for _, p := range extremes(u.Points, c.From, c.To) {
		out.At = append(out.At, sec(p.At))
		out.Mem = append(out.Mem, float64(p.Mem))
		if len(cuts) > 0 {
			out.Without = append(out.Without, float64(without(p, u.Points, mine)))
		}
	}
	return out
}

// without is a unit's memory had the cut growth not happened. During an episode
// the level stays where it was when the episode began, less what was cut before.
func without(p casefile.Point, pts []casefile.Point, cuts []Cut) int64 {
	mem := p.Mem
	for _, x := range cuts {
		if p.At > x.A && p.At < x.B {
			mem = min(mem, levelAt(pts, x.A))
		}
	}
	for _, x := range cuts {
		if p.At >= x.B {
			mem -= x.Bytes
		}
	}
	return max(mem, 0)
}

// levelAt is the last sample at or before an instant.
func levelAt(pts []casefile.Point, at int64) int64 {
	i, _ := slices.BinarySearchFunc(pts, at+1, func(p casefile.Point, at int64) int { return cmp.Compare(p.At, at) })
	return pts[max(i-1, 0)].Mem
}

// extremes keeps the lowest and highest sample of every bin, in time order, so
// that steps survive.
func extremes(pts []casefile.Point, from, to int64) []casefile.Point {
	a, _ := slices.BinarySearchFunc(pts, from, func(p casefile.Point, at int64) int { return cmp.Compare(p.At, at) })
	b, _ := slices.BinarySearchFunc(pts, to+1, func(p casefile.Point, at int64) int { return cmp.Compare(p.At, at) })
	pts = pts[a:b]
	if len(pts) <= maxPoints {
		return pts
	}
	out := make([]casefile.Point, 0, maxPoints)
	bins := maxPoints / 2
	for i := range bins {
		seg := pts[i*len(pts)/bins : (i+1)*len(pts)/bins]
		lo, hi := 0, 0
		for k := range seg {
			if seg[k].Mem < seg[lo].Mem {
				lo = k
			}
			if seg[k].Mem > seg[hi].Mem {
				hi = k
			}
		}
		out = append(out, seg[min(lo, hi)])
		if lo != hi {
			out = append(out, seg[max(lo, hi)])
		}
	}
	return out
}

// fill is one pass over the calls: density of all, marks of the named.
func fill(c *casefile.Case, p *culprit.Picture, laneOf map[int32]int, named []Named) {
	rank := map[int32]int{}
	for _, n := range named {
		rank[n.Suspect] = n.Rank
	}
	labelRank := make([]int, len(c.Roster.Labels))
	for label, set := range c.Roster.Labels {
		for _, s := range set {
			if r, ok := rank[s]; ok && (labelRank[label] == 0 || r < labelRank[label]) {
				labelRank[label] = r
			}
		}
	}
	width := (c.To - c.From) / laneBins
	if width <= 0 {
		return
	}
	marks := 0
	for rows := range c.Rows {
		for i := range rows {
			r := &rows[i]
			lane, ok := laneOf[r.Unit]
			if !ok || r.Start > c.To || r.End < c.From {
				continue
			}
			l := &p.Lanes[lane]
			spread(l.Density, r.Start-c.From, r.End-c.From, width)
			if labelRank[r.Label] > 0 {
				marks++
				addMark(l, mark(c, r, labelRank[r.Label]), marks > maxMarks)
			}
		}
	}
	for i := range p.Lanes {
		slices.SortFunc(p.Lanes[i].Marks, func(a, b culprit.Mark) int { return cmp.Compare(a.From, b.From) })
	}
}

func spread(density []float64, a, b, width int64) {
	first, last := max(a/width, 0), min(b/width, laneBins-1)
	for k := first; k <= last; k++ {
		lo, hi := max(a, k*width), min(b, (k+1)*width)
		// A call shorter than a bin still leaves a trace.
		density[k] += max(float64(hi-lo)/float64(width), 0)
	}
}

func mark(c *casefile.Case, r *casefile.Row, rank int) culprit.Mark {
	return culprit.Mark{
		From: sec(r.Start), To: sec(r.End), Suspect: rank, Calls: 1,
		Open:  r.Flags&casefile.FlagOpen != 0,
		Label: c.Roster.Suspects[c.Roster.Labels[r.Label][0]].Name,
	}
}

// addMark adds a call; beyond the limit calls are merged into the lane's last
// mark of the same suspect.
func addMark(l *culprit.Lane, m culprit.Mark, merge bool) {
	if merge {
		for i := len(l.Marks) - 1; i >= 0; i-- {
			if x := &l.Marks[i]; x.Suspect == m.Suspect {
				x.From, x.To = min(x.From, m.From), max(x.To, m.To)
				x.Calls++
				return
			}
		}
	}
	l.Marks = append(l.Marks, m)
}
