package lineup

import (
	"cmp"
	"slices"

	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
)

// maxWindows is the number of look-alikes kept per cluster and family: more
// would sharpen the evidence of one episode (log of their number) ever less.
const maxWindows = 200

// placement is where one window of a cluster lies: a shift in time, and for
// each of its episodes the unit it is held against.
type placement struct {
	shift int64
	units []int32
}

// windowSet is all windows of all clusters: [cluster][family][j], j = 0 is the
// real one.
type windowSet [][families][]placement

type builder struct {
	c   *casefile.Case
	g   *growth.Result
	all []growth.Event
	l   *Lineup
	// busy[u] are the times when unit u was growing, sorted.
	busy [][]growth.Segment
	// fleet[name] are the units that are look-alikes of one another.
	fleet map[string][]int32
}

// windows forms the look-alikes of every cluster.
func (b *builder) windows() windowSet {
	b.prepare()
	set := make(windowSet, len(b.l.Clusters))
	for i, cl := range b.l.Clusters {
		real := placement{units: b.unitsOf(cl)}
		for f := range families {
			set[i][f] = append([]placement{real}, b.family(f, cl, real)...)
		}
	}
	for f := range families {
		with, total := 0, 0
		for i := range set {
			n := len(set[i][f]) - 1
			total += n
			if n >= 1 {
				with++
			}
		}
		// A family that most episodes lack cannot veto or convict.
		b.l.Has[f] = with*5 >= len(set)*3 && with > 0
		b.l.Windows[f] = float64(total) / float64(len(set))
	}
	return set
}

func (b *builder) prepare() {
	b.busy = make([][]growth.Segment, len(b.c.Units))
	for _, e := range b.all {
		b.busy[e.Unit] = append(b.busy[e.Unit], growth.Segment{A: e.A, B: e.B})
	}
	for u := range b.busy {
		slices.SortFunc(b.busy[u], func(x, y growth.Segment) int { return cmp.Compare(x.A, y.A) })
	}
	b.fleet = map[string][]int32{}
	for i, u := range b.c.Units {
		if u.Fleet != "" {
			b.fleet[u.Fleet] = append(b.fleet[u.Fleet], int32(i))
		}
	}
	for _, us := range b.fleet {
		slices.SortStableFunc(us, func(x, y int32) int { return b.c.Units[x].Before(&b.c.Units[y]) })
	}
}

func (b *builder) unitsOf(cl []int) []int32 {
	us := make([]int32, len(cl))
	for i, e := range cl {
		us[i] = int32(b.l.Events[e].Unit)
	}
	return us
}

func (b *builder) family(f Family, cl []int, real placement) []placement {
	switch f {
	case Time:
		return b.timeFamily(cl, real)
	case Hour:
		return b.hourFamily(cl, real)
	default:
		return b.unitFamily(cl, real)
	}
}

// timeFamily: non-overlapping slots of the cluster's length on the same units,
// within three hours of it.
func (b *builder) timeFamily(cl []int, real placement) []placement {
	a, z := b.extent(cl)
	before, after := tolerances(b.g.DT)
	step := z - a + before + after + b.guard(z-a)
	away := min(600*second, (b.c.To-b.c.From)/20)
	reach := int64(3 * 3600 * second)
	var out []placement
	for k := int64(1); k*step <= reach; k++ {
		for _, shift := range [2]int64{k * step, -k * step} {
			if k*step >= away && b.fits(cl, real.units, shift) {
				out = append(out, placement{shift: shift, units: real.units})
			}
		}
	}
	return thin(out)
}

// guard is the pause between slots: 30 s, less for short episodes.
func (b *builder) guard(length int64) int64 { return min(30*second, max(b.g.DT, length/4)) }

// hourFamily: exactly one, two, three hours before and after and the same hour
// of other days, on every unit of the fleet.
func (b *builder) hourFamily(cl []int, real placement) []placement {
	const hour = int64(3600 * second)
	var shifts []int64
	for k := int64(1); k <= 3; k++ {
		shifts = append(shifts, k*hour, -k*hour)
	}
	for day := int64(24); day*hour <= b.c.To-b.c.From; day += 24 {
		shifts = append(shifts, day*hour, -day*hour)
	}
	var out []placement
	for _, shift := range shifts {
		out = append(out, b.relabelled(cl, real, shift, true)...)
	}
	return thin(out)
}

// unitFamily: the same instant on all other units of the fleet.
func (b *builder) unitFamily(cl []int, real placement) []placement {
	return thin(b.relabelled(cl, real, 0, false))
}

// relabelled gives one window per eligible unit: in window j episode i is held
// against unit j+i, so that every episode meets every unit once.
func (b *builder) relabelled(cl []int, real placement, shift int64, own bool) []placement {
	fleet := b.fleet[b.c.Units[real.units[0]].Fleet]
	var eligible []int32
	for _, u := range fleet {
		if !own && slices.Contains(real.units, u) {
			continue
		}
		if b.fitsAll(cl, u, shift) {
			eligible = append(eligible, u)
		}
	}
	var out []placement
	for j := range eligible {
		us := make([]int32, len(cl))
		for i := range us {
			us[i] = eligible[(j+i)%len(eligible)]
		}
		out = append(out, placement{shift: shift, units: us})
	}
	return out
}

func (b *builder) fitsAll(cl []int, unit int32, shift int64) bool {
	for _, e := range cl {
		ev := &b.l.Events[e]
		if !b.quiet(unit, ev.A+shift, ev.B+shift) {
			return false
		}
	}
	return true
}

func (b *builder) fits(cl []int, units []int32, shift int64) bool {
	for i, e := range cl {
		ev := &b.l.Events[e]
		if !b.quiet(units[i], ev.A+shift, ev.B+shift) {
			return false
		}
	}
	return true
}

// quiet holds when the unit was observed, warmed up and not growing.
func (b *builder) quiet(unit int32, from, to int64) bool {
	u := &b.c.Units[unit]
	if len(u.Points) == 0 {
		return false
	}
	first, last := u.Points[0].At, u.Points[len(u.Points)-1].At
	if from < max(first, b.c.From) || to > min(last, b.c.To) {
		return false
	}
	if u.Born > 0 && from < u.Born+b.g.WarmFor {
		return false
	}
	margin := min(60*second, max(2*b.g.DT, 3*second))
	for _, s := range b.busy[unit] {
		if s.A-margin < to && s.B+margin > from {
			return false
		}
	}
	return true
}

func (b *builder) extent(cl []int) (int64, int64) {
	a, z := b.l.Events[cl[0]].A, b.l.Events[cl[0]].B
	for _, e := range cl {
		a, z = min(a, b.l.Events[e].A), max(z, b.l.Events[e].B)
	}
	return a, z
}

// thin keeps maxWindows of them, evenly.
func thin(ps []placement) []placement {
	if len(ps) <= maxWindows {
		return ps
	}
	out := make([]placement, maxWindows)
	for i := range out {
		out[i] = ps[i*len(ps)/maxWindows]
	}
	return out
}

func kth(events []growth.Event, k int) int64 {
	sizes := make([]int64, len(events))
	for i, e := range events {
		sizes[i] = e.Bytes
	}
	slices.SortFunc(sizes, func(a, b int64) int { return cmp.Compare(b, a) })
	return sizes[k-1]
}
