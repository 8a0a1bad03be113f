package growth

import (
	"slices"
	"testing"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

const (
	start = int64(1_770_000_000) * second
	mb    = int64(1 << 20)
)

// series is one reading every dt seconds over span seconds, in megabytes.
func series(dt, span int64, mem func(s int64) float64) []casefile.Point {
	var pts []casefile.Point
	for s := int64(0); s <= span; s += dt {
		pts = append(pts, casefile.Point{At: start + s*second, Mem: int64(mem(s) * float64(mb))})
	}
	return pts
}

func flat(level float64) func(int64) float64 { return func(int64) float64 { return level } }

// step rises by size within one reading at an instant.
func step(level, size float64, at int64) func(int64) float64 {
	return ramp(level, size, at, at)
}

// ramp rises evenly between two instants.
func ramp(level, size float64, from, to int64) func(int64) float64 {
	return func(s int64) float64 {
		switch {
		case s < from:
			return level
		case s >= to:
			return level + size
		}
		return level + size*float64(s-from)/float64(to-from)
	}
}

func caseOf(level culprit.Level, units ...[]casefile.Point) *casefile.Case {
	c := &casefile.Case{Level: level, Roster: &casefile.Roster{}}
	for i, pts := range units {
		c.Units = append(c.Units, casefile.Unit{
			Process: culprit.Process{Host: "web1", PID: 100 + i}, Kind: culprit.RSS, Points: pts, Fleet: "web",
		})
		if c.From == 0 || pts[0].At < c.From {
			c.From = pts[0].At
		}
		c.To = max(c.To, pts[len(pts)-1].At)
	}
	return c
}

func sec(at int64) int64 { return (at - start) / second }

// The grown unit has one episode from the last reading before the growth to the
// first one after it; the flat one beside it has none.
func TestOneEpisode(t *testing.T) {
	for _, c := range []struct {
		name     string
		dt       int64
		mem      func(int64) float64
		from, to int64
		size     int64
		shape    string
	}{
		{"step", 1, step(150, 200, 300), 299, 300, 200, Step},
		{"step at 30 s", 30, step(150, 200, 900), 870, 900, 200, Step},
		{"brisk ramp", 1, ramp(150, 200, 300, 330), 300, 330, 200, Step},
		{"ramp over minutes", 1, ramp(150, 300, 200, 400), 200, 400, 300, Ramp},
		{"ramp over minutes at 10 s", 10, ramp(150, 400, 200, 600), 200, 600, 400, Ramp},
		{"tiny process", 1, step(12, 40, 300), 299, 300, 40, Step},
		{"huge process", 1, step(40_000, 9_000, 300), 299, 300, 9_000, Step},
	} {
		t.Run(c.name, func(t *testing.T) {
			span := max(900, 60*c.dt)
			r := Detect(caseOf(culprit.LevelProcess, series(c.dt, span, flat(150)), series(c.dt, span, c.mem)))
			if len(r.Events) != 1 {
				t.Fatalf("%d episodes, want one: %+v", len(r.Events), r.Events)
			}
			e := r.Events[0]
			if e.Unit != 1 || e.Shape != c.shape {
				t.Errorf("unit %d, %s; want 1, %s", e.Unit, e.Shape, c.shape)
			}
			// The first and last hundredths of a climb may be taken for noise.
			slack := max(c.dt, (c.to-c.from)/20)
			if abs(sec(e.A)-c.from) > slack || abs(sec(e.B)-c.to) > slack || abs(e.Bytes-c.size*mb) > c.size*mb/20 {
				t.Errorf("%d MB from %d s to %d s, want %d from %d to %d", e.Bytes/mb, sec(e.A), sec(e.B), c.size, c.from, c.to)
			}
		})
	}
}

func abs(x int64) int64 { return max(x, -x) }

// What must not be taken for an episode.
func TestNoEpisode(t *testing.T) {
	rng := stat.Rand(1, 2)
	for name, mem := range map[string]func(int64) float64{
		"flat":                       flat(150),
		"noise":                      func(int64) float64 { return 150 + 2*rng.NormFloat64() },
		"falls":                      ramp(800, -600, 100, 500),
		"slow leak":                  ramp(150, 60, 0, 3600),
		"heap page of a small one":   step(150, 15, 300),
		"5 % of a large one":         step(10_000, 300, 300),
		"single reading that is low": func(s int64) float64 { return map[bool]float64{true: 140, false: 150}[s == 300] },
	} {
		r := Detect(caseOf(culprit.LevelProcess, series(2, 3600, mem), series(2, 3600, flat(150))))
		if len(r.Events)+len(r.Minor) > 0 {
			t.Errorf("%s: %+v", name, r.Events)
		}
	}
}

// A heap that breathes has teeth with headroom before each but the first, and
// no drift: they cost nothing that was not there before.
func TestSawtooth(t *testing.T) {
	tooth := func(s int64) float64 { return 200 + 100*float64(s%300)/300 }
	r := Detect(caseOf(culprit.LevelProcess, series(10, 3020, tooth)))
	for i, e := range r.Events {
		if i > 0 && e.Headroom < 80*mb {
			t.Errorf("tooth %d: headroom of %d MB", i, e.Headroom/mb)
		}
	}
	if d := r.Drifts[0]; abs(d.Bytes) > 10*mb {
		t.Errorf("drift of %d MB", d.Bytes/mb)
	}
}

// A hole in the series makes an episode longer, not larger and not two.
func TestHole(t *testing.T) {
	pts := series(1, 600, step(150, 200, 300))
	holed := slices.DeleteFunc(slices.Clone(pts), func(p casefile.Point) bool { return sec(p.At) > 280 && sec(p.At) < 310 })
	r := Detect(caseOf(culprit.LevelProcess, holed, series(1, 600, flat(150))))
	if len(r.Events) != 1 || sec(r.Events[0].A) != 280 || sec(r.Events[0].B) != 310 || r.Events[0].Bytes != 200*mb {
		t.Errorf("got %+v", r.Events)
	}
}

// The same growth counts in an old process and is warm-up in a young one.
func TestWarmup(t *testing.T) {
	c := caseOf(culprit.LevelProcess, series(1, 1200, step(100, 200, 60)), series(1, 1200, step(100, 200, 60)))
	c.Units[0].Born = c.From
	r := Detect(c)
	if len(r.Events) != 1 || r.Events[0].Unit != 1 {
		t.Errorf("episodes %+v", r.Events)
	}
	if len(r.Aside) != 1 || r.Aside[0].Unit != 0 || r.Aside[0].Shape != Warmup || r.Warmup != 200*mb {
		t.Errorf("aside %+v, %d MB of warm-up", r.Aside, r.Warmup/mb)
	}
}

// A host that comes back to where it stood before a restart has not grown; one
// that climbs far above has, and so has a process in the same place.
func TestRecovery(t *testing.T) {
	restart := func(level culprit.Level, size float64) Result {
		before := series(10, 3600, flat(4000))
		after := series(10, 7200, step(1500, size, 3600+1800))[361:]
		c := caseOf(level, before, after)
		c.Units[0].Died, c.Units[1].Born = before[len(before)-1].At, after[0].At
		c.To = after[len(after)-1].At
		return Detect(c)
	}
	if r := restart(culprit.LevelHost, 2500); len(r.Events) != 0 || len(r.Aside) != 1 || r.Aside[0].Shape != Recovery {
		t.Errorf("back to the old level: episodes %+v, aside %+v", r.Events, r.Aside)
	}
	if r := restart(culprit.LevelHost, 4500); len(r.Events) != 1 {
		t.Errorf("far above the old level: episodes %+v", r.Events)
	}
	if r := restart(culprit.LevelProcess, 2500); len(r.Events) != 1 {
		t.Errorf("a process owes nothing to the one before it: episodes %+v", r.Events)
	}
}

// Units of hosts without logs are not judged and do not count.
func TestSilentUnits(t *testing.T) {
	c := caseOf(culprit.LevelProcess, series(1, 600, step(100, 5000, 300)), series(1, 600, flat(100)))
	c.Units[0].Silent = true
	if r := Detect(c); len(r.Events) > 0 || r.Total > 0 || r.Peak > 200*mb {
		t.Errorf("%d episodes, total %d MB, peak %d MB", len(r.Events), r.Total/mb, r.Peak/mb)
	}
}

// Only what overlaps the span of the case is looked at.
func TestOutsideTheSpan(t *testing.T) {
	c := caseOf(culprit.LevelProcess, series(1, 1200, step(100, 300, 100)), series(1, 1200, flat(100)))
	c.From += 600 * second
	if r := Detect(c); len(r.Events) > 0 {
		t.Errorf("before the span: %+v", r.Events)
	}
}

func TestDrift(t *testing.T) {
	slow := ramp(100, 60, 0, 3600)
	both := func(s int64) float64 { return slow(s) + step(0, 100, 2700)(s) }
	c := caseOf(culprit.LevelProcess, series(10, 3600, slow), series(10, 3600, both), series(10, 3600, flat(100)))
	r := Detect(c)
	for i, want := range []Drift{{Bytes: 60, Events: 0}, {Bytes: 160, Events: 100}, {}} {
		d := r.Drifts[i]
		if abs(d.Bytes-want.Bytes*mb) > 2*mb || abs(d.Events-want.Events*mb) > 2*mb {
			t.Errorf("unit %d: %d MB, %d in episodes; want %d, %d", i, d.Bytes/mb, d.Events/mb, want.Bytes, want.Events)
		}
		if s := d.FirstHalf + d.SecondHalf + d.Events; abs(s-d.Bytes) > mb {
			t.Errorf("unit %d: halves and episodes make %d MB of %d", i, s/mb, d.Bytes/mb)
		}
	}
	if want := int64(60 + 60 + 100); abs(r.Total-want*mb) > 4*mb {
		t.Errorf("total %d MB, want %d", r.Total/mb, want)
	}
}

// Segments share out all of the growth, in order, at sample times.
func TestSegments(t *testing.T) {
	r := Detect(caseOf(culprit.LevelProcess, series(5, 900, ramp(150, 400, 300, 400)), series(5, 900, flat(150))))
	if len(r.Events) != 1 {
		t.Fatalf("%d episodes", len(r.Events))
	}
	segs := r.Events[0].Segments
	var sum float64
	for _, s := range segs {
		sum += s.Share
		if s.Share < 0.1 || s.Share > 0.3 {
			t.Errorf("a fifth is %.2f", s.Share)
		}
	}
	if len(segs) != 5 || sum < 0.999 || sum > 1.001 {
		t.Errorf("%d segments of together %.3f", len(segs), sum)
	}
}

func TestRaise(t *testing.T) {
	events := func(sizes ...int64) []Event {
		var es []Event
		for i, s := range sizes {
			es = append(es, Event{Unit: i % 3, A: int64(i), B: int64(i + 1), Bytes: s})
		}
		return es
	}
	for _, c := range []struct {
		name  string
		sizes []int64
		kept  int
	}{
		{"none", nil, 0},
		{"one", []int64{7}, 1},
		{"small ones beside a giant are not", []int64{1, 1, 1000, 1, 1, 1, 1, 1, 1, 1}, 1},
		{"eight of one order of size", []int64{30, 30, 30, 100, 30, 30, 30, 30, 30}, 8},
		{"twenty alike: four in five", []int64{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, 16},
	} {
		in := events(c.sizes...)
		untouched := slices.Clone(c.sizes)
		kept, minor := Raise(in)
		if len(kept) != c.kept || len(kept)+len(minor) != len(in) {
			t.Errorf("%s: %d kept and %d not, want %d", c.name, len(kept), len(minor), c.kept)
		}
		for _, part := range [][]Event{kept, minor} {
			if !slices.IsSortedFunc(part, func(a, b Event) int { return int(a.A - b.A) }) {
				t.Errorf("%s: not by time", c.name)
			}
		}
		for i := range in {
			if in[i].Bytes != untouched[i] {
				t.Errorf("%s: changed its argument", c.name)
			}
		}
		for _, m := range minor {
			for _, k := range kept {
				if m.Bytes > k.Bytes {
					t.Errorf("%s: keeps %d rather than %d", c.name, k.Bytes, m.Bytes)
				}
			}
		}
	}
}

// Logs that end before --from leave a span that ends before it begins.
func TestTurnedSpan(t *testing.T) {
	c := caseOf(culprit.LevelProcess, series(1, 1200, step(100, 300, 600)))
	c.From, c.To = c.From+900*second, c.From+300*second
	if r := Detect(c); len(r.Events) > 0 || r.Drifts[0].Bytes != 0 {
		t.Errorf("%+v", r)
	}
}
