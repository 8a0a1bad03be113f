package growth

import (
	"slices"

	"culprit/internal/casefile"
)

// scales are the widths, in samples, at which increments are looked at: a step
// within one interval and a climb over a minute are both growth.
var scales = []int{1, 3, 10}

// climbs finds the episodes of one series in which it grew by at least gmin.
func climbs(pts []casefile.Point, unit int, gmin, sigma, span int64) []Event {
	if len(pts) < 3 {
		return nil
	}
	flagged := flag(pts, gmin, sigma, span)
	dt := pts[1].At - pts[0].At
	if len(pts) > 2 {
		dt = medianGap(pts)
	}
	gap := max(dt, min(3*dt, 20*second))
	var events []Event
	for a := 0; a < len(pts); {
		if !flagged[a] {
			a++
			continue
		}
		b := a
		for j := a + 1; j < len(pts) && pts[j].At-pts[b].At <= gap+dt; j++ {
			if flagged[j] {
				b = j
			}
		}
		if e, ok := trim(pts, max(a-1, 0), b); ok && e.Bytes >= gmin {
			e.Unit = unit
			e.Headroom = headroom(pts, e.A)
			events = append(events, e)
		}
		a = b + 1
	}
	return events
}

// flag marks the samples at the end of an interval, at any scale, over which
// memory rose by more than noise and faster than gmin in a fifth of the span
// (at most 300 s): kappa of the method, 3.3.
func flag(pts []casefile.Point, gmin, sigma, span int64) []bool {
	reference := min(300*second, max(span/5, 30*second))
	flagged := make([]bool, len(pts))
	for _, w := range scales {
		for k := w; k < len(pts); k++ {
			rise := pts[k].Mem - pts[k-w].Mem
			dt := pts[k].At - pts[k-w].At
			kappa := max(3*sigma, int64(float64(gmin)*float64(dt)/float64(reference)))
			if w > 1 {
				// A wide window also flags what lies before a step inside it: only its
				// rising samples count.
				if rise > kappa {
					for j := k - w + 1; j <= k; j++ {
						if (pts[j].Mem-pts[j-1].Mem)*int64(2*w) > rise {
							flagged[j] = true
						}
					}
				}
				continue
			}
			flagged[k] = flagged[k] || rise > kappa
		}
	}
	return flagged
}

func medianGap(pts []casefile.Point) int64 {
	gaps := make([]int64, 0, min(len(pts), 1000))
	for i := 1; i < len(pts) && i < 1000; i++ {
		gaps = append(gaps, pts[i].At-pts[i-1].At)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// trim cuts an episode to where the growth is, from the lowest sample to the
// highest one after it, and profiles it.
func trim(pts []casefile.Point, a, b int) (Event, bool) {
	hi := a
	for j := a; j <= b; j++ {
		if pts[j].Mem > pts[hi].Mem {
			hi = j
		}
	}
	lo := a
	for j := a; j <= hi; j++ {
		if pts[j].Mem <= pts[lo].Mem {
			lo = j
		}
	}
	grown := pts[hi].Mem - pts[lo].Mem
	if hi <= lo || grown <= 0 {
		return Event{}, false
	}
	hi = crest(pts, lo, hi)
	grown = pts[hi].Mem - pts[lo].Mem
	return Event{A: pts[lo].At, B: pts[hi].At, Bytes: grown, Segments: profile(pts[lo : hi+1])}, true
}

// crest is where a climb ends: what creeps up by hundredths after it is noise
// around its top. A climb that is itself so smooth ends near its maximum.
func crest(pts []casefile.Point, lo, hi int) int {
	grown := pts[hi].Mem - pts[lo].Mem
	end := hi
	for end-1 > lo && pts[end-1].Mem >= pts[end].Mem-grown/50 {
		end--
	}
	if pts[end].Mem-pts[lo].Mem >= grown/2 {
		return end
	}
	near := pts[hi].Mem - grown/50
	for hi-1 > lo && pts[hi-1].Mem >= near {
		hi--
	}
	return hi
}

// profile cuts a climb into at most five segments of equal growth at sample
// times (method, 3.4).
func profile(pts []casefile.Point) []Segment {
	const parts = 5
	base, top := pts[0].Mem, pts[len(pts)-1].Mem
	var segs []Segment
	from, level := 0, base
	for k := 1; k < len(pts); k++ {
		due := base + (top-base)*int64(len(segs)+1)/parts
		mem := min(pts[k].Mem, top) // a reading on the way may stand above the end
		if (mem < due && k < len(pts)-1) || mem <= level {
			continue
		}
		share := float64(mem-level) / float64(top-base)
		segs = append(segs, Segment{A: pts[from].At, B: pts[k].At, Share: share})
		from, level = k, mem
		if len(segs) == parts {
			break
		}
	}
	return segs
}

// headroom is how far the unit stood below its own earlier maximum.
func headroom(pts []casefile.Point, at int64) int64 {
	var top, now int64
	for _, p := range pts {
		if p.At > at {
			break
		}
		top, now = max(top, p.Mem), p.Mem
	}
	return max(0, top-now)
}
