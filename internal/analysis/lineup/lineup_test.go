package lineup

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// Who covers an episode from 300 s to 350 s, and who was merely near it.
func TestPresence(t *testing.T) {
	for _, c := range []struct {
		name          string
		calls         func(*scene)
		present, near bool
	}{
		{"one call that spans it", func(s *scene) { s.call(0, 0, 295, 360) }, true, true},
		{"ten short calls that span it together", func(s *scene) {
			for i := range 10 {
				s.call(0, 0, 300+5*float64(i), 305+5*float64(i))
			}
		}, true, true},
		{"in flight for two fifths", func(s *scene) { s.call(0, 0, 300, 317) }, false, true},
		{"came when the growth had begun, as retries do", func(s *scene) { s.call(0, 0, 325, 400) }, false, true},
		{"ended 5 s before", func(s *scene) { s.call(0, 0, 200, 295) }, false, true},
		{"ended a minute before", func(s *scene) { s.call(0, 0, 100, 240) }, false, false},
		{"on another process", func(s *scene) { s.call(1, 0, 295, 360) }, false, false},
		{"somewhere on the host", func(s *scene) { s.call(casefile.OnHost(0), 0, 295, 360) }, true, true},
		{"somewhere on another host", func(s *scene) { s.call(casefile.OnHost(1), 0, 295, 360) }, false, false},
		{"nobody knows where", func(s *scene) { s.call(casefile.Unplaced, 0, 295, 360) }, false, false},
		{"never seen to end", func(s *scene) {
			s.call(0, 0, 295, 900)
			s.rows[0].Flags = casefile.FlagOpen
		}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scene{span: 900, units: 4, hosts: 2, level: culprit.LevelProcess}
			s.endpoints(1)
			s.grow(0, 300, 350)
			c.calls(s)
			e := s.run(Options{Seed: 1, Rounds: 9}).Evidence[0]
			if got := len(e.Present) == 1; got != c.present {
				t.Errorf("present %v, want %v", got, c.present)
			}
			if got := len(e.Generous) == 1; got != c.near {
				t.Errorf("near %v, want %v", got, c.near)
			}
			if want := int64(len(s.rows)); s.rows[0].Unit != casefile.Unplaced && e.Calls != want {
				t.Errorf("%d calls, want %d", e.Calls, want)
			}
		})
	}
}

// Clocks that are told to be off bring calls back to where they were.
func TestShift(t *testing.T) {
	s := &scene{span: 900, units: 2, level: culprit.LevelProcess}
	s.endpoints(1)
	s.grow(0, 300, 350)
	s.call(0, 0, 395, 460)
	if e := s.run(Options{Seed: 1, Rounds: 1}).Evidence[0]; len(e.Present) > 0 {
		t.Error("present before its clock was set right")
	}
	if e := s.run(Options{Seed: 1, Rounds: 1, Shift: []int64{-100 * second}}).Evidence[0]; len(e.Present) != 1 {
		t.Error("absent after its clock was set right")
	}
	if e := s.run(Options{Seed: 1, Rounds: 1, Slack: 120 * second}).Evidence[0]; len(e.Present) != 1 {
		t.Error("absent with two minutes of slack")
	}
}

func TestClusters(t *testing.T) {
	at := func(seconds ...int64) []growth.Event {
		s := &scene{}
		for i, a := range seconds {
			s.grow(i%3, a, a+10)
		}
		return s.events
	}
	for _, c := range []struct {
		name   string
		span   int64
		events []growth.Event
		want   [][]int
	}{
		{"far apart", 7000, at(100, 3000, 6000), [][]int{{0}, {1}, {2}}},
		{"one incident on three processes", 7000, at(100, 110, 120, 6000), [][]int{{0, 1, 2}, {3}}},
		{"a chain is one incident", 7000, at(0, 400, 800, 1150), [][]int{{0, 1, 2, 3}}},
		{"minutes at 1 s: seconds apart are two", 480, at(10, 30, 50, 70, 90, 110, 130, 150, 170, 190), [][]int{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}}},
		{"days: ten minutes apart are one", 3 * 86400, at(1000, 1600, 90_000), [][]int{{0, 1}, {2}}},
	} {
		if got := cluster(c.events, c.span*second, second); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Which look-alikes can exist.
func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		name  string
		scene scene
		alter func(*casefile.Case)
		want  [families]bool
	}{
		{"half a day of four processes", scene{span: 12 * 3600, dt: 10, units: 4}, nil, [families]bool{true, true, true}},
		{"a quarter of an hour", scene{span: 900, units: 4}, nil, [families]bool{true, false, true}},
		{"one process", scene{span: 900, units: 1}, nil, [families]bool{true, false, false}},
		{"three processes that serve other work", scene{span: 900, units: 4}, func(c *casefile.Case) {
			for i := range c.Units[1:] {
				c.Units[1+i].Fleet = "job"
			}
		}, [families]bool{true, false, false}},
		{"the others have just booted", scene{span: 900, units: 4}, func(c *casefile.Case) {
			for i := range c.Units[1:] {
				c.Units[1+i].Born = c.To - 60*second
			}
		}, [families]bool{true, false, false}},
	} {
		s := c.scene
		s.endpoints(1)
		s.grow(0, s.span/2, s.span/2+20)
		cs := s.build()
		if c.alter != nil {
			c.alter(cs)
		}
		l := Run(cs, s.events, s.events, s.result(), Options{Seed: 1, Rounds: 9})
		if l.Has != c.want {
			t.Errorf("%s: %v, want %v (%v windows)", c.name, l.Has, c.want, l.Windows)
		}
	}
}

// Look-alikes are distinct, do not overlap one another, touch no episode and lie
// where the unit was observed and warm.
func TestLookAlikes(t *testing.T) {
	s := &scene{span: 6 * 3600, dt: 10, units: 5, hosts: 2, level: culprit.LevelProcess}
	s.endpoints(1)
	rng := stat.Rand(5, 5)
	for at := int64(2000); at < s.span-3000; at += 1500 + int64(rng.IntN(1500)) {
		s.grow(rng.IntN(s.units), at, at+40+int64(rng.IntN(60)))
	}
	c := s.build()
	c.Units[3].Born = start + 3000*second
	g := s.result()
	l := &Lineup{Events: s.events, Clusters: cluster(s.events, c.To-c.From, g.DT)}
	b := &builder{c: c, g: g, all: s.events, l: l}
	set := b.windows()
	for ci, cl := range l.Clusters {
		for f := range families {
			if real := set[ci][f][0]; real.shift != 0 || real.units[0] != int32(s.events[cl[0]].Unit) {
				t.Errorf("cluster %d, %s: the first window is not the real one: %+v", ci, f, real)
			}
			if len(set[ci][f]) > maxWindows+1 {
				t.Errorf("%d windows", len(set[ci][f]))
			}
			seen := map[string]bool{}
			for _, p := range set[ci][f][1:] {
				if key := fmt.Sprint(p); seen[key] {
					t.Errorf("cluster %d, %s: window %s twice", ci, f, key)
				} else {
					seen[key] = true
				}
				for i, e := range cl {
					checkWindow(t, c, g, s.events, f, p.units[i], s.events[e].A+p.shift, s.events[e].B+p.shift)
				}
			}
		}
		a, z := b.extent(cl)
		shifts := []int64{}
		for _, p := range set[ci][Time] {
			shifts = append(shifts, p.shift)
		}
		slices.Sort(shifts)
		for i := 1; i < len(shifts); i++ {
			if shifts[i]-shifts[i-1] < z-a {
				t.Errorf("cluster %d: windows of %d s lie %d s apart", ci, (z-a)/second, (shifts[i]-shifts[i-1])/second)
			}
		}
	}
}

func checkWindow(t *testing.T, c *casefile.Case, g *growth.Result, all []growth.Event, f Family, unit int32, from, to int64) {
	t.Helper()
	u := &c.Units[unit]
	if from < c.From || to > c.To || (u.Born > 0 && from < u.Born+g.WarmFor) {
		t.Errorf("%s: a window from %d s of unit %d, born %d", f, (from-start)/second, unit, u.Born)
	}
	for _, e := range all {
		if e.Unit == int(unit) && e.A < to && e.B > from {
			t.Errorf("%s: a window touches the episode at %d s", f, (e.A-start)/second)
		}
	}
}

// incident is ten episodes of random processes with a guilty endpoint that runs
// in all of them and nowhere else, and innocents: one that never rests, one that
// is frequent, one that runs everywhere at these moments, one that is rare.
func incident(seed uint64) *scene {
	s := &scene{span: 7200, dt: 5, units: 6, hosts: 2, level: culprit.LevelProcess}
	s.endpoints(5)
	rng := stat.Rand(seed, 9)
	for i := range int64(10) {
		at := 300 + 660*i + int64(rng.IntN(300))
		u := rng.IntN(s.units)
		s.grow(u, at, at+30)
		s.call(int32(u), 0, float64(at)-1, float64(at)+32)
		for v := range s.units {
			s.call(int32(v), 3, float64(at)-1, float64(at)+32)
		}
	}
	for u := range s.units {
		s.call(int32(u), 1, 0, float64(s.span))
		for range 200 {
			at := rng.Float64() * float64(s.span)
			s.call(int32(u), 2, at, at+5*rng.Float64())
		}
	}
	s.call(2, 4, 5000, 5050)
	return s
}

func TestGuiltyAndInnocent(t *testing.T) {
	l := incident(1).run(Options{Seed: 1})
	guilty := &l.Evidence[0]
	if len(guilty.Present) != 10 || guilty.P[Time] > 0.005 || guilty.P[Unit] > 0.005 || guilty.Phi < 0.9 {
		t.Errorf("guilty: present in %d of 10, p %v, phi %g", len(guilty.Present), guilty.P, guilty.Phi)
	}
	if guilty.Solo < 0.95 {
		t.Errorf("one call spans %.2f of what it makes grow", guilty.Solo)
	}
	for i, who := range []string{1: "never rests", 2: "is frequent", 4: "is rare"} {
		if e := &l.Evidence[i]; i > 0 && who != "" && e.P[Time] < 0.2 {
			t.Errorf("who %s: p %v", who, e.P)
		}
	}
	if e := &l.Evidence[3]; len(e.Present) != 10 || e.P[Time] > 0.05 || e.P[Unit] < 0.2 {
		t.Errorf("who runs everywhere at these moments: present in %d, p %v: other processes must clear it", len(e.Present), e.P)
	}
	if l.Omnibus > 0.05 {
		t.Errorf("something unusual was in flight, p %g", l.Omnibus)
	}
	if e := &l.Evidence[1]; e.Chance < 0.95 || e.Power {
		t.Errorf("who never rests is there by chance in %.2f of the windows; could it have been noticed: %v", e.Chance, e.Power)
	}
	if e := &l.Evidence[4]; e.Chance > 0.2 || !e.Power {
		t.Errorf("who is rare is there by chance in %.2f of the windows; could it have been noticed: %v", e.Chance, e.Power)
	}
}

// p-values pay for every look; the hour family is a veto and does not.
func TestTries(t *testing.T) {
	once, often := incident(1).run(Options{Seed: 1}), incident(1).run(Options{Seed: 1, Tries: 18})
	for i := range once.Evidence {
		for f := range families {
			if want := min(1, once.Evidence[i].P[f]*float64(tries(f, Options{Tries: 18}))); often.Evidence[i].P[f] != want {
				t.Errorf("suspect %d, %s: %g, want %g", i, f, often.Evidence[i].P[f], want)
			}
		}
	}
}

// The order of calls and how they are cut into blocks is nobody's evidence, and
// neither is asking twice.
func TestMerging(t *testing.T) {
	s := incident(2)
	want := s.run(Options{Seed: 1, Rounds: 99})
	for name, rows := range map[string]func(*casefile.Case){
		"again":             func(*casefile.Case) {},
		"one by one":        func(c *casefile.Case) { c.Rows = slices.Chunk(s.rows, 1) },
		"all at once":       func(c *casefile.Case) { c.Rows = slices.Chunk(s.rows, len(s.rows)) },
		"backwards":         func(c *casefile.Case) { c.Rows = slices.Chunk(reversed(s.rows), 17) },
		"every second part": func(c *casefile.Case) { c.Rows = slices.Chunk(alternating(s.rows), 64) },
	} {
		c := s.build()
		rows(c)
		got := Run(c, s.events, s.events, s.result(), Options{Seed: 1, Rounds: 99})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: another result", name)
		}
	}
}

func reversed(rows []casefile.Row) []casefile.Row {
	rows = slices.Clone(rows)
	slices.Reverse(rows)
	return rows
}

func alternating(rows []casefile.Row) []casefile.Row {
	var even, odd []casefile.Row
	for i, r := range rows {
		if i%2 == 0 {
			even = append(even, r)
		} else {
			odd = append(odd, r)
		}
	}
	return append(odd, even...)
}

// A narrowed suspect with nearly all calls of its endpoint is not tried again;
// one with few of them is, and is told from the rest of the endpoint.
func TestNarrowed(t *testing.T) {
	s := incident(3)
	whole, part := int32(len(s.suspects)), int32(len(s.suspects)+1)
	s.suspects = append(s.suspects,
		casefile.Suspect{Name: "a", Kind: "endpoint", Parent: 0, Key: "format", Value: "html"},
		casefile.Suspect{Name: "c", Kind: "endpoint", Parent: 2, Key: "param:locale", Value: "fr"})
	s.labels[0] = []int32{0, whole}
	s.labels = append(s.labels, []int32{2, part})
	s.call(0, uint32(len(s.labels)-1), 10, 12)
	s.call(1, uint32(len(s.labels)-1), float64((s.events[0].A-start)/second), float64((s.events[0].B-start)/second))
	l := s.run(Options{Seed: 1, Rounds: 99})
	if e := &l.Evidence[whole]; e.Calls != l.Evidence[0].Calls || len(e.Present) > 0 || e.P[Time] != 1 {
		t.Errorf("its endpoint over again: %+v", e)
	}
	if e := &l.Evidence[part]; e.Calls != 2 || l.Evidence[2].Calls != 1202 || e.P[Time] < 0.2 {
		t.Errorf("a part of an endpoint: %+v", e)
	}
}

// At host level calls stand on the host's unit, open ones until their end.
func TestHostLevel(t *testing.T) {
	s := &scene{span: 7200, dt: 10, units: 4, hosts: 4, level: culprit.LevelHost}
	s.endpoints(2)
	for i := range int64(8) {
		at := 400 + 800*i
		s.grow(int(i%4), at, at+60)
		s.call(int32(i%4), 0, float64(at)-5, float64(at)+70)
		s.rows[len(s.rows)-1].Flags = casefile.FlagOpen
		s.call(casefile.OnHost(int(i+1)%4), 1, float64(at)-5, float64(at)+70)
	}
	l := s.run(Options{Seed: 1})
	if e := &l.Evidence[0]; len(e.Present) != 8 || e.P[Time] > 0.01 || e.P[Unit] > 0.01 {
		t.Errorf("guilty: present in %d of 8, p %v", len(e.Present), e.P)
	}
	if e := &l.Evidence[1]; len(e.Present) != 0 || e.P[Unit] < 0.5 || e.Calls != 8 {
		t.Errorf("on the wrong host: present in %d of 8, p %v, %d calls", len(e.Present), e.P, e.Calls)
	}
}

// Calls at which harm could not have shown do not speak for anybody.
func TestInformative(t *testing.T) {
	s := &scene{span: 2000, units: 2, level: culprit.LevelProcess}
	s.endpoints(1)
	s.grow(0, 300, 350)
	s.call(0, 0, 500, 510)
	s.call(0, 0, 1500, 1510)
	c := s.build()
	for i := range c.Units[0].Points {
		if p := &c.Units[0].Points[i]; p.At > start+1000*second {
			p.Mem = 20 * mb // 80 MB below its high-water mark
		}
	}
	l := Run(c, s.events, s.events, s.result(), Options{Seed: 1, Rounds: 9})
	if e := &l.Evidence[0]; e.Calls != 2 || e.Informative != 1 {
		t.Errorf("%d calls, %d of them informative; want 2 and 1", e.Calls, e.Informative)
	}
}

func TestNothingGrew(t *testing.T) {
	s := &scene{span: 900, units: 2}
	s.endpoints(1)
	s.call(0, 0, 10, 20)
	l := s.run(Options{Seed: 1})
	if e := &l.Evidence[0]; e.Calls != 1 || len(e.Present) > 0 || l.Omnibus != 1 {
		t.Errorf("%+v, omnibus %g", e, l.Omnibus)
	}
}

// The largest episodes are kept, by time, wherever they stand among equals.
func TestCapEvents(t *testing.T) {
	for name, bytes := range map[string]func(i int64) int64{
		"all sizes":            func(i int64) int64 { return 1 + i*7919%97 },
		"equals, then giants":  func(i int64) int64 { return 1 + i/230*100 },
		"giants among equals":  func(i int64) int64 { return 1 + i%5/4 },
		"nothing but equals":   func(int64) int64 { return 5 },
		"the larger the later": func(i int64) int64 { return 1 + i },
	} {
		s := &scene{}
		for i := range int64(3 * maxEvents) {
			s.grow(0, i*100, i*100+10)
			s.events[i].Bytes = bytes(i) * mb
		}
		kept := capEvents(s.events)
		least := slices.MinFunc(kept, func(a, b growth.Event) int { return int(a.Bytes - b.Bytes) }).Bytes
		byTime := func(a, b growth.Event) int { return int(a.A - b.A) }
		if len(kept) != maxEvents || !slices.IsSortedFunc(kept, byTime) {
			t.Errorf("%s: %d kept, or not by time", name, len(kept))
		}
		for _, e := range s.events {
			if _, found := slices.BinarySearchFunc(kept, e, byTime); e.Bytes > least && !found {
				t.Errorf("%s: %d MB is left out, %d MB is kept", name, e.Bytes/mb, least/mb)
			}
		}
	}
}
