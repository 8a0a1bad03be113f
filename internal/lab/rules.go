package lab

import (
	"cmp"
	"math"
	"slices"

	"culprit"
	"culprit/internal/casefile"
)

// Rule is a way to blame somebody that people use today.
type Rule struct {
	Name string // "oink"
	// About tells what it does, for the table.
	About string
	Judge Judge
}

// Rules lists the competitors. They rank endpoints and jobs and always name
// somebody: none of them knows doubt.
func Rules() []Rule {
	return []Rule{
		{"oink-sum", "blame the finisher: sum of the memory change since the last request end in the process", ranked(oink(false))},
		{"oink-mean", "the same, mean per request", ranked(oink(true))},
		{"peak-delta", "largest single memory change between a request's start and end", ranked(peakDelta)},
		{"slowest", "largest mean duration", ranked(slowest(true))},
		{"most-time", "largest total duration", ranked(slowest(false))},
		{"ochiai", "presence in growth windows against all windows (spectrum-based fault localisation)", ranked(ochiai)},
	}
}

// blotter is a case laid out for the rules: calls by unit, in order of end.
type blotter struct {
	c     *casefile.Case
	units [][]casefile.Row
	// names maps a label to its endpoint or job.
	names []int32
}

func newBlotter(c *casefile.Case) *blotter {
	b := &blotter{c: c, units: make([][]casefile.Row, len(c.Units)), names: make([]int32, len(c.Roster.Labels))}
	for l, set := range c.Roster.Labels {
		b.names[l] = set[0]
	}
	for block := range c.Rows {
		for _, r := range block {
			if r.Unit >= 0 && int(r.Unit) < len(b.units) {
				b.units[r.Unit] = append(b.units[r.Unit], r)
			}
		}
	}
	for _, rows := range b.units {
		slices.SortStableFunc(rows, func(x, y casefile.Row) int { return cmp.Compare(x.End, y.End) })
	}
	return b
}

// ranked turns a score per suspect (NaN or 0 = no opinion) into an answer.
func ranked(score func(*blotter) []float64) Judge {
	return func(c *casefile.Case) Answer {
		scores := score(newBlotter(c))
		var order []int
		for i, s := range scores {
			if s > 0 {
				order = append(order, i)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		var out Answer
		for _, i := range order[:min(len(order), 20)] {
			s := c.Roster.Suspects[i]
			out.Accusations = append(out.Accusations, Accusation{Name: s.Name, Key: s.Key, Value: s.Value, Finding: culprit.Suspected})
		}
		return out
	}
}

// memoryAt is the last reading at or before an instant, the first one before any.
func memoryAt(points []casefile.Point, at int64) float64 {
	i, found := slices.BinarySearchFunc(points, at, func(p casefile.Point, t int64) int { return cmp.Compare(p.At, t) })
	if !found {
		i--
	}
	if len(points) == 0 {
		return math.NaN()
	}
	return float64(points[max(i, 0)].Mem)
}

// oink sums, per endpoint, the change of memory since the previous request end
// of the process (noahd1/oink's rule).
func oink(mean bool) func(*blotter) []float64 {
	return func(b *blotter) []float64 {
		sum, n := make([]float64, len(b.c.Roster.Suspects)), make([]float64, len(b.c.Roster.Suspects))
		for u, rows := range b.units {
			last := math.NaN()
			for _, r := range rows {
				now := memoryAt(b.c.Units[u].Points, r.End)
				if d := now - last; !math.IsNaN(d) {
					sum[b.names[r.Label]] += d
					n[b.names[r.Label]]++
				}
				last = now
			}
		}
		if mean {
			for i := range sum {
				sum[i] /= math.Max(n[i], 1)
			}
		}
		return sum
	}
}

// peakDelta is the largest change between start and end of one call.
func peakDelta(b *blotter) []float64 {
	out := make([]float64, len(b.c.Roster.Suspects))
	for u, rows := range b.units {
		points := b.c.Units[u].Points
		for _, r := range rows {
			if d := memoryAt(points, r.End) - memoryAt(points, r.Start); d > out[b.names[r.Label]] {
				out[b.names[r.Label]] = d
			}
		}
	}
	return out
}

// slowest is the mean or the total duration.
func slowest(mean bool) func(*blotter) []float64 {
	return func(b *blotter) []float64 {
		sum, n := make([]float64, len(b.c.Roster.Suspects)), make([]float64, len(b.c.Roster.Suspects))
		for _, rows := range b.units {
			for _, r := range rows {
				sum[b.names[r.Label]] += float64(r.End - r.Start)
				n[b.names[r.Label]]++
			}
		}
		if mean {
			for i := range sum {
				sum[i] /= math.Max(n[i], 1)
			}
		}
		return sum
	}
}
