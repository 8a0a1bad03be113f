package lab

import (
	"math"
	"math/rand/v2"
	"sort"
)

// between draws evenly from a range.
func between(rng *rand.Rand, r [2]float64) float64 { return r[0] + rng.Float64()*(r[1]-r[0]) }

// logNormal draws around a median.
func logNormal(rng *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*rng.NormFloat64())
}

// wheel draws indexes in proportion to weights.
type wheel []float64

func newWheel(weights []float64) wheel {
	w, sum := make(wheel, len(weights)), 0.0
	for i, x := range weights {
		sum += x
		w[i] = sum
	}
	return w
}

func (w wheel) draw(rng *rand.Rand) int {
	u := rng.Float64() * w[len(w)-1]
	return min(sort.SearchFloat64s(w, u), len(w)-1)
}

// zipf returns n weights falling as rank^-s that sum to 1.
func zipf(n int, s float64) []float64 {
	w, sum := make([]float64, n), 0.0
	for i := range w {
		w[i] = math.Pow(float64(i+1), -s)
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// queue is a binary heap of arrivals by time.
type queue []arrival

func (q *queue) push(a arrival) {
	h := append(*q, a)
	i := len(h) - 1
	for i > 0 && h[(i-1)/2].at > h[i].at {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		i = (i - 1) / 2
	}
	*q = h
}

func (q *queue) pop() arrival {
	h := *q
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		l := 2*i + 1
		if l >= last {
			break
		}
		if l+1 < last && h[l+1].at < h[l].at {
			l++
		}
		if h[i].at <= h[l].at {
			break
		}
		h[i], h[l] = h[l], h[i]
		i = l
	}
	*q = h
	return top
}
