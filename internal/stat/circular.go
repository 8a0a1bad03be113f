package stat

import "math"

// Rayleigh tests whether times bunch at one phase of a period (all in the same
// unit of time). It returns the mean resultant length r (0 spread evenly, 1 all
// at one phase), the mean phase in [0, period), and the chance p of an r this
// large for evenly spread times (Wilkie's approximation, Appl. Stat. 32, 1983;
// Zar, Biostatistical Analysis, 27.4). With fewer than 3 times p is 1.
func Rayleigh(times []float64, period float64) (r, phase, p float64) {
	n := float64(len(times))
	if n == 0 || period <= 0 {
		return 0, 0, 1
	}
	var c, s float64
	for _, t := range times {
		sin, cos := math.Sincos(2 * math.Pi * math.Mod(t, period) / period)
		c, s = c+cos, s+sin
	}
	length := math.Hypot(c, s)
	r = math.Min(1, length/n)
	phase = math.Atan2(s, c) / (2 * math.Pi) * period
	if phase < 0 {
		phase += period
	}
	if n < 3 {
		return r, phase, 1
	}
	return r, phase, math.Min(1, math.Exp(math.Sqrt(1+4*n+4*(n*n-length*length))-(1+2*n)))
}
