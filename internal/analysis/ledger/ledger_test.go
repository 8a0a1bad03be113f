package ledger

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

const (
	start = int64(1_770_000_000) * second
	mb    = float64(1 << 20)
)

// fleet is processes with calls that may keep memory. Endpoint 0 is called as
// often as the others.
type fleet struct {
	units, endpoints int
	hours            int64
	perHour          float64                               // calls of one endpoint on one process
	keeps            func(unit, ep int, h float64) float64 // megabytes that a call keeps
	drift            func(unit int, hours float64) float64 // megabytes of everything else
	noise            float64                               // of a reading, megabytes
	seed             uint64
}

// build lays calls and one reading a minute into a case.
func (f fleet) build() (*casefile.Case, *growth.Result) {
	rng := stat.Rand(f.seed, 3)
	span := f.hours * 3600
	c := &casefile.Case{From: start, To: start + span*second, Level: culprit.LevelProcess, Roster: &casefile.Roster{}, Hosts: []string{"web1"}}
	for ep := range f.endpoints {
		c.Roster.Suspects = append(c.Roster.Suspects, casefile.Suspect{Name: string(rune('a' + ep)), Kind: "endpoint", Parent: -1})
		c.Roster.Labels = append(c.Roster.Labels, []int32{int32(ep)})
	}
	var rows []casefile.Row
	for u := range f.units {
		kept := make([]float64, span/60+2)
		for ep := range f.endpoints {
			for at := f.pause(rng); at < float64(span); at += f.pause(rng) {
				rows = append(rows, casefile.Row{Unit: int32(u), Label: uint32(ep), Start: start + int64(at-1)*second, End: start + int64(at)*second})
				if f.keeps != nil {
					kept[int64(at)/60+1] += f.keeps(u, ep, at/3600)
				}
			}
		}
		unit := casefile.Unit{Process: culprit.Process{Host: "web1", PID: u + 1}, Fleet: "web", Kind: culprit.RSS}
		level := 300.0
		for m := range span/60 + 1 {
			level += kept[m]
			mem := level + f.noise*rng.NormFloat64()
			if f.drift != nil {
				mem += f.drift(u, float64(m)/60)
			}
			unit.Points = append(unit.Points, casefile.Point{At: start + m*60*second, Mem: int64(mem * mb)})
		}
		c.Units = append(c.Units, unit)
	}
	c.Rows, c.Calls = slices.Chunk(rows, 500), int64(len(rows))
	g := growth.Detect(c)
	return c, &g
}

func (f fleet) pause(rng *rand.Rand) float64 { return rng.ExpFloat64() * 3600 / f.perHour }

func entryOf(t *testing.T, l *Ledger, suspect int) *Entry {
	t.Helper()
	if l.Skipped != "" {
		t.Fatalf("skipped: %s", l.Skipped)
	}
	i := slices.IndexFunc(l.Entries, func(e Entry) bool { return e.Suspect == suspect })
	if i < 0 {
		t.Fatalf("no entry for %d", suspect)
	}
	return &l.Entries[i]
}

// everything that processes and instants have in common: a load that comes and
// goes, processes that grow at their own pace.
func common(unit int, h float64) float64 {
	return 20*math.Sin(h/4) + float64(unit)*h*0.4
}

// The leak is found, its size is right, and nobody beside it is accused.
func TestLeak(t *testing.T) {
	keeps := func(_, ep int, _ float64) float64 { return map[bool]float64{true: 1.5}[ep == 0] }
	c, g := fleet{units: 8, endpoints: 8, hours: 24, perHour: 3, keeps: keeps, drift: common, seed: 1, noise: 2}.build()
	l := Run(c, g, 1, nil)
	e := entryOf(t, l, 0)
	if l.Entries[0].Suspect != 0 || e.P > 0.01 || e.Without < e.Z/2 {
		t.Errorf("guilty: first is %d, p %g, z %g, without one process %g", l.Entries[0].Suspect, e.P, e.Z, e.Without)
	}
	if e.Low > 1.5*mb || e.High < 1.5*mb || e.High-e.Low > 1.5*mb {
		t.Errorf("%.2f MB a call (%.2f to %.2f), planted 1.5", e.Bytes/mb, e.Low/mb, e.High/mb)
	}
	for _, x := range l.Entries[1:] {
		if x.P < 0.05 || x.Low > 0.3*mb {
			t.Errorf("innocent %d: p %g, at least %.2f MB a call", x.Suspect, x.P, x.Low/mb)
		}
	}
	if l.Lambda > l.LambdaMax {
		t.Errorf("said not to be calibrated: %g above %g", l.Lambda, l.LambdaMax)
	}
	if want := 8 * 24 * 3; e.Calls < int64(want)*8/10 || e.Calls > int64(want)*12/10 {
		t.Errorf("%d calls of about %d", e.Calls, want)
	}
}

// One value of a parameter leaks: it has more evidence than its endpoint.
func TestNarrowedLeak(t *testing.T) {
	keeps := func(_, ep int, _ float64) float64 { return map[bool]float64{true: 2}[ep == 0] }
	c, g := fleet{units: 8, endpoints: 6, hours: 24, perHour: 3, keeps: keeps, seed: 2, noise: 2}.build()
	// Labels 0, 1 and 2 are one endpoint, told apart by a parameter.
	c.Roster.Suspects = append(c.Roster.Suspects, casefile.Suspect{Name: "a", Kind: "endpoint", Parent: 0, Key: "param:range", Value: "all"})
	c.Roster.Labels[0], c.Roster.Labels[1], c.Roster.Labels[2] = []int32{0, 6}, []int32{0}, []int32{0}
	l := Run(c, g, 1, nil)
	narrow, whole := entryOf(t, l, 6), entryOf(t, l, 0)
	if narrow.Z <= whole.Z || narrow.P > 0.01 || narrow.Calls >= whole.Calls/2 {
		t.Errorf("narrowed z %g, p %g, %d calls; endpoint z %g, %d calls", narrow.Z, narrow.P, narrow.Calls, whole.Z, whole.Calls)
	}
}

// Where growth knows nothing of calls, the best suspect's p is small as often as
// it says: swapping processes is what keeps innocents free.
func TestSwapIsCalibrated(t *testing.T) {
	const runs = 60
	least := make([]float64, runs)
	for i := range least {
		rng := stat.Rand(uint64(i), 8)
		own := func() []float64 {
			walk := make([]float64, 24*60)
			for k := 1; k < len(walk); k++ {
				walk[k] = walk[k-1] + 0.15*rng.NormFloat64()
			}
			return walk
		}
		walks := [][]float64{own(), own(), own(), own(), own()}
		drift := func(u int, h float64) float64 { return common(u, h) + walks[u][int(h*60)%len(walks[u])] }
		c, g := fleet{units: 5, endpoints: 6, hours: 8, perHour: 4, drift: drift, seed: uint64(i), noise: 2}.build()
		least[i] = 1
		l := Run(c, g, uint64(i), nil)
		if l.Skipped != "" {
			t.Fatal(l.Skipped)
		}
		for _, e := range l.Entries {
			least[i] = min(least[i], e.P)
		}
	}
	for _, a := range []float64{0.01, 0.05, 0.2} {
		k := 0
		for _, p := range least {
			if p <= a {
				k++
			}
		}
		if stat.BinomTail(k, runs, a) < 0.001 {
			t.Errorf("p at most %g in %d of %d", a, k, runs)
		}
	}
}

// One process grows whenever it serves an endpoint, the others serve it and do
// not: what is left without that process is far less than half.
func TestOneOddProcess(t *testing.T) {
	keeps := func(u, ep int, _ float64) float64 { return map[bool]float64{true: 3}[u == 0 && ep == 0] }
	c, g := fleet{units: 6, endpoints: 6, hours: 24, perHour: 3, keeps: keeps, seed: 4, noise: 2}.build()
	if e := entryOf(t, Run(c, g, 1, nil), 0); e.Without >= e.Z/2 {
		t.Errorf("z %g, without the odd process %g", e.Z, e.Without)
	}
}

// Every call keeps a little: bytes per call of any kind, on every process, and
// nobody beyond the others.
func TestPerCall(t *testing.T) {
	keeps := func(_, _ int, _ float64) float64 { return 0.25 }
	c, g := fleet{units: 6, endpoints: 6, hours: 12, perHour: 8, keeps: keeps, seed: 5, noise: 2}.build()
	l := Run(c, g, 1, nil)
	if l.PerCallLow > 0.25*mb || l.PerCallHigh < 0.25*mb || l.PerCallLow < 0.2*mb || l.Growing != 1 {
		t.Errorf("%.3f MB a call (%.3f to %.3f) on a share of %g", l.PerCall/mb, l.PerCallLow/mb, l.PerCallHigh/mb, l.Growing)
	}
	for _, e := range l.Entries {
		if e.P <= 0.01 {
			t.Errorf("%d stands out with p %g", e.Suspect, e.P)
		}
	}
}

// Clocks of the logs that are off by hours hide the leak until they are set.
func TestShift(t *testing.T) {
	keeps := func(_, ep int, _ float64) float64 { return map[bool]float64{true: 1.5}[ep == 0] }
	c, g := fleet{units: 8, endpoints: 6, hours: 24, perHour: 3, keeps: keeps, seed: 6, noise: 2}.build()
	rows := c.Rows
	c.Rows = func(yield func([]casefile.Row) bool) {
		for block := range rows {
			block = slices.Clone(block)
			for i := range block {
				block[i].Start += 7200 * second
				block[i].End += 7200 * second
			}
			if !yield(block) {
				return
			}
		}
	}
	if e := entryOf(t, Run(c, g, 1, nil), 0); e.P <= 0.01 {
		t.Errorf("found two hours beside: p %g", e.P)
	}
	if e := entryOf(t, Run(c, g, 1, []int64{-7200 * second}), 0); e.P > 0.01 {
		t.Errorf("not found with the clock set right: p %g", e.P)
	}
}

// What cannot be known is not computed, and the reason is told.
func TestSkipped(t *testing.T) {
	for name, c := range map[string]struct {
		fleet fleet
		alter func(*casefile.Case)
	}{
		"host level":                 {fleet{units: 6, endpoints: 4, hours: 12, perHour: 4}, func(c *casefile.Case) { c.Level = culprit.LevelHost }},
		"three processes":            {fleet{units: 3, endpoints: 4, hours: 12, perHour: 4}, nil},
		"six that serve other work":  {fleet{units: 6, endpoints: 4, hours: 12, perHour: 4}, func(c *casefile.Case) { clearFleets(c.Units[3:]) }},
		"a few minutes of a reading": {fleet{units: 6, endpoints: 4, hours: 1, perHour: 40}, func(c *casefile.Case) { c.To = c.From + 600*second }},
		"nobody called often enough": {fleet{units: 6, endpoints: 4, hours: 12, perHour: 0.02}, nil},
		"processes that were watched for an hour": {fleet{units: 6, endpoints: 4, hours: 12, perHour: 4}, func(c *casefile.Case) {
			for i := range c.Units {
				c.Units[i].Points = c.Units[i].Points[:60]
			}
		}},
	} {
		c.fleet.noise = 2
		cs, g := c.fleet.build()
		if c.alter != nil {
			c.alter(cs)
		}
		if l := Run(cs, g, 1, nil); l.Skipped == "" || len(l.Entries) > 0 {
			t.Errorf("%s: %d entries, %q", name, len(l.Entries), l.Skipped)
		}
	}
}

func clearFleets(units []casefile.Unit) {
	for i := range units {
		units[i].Fleet = ""
	}
}

// Episodes are the line-up's: a step of one process is taken out first and does
// not make a leaker of who was there.
func TestEpisodesAreTakenOut(t *testing.T) {
	steps := func(u int, h float64) float64 {
		if u == 2 {
			return 200 * math.Floor(h/5)
		}
		return 0
	}
	c, g := fleet{units: 6, endpoints: 6, hours: 24, perHour: 3, drift: steps, seed: 7, noise: 2}.build()
	if len(g.Events) != 4 {
		t.Fatalf("%d episodes, want 4", len(g.Events))
	}
	for _, e := range Run(c, g, 1, nil).Entries {
		if e.P <= 0.01 || math.Abs(e.Bytes) > 3*mb {
			t.Errorf("%d: p %g, %.1f MB a call", e.Suspect, e.P, e.Bytes/mb)
		}
	}
}

// Calls that never ended, and calls on processes of other fleets, do not count.
func TestCounts(t *testing.T) {
	c, g := fleet{units: 6, endpoints: 2, hours: 12, perHour: 4, seed: 8, noise: 2}.build()
	whole := entryOf(t, Run(c, g, 1, nil), 1).Calls
	rows := c.Rows
	open := int64(0)
	c.Rows = func(yield func([]casefile.Row) bool) {
		for block := range rows {
			block = slices.Clone(block)
			for i := range block {
				if block[i].Label == 1 && i%2 == 0 {
					block[i].Flags |= casefile.FlagOpen
					open++
				}
			}
			if !yield(block) {
				return
			}
		}
	}
	if got := entryOf(t, Run(c, g, 1, nil), 1).Calls; got != whole-open || open == 0 {
		t.Errorf("%d calls, want %d less %d", got, whole, open)
	}
}
