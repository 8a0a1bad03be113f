package lineup

import (
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// solo measures, for suspects with any evidence, how much of an episode a single
// call spans. It is one more pass over the calls.
func solo(c *casefile.Case, l *Lineup, x *exposure) {
	wanted := map[int32]bool{}
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if len(e.Present) > 0 && (e.P[Time] <= 0.05 || e.P[Unit] <= 0.05) {
			wanted[int32(i)] = true
		}
	}
	if len(wanted) == 0 {
		return
	}
	byUnit := map[int32][]int{}
	for i, e := range l.Events {
		byUnit[int32(e.Unit)] = append(byUnit[int32(e.Unit)], i)
	}
	labels := make([]bool, len(c.Roster.Labels))
	for label, set := range c.Roster.Labels {
		for _, s := range set {
			labels[label] = labels[label] || wanted[s]
		}
	}
	best := map[[2]int32]float64{} // (suspect, episode) -> share
	for rows := range c.Rows {
		for i := range rows {
			r := &rows[i]
			if !labels[r.Label] {
				continue
			}
			for _, u := range x.unitsOf(r) {
				shift := x.shift(x.unitHost[u])
				for _, e := range byUnit[u] {
					share := spanned(l.Events[e].Segments, r.Start+shift, r.End+shift, x.dt/2+x.o.Slack)
					for _, s := range c.Roster.Labels[r.Label] {
						if k := [2]int32{s, int32(e)}; wanted[s] && share > best[k] {
							best[k] = share
						}
					}
				}
			}
		}
	}
	for s := range wanted {
		var xs []float64
		for _, e := range l.Evidence[s].Present {
			xs = append(xs, best[[2]int32{s, int32(e)}])
		}
		l.Evidence[s].Solo = stat.Median(xs)
	}
}

// unitsOf lists the units a call may have run on.
func (x *exposure) unitsOf(r *casefile.Row) []int32 {
	if r.Unit >= 0 {
		return []int32{r.Unit}
	}
	if h, ok := casefile.HostOf(r.Unit); ok {
		return x.hostUnit[h]
	}
	return nil
}

// spanned is the share of an episode's growth that one call spans, half a
// sampling interval allowed on both sides.
func spanned(segs []growth.Segment, a, b, slack int64) float64 {
	var share float64
	for _, seg := range segs {
		over := min(b+slack, seg.B) - max(a-slack, seg.A)
		if over > 0 {
			share += seg.Share * min(1, float64(over)/float64(seg.B-seg.A))
		}
	}
	return share
}
