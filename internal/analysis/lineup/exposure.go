package lineup

import (
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
)

// generous is the margin of the alibi's presence.
const generous = 10 * second

// tolerances of "in flight during growth": a call may have ended up to 3 s
// before the sample that shows its growth's beginning, and begin up to 2 s after
// its end (method, 4.1). Where samples are closer than that, so are the
// tolerances: one interval, and a second for stamps that are cut to seconds.
// Otherwise every frequent short call would be there by tolerance alone.
func tolerances(dt int64) (before, after int64) {
	return min(3*second, dt+second), min(2*second, dt)
}

// cell is one segment of one window on one unit, or the whole of an episode
// with the generous margin.
type cell struct {
	a, b int64 // tolerance included
	id   int32
}

// exposure is one pass over the calls: which labels were in flight in which
// cells. Its state is ORs and sums; passes over parts of the calls merge.
type exposure struct {
	c        *casefile.Case
	o        Options
	units    []unitIndex
	hostUnit [][]int32 // units of a host
	unitHost []int
	from     int64
	shiftBy  uint // slots are 2^shiftBy microseconds wide
	tolA     int64
	tolB     int64
	dt       int64

	cells  int
	labels int
	seen   labelSet
	busy   []int64 // in-flight time per cell

	calls, informative []int64 // per label
	logged, open       []int64 // all calls, and those that never finished, per label
	cellOf             map[cellKey]int32
	gone               []int32 // generous cell per event
}

type cellKey struct {
	cluster, family, window, event, segment int32
}

// unitIndex finds the cells of a unit around an instant.
type unitIndex struct {
	cells []cell
	start []int32 // per slot, into refs
	refs  []int32
	open  []bool // per slot: harm would show (headroom is small)
}

const slots = 4096

func newExposure(c *casefile.Case, set windowSet, l *Lineup, g *growth.Result, o Options) *exposure {
	x := &exposure{
		c: c, o: o, cellOf: map[cellKey]int32{}, labels: len(c.Roster.Labels),
		units: make([]unitIndex, len(c.Units)),
		calls: make([]int64, len(c.Roster.Labels)), informative: make([]int64, len(c.Roster.Labels)), open: make([]int64, len(c.Roster.Labels)), logged: make([]int64, len(c.Roster.Labels)),
	}
	x.hosts()
	x.dt = g.DT
	x.tolA, x.tolB = tolerances(g.DT)
	x.from = c.From - 600*second
	for (c.To-c.From+1200*second)>>x.shiftBy >= slots {
		x.shiftBy++
	}
	for ci, cl := range l.Clusters {
		for f := range families {
			for j, p := range set[ci][f] {
				if j == 0 && f != Time {
					continue // the real window is the same in all families
				}
				x.place(l, cl, ci, f, j, p)
			}
		}
	}
	x.gone = make([]int32, len(l.Events))
	for i, e := range l.Events {
		x.gone[i] = x.add(e.Unit, e.A-generous-o.Slack, e.B+generous+o.Slack)
	}
	x.index(l)
	x.busy = make([]int64, x.cells)
	x.seen = newLabelSet(x.cells, x.labels)
	return x
}

func (x *exposure) hosts() {
	x.hostUnit = make([][]int32, len(x.c.Hosts))
	x.unitHost = make([]int, len(x.c.Units))
	byName := map[string]int{}
	for i, h := range x.c.Hosts {
		byName[h] = i
	}
	for i, u := range x.c.Units {
		h, ok := byName[u.Process.Host]
		if !ok {
			x.unitHost[i] = -1
			continue
		}
		x.unitHost[i] = h
		x.hostUnit[h] = append(x.hostUnit[h], int32(i))
	}
}

func (x *exposure) place(l *Lineup, cl []int, ci int, f Family, j int, p placement) {
	for i, e := range cl {
		for s, seg := range l.Events[e].Segments {
			id := x.add(int(p.units[i]), seg.A+p.shift-x.tolA-x.o.Slack, seg.B+p.shift+x.tolB+x.o.Slack)
			x.cellOf[cellKey{int32(ci), int32(f), int32(j), int32(i), int32(s)}] = id
		}
	}
}

func (x *exposure) add(unit int, a, b int64) int32 {
	id := int32(x.cells)
	x.cells++
	x.units[unit].cells = append(x.units[unit].cells, cell{a: a, b: b, id: id})
	return id
}

func (x *exposure) slotOf(at int64) int {
	return int(max(0, min((at-x.from)>>x.shiftBy, slots-1)))
}

// index lists the cells of every slot of time, per unit.
func (x *exposure) index(l *Lineup) {
	half := int64(0)
	if len(l.Events) > 0 {
		half = medianBytes(l.Events) / 2
	}
	for u := range x.units {
		ix := &x.units[u]
		count := make([]int32, slots+1)
		for _, c := range ix.cells {
			for s := x.slotOf(c.a); s <= x.slotOf(c.b); s++ {
				count[s+1]++
			}
		}
		for s := range slots {
			count[s+1] += count[s]
		}
		ix.start = count
		ix.refs = make([]int32, count[slots])
		fill := append([]int32(nil), count...)
		for i, c := range ix.cells {
			for s := x.slotOf(c.a); s <= x.slotOf(c.b); s++ {
				ix.refs[fill[s]] = int32(i)
				fill[s]++
			}
		}
		ix.open = informative(x, &x.c.Units[u], half)
	}
}

// informative marks the slots in which the unit stood so close to its own
// high-water mark that a harmful call would have shown (method, section 5).
func informative(x *exposure, u *casefile.Unit, half int64) []bool {
	open := make([]bool, slots)
	var top int64
	i := 0
	for s := range slots {
		at := x.from + int64(s)<<x.shiftBy
		var now int64
		for i < len(u.Points) && u.Points[i].At <= at+1<<x.shiftBy {
			top = max(top, u.Points[i].Mem)
			i++
		}
		if i > 0 {
			now = u.Points[i-1].Mem
		}
		open[s] = i > 0 && top-now < half
	}
	return open
}

// read takes in all calls.
func (x *exposure) read() {
	for rows := range x.c.Rows {
		for i := range rows {
			x.row(&rows[i])
		}
	}
}

func (x *exposure) row(r *casefile.Row) {
	x.logged[r.Label]++
	if r.Flags&casefile.FlagOpen != 0 {
		x.open[r.Label]++
	}
	if r.Unit >= 0 {
		x.calls[r.Label]++
		shift := x.shift(x.unitHost[r.Unit])
		if x.units[r.Unit].open[x.slotOf(r.Start+shift)] {
			x.informative[r.Label]++
		}
		x.hit(int(r.Unit), r.Label, r.Start+shift, r.End+shift)
		return
	}
	h, ok := casefile.HostOf(r.Unit)
	if !ok {
		return
	}
	x.calls[r.Label]++
	shift := x.shift(h)
	for _, u := range x.hostUnit[h] {
		x.hit(int(u), r.Label, r.Start+shift, r.End+shift)
	}
}

func (x *exposure) shift(host int) int64 {
	switch {
	case host >= 0 && host < len(x.o.Shift):
		return x.o.Shift[host]
	case len(x.o.Shift) > 0:
		return x.o.Shift[0]
	}
	return 0
}

func (x *exposure) hit(unit int, label uint32, a, b int64) {
	ix := &x.units[unit]
	first, last := x.slotOf(a), x.slotOf(b)
	for s := first; s <= last; s++ {
		for _, ref := range ix.refs[ix.start[s]:ix.start[s+1]] {
			c := &ix.cells[ref]
			if a > c.b || b < c.a {
				continue
			}
			x.seen.add(c.id, label)
			if s == first || x.slotOf(c.a) == s {
				x.busy[c.id] += min(b, c.b) - max(a, c.a)
			}
		}
	}
}

// labelSet is a set of (cell, label): a bitmap where that fits, else a hash set.
type labelSet struct {
	words int
	bits  []uint64
	sets  []map[uint32]struct{}
}

// maxBitmap is the largest bitmap, bytes.
const maxBitmap = 96 << 20

func newLabelSet(cells, labels int) labelSet {
	words := (labels + 63) / 64
	if cells*words*8 <= maxBitmap {
		return labelSet{words: words, bits: make([]uint64, cells*words)}
	}
	return labelSet{sets: make([]map[uint32]struct{}, cells)}
}

func (s *labelSet) add(cell int32, label uint32) {
	if s.bits != nil {
		s.bits[int(cell)*s.words+int(label>>6)] |= 1 << (label & 63)
		return
	}
	if s.sets[cell] == nil {
		s.sets[cell] = map[uint32]struct{}{}
	}
	s.sets[cell][label] = struct{}{}
}

// each calls f for every label seen in a cell.
func (s *labelSet) each(cell int32, f func(label uint32)) {
	if s.bits != nil {
		for w, word := range s.bits[int(cell)*s.words : (int(cell)+1)*s.words] {
			for ; word != 0; word &= word - 1 {
				f(uint32(w<<6) + uint32(trailing(word)))
			}
		}
		return
	}
	for label := range s.sets[cell] {
		f(label)
	}
}
