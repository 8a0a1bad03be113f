// Package lineup is the police line-up of the method: every growth episode is
// held beside look-alike windows (the same process at other times, other
// processes at the same time, the same minute of other hours), and every
// suspect is asked whether it was in flight during the growth much more often
// than in the look-alikes.
//
// It owns exposure, look-alikes, scores and their calibrated significance. It
// refuses to name anybody: it gives evidence per suspect and family, and says
// which families could not be formed. Method: case-crossover design with an
// exact randomisation test, max-T over all suspects (Westfall and Young 1993),
// p = (b+1)/(B+1) after Phipson and Smyth (arXiv 1603.05766).
package lineup

import (
	"cmp"
	"slices"

	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
)

const second = 1_000_000

// Family names a kind of look-alike.
type Family int

// The families. Each removes another false explanation: Time what is peculiar
// to a unit, Hour what is bound to the minute of the hour, Unit what is common
// to the fleet at that moment.
const (
	Time Family = iota
	Hour
	Unit
	families
)

// String names the family in reports.
func (f Family) String() string { return [...]string{"time", "hour", "unit"}[f] }

// Options of a line-up.
type Options struct {
	Seed   uint64
	Rounds int // permutations, default 4999: p near 0.005 is then known to a fifth
	// Presence asks for who was present only: no tests.
	Presence bool
	// Shift is added to the times of calls, per host index: the clock of the logs
	// against that of the series, microseconds.
	Shift []int64
	// Tries is the number of ways in which the same data was looked at, 1 or more:
	// p-values are multiplied by it (Bonferroni).
	Tries int
	// Slack widens the tolerance on both sides, microseconds.
	Slack int64
}

// Evidence is what the line-up has on one suspect.
type Evidence struct {
	Suspect int
	// Present lists the episodes (indexes into Lineup.Events) it covered, Generous
	// those it touched at all, with ten seconds on both sides.
	Present, Generous []int
	Calls             int64 // all calls on units of the case
	Informative       int64 // calls at which harm would have shown
	Logged            int64 // all calls in the logs, placed on a unit or not
	Unfinished        int64 // calls that were never seen to end
	// Score is max over phi of the log-likelihood ratio, in nats, per family.
	Score [families]float64
	// P is the family's p-value, adjusted over all suspects of the same level.
	P [families]float64
	// Phi is the share of episodes it explains best, by the time family.
	Phi float64
	// Chance is its mean presence in look-alike windows.
	Chance float64
	// Solo is, in the median of the episodes it covered, the share of growth that
	// one single call of it spans; computed for those below 5 % only. A suspect
	// that covers an episode by many short calls is one that is simply frequent.
	Solo float64
	// Power: would it have been noticed, had it caused 60 % of the episodes?
	Power bool
}

// Lineup is the result for all suspects.
type Lineup struct {
	Events   []growth.Event
	Clusters [][]int // indexes into Events: episodes that are one observation
	Has      [families]bool
	// Windows is the mean number of look-alikes per cluster and family.
	Windows  [families]float64
	Evidence []Evidence // by suspect index; suspects never near are zero
	// Omnibus is the p-value of "was anything unusual in flight?", worst family.
	Omnibus float64
	// PresentIn[e] is the suspects that covered episode e.
	PresentIn [][]int32
}

// Run holds the line-up for the given episodes. all are all episodes found
// (look-alikes must not touch any), warm is the age below which a unit is no
// look-alike.
func Run(c *casefile.Case, events []growth.Event, all []growth.Event, g *growth.Result, o Options) *Lineup {
	if o.Rounds == 0 {
		o.Rounds = 4999
	}
	o.Tries = max(o.Tries, 1)
	l := &Lineup{Events: slices.Clone(capEvents(events)), Omnibus: 1}
	slices.SortStableFunc(l.Events, func(x, y growth.Event) int {
		return cmp.Or(cmp.Compare(x.A, y.A), c.Units[x.Unit].Before(&c.Units[y.Unit]))
	})
	l.Evidence = make([]Evidence, len(c.Roster.Suspects))
	if len(l.Events) == 0 {
		x := newExposure(c, nil, l, g, o)
		x.read()
		(&matrix{c: c, x: x, l: l}).calls()
		return l
	}
	l.Clusters = cluster(l.Events, c.To-c.From, g.DT)
	b := &builder{c: c, g: g, all: all, l: l}
	set := b.windows()
	x := newExposure(c, set, l, g, o)
	x.read()
	m := newMatrix(c, set, x, l)
	m.score(o)
	if !o.Presence && o.Rounds > 1 {
		solo(c, l, x)
	}
	return l
}

// maxEvents bounds the work; the largest episodes tell most.
const maxEvents = 80

func capEvents(events []growth.Event) []growth.Event {
	if len(events) <= maxEvents {
		return events
	}
	least := kth(events, maxEvents)
	ties := maxEvents // as many of the least as the larger ones leave room for
	for _, e := range events {
		if e.Bytes > least {
			ties--
		}
	}
	var kept []growth.Event
	for _, e := range events {
		if e.Bytes == least {
			ties--
		}
		if e.Bytes > least || (e.Bytes == least && ties >= 0) {
			kept = append(kept, e)
		}
	}
	return kept
}

// cluster joins episodes whose onsets are close: retries of one user or one
// host-wide incident are one observation (method, 3.5). The gap is a quarter of
// the mean distance of episodes, at most 30 min and, in short recordings, at
// least five seconds or three samples.
func cluster(events []growth.Event, span, dt int64) [][]int {
	least := min(120*second, max(3*dt, 5*second))
	gap := min(max(span/4/int64(len(events)), least), 1800*second)
	if span > 2*3600*second {
		gap = max(gap, 120*second)
	}
	var clusters [][]int
	for i, e := range events {
		n := len(clusters)
		if n > 0 {
			last := clusters[n-1]
			if e.A-events[last[len(last)-1]].A < gap {
				clusters[n-1] = append(last, i)
				continue
			}
		}
		clusters = append(clusters, []int{i})
	}
	return clusters
}
