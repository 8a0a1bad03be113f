package verdict

import (
	"cmp"
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/stat"
)

// minFresh is the number of processes that must have grown for the first time
// before they alone give the size of a call.
const minFresh = 3

// measure fills the size of a named suspect from its episodes.
func (t *trial) measure(a *accused) {
	for _, e := range a.events {
		a.bytes += culprit.Bytes(e.Bytes)
	}
	xs := t.demands(t.whole(a.events))
	if len(xs) == 0 {
		return
	}
	if inf := t.lineup.Evidence[a.index].Informative; inf > 0 {
		h := min(1, float64(len(a.events))/float64(inf))
		a.harm = &h
	}
	if len(xs) < 2 {
		a.size = culprit.Interval{Estimate: &xs[0]}
		return
	}
	mean, lo, hi := stat.TInterval(xs, 0.95)
	if lo <= slices.Min(xs)/2 {
		// Skewed sizes: the interval on the logarithmic scale cannot cross zero.
		_, lo, hi = stat.LogTInterval(xs, 0.95)
		lo, hi = min(lo, mean), max(hi, mean)
	}
	a.size = culprit.Interval{Estimate: &mean, Low: &lo, High: &hi}
}

// whole joins episodes of one process that follow one another at once: a single
// call paused while it grew.
func (t *trial) whole(events []growth.Event) []growth.Event {
	es := slices.Clone(events)
	slices.SortFunc(es, func(a, b growth.Event) int { return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.A, b.A)) })
	pause := max(5*second, 3*t.growth.DT)
	var out []growth.Event
	for _, e := range es {
		if n := len(out); n > 0 && out[n-1].Unit == e.Unit && e.A-out[n-1].B <= pause {
			out[n-1].B = e.B
			out[n-1].Bytes += e.Bytes
			continue
		}
		out = append(out, e)
	}
	return out
}

// demands is what calls demanded. A process that has grown before serves part of
// the next call from what it holds, so that later growth understates the call:
// in recordings of a real app later calls grew a process by 60 % of the first.
// The first growth of each process is the honest measure where enough processes
// grew; else growth, with what stood free below the high-water mark.
func (t *trial) demands(events []growth.Event) []float64 {
	var fresh, all []float64
	for _, ev := range events {
		d := float64(ev.Bytes)
		if t.c.Level == culprit.LevelProcess {
			if !t.grewBefore(ev) {
				fresh = append(fresh, d)
			}
			d += float64(min(ev.Headroom, ev.Bytes))
		}
		all = append(all, d)
	}
	if len(fresh) >= minFresh {
		return fresh
	}
	return all
}

func (t *trial) grewBefore(e growth.Event) bool {
	for _, list := range [][]growth.Event{t.growth.Events, t.growth.Minor} {
		for _, x := range list {
			if x.Unit == e.Unit && x.B <= e.A {
				return true
			}
		}
	}
	return false
}
