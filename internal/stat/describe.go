package stat

import (
	"math"
	"slices"
)

// madScale makes the MAD of normal data estimate the standard deviation
// (Rousseeuw and Croux, JASA 88, 1993).
const madScale = 1.4826

// Mean is the arithmetic mean; NaN of nothing.
func Mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// StdDev is the sample standard deviation (n-1); NaN under two values.
func StdDev(xs []float64) float64 {
	m, ss := Mean(xs), 0.0
	for _, x := range xs {
		ss += (x - m) * (x - m)
	}
	if len(xs) < 2 {
		return math.NaN()
	}
	return math.Sqrt(ss / float64(len(xs)-1))
}

// Median is the middle value; NaN of nothing. xs is left as it is.
func Median(xs []float64) float64 { return Quantile(xs, 0.5) }

// Quantile is the q-quantile with linear interpolation (Hyndman and Fan, Am.
// Stat. 50, 1996, type 7, the default of R and NumPy); NaN of nothing. xs is
// left as it is.
func Quantile(xs []float64, q float64) float64 {
	s := slices.Clone(xs)
	slices.Sort(s)
	return SortedQuantile(s, q)
}

// SortedQuantile is Quantile for values already in ascending order.
func SortedQuantile(s []float64, q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	at := math.Min(1, math.Max(0, q)) * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	if s[i] == s[i+1] {
		return s[i]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// MAD is the median absolute deviation from the median, scaled to estimate the
// standard deviation of normal data; NaN of nothing.
func MAD(xs []float64) float64 {
	m := Median(xs)
	dev := make([]float64, len(xs))
	for i, x := range xs {
		dev[i] = math.Abs(x - m)
	}
	return madScale * Median(dev)
}
