package ledger

import (
	"math"
	"math/rand/v2"

	"culprit/internal/stat"
)

// inflation compares the z squared of endpoints with what swapping gives them,
// the best suspect's share of growth taken out: most endpoints are innocent, so
// their own z tell whether swapping describes this data (empirical calibration
// with negative controls, as OHDSI's EmpiricalCalibration does).
func (t *table) inflation(l *Ledger, s *scale, cols [][]column, suspects []int, z []float64, rng *rand.Rand) {
	top := 0
	for k := range z {
		if z[k] > z[top] {
			top = k
		}
	}
	clean := scale{w: s.w, bins: s.bins, blocks: s.blocks, valid: s.valid, n: s.n, age: s.age}
	clean.y = append([]float64(nil), s.y...)
	partial(clean.y, cols[top][0].x, s.valid)
	var real, null []float64
	for k, sus := range suspects {
		if k != top && t.c.Roster.Suspects[sus].Parent < 0 {
			v := zOf(&clean, cols[k][0], nil)
			real = append(real, v*v)
		}
	}
	y := make([]float64, len(clean.y))
	perm := make([]int, len(t.units))
	for range 40 {
		t.permute(&clean, y, perm, rng)
		for k, sus := range suspects {
			if k != top && t.c.Roster.Suspects[sus].Parent < 0 {
				v := zOf(&clean, cols[k][0], y)
				null = append(null, v*v)
			}
		}
	}
	l.Lambda, l.LambdaMax = 1, 1.5
	if len(real) == 0 {
		return
	}
	l.Lambda = stat.Median(real) / max(stat.Median(null), 1e-9)
	// The median of n squared normals has a relative standard error of 2.33/sqrt(n).
	l.LambdaMax = max(1.5, 1+1.64*2.33/math.Sqrt(float64(len(real))))
}

// permute gives y with units swapped inside every block of time.
func (t *table) permute(s *scale, y []float64, perm []int, rng *rand.Rand) {
	per := max(1, t.block/s.w)
	for b := 0; b < s.bins; b += per {
		for i := range perm {
			perm[i] = i
		}
		rng.Shuffle(len(perm), func(i, j int) { perm[i], perm[j] = perm[j], perm[i] })
		for u, v := range perm {
			for k := b; k < min(b+per, s.bins); k++ {
				y[u*s.bins+k] = s.y[v*s.bins+k]
			}
		}
	}
}
