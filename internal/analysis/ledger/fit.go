package ledger

import (
	"math"
	"math/rand/v2"
	"slices"

	"culprit/internal/stat"
)

// widths are the bin widths, in base bins, at which the regression is run. A
// leak of Ruby objects shows only when the heap next grows: wider bins see it.
var widths = []int{1, 2, 4}

// minCallsLedger is the least number of calls a suspect needs here.
const minCallsLedger = 8

// scale is the regression at one bin width.
type scale struct {
	w      int
	bins   int
	blocks int
	valid  []bool
	y      []float64 // residual
	n      []float64 // residual traffic
	age    []float64
}

// column is a suspect's calls at one scale, residual.
type column struct {
	x  []float64
	xx float64
}

// fit runs the regression for every suspect and calibrates it.
func (t *table) fit(seed uint64) *Ledger {
	l := &Ledger{BinSec: float64(t.width) / second, Units: len(t.units)}
	var scales []*scale
	for _, w := range widths {
		if s := t.scale(w); s != nil {
			scales = append(scales, s)
		}
	}
	if len(scales) == 0 {
		l.Skipped = "too few complete samples for slow growth"
		return l
	}
	suspects, cols := t.columns(scales)
	if len(suspects) == 0 {
		l.Skipped = "no endpoint was called often enough for slow growth"
		return l
	}
	z := make([]float64, len(suspects))
	for k := range suspects {
		z[k] = best(scales, cols[k], nil)
	}
	beat := t.swap(scales, cols, suspects, z, stat.Rand(seed, 77))
	rounds := t.rounds(len(suspects))
	for k, s := range suspects {
		e := Entry{Suspect: s, Z: z[k], P: stat.PermutationP(beat[k], rounds), Without: math.Inf(-1)}
		if e.P <= 0.05 { // dear, and nobody asks for the others
			e.Without = t.leaveOneOut(scales, cols[k])
		}
		for _, v := range t.x[s] {
			e.Calls += int64(v)
		}
		e.Bytes, e.Low, e.High = t.lagged(s)
		l.Entries = append(l.Entries, e)
	}
	t.inflation(l, scales[0], cols, suspects, z, stat.Rand(seed, 78))
	slices.SortFunc(l.Entries, func(a, b Entry) int {
		switch {
		case a.Z > b.Z:
			return -1
		case a.Z < b.Z:
			return 1
		}
		return 0
	})
	t.perCall(l)
	return l
}

// scale adds up bins and takes out unit means, bin means, age and traffic.
func (t *table) scale(w int) *scale {
	s := &scale{w: w, bins: t.bins / w}
	if s.bins < minBins/2 {
		return nil
	}
	s.blocks = (s.bins*w + t.block - 1) / t.block
	cells := len(t.units) * s.bins
	s.valid = make([]bool, cells)
	s.y, s.n, s.age = make([]float64, cells), make([]float64, cells), make([]float64, cells)
	ok := 0
	for u := range t.units {
		for b := range s.bins {
			cell := u*s.bins + b
			s.valid[cell] = true
			for j := b * w; j < (b+1)*w; j++ {
				base := u*t.bins + j
				s.valid[cell] = s.valid[cell] && t.valid[base]
				s.y[cell] += t.y[base]
				s.n[cell] += t.n[base]
				s.age[cell] += t.age[base]
			}
			if s.valid[cell] {
				ok++
			}
		}
	}
	if ok < minCells/2 {
		return nil
	}
	t.demean(s, s.n)
	t.demean(s, s.age)
	partial(s.age, s.n, s.valid)
	t.residual(s, s.y)
	return s
}

// residual takes everything out of v that units, instants, age and traffic explain.
func (t *table) residual(s *scale, v []float64) {
	t.demean(s, v)
	partial(v, s.n, s.valid)
	partial(v, s.age, s.valid)
}

// demean takes out unit means and bin means, in three sweeps (cells may be missing).
func (t *table) demean(s *scale, v []float64) {
	units := len(t.units)
	for range 3 {
		for u := range units {
			sub(v, s.valid, u*s.bins, 1, s.bins)
		}
		for b := range s.bins {
			sub(v, s.valid, b, s.bins, units)
		}
	}
}

func sub(v []float64, valid []bool, from, step, n int) {
	var sum float64
	count := 0
	for i, k := from, 0; k < n; i, k = i+step, k+1 {
		if valid[i] {
			sum += v[i]
			count++
		}
	}
	if count == 0 {
		return
	}
	mean := sum / float64(count)
	for i, k := from, 0; k < n; i, k = i+step, k+1 {
		if valid[i] {
			v[i] -= mean
		} else {
			v[i] = 0
		}
	}
}

// partial takes out of v what x explains (Frisch-Waugh).
func partial(v, x []float64, valid []bool) {
	var xv, xx float64
	for i, ok := range valid {
		if ok {
			xv += x[i] * v[i]
			xx += x[i] * x[i]
		}
	}
	if xx < 1e-12 {
		return
	}
	beta := xv / xx
	for i, ok := range valid {
		if ok {
			v[i] -= beta * x[i]
		}
	}
}

// columns prepares the calls of every suspect that was called often enough.
func (t *table) columns(scales []*scale) ([]int, [][]column) {
	var suspects []int
	var cols [][]column
	budget := maxCells / max(len(t.units)*t.bins*2, 1)
	for _, level := range []bool{true, false} { // endpoints first
		for s, x := range t.x {
			if (t.c.Roster.Suspects[s].Parent < 0) != level || len(suspects) >= budget {
				continue
			}
			calls := sum(x)
			p := t.c.Roster.Suspects[s].Parent
			if calls < minCallsLedger || (p >= 0 && calls*10 >= sum(t.x[p])*9) {
				continue // too few, or its endpoint over again
			}
			var cs []column
			for _, sc := range scales {
				cs = append(cs, t.column(sc, x))
			}
			suspects = append(suspects, s)
			cols = append(cols, cs)
		}
	}
	return suspects, cols
}

func sum(x map[int32]float64) float64 {
	var n float64
	for _, v := range x {
		n += v
	}
	return n
}

func (t *table) column(s *scale, x map[int32]float64) column {
	v := make([]float64, len(s.y))
	for cell, n := range x {
		u, b := int(cell)/t.bins, int(cell)%t.bins/s.w
		if b < s.bins && s.valid[u*s.bins+b] {
			v[u*s.bins+b] += n
		}
	}
	t.residual(s, v)
	var xx float64
	for _, a := range v {
		xx += a * a
	}
	return column{x: v, xx: xx}
}

// best is the largest z over the scales; swap, when given, is the permuted y.
func best(scales []*scale, cols []column, ys [][]float64) float64 {
	top := math.Inf(-1)
	for i, s := range scales {
		y := s.y
		if ys != nil {
			y = ys[i]
		}
		top = max(top, zOf(s, cols[i], y))
	}
	return top
}

// zOf is beta over its cluster-robust standard error; clusters are unit x block.
func zOf(s *scale, c column, y []float64) float64 {
	if y == nil {
		y = s.y
	}
	if c.xx < 1e-9 {
		return 0
	}
	var xy float64
	for i, x := range c.x {
		xy += x * y[i]
	}
	beta := xy / c.xx
	var meat float64
	per := max(1, blockBins/s.w)
	for u := 0; u < len(y); u += s.bins {
		for b := 0; b < s.bins; b += per {
			var g float64
			for i := u + b; i < u+min(b+per, s.bins); i++ {
				g += c.x[i] * (y[i] - beta*c.x[i])
			}
			meat += g * g
		}
	}
	if meat <= 0 {
		return 0
	}
	return xy / math.Sqrt(meat)
}

func (t *table) rounds(suspects int) int {
	work := float64(suspects) * float64(len(t.units)*t.bins) * 2
	return int(max(199, min(999, 1.5e9/max(work, 1))))
}

// swap permutes, inside each block of time, which unit's growth belongs to which
// unit's calls, and counts how often the best suspect of the level does as well.
func (t *table) swap(scales []*scale, cols [][]column, suspects []int, z []float64, rng *rand.Rand) []int {
	beat := make([]int, len(suspects))
	rounds := t.rounds(len(suspects))
	ys := make([][]float64, len(scales))
	for i, s := range scales {
		ys[i] = make([]float64, len(s.y))
	}
	perm := make([]int, len(t.units))
	blocks := (t.bins + t.block - 1) / t.block
	for range rounds {
		for b := range blocks {
			for i := range perm {
				perm[i] = i
			}
			rng.Shuffle(len(perm), func(i, j int) { perm[i], perm[j] = perm[j], perm[i] })
			for i, s := range scales {
				per := max(1, t.block/s.w)
				for u, v := range perm {
					for k := b * per; k < min((b+1)*per, s.bins); k++ {
						ys[i][u*s.bins+k] = s.y[v*s.bins+k]
					}
				}
			}
		}
		top := [2]float64{math.Inf(-1), math.Inf(-1)}
		for k, s := range suspects {
			lv := 0
			if t.c.Roster.Suspects[s].Parent >= 0 {
				lv = 1
			}
			top[lv] = max(top[lv], best(scales, cols[k], ys))
		}
		top[1] = max(top[0], top[1])
		for k, s := range suspects {
			lv := 0
			if t.c.Roster.Suspects[s].Parent >= 0 {
				lv = 1
			}
			if top[lv] >= z[k] {
				beat[k]++
			}
		}
	}
	return beat
}
