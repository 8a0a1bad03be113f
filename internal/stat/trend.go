package stat

import (
	"math"
	"slices"
)

// theilMost is the number of points up to which every pair is used.
const theilMost = 800

// TheilSen is the robust slope of y over x: the median of the slopes of pairs
// (Theil 1950; Sen, JASA 63, 1968). Beyond 800 points it uses Theil's incomplete
// method, pairs half the series apart, at O(n). NaN without two distinct x.
func TheilSen(x, y []float64) float64 {
	n := min(len(x), len(y))
	slopes := make([]float64, 0, n)
	add := func(i, j int) {
		if dx := x[j] - x[i]; dx != 0 {
			slopes = append(slopes, (y[j]-y[i])/dx)
		}
	}
	if n <= theilMost {
		for i := range n {
			for j := i + 1; j < n; j++ {
				add(i, j)
			}
		}
	} else {
		for i := range n - n/2 {
			add(i, i+n/2)
		}
	}
	slices.Sort(slopes)
	return SortedQuantile(slopes, 0.5)
}

// Fit is a growth curve fitted by least squares.
type Fit struct {
	// A and B: y = A + B g(x), g by the curve; B > 0 grows.
	A, B float64
	// Tau is the time constant in units of x: of the saturating curve where
	// 63 % is reached, of the logarithm where it bends. 0 of a line.
	Tau float64
	RSS float64 // residual sum of squares
	R2  float64
	// AICc is Akaike's criterion with the small-sample correction (Hurvich and
	// Tsai, Biometrika 76, 1989), up to a constant that all fits of the same y
	// share: less is better, 10 less is decisive. +Inf when there are too few
	// points for the curve.
	AICc float64
	N    int
}

// FitLine fits y = A + B x.
func FitLine(x, y []float64) Fit { return fitOn(x, y, 0, 3, func(v float64) float64 { return v }) }

// FitLog fits logarithmic growth, y = A + B log(1 + x/Tau), x >= 0, the shape of
// fragmentation.
func FitLog(x, y []float64) Fit {
	return fitTau(x, y, func(tau float64) func(float64) float64 {
		return func(v float64) float64 { return math.Log1p(math.Max(0, v) / tau) }
	})
}

// FitSaturating fits y = A + B (1 - exp(-x/Tau)), x >= 0, the shape of a warm-up.
func FitSaturating(x, y []float64) Fit {
	return fitTau(x, y, func(tau float64) func(float64) float64 {
		return func(v float64) float64 { return -math.Expm1(-math.Max(0, v) / tau) }
	})
}

// fitTau profiles the one non-linear parameter: a log grid of Tau over the span
// of x, then golden-section search (Kiefer 1953) around the best.
func fitTau(x, y []float64, curve func(tau float64) func(float64) float64) Fit {
	n := min(len(x), len(y))
	if n < 3 {
		return Fit{N: n, RSS: math.NaN(), AICc: math.Inf(1)}
	}
	span := slices.Max(x[:n]) - math.Min(0, slices.Min(x[:n]))
	if span <= 0 {
		return Fit{N: n, RSS: math.NaN(), AICc: math.Inf(1)}
	}
	at := func(logTau float64) Fit {
		tau := math.Exp(logTau)
		return fitOn(x, y, tau, 4, curve(tau))
	}
	const steps = 24
	lo, hi := math.Log(span*1e-3), math.Log(span*3)
	width := (hi - lo) / steps
	best, where := at(lo), lo
	for i := 1; i <= steps; i++ {
		if f := at(lo + float64(i)*width); f.RSS < best.RSS {
			best, where = f, lo+float64(i)*width
		}
	}
	return golden(at, where-width, where+width, best)
}

func golden(at func(float64) Fit, a, b float64, best Fit) Fit {
	ratio := (math.Sqrt(5) - 1) / 2
	for range 25 {
		c, d := b-ratio*(b-a), a+ratio*(b-a)
		fc, fd := at(c), at(d)
		if fc.RSS < fd.RSS {
			b = d
		} else {
			a = c
		}
		for _, f := range []Fit{fc, fd} {
			if f.RSS < best.RSS {
				best = f
			}
		}
	}
	return best
}

// fitOn is the least-squares line of y over g(x); params counts A, B, Tau and
// the variance, for AICc.
func fitOn(x, y []float64, tau float64, params int, g func(float64) float64) Fit {
	n := min(len(x), len(y))
	f := Fit{N: n, Tau: tau, AICc: math.Inf(1)}
	if n == 0 {
		return f
	}
	var mx, my float64
	for i := range n {
		mx, my = mx+g(x[i]), my+y[i]
	}
	mx, my = mx/float64(n), my/float64(n)
	var sxx, sxy, syy float64
	for i := range n {
		dx, dy := g(x[i])-mx, y[i]-my
		sxx, sxy, syy = sxx+dx*dx, sxy+dx*dy, syy+dy*dy
	}
	if sxx > 0 {
		f.B = sxy / sxx
	}
	f.A = my - f.B*mx
	f.RSS = math.Max(0, syy-f.B*sxy)
	if syy > 0 {
		f.R2 = 1 - f.RSS/syy
	}
	f.AICc = aicc(f.RSS, syy, n, params)
	return f
}

// aicc floors the residuals at 1e-12 of the total, so that perfect fits are
// compared by their number of parameters.
func aicc(rss, total float64, n, params int) float64 {
	if n-params-1 <= 0 {
		return math.Inf(1)
	}
	rss = math.Max(rss, 1e-12*math.Max(total, math.SmallestNonzeroFloat64*1e20))
	k := float64(params)
	return float64(n)*math.Log(rss/float64(n)) + 2*k + 2*k*(k+1)/(float64(n)-k-1)
}
