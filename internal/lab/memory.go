package lab

import (
	"math"
	"math/rand/v2"

	"culprit/internal/stat"
)

// remembers works out the memory of every process, cell by cell.
func (w *world) remembers() {
	cells := int((w.end-w.start)/w.cell) + 2
	rng := stat.Rand(w.rng.Uint64(), 2)
	w.rss = make([][]float32, len(w.procs))
	for i := range w.rss {
		w.rss[i] = make([]float32, cells)
	}
	s := &sweep{w: w, rng: rng}
	for i := range w.incs {
		s.live(&w.incs[i])
	}
}

// sweep is the working space of one incarnation: sums per cell since its birth.
type sweep struct {
	w     *world
	rng   *rand.Rand
	alive []float64 // differences of MB alive
	kept  []float64 // MB kept from this cell on
	extra []float64 // MB of harmful demand in this cell
	calls []float64
}

// cellOf is the cell of an instant, kept within the recording.
func (w *world) cellOf(at int64) int {
	return int((min(max(at, w.start), w.end) - w.start) / w.cell)
}

func (s *sweep) live(inc *incarnation) {
	from, to := s.w.cellOf(inc.born), s.w.cellOf(inc.died)
	if inc.born >= s.w.end || to <= from {
		return
	}
	s.reset(to - from + 3)
	for _, l := range inc.loads {
		s.weigh(l, from, to)
	}
	for _, r := range inc.ramps {
		s.climb(r, from, to)
	}
	s.integrate(inc, from, to)
}

func (s *sweep) reset(n int) {
	for _, b := range []*[]float64{&s.alive, &s.kept, &s.extra, &s.calls} {
		if cap(*b) < n {
			*b = make([]float64, n+n/4)
		}
		*b = (*b)[:n]
		clear(*b)
	}
}

// weigh adds an ordinary call. One much shorter than a cell rarely meets
// another: it counts for less.
func (s *sweep) weigh(l load, from, to int) {
	i, j := s.w.cellOf(l.from)-from, min(s.w.cellOf(l.to), to)-from
	if i < 0 || i > to-from || j < i {
		return
	}
	mb := float64(l.live)
	if i == j {
		mb *= math.Min(1, 5*float64(l.to-l.from)/float64(s.w.cell))
	}
	s.alive[i] += mb
	s.alive[j+1] -= mb
	s.kept[i] += float64(l.keep)
	s.calls[i]++
}

// climb adds harmful demand: a share of it stays for good, the rest until the
// call ends.
func (s *sweep) climb(r ramp, from, to int) {
	span := float64(max(r.peak-r.from, 1))
	last := 0.0
	for c := max(s.w.cellOf(r.from), from); c <= min(s.w.cellOf(r.end), to); c++ {
		end := s.w.start + int64(c+1)*s.w.cell
		done := math.Min(1, math.Max(0, float64(end-r.from)/span))
		s.extra[c-from] += r.demand * done * (1 - r.retain)
		s.kept[c-from] += r.demand * (done - last) * r.retain
		last = done
	}
}

// integrate turns demand into resident memory: a running maximum that is given
// back slowly and in part.
func (s *sweep) integrate(inc *incarnation, from, to int) {
	m := s.w.cfg.Memory
	n, kept, leaked, alive := s.history(inc), 0.0, 0.0, 0.0
	heap := newHeapSteps(m, s.rng)
	fade := 1 - math.Exp(-seconds(s.w.cell)/math.Max(1, m.ReleaseTau))
	peak, rss, lasting := 0.0, 0.0, -1.0
	phase := s.rng.Float64()
	out := s.w.rss[inc.proc]
	for c := from; c <= to; c++ {
		i := c - from
		if k := s.calls[i]; k > 0 || lasting < 0 {
			n += k
			lasting = m.Warm*(1-math.Exp(-n/m.WarmCalls)) + m.Frag*math.Log1p(n/m.FragCalls) + heap.at(n)
		}
		alive += s.alive[i]
		kept += s.kept[i]
		leaked = s.shown(kept, leaked, phase)
		target := m.Base + lasting + leaked + 1.2*alive + s.extra[i] + s.youth(inc, c)
		if rss == 0 && inc.old {
			peak = target + logNormal(s.rng, 15, 0.8)
		}
		peak = math.Max(peak, target)
		floor := target + (1-m.Release)*(peak-target)
		rss = math.Max(target, rss-math.Max(0, rss-floor)*fade)
		out[c] = float32(rss)
	}
}

// shown is how much of what is kept is resident: all of it, or, where the heap
// hides it, full steps as of the last garbage collection, every 8 s or so.
func (s *sweep) shown(kept, before, phase float64) float64 {
	step := s.w.cfg.Memory.HiddenHeapStep
	switch {
	case step == 0:
		return kept
	case s.rng.Float64() < seconds(s.w.cell)/8:
		return math.Floor(kept/step+phase) * step
	}
	return before
}

// history is how many calls a process had served before the recording.
func (s *sweep) history(inc *incarnation) float64 {
	if inc.old {
		return 15000 + 10000*s.rng.Float64()
	}
	return 0
}

// youth is what depends on age alone: loading code in the first seconds, and
// copy-on-write pages that become private.
func (s *sweep) youth(inc *incarnation, cell int) float64 {
	m := s.w.cfg.Memory
	age := seconds(s.w.start + int64(cell)*s.w.cell - inc.born)
	if age < 0 {
		age = 0
	}
	mb := -0.4 * m.Base * math.Exp(-age/2)
	if m.Unshare > 0 {
		mb += m.Unshare * (1 - math.Exp(-age/m.UnshareTau))
	}
	return mb
}

// heapSteps are the sizes of a Ruby heap's growth, each 1.8 times as many calls
// after the last.
type heapSteps struct {
	next, mb, size float64
	rng            *rand.Rand
}

func newHeapSteps(m Memory, rng *rand.Rand) *heapSteps {
	return &heapSteps{next: 60 * (0.7 + 0.6*rng.Float64()), size: m.Heap, rng: rng}
}

func (h *heapSteps) at(calls float64) float64 {
	for calls >= h.next {
		h.next *= 1.8
		h.mb += h.size * (0.6 + 0.8*h.rng.Float64())
	}
	return h.mb
}
