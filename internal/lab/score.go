package lab

import (
	"slices"

	"culprit"
	"culprit/internal/stat"
)

// Score is how a judge did in the runs of one scenario.
type Score struct {
	Runs, Culprits int
	// First counts runs whose first accusation is a culprit.
	First int
	// Convicted counts culprits convicted by name; Exact those of them named at
	// the right narrowing. Named counts those at least suspected.
	Convicted, Exact, Named int
	// Wrong counts runs in which an innocent was convicted, and Shady those in
	// which one was convicted or suspected while no culprit ranked before it.
	// Minor counts those of Wrong in which all the convicted innocents really
	// hold a little memory.
	Wrong, Shady, Minor int
	// Freed counts culprits acquitted.
	Freed int
	// Estimated counts culprits with an interval of bytes per call, Covered those
	// whose interval holds the truth.
	Estimated, Covered int
	// Fit counts runs with the best outcome or a blameless one; Best with the best.
	Fit, Best int
	Outcomes  map[culprit.Outcome]int
	Ratios    []float64 // estimate / truth
}

// Add counts one run.
func (s *Score) Add(t Truth, a Answer) {
	s.Runs++
	s.Culprits += len(t.Culprits)
	if len(a.Accusations) > 0 && t.hit(a.Accusations[0]) {
		s.First++
	}
	for _, p := range t.Culprits {
		s.culprit(p, a)
	}
	if wrong := wronged(t, a); len(wrong) > 0 {
		s.Wrong++
		s.Minor += one(!slices.ContainsFunc(wrong, func(x Accusation) bool { return !slices.Contains(t.Minor, x.Name) }))
	}
	if shady(t, a) {
		s.Shady++
	}
	if s.Outcomes == nil {
		s.Outcomes = map[culprit.Outcome]int{}
	}
	s.Outcomes[a.Outcome]++
	if t.Accepts(a.Outcome) {
		s.Fit++
	}
	if t.Outcome == a.Outcome {
		s.Best++
	}
}

// culprit counts what became of one culprit: by the best finding on its name.
func (s *Score) culprit(p Planted, a Answer) {
	var convicted, exact, named, freed, estimated, covered bool
	for _, x := range a.Accusations {
		name, same := p.Is(x)
		if !name {
			continue
		}
		switch x.Finding {
		case culprit.Convicted:
			convicted, named = true, true
			exact = exact || same
		case culprit.Suspected:
			named = true
		case culprit.Acquitted:
			freed = freed || same
		}
		guilty := x.Finding == culprit.Convicted || x.Finding == culprit.Suspected
		if guilty && same && x.High > 0 && !estimated {
			estimated, covered = true, x.Low <= p.Bytes && p.Bytes <= x.High
			s.Ratios = append(s.Ratios, x.Estimate/p.Bytes)
		}
	}
	s.Convicted += one(convicted)
	s.Exact += one(exact)
	s.Named += one(named)
	s.Freed += one(freed)
	s.Estimated += one(estimated)
	s.Covered += one(covered)
}

// wronged lists the innocents convicted. A shadow beside its culprit is none.
func wronged(t Truth, a Answer) []Accusation {
	var out []Accusation
	caught := false
	for _, x := range a.Accusations {
		caught = caught || x.Finding == culprit.Convicted && t.hit(x)
	}
	for _, x := range a.Accusations {
		if x.Finding == culprit.Convicted && !t.hit(x) && !(caught && t.shadow(x)) {
			out = append(out, x)
		}
	}
	return out
}

// shady tells whether an innocent is convicted or suspected before any culprit.
func shady(t Truth, a Answer) bool {
	for _, x := range a.Accusations {
		if t.hit(x) {
			return false
		}
		if x.Finding == culprit.Convicted || x.Finding == culprit.Suspected {
			return true
		}
	}
	return false
}

func (t Truth) shadow(a Accusation) bool {
	return slices.Contains(t.Shadows, a.Name)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Merge adds other runs of the same scenario.
func (s *Score) Merge(o Score) {
	s.Runs, s.Culprits, s.First = s.Runs+o.Runs, s.Culprits+o.Culprits, s.First+o.First
	s.Convicted, s.Exact, s.Named = s.Convicted+o.Convicted, s.Exact+o.Exact, s.Named+o.Named
	s.Wrong, s.Shady, s.Minor, s.Freed = s.Wrong+o.Wrong, s.Shady+o.Shady, s.Minor+o.Minor, s.Freed+o.Freed
	s.Estimated, s.Covered = s.Estimated+o.Estimated, s.Covered+o.Covered
	s.Fit, s.Best, s.Ratios = s.Fit+o.Fit, s.Best+o.Best, append(s.Ratios, o.Ratios...)
	if s.Outcomes == nil {
		s.Outcomes = map[culprit.Outcome]int{}
	}
	for k, n := range o.Outcomes {
		s.Outcomes[k] += n
	}
}

// Rate is k of n with its 95 % interval by Clopper and Pearson.
type Rate struct {
	K, N          int
	Low, High, At float64
}

// NewRate works one out; nothing of nothing is 0 with the widest interval.
func NewRate(k, n int) Rate {
	r := Rate{K: k, N: n}
	r.Low, r.High = stat.ClopperPearson(k, n, 0.95)
	if n > 0 {
		r.At = float64(k) / float64(n)
	}
	return r
}
