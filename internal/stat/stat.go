// Package stat holds the statistics that the study and the lab share: intervals
// for shares and means, robust summaries, growth curves, tests on times, and
// seeded randomness.
//
// It owns formulas, each with its source. It refuses to know what its numbers
// mean: no bytes, no calls, no clocks, no global random state. Every function is
// pure; those that draw are handed their generator.
package stat

import (
	"math"
	"math/rand/v2"
)

// Rand returns a generator that depends on nothing but the seed and the stream,
// so that equal inputs give equal verdicts. Streams of one seed are independent
// for practical purposes. PCG: O'Neill, HMC-CS-2014-0905.
func Rand(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed), mix(stream^0x6a09e667f3bcc909)))
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): it keeps
// neighbouring seeds from giving similar streams.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// PermutationP is the p-value of a permutation test in which b of B random
// permutations reached the observed score: (b+1)/(B+1), never 0 (Phipson and
// Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010, arXiv 1603.05766).
func PermutationP(b, B int) float64 {
	if B < 0 || b < 0 {
		return 1
	}
	return float64(min(b, B)+1) / float64(B+1)
}

// LogSumExp returns log(sum exp(x)) without overflow; -Inf for no terms.
func LogSumExp(xs []float64) float64 {
	top := math.Inf(-1)
	for _, x := range xs {
		top = math.Max(top, x)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for _, x := range xs {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}
