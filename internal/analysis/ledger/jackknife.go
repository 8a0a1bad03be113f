package ledger

import "math"

// leaveOneOut is the least z that is left when any one unit is left out, at the
// bin width where z is largest: evidence that one odd process carries is none
// against an endpoint that all of them serve.
func leaveOneOut(scales []*scale, cols []column) float64 {
	pick, top := 0, math.Inf(-1)
	for i, s := range scales {
		if z := zOf(s, cols[i], nil); z > top {
			pick, top = i, z
		}
	}
	s, c := scales[pick], cols[pick]
	least := top
	for u := 0; u < len(s.y); u += s.bins {
		y := append([]float64(nil), s.y...)
		x := append([]float64(nil), c.x...)
		clear(y[u : u+s.bins])
		clear(x[u : u+s.bins])
		least = min(least, zOf(s, column{x: x, xx: squares(x)}, y))
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
