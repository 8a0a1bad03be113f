package ledger

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"culprit/internal/stat"
)

// lags are how many bins later a call's memory may still show: RSS rises only
// when the next peak of demand exceeds the old maximum (method, section 8.5).
const lags = 4

// lagged estimates bytes a call as the sum of the coefficients of calls in this
// bin and the three before, with a cluster-robust 95 % interval.
func (t *table) lagged(s int) (est, low, high float64) {
	sc := t.scale(1)
	if sc == nil {
		return math.NaN(), math.NaN(), math.NaN()
	}
	cols := make([][]float64, lags)
	for k := range lags {
		v := make([]float64, len(sc.y))
		for cell, n := range t.x[s] {
			u, b := int(cell)/t.bins, int(cell)%t.bins+k
			if b < sc.bins && sc.valid[u*sc.bins+b] {
				v[u*sc.bins+b] += n
			}
		}
		t.residual(sc, v)
		cols[k] = v
	}
	xtx := mat.NewSymDense(lags, nil)
	xty := mat.NewVecDense(lags, nil)
	for i := range lags {
		for j := i; j < lags; j++ {
			xtx.SetSym(i, j, dot(cols[i], cols[j])+1e-9)
		}
		xty.SetVec(i, dot(cols[i], sc.y))
	}
	var chol mat.Cholesky
	if !chol.Factorize(xtx) {
		return math.NaN(), math.NaN(), math.NaN()
	}
	var beta mat.VecDense
	if err := chol.SolveVecTo(&beta, xty); err != nil {
		return math.NaN(), math.NaN(), math.NaN()
	}
	var inv mat.SymDense
	if err := chol.InverseTo(&inv); err != nil {
		return math.NaN(), math.NaN(), math.NaN()
	}
	ones := mat.NewVecDense(lags, []float64{1, 1, 1, 1})
	var a mat.VecDense
	a.MulVec(&inv, ones) // the sum's influence vector
	est = mat.Sum(&beta)
	var meat float64
	for u := 0; u < len(sc.y); u += sc.bins {
		for b := 0; b < sc.bins; b += blockBins {
			var g float64
			for i := u + b; i < u+min(b+blockBins, sc.bins); i++ {
				r := sc.y[i]
				var w float64
				for k := range lags {
					r -= beta.AtVec(k) * cols[k][i]
					w += a.AtVec(k) * cols[k][i]
				}
				g += w * r
			}
			meat += g * g
		}
	}
	se := math.Sqrt(meat)
	// As many independent clusters as units, to be on the safe side.
	q := stat.TQuantile(0.975, len(t.units)-1)
	return est, est - q*se, est + q*se
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// perCall is bytes kept per call of any kind: each unit's growth outside of
// episodes, in the second half of the data when warm-up is over, by its calls.
func (t *table) perCall(l *Ledger) {
	var rates []float64
	growing := 0
	for u := range t.units {
		var y, n float64
		for b := t.bins / 2; b < t.bins; b++ {
			if cell := u*t.bins + b; t.valid[cell] {
				y += t.y[cell]
				n += t.n[cell]
			}
		}
		if n < 10 {
			continue
		}
		rates = append(rates, y/n)
		if y > 0 {
			growing++
		}
	}
	if len(rates) < 2 {
		l.PerCall, l.PerCallLow, l.PerCallHigh = math.NaN(), math.NaN(), math.NaN()
		return
	}
	l.PerCall, l.PerCallLow, l.PerCallHigh = stat.TInterval(rates, 0.95)
	l.Growing = float64(growing) / float64(len(rates))
}
