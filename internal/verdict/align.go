package verdict

import (
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/lineup"
)

// Clock offsets that are tried when nobody stands out with the clocks as they
// are: -40 s to +40 s in steps of 5 s, and once with 30 s of slack on both sides
// for clocks that differ by host (method, 4.6).
const (
	skewReach = 40 * second
	skewStep  = 5 * second
	skewSlack = 30 * second
	second    = 1_000_000
)

// skewTries is the number of looks this takes, for Bonferroni; the look with the
// clocks as they are was one more.
const skewTries = 2*skewReach/skewStep + 1

// skewRounds are enough permutations that p can still convict after correction.
const skewRounds = 19_999

// maxAligned bounds the search, which is 17 more passes over the calls: about 10 s
// of CPU for this many.
const maxAligned = 30_000_000

// align looks for an offset between the clocks of logs and series at which
// somebody stands out. The offset is chosen by the best score; its p-values pay
// for all offsets tried.
func (t *trial) align() {
	l := t.lineup
	if len(l.Clusters) < minClusters {
		return
	}
	if t.c.Calls > maxAligned {
		t.warnings = append(t.warnings, "more calls than offsets between the clocks of logs and series are searched for; hint: give --from and --to around the growth")
		return
	}
	best, bestScore, found := lineup.Options{}, topScore(l)+1, false
	for _, o := range t.offsets() {
		if s := topScore(t.lineupWith(t.growth.Events, o)); s > bestScore {
			best, bestScore, found = o, s, true
		}
	}
	if !found {
		return
	}
	best.Rounds, best.Tries = skewRounds, skewTries
	tried := t.lineupWith(t.growth.Events, best)
	if _, g := t.best(tried); g < strong {
		return
	}
	t.lineup, t.lineup0 = tried, tried
	t.skew, t.slack, t.aligned = best.Shift, best.Slack, true
}

// offsets are the looks: every shift but none, and the slack.
func (t *trial) offsets() []lineup.Options {
	looks := []lineup.Options{{Seed: t.f.Seed, Slack: skewSlack, Rounds: 1}}
	for shift := int64(-skewReach); shift <= skewReach; shift += skewStep {
		if shift != 0 {
			looks = append(looks, lineup.Options{Seed: t.f.Seed, Shift: t.everyHost(shift), Rounds: 1})
		}
	}
	return looks
}

func (t *trial) everyHost(shift int64) []int64 {
	s := make([]int64, max(len(t.c.Hosts), 1))
	for i := range s {
		s[i] = shift
	}
	return s
}

func (t *trial) lineupWith(events []growth.Event, o lineup.Options) *lineup.Lineup {
	return lineup.Run(t.c, events, t.allEpisodes(), &t.growth, o)
}

// topScore is the best of the suspects' least scores over the families.
func topScore(l *lineup.Lineup) float64 {
	var top float64
	for i := range l.Evidence {
		if len(l.Evidence[i].Present) > 0 {
			top = max(top, score(l, &l.Evidence[i]))
		}
	}
	return top
}
