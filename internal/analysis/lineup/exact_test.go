package lineup

import (
	"testing"

	"culprit"
	"culprit/internal/stat"
)

// chance is a small fleet whose calls know nothing of its episodes.
func chance(seed uint64) *scene {
	rng := stat.Rand(seed, 1)
	s := &scene{span: 3000, dt: 5, units: 4, hosts: 2, level: culprit.LevelProcess}
	const endpoints = 6
	s.endpoints(endpoints)
	for i := range int64(5) {
		at := 100 + 560*i + int64(rng.IntN(400))
		s.grow(rng.IntN(s.units), at, at+20)
	}
	for ep := range endpoints {
		// From rare and long to frequent and short.
		for range 4 << ep {
			at := rng.Float64() * float64(s.span)
			s.call(int32(rng.IntN(s.units)), uint32(ep), at, at+30+rng.ExpFloat64()*float64(int(200)>>ep))
		}
	}
	return s
}

// When calls are independent of episodes, the least p-value over all suspects is
// at most a in no more than a share a of cases, in every family: that is what
// the rate of false accusations rests on.
func TestExact(t *testing.T) {
	const runs = 300
	var least [families][]float64
	for seed := range uint64(runs) {
		l := chance(seed).run(Options{Seed: seed, Rounds: 99})
		for _, f := range []Family{Time, Unit} {
			if !l.Has[f] {
				t.Fatalf("no %s family", f)
			}
			p := 1.0
			for i := range l.Evidence {
				p = min(p, l.Evidence[i].P[f])
			}
			least[f] = append(least[f], p)
		}
	}
	for _, f := range []Family{Time, Unit} {
		for _, a := range []float64{0.02, 0.05, 0.1, 0.2, 0.5} {
			k := 0
			for _, p := range least[f] {
				if p <= a {
					k++
				}
			}
			// Three hundred draws of luck: one test in a thousand would fail by chance.
			if stat.BinomTail(k, runs, a) < 0.001 {
				t.Errorf("%s: p at most %g in %d of %d cases", f, a, k, runs)
			}
		}
	}
}
