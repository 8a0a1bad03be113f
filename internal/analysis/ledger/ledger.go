// Package ledger is the channel for slow growth: a regression of what every
// unit grew per time bin on the calls it served in that bin, with everything
// that units or instants have in common taken out first.
//
// It owns bins, the regression and its calibration by swapping processes. It
// refuses to work on host memory and on fleets of fewer than four look-alikes,
// where simulation shows it to be wrong more often than it admits, and it
// refuses to name anybody. Method: fixed effects with Frisch-Waugh partialling,
// cluster-robust z, process-swap max-T (attribution method, section 8).
package ledger

import (
	"math"
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

const second = 1_000_000

// Least size of the regression: units, bins and cells below which it is skipped.
const (
	minUnits = 4
	minBins  = 12
	minCells = 64
)

// Entry is what the ledger has on one suspect.
type Entry struct {
	Suspect int
	Calls   int64
	Z       float64 // largest over bin widths
	// Without is the least z left when any one unit is left out.
	Without float64
	P       float64 // adjusted over suspects of the level by swapping processes
	// Bytes a call by the sum over lags 0 to 3, with its 95 % interval.
	Bytes, Low, High float64
}

// Ledger is the result.
type Ledger struct {
	Skipped string // why nothing was computed, "" when it was
	Entries []Entry
	// Lambda is how much larger the endpoints' own z squared are, in the median,
	// than under swapping; most endpoints are innocent, so above 1.5 the swaps do
	// not describe this data and nothing here convicts. The best suspect's share
	// is taken out first. LambdaMax is the largest value that chance explains for
	// this number of endpoints.
	Lambda, LambdaMax float64
	// PerCall is bytes kept per call of any kind, with its interval.
	PerCall, PerCallLow, PerCallHigh float64
	// Growing is the share of units with positive growth outside of episodes.
	Growing float64
	BinSec  float64
	Units   int
}

// Run computes the ledger. Episodes are taken out of the series first.
func Run(c *casefile.Case, g *growth.Result, seed uint64, shift []int64) *Ledger {
	if c.Level != culprit.LevelProcess {
		return &Ledger{Skipped: "memory is known per host only: slow growth cannot be told apart by endpoint"}
	}
	t, why := newTable(c, g, shift)
	if why != "" {
		return &Ledger{Skipped: why}
	}
	t.read()
	return t.fit(seed)
}

// table is the cells of the regression: rows are (unit, bin).
type table struct {
	c     *casefile.Case
	shift []int64
	units []int // case units that take part
	rowOf []int // case unit -> row block, -1
	from  int64
	width int64
	bins  int
	block int // bins per block

	valid []bool
	y     []float64
	n     []float64 // all calls
	age   []float64
	// x[suspect] is sparse: cell -> calls.
	x []map[int32]float64
}

// blockBins is the length of a block in bins: processes are swapped within it.
const blockBins = 8

func newTable(c *casefile.Case, g *growth.Result, shift []int64) (*table, string) {
	t := &table{c: c, shift: shift, block: blockBins}
	t.rowOf = make([]int, len(c.Units))
	fleet := biggestFleet(c)
	for i, u := range c.Units {
		t.rowOf[i] = -1
		if u.Fleet == fleet && fleet != "" {
			t.units = append(t.units, i)
		}
	}
	slices.SortStableFunc(t.units, func(a, b int) int { return c.Units[a].Before(&c.Units[b]) })
	for row, i := range t.units {
		t.rowOf[i] = row
	}
	if len(t.units) < minUnits {
		return nil, "fewer than four processes that serve the same work: slow growth cannot be told apart by endpoint"
	}
	span := c.To - c.From
	t.width = min(900*second, max(span/24, 8*g.DT))
	t.from = c.From
	t.bins = int(span / t.width)
	if t.bins < minBins || t.bins*len(t.units) < minCells {
		return nil, "too few samples for slow growth: a longer recording would settle it"
	}
	t.memory(g)
	return t, ""
}

func biggestFleet(c *casefile.Case) string {
	n := map[string]int{}
	best := ""
	for _, u := range c.Units {
		if u.Fleet == "" {
			continue
		}
		n[u.Fleet]++
		if n[u.Fleet] > n[best] || (n[u.Fleet] == n[best] && u.Fleet < best) {
			best = u.Fleet
		}
	}
	return best
}

// memory fills y: what each unit grew in each bin, episodes removed.
func (t *table) memory(g *growth.Result) {
	cells := len(t.units) * t.bins
	t.valid, t.y = make([]bool, cells), make([]float64, cells)
	t.n, t.age = make([]float64, cells), make([]float64, cells)
	episodes := map[int][]growth.Event{}
	for _, e := range slices.Concat(g.Events, g.Minor, g.Aside) {
		episodes[e.Unit] = append(episodes[e.Unit], e)
	}
	for r, ui := range t.units {
		u := &t.c.Units[ui]
		if len(u.Points) == 0 {
			continue
		}
		born := u.Born
		if born == 0 {
			born = u.Points[0].At
		}
		i := 0
		for b := range t.bins {
			a, z := t.from+int64(b)*t.width, t.from+int64(b+1)*t.width
			before, ok1 := around(u.Points, &i, a, g.DT)
			j := i
			after, ok2 := around(u.Points, &j, z, g.DT)
			if !ok1 || !ok2 || (u.Born > 0 && a < u.Born+g.WarmFor) {
				continue
			}
			cell := r*t.bins + b
			t.valid[cell] = true
			t.y[cell] = after - before
			for _, e := range episodes[ui] {
				t.y[cell] -= overlap(e, a, z)
			}
			t.age[cell] = math.Exp(-float64(a-born) / float64(max(g.WarmFor, 1)))
		}
	}
	clip(t.y, t.valid)
}

// around is the mean of up to three samples at an instant.
func around(pts []casefile.Point, i *int, at, dt int64) (float64, bool) {
	for *i+1 < len(pts) && pts[*i+1].At <= at {
		*i++
	}
	if at < pts[0].At-dt || at > pts[len(pts)-1].At+dt {
		return 0, false
	}
	if pts[*i].At < at-10*dt && *i+1 < len(pts) && pts[*i+1].At > at+10*dt {
		return 0, false // a hole in the series
	}
	var sum float64
	n := 0
	for j := max(0, *i-1); j <= min(len(pts)-1, *i+1); j++ {
		sum += float64(pts[j].Mem)
		n++
	}
	return sum / float64(n), true
}

// overlap is the part of an episode's growth that lies in a bin.
func overlap(e growth.Event, a, z int64) float64 {
	var sum float64
	for _, s := range e.Segments {
		lo, hi := max(s.A, a), min(s.B, z)
		if hi > lo {
			sum += s.Share * float64(e.Bytes) * float64(hi-lo) / float64(s.B-s.A)
		}
	}
	return sum
}

// clip bounds single bins: one unexplained jump must not carry the regression.
func clip(y []float64, valid []bool) {
	var ys []float64
	for i, ok := range valid {
		if ok {
			ys = append(ys, y[i])
		}
	}
	if len(ys) == 0 {
		return
	}
	med, mad := stat.Median(ys), max(stat.MAD(ys), 64<<10)
	for i := range y {
		y[i] = max(med-25*mad, min(med+25*mad, y[i]))
	}
}

// maxCells bounds the sparse table of calls.
const maxCells = 24 << 20

// read counts calls by the bin in which they end: that is when their garbage
// has been made.
func (t *table) read() {
	t.x = make([]map[int32]float64, len(t.c.Roster.Suspects))
	perLabel := make([]map[int32]float64, len(t.c.Roster.Labels))
	size := 0
	hosts := map[string]int{}
	for i, h := range t.c.Hosts {
		hosts[h] = i
	}
	for rows := range t.c.Rows {
		for i := range rows {
			r := &rows[i]
			if r.Unit < 0 || t.rowOf[r.Unit] < 0 || r.Flags&casefile.FlagOpen != 0 {
				continue
			}
			end := r.End
			if h, ok := hosts[t.c.Units[r.Unit].Process.Host]; ok && h < len(t.shift) {
				end += t.shift[h]
			}
			b := (end - t.from) / t.width
			if end < t.from || b >= int64(t.bins) {
				continue
			}
			cell := int32(t.rowOf[r.Unit]*t.bins + int(b))
			t.n[cell]++
			m := perLabel[r.Label]
			if m == nil {
				m = map[int32]float64{}
				perLabel[r.Label] = m
			}
			if _, ok := m[cell]; !ok {
				size++
			}
			if size < maxCells {
				m[cell]++
			}
		}
	}
	for label, m := range perLabel {
		for _, s := range t.c.Roster.Labels[label] {
			if t.x[s] == nil && len(m) > 0 {
				t.x[s] = map[int32]float64{}
			}
			for cell, v := range m {
				t.x[s][cell] += v
			}
		}
	}
}
