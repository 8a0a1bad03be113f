package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ClopperPearson is the exact two-sided interval of a share, k successes of n,
// at the given confidence (0.95): it covers at least that often (Clopper and
// Pearson, Biometrika 26, 1934, by quantiles of the beta distribution). With
// n = 0 it is [0, 1].
func ClopperPearson(k, n int, conf float64) (lo, hi float64) {
	half := (1 - conf) / 2
	return betaLower(k, n, half), betaUpper(k, n, half)
}

// BinomUpper is the exact one-sided upper bound of a share, k successes of n
// (3/n rule at k = 0 and 95 %). Source as ClopperPearson.
func BinomUpper(k, n int, conf float64) float64 { return betaUpper(k, n, 1-conf) }

// BinomLower is the exact one-sided lower bound of a share.
func BinomLower(k, n int, conf float64) float64 { return betaLower(k, n, 1-conf) }

// BinomTail is P(X >= k) for X binomial with n trials of chance p, by the
// regularised incomplete beta function (Abramowitz and Stegun 26.5.24).
func BinomTail(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	case p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// BetaBinomTail is P(X >= k) for X binomial with n trials of a chance that is known as
// Beta(a, b), the beta-binomial distribution: the sum over i of
// C(n, i) B(i+a, n-i+b) / B(a, b). a and b are above 0.
func BetaBinomTail(k, n int, a, b float64) (p float64) {
	if k > n {
		return 0
	}
	for i := max(k, 0); i <= n; i++ {
		rest := float64(n - i)
		choose := -mathext.Lbeta(rest+1, float64(i)+1) - math.Log(float64(n)+1)
		p += math.Exp(choose + mathext.Lbeta(float64(i)+a, rest+b) - mathext.Lbeta(a, b))
	}
	return min(p, 1)
}

func betaUpper(k, n int, tail float64) float64 {
	if n <= 0 || k >= n {
		return 1
	}
	return inverse(float64(max(k, 0)+1), float64(n-max(k, 0)), 1-tail)
}

func betaLower(k, n int, tail float64) float64 {
	if n <= 0 || k <= 0 {
		return 0
	}
	k = min(k, n)
	return inverse(float64(k), float64(n-k+1), tail)
}

// inverse is the beta quantile with its argument kept in range: the library
// panics outside of it.
func inverse(a, b, p float64) float64 {
	if math.IsNaN(p) {
		return math.NaN()
	}
	return mathext.InvRegIncBeta(a, b, math.Min(1, math.Max(0, p)))
}
