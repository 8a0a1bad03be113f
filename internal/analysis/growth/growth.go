// Package growth studies memory series: it finds the episodes in which a unit
// grew, their profile, and what grew outside of episodes.
//
// It owns thresholds on memory and time, all of which scale with the data: with
// the noise of the series, the size of the unit, the sampling interval and the
// span. It refuses to look at calls and to say why anything grew.
package growth

import (
	"cmp"
	"math"
	"slices"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// Shapes of growth.
const (
	Step     = "step"     // within about a dozen samples or a minute
	Ramp     = "ramp"     // longer
	Warmup   = "warmup"   // of a young process: excluded
	Recovery = "recovery" // back to the level before a restart: excluded
)

// Event is one growth episode of one unit. Times are microseconds.
type Event struct {
	Unit  int
	A, B  int64 // last sample before growth, last sample of growth
	Bytes int64 // R(B) - R(A)
	Shape string
	// Segments cut the episode into at most five parts of equal growth, at
	// sample times, so that presence can be weighed by growth covered.
	Segments []Segment
	// Headroom is how far below its own high-water mark the unit stood at A: what
	// it could serve without growing.
	Headroom int64
}

// Segment is one part of an episode with its share of the growth, 0..1.
type Segment struct {
	A, B  int64
	Share float64
}

// Drift is what a unit grew outside of episodes, over its life in the span.
type Drift struct {
	Unit     int
	From, To int64
	Bytes    int64 // net growth, episodes included
	Events   int64 // growth in episodes
	// FirstHalf and SecondHalf are net growth without episodes.
	FirstHalf, SecondHalf int64
	// Third and Fourth are the quarters of SecondHalf: growth that lasts is the
	// same in both.
	Third, Fourth int64
	Start         int64 // level at From
}

// Result is all growth of a case.
type Result struct {
	Events  []Event // that count, by time
	Minor   []Event // smaller ones: they count once the larger are explained
	Aside   []Event // warm-up and recoveries
	Drifts  []Drift
	GMin    int64 // least growth of an episode that counts, bytes
	Noise   int64 // sigma of increments, bytes
	Total   int64 // growth that needs a culprit: episodes, plus drift upwards
	Warmup  int64 // bytes excluded as warm-up
	Peak    int64 // highest sum or level seen on one unit
	WarmFor int64 // microseconds after birth that count as warm-up
	// DT is the median sampling interval, microseconds.
	DT int64
}

const second = 1_000_000

// Detect finds the growth of all units within the span of the case.
func Detect(c *casefile.Case) Result {
	span := c.To - c.From
	r := Result{WarmFor: warmFor(span)}
	r.DT = medianInterval(c.Units)
	r.Noise = noise(c.Units)
	var found []Event
	for i := range c.Units {
		u := &c.Units[i]
		if len(u.Points) == 0 || u.Silent {
			continue
		}
		gmin := leastGrowth(u, c.Level, r.Noise)
		events := climbs(u.Points, i, gmin, r.Noise, span)
		for _, e := range events {
			if e.B < c.From || e.A > c.To {
				continue
			}
			e.Shape = shape(e, r.DT)
			if young(u, e, r.WarmFor) {
				e.Shape = Warmup
				r.Warmup += e.Bytes
				r.Aside = append(r.Aside, e)
				continue
			}
			if c.Level == culprit.LevelHost && recovers(c.Units, i, e) {
				e.Shape = Recovery
				r.Aside = append(r.Aside, e)
				continue
			}
			found = append(found, e)
		}
		r.Drifts = append(r.Drifts, drift(u, i, events, c.From, c.To))
		for _, p := range u.Points {
			r.Peak = max(r.Peak, p.Mem)
		}
	}
	r.Events, r.Minor = Raise(found)
	for _, e := range r.Events {
		if r.GMin == 0 || e.Bytes < r.GMin {
			r.GMin = e.Bytes
		}
	}
	r.Total = total(found, r.Drifts)
	return r
}

// warmFor: 20 minutes of a process's life are warm-up (method, 3.2); when the
// whole recording is shorter than two hours, a sixth of it, at least 30 s.
func warmFor(span int64) int64 {
	return min(20*60*second, max(span/6, 30*second))
}

// leastGrowth is the smallest episode of a unit worth a name: well above the
// noise, above what heap growth of a small Rails process does by itself (24 MB),
// and above a tenth of the unit's size (100 MB for a process of 1 GB, the
// method's default); for hosts above 48 MB and the method's 2 %.
func leastGrowth(u *casefile.Unit, level culprit.Level, sigma int64) int64 {
	levels := make([]float64, len(u.Points))
	for i, p := range u.Points {
		levels[i] = float64(p.Mem)
	}
	base := int64(stat.Quantile(levels, 0.2))
	if level == culprit.LevelHost {
		return max(8*sigma, 48<<20, base/50)
	}
	return max(8*sigma, 24<<20, base/10)
}

// noise is the robust spread of increments over all units, at least 0.5 MB.
func noise(units []casefile.Unit) int64 {
	var ys []float64
	for _, u := range units {
		// A spread needs a few thousand increments, not a week of them.
		for i := max(1, len(u.Points)-4000); i < len(u.Points); i++ {
			ys = append(ys, float64(u.Points[i].Mem-u.Points[i-1].Mem))
		}
	}
	if len(ys) == 0 {
		return 512 << 10
	}
	return max(int64(1.4826*stat.MAD(ys)), 512<<10)
}

func medianInterval(units []casefile.Unit) int64 {
	var gaps []float64
	for _, u := range units {
		for i := 1; i < len(u.Points) && i < 2000; i++ {
			gaps = append(gaps, float64(u.Points[i].At-u.Points[i-1].At))
		}
	}
	if len(gaps) == 0 {
		return 10 * second
	}
	return int64(stat.Median(gaps))
}

func young(u *casefile.Unit, e Event, warm int64) bool {
	return u.Born > 0 && e.A < u.Born+warm
}

// recovers: a host that only climbs back to where it stood in the 15 minutes
// before a restart has not grown (method, 3.1).
func recovers(units []casefile.Unit, i int, e Event) bool {
	u := &units[i]
	if u.Born == 0 || i == 0 || units[i-1].Process.Host != u.Process.Host {
		return false
	}
	before := units[i-1].Points
	var top int64
	for j := len(before) - 1; j >= 0 && before[j].At > u.Born-15*60*second; j-- {
		top = max(top, before[j].Mem)
	}
	var end int64
	for _, p := range u.Points {
		if p.At <= e.B {
			end = p.Mem
		}
	}
	return end <= top+top/20+100<<20
}

func shape(e Event, dt int64) string {
	if e.B-e.A <= max(12*dt, 90*second) {
		return Step
	}
	return Ramp
}

// Raise lifts the least growth to the largest value at which the episodes still
// hold 80 % of what all of them grew: few big episodes tell more than many small
// ones (method, 3.3). Up to eight are kept where there are as many of the same
// order of size (a quarter of the median of those kept), since the number of
// episodes is what convicts; warm-up ramps beside a step of gigabytes are not.
// Both parts come back by time.
func Raise(found []Event) (kept, minor []Event) {
	found = slices.Clone(found)
	slices.SortFunc(found, func(a, b Event) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.A, b.A), cmp.Compare(a.Unit, b.Unit))
	})
	var all, sum int64
	for _, e := range found {
		all += e.Bytes
	}
	keep := 0
	for keep < len(found) && sum*5 < all*4 {
		sum += found[keep].Bytes
		keep++
	}
	for keep > 0 && keep < len(found) && keep < 8 && found[keep].Bytes*4 >= found[keep/2].Bytes {
		keep++
	}
	kept, minor = found[:keep:keep], found[keep:]
	byTime(kept)
	byTime(minor)
	return kept, minor
}

func byTime(events []Event) {
	slices.SortFunc(events, func(a, b Event) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.Unit, b.Unit)) })
}

func total(events []Event, drifts []Drift) int64 {
	var t int64
	for _, e := range events {
		t += e.Bytes
	}
	for _, d := range drifts {
		t += max(0, d.Bytes-d.Events)
	}
	return t
}

// drift measures a unit's growth outside of its episodes.
func drift(u *casefile.Unit, i int, events []Event, from, to int64) Drift {
	pts := within(u.Points, from, to)
	d := Drift{Unit: i}
	if len(pts) < 4 {
		return d
	}
	d.From, d.To = pts[0].At, pts[len(pts)-1].At
	mid := (d.From + d.To) / 2
	d.Start = level(pts, d.From)
	half := level(pts, mid)
	end := level(pts, d.To)
	d.Bytes = end - d.Start
	late := (mid + d.To) / 2
	d.FirstHalf, d.SecondHalf = half-d.Start, end-half
	d.Third = level(pts, late) - half
	d.Fourth = end - level(pts, late)
	for _, e := range events {
		d.Events += e.Bytes
		switch at := (e.A + e.B) / 2; {
		case at < mid:
			d.FirstHalf -= e.Bytes
		case at < late:
			d.SecondHalf -= e.Bytes
			d.Third -= e.Bytes
		default:
			d.SecondHalf -= e.Bytes
			d.Fourth -= e.Bytes
		}
	}
	return d
}

// level is the median of the samples around an instant: single readings jump.
func level(pts []casefile.Point, at int64) int64 {
	i, _ := slices.BinarySearchFunc(pts, at, func(p casefile.Point, at int64) int { return cmp.Compare(p.At, at) })
	a, b := max(0, i-2), min(len(pts), i+3)
	xs := make([]float64, 0, 5)
	for _, p := range pts[a:b] {
		xs = append(xs, float64(p.Mem))
	}
	return int64(math.Round(stat.Median(xs)))
}

// within gives the points inside a span; a span that ends before it begins, as
// when logs end before --from, has none.
func within(pts []casefile.Point, from, to int64) []casefile.Point {
	find := func(at int64) int {
		i, _ := slices.BinarySearchFunc(pts, at, func(p casefile.Point, at int64) int { return cmp.Compare(p.At, at) })
		return i
	}
	a := find(from)
	return pts[a:max(a, find(to+1))]
}
