package ledger

import (
	"math"
	"slices"
)

// leaveOneOut is the least z that is left when any one unit is left out, at the
// bin width where z is largest: evidence that one odd process carries is none
// against an endpoint that all of them serve. Means are taken anew without it.
func (t *table) leaveOneOut(scales []*scale, cols []column) float64 {
	pick, top := 0, math.Inf(-1)
	for i, s := range scales {
		if z := zOf(s, cols[i], nil); z > top {
			pick, top = i, z
		}
	}
	s, c := scales[pick], cols[pick]
	least := top
	for u := 0; u < len(s.y); u += s.bins {
		rest := scale{w: s.w, bins: s.bins, valid: slices.Clone(s.valid), n: slices.Clone(s.n), age: slices.Clone(s.age)}
		clear(rest.valid[u : u+s.bins])
		t.demean(&rest, rest.n)
		t.demean(&rest, rest.age)
		partial(rest.age, rest.n, rest.valid)
		y, x := slices.Clone(s.y), slices.Clone(c.x)
		t.residual(&rest, y)
		t.residual(&rest, x)
		least = min(least, zOf(&rest, column{x: x, xx: squares(x)}, y))
	}
	return least
}

func squares(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return sum
}
