package stat

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tol {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestBinomialAgainstKnownValues(t *testing.T) {
	// published tables of exact limits; 3/3 is 0.025^(1/3)
	lo, hi := ClopperPearson(7, 20, 0.95)
	near(t, "lo 7/20", lo, 0.1539092, 1e-6)
	near(t, "hi 7/20", hi, 0.5921885, 1e-6)
	lo, hi = ClopperPearson(0, 100, 0.95)
	near(t, "lo 0/100", lo, 0, 0)
	near(t, "hi 0/100", hi, 0.03621669, 1e-7)
	lo, hi = ClopperPearson(3, 3, 0.95)
	near(t, "lo 3/3", lo, 0.2924018, 1e-6)
	near(t, "hi 3/3", hi, 1, 0)
	near(t, "rule of three", BinomUpper(0, 300, 0.95), 1-math.Pow(0.05, 1.0/300), 1e-9)
	near(t, "lower 5/5", BinomLower(5, 5, 0.95), math.Pow(0.05, 0.2), 1e-9)
	// 1 - (0.7^10 + 10 0.3 0.7^9 + 45 0.09 0.7^8)
	near(t, "tail", BinomTail(3, 10, 0.3), 0.6172172, 1e-7)
	for _, c := range []struct {
		k, n int
		p, w float64
	}{{0, 5, .1, 1}, {6, 5, .5, 0}, {1, 5, 0, 0}, {5, 5, 1, 1}} {
		near(t, "edge", BinomTail(c.k, c.n, c.p), c.w, 0)
	}
	lo, hi = ClopperPearson(0, 0, 0.95)
	near(t, "nothing lo", lo, 0, 0)
	near(t, "nothing hi", hi, 1, 0)
}

func TestIntervals(t *testing.T) {
	// by hand: sd 0.827647, t(0.975, 4) = 2.776445
	m, lo, hi := TInterval([]float64{4.1, 5.2, 6.3, 4.8, 5.6}, 0.95)
	near(t, "mean", m, 5.2, 1e-12)
	near(t, "lo", lo, 4.172340, 1e-5)
	near(t, "hi", hi, 6.227660, 1e-5)
	_, lo, hi = TInterval([]float64{1}, 0.95)
	if !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Error("one value bounds nothing")
	}
	if _, lo, _ = LogTInterval([]float64{-1, 2, 3}, 0.95); lo > 0 {
		t.Error("negative values must fall back to the plain interval")
	}
}

func TestIntervalCoverage(t *testing.T) {
	rng := Rand(1, 1)
	want := math.Exp(3 + 0.25/2)
	var inLog, inBoot int
	const runs = 400
	for range runs {
		xs := make([]float64, 12)
		for i := range xs {
			xs[i] = math.Exp(3 + 0.5*rng.NormFloat64())
		}
		if _, lo, hi := LogTInterval(xs, 0.95); lo <= want && want <= hi {
			inLog++
		}
		if _, lo, hi := BootstrapMean(xs, 0.95, 200, rng); lo <= want && want <= hi {
			inBoot++
		}
	}
	if inLog < runs*91/100 {
		t.Errorf("log interval covers %d of %d", inLog, runs)
	}
	if inBoot < runs*82/100 {
		t.Errorf("bootstrap covers %d of %d", inBoot, runs)
	}
}

func TestSummaries(t *testing.T) {
	xs := []float64{9, 1, 3, 7}
	near(t, "median", Median(xs), 5, 0)
	near(t, "quantile", Quantile(xs, 0.25), 2.5, 1e-12)
	near(t, "mad", MAD([]float64{1, 2, 3, 4, 100}), 1.4826, 1e-12)
	near(t, "sd", StdDev([]float64{2, 4, 4, 4, 5, 5, 7, 9}), 2.13809, 1e-5)
	if xs[0] != 9 {
		t.Error("input was sorted in place")
	}
	if !math.IsNaN(Median(nil)) || !math.IsNaN(MAD(nil)) || !math.IsNaN(StdDev([]float64{1})) {
		t.Error("nothing has no median")
	}
	near(t, "lse", LogSumExp([]float64{1000, 1000}), 1000+math.Ln2, 1e-9)
	if !math.IsInf(LogSumExp(nil), -1) {
		t.Error("empty sum")
	}
	near(t, "p", PermutationP(0, 999), 0.001, 1e-12)
	near(t, "p all", PermutationP(999, 999), 1, 1e-12)
	near(t, "z", NormalTail(1.959964), 0.025, 1e-7)
}

func TestTrend(t *testing.T) {
	var x, line, logs, sat []float64
	rng := Rand(2, 1)
	for i := range 120 {
		v := float64(i)
		x = append(x, v)
		e := rng.NormFloat64()
		line = append(line, 10+2*v+e)
		logs = append(logs, 5+40*math.Log1p(v/8)+e)
		sat = append(sat, 5+90*(1-math.Exp(-v/20))+e)
	}
	near(t, "theil-sen", TheilSen(x, line), 2, 0.02)
	fit := func(y []float64) [3]Fit { return [3]Fit{FitLine(x, y), FitLog(x, y), FitSaturating(x, y)} }
	for want, y := range [][]float64{line, logs, sat} {
		got := fit(y)
		for i := range got {
			if got[i].AICc < got[want].AICc-2 {
				t.Errorf("curve %d prefers fit %d: %+v over %+v", want, i, got[i], got[want])
			}
		}
	}
	s := FitSaturating(x, sat)
	near(t, "tau", s.Tau, 20, 1.5)
	near(t, "height", s.B, 90, 2)
	near(t, "slope", FitLine(x, line).B, 2, 0.02)
	if f := FitSaturating([]float64{1}, []float64{2}); !math.IsInf(f.AICc, 1) {
		t.Error("one point fits no curve")
	}
}

func TestTheilSenIncomplete(t *testing.T) {
	var x, y []float64
	for i := range 5000 {
		x = append(x, float64(i))
		y = append(y, 3*float64(i))
		if i%5 == 0 {
			y[i] += 1e6
		}
	}
	near(t, "slope", TheilSen(x, y), 3, 1)
	if !math.IsNaN(TheilSen([]float64{1}, []float64{1})) {
		t.Error("one point has no slope")
	}
}

func TestRayleigh(t *testing.T) {
	r, phase, p := Rayleigh([]float64{3602, 7203, 10804, 14402, 18001, 21603}, 3600)
	near(t, "r", r, 1, 1e-4)
	near(t, "phase", phase, 2.5, 0.1)
	if p > 0.001 {
		t.Errorf("six times at the full hour: p = %v", p)
	}
	rng, low := Rand(3, 1), 0
	for range 1000 {
		ts := make([]float64, 8)
		for i := range ts {
			ts[i] = rng.Float64() * 86400
		}
		if _, _, p := Rayleigh(ts, 3600); p < 0.05 {
			low++
		}
	}
	if low < 30 || low > 75 {
		t.Errorf("%d of 1000 even draws under 5 %%", low)
	}
}

func TestRandIsSeeded(t *testing.T) {
	if Rand(1, 2).Uint64() != Rand(1, 2).Uint64() {
		t.Error("same seed, other numbers")
	}
	if Rand(1, 2).Uint64() == Rand(1, 3).Uint64() {
		t.Error("streams coincide")
	}
}

// TestBetaBinomTail: with nothing known of the chance all counts are alike; with much known
// of it the tail is the binomial's.
func TestBetaBinomTail(t *testing.T) {
	for k := range 11 {
		uniform, known := BetaBinomTail(k, 10, 1, 1), BetaBinomTail(k, 10, 3e6, 7e6)
		if want := float64(11-k) / 11; math.Abs(uniform-want) > 1e-9 {
			t.Errorf("uniform, at least %d: %g, want %g", k, uniform, want)
		}
		if want := BinomTail(k, 10, 0.3); math.Abs(known-want) > 1e-4 {
			t.Errorf("known, at least %d: %g, want %g", k, known, want)
		}
	}
	if p := BetaBinomTail(11, 10, 1, 1); p != 0 {
		t.Errorf("more than all: %g", p)
	}
}
