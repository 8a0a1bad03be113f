package lineup

import (
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
)

const (
	start = int64(1_770_000_000) * second
	mb    = int64(1 << 20)
)

// scene is a hand-made case: units with one flat reading a second, episodes and
// calls as told. Times are seconds from the beginning.
type scene struct {
	span     int64
	dt       int64
	units    int
	hosts    int // units are dealt out to so many hosts, 1 by default
	level    culprit.Level
	suspects []casefile.Suspect
	labels   [][]int32
	rows     []casefile.Row
	events   []growth.Event
}

// endpoints makes a roster of n endpoints, one label each.
func (s *scene) endpoints(n int) {
	for i := range n {
		s.suspects = append(s.suspects, casefile.Suspect{Name: string(rune('a' + i)), Kind: "endpoint", Parent: -1})
		s.labels = append(s.labels, []int32{int32(i)})
	}
}

func (s *scene) call(unit int32, label uint32, from, to float64) {
	s.rows = append(s.rows, casefile.Row{
		Unit: unit, Label: label, Start: start + int64(from*second), End: start + int64(to*second),
	})
}

// grow adds an episode of 100 MB in five equal segments.
func (s *scene) grow(unit int, from, to int64) {
	e := growth.Event{Unit: unit, A: start + from*second, B: start + to*second, Bytes: 100 * mb, Shape: growth.Step}
	for i := range int64(5) {
		e.Segments = append(e.Segments, growth.Segment{A: e.A + (e.B-e.A)*i/5, B: e.A + (e.B-e.A)*(i+1)/5, Share: 0.2})
	}
	s.events = append(s.events, e)
}

func (s *scene) build() *casefile.Case {
	c := &casefile.Case{
		From: start, To: start + s.span*second, Level: s.level, Calls: int64(len(s.rows)),
		Roster: &casefile.Roster{Suspects: s.suspects, Labels: s.labels},
		Rows:   slices.Chunk(s.rows, 100),
	}
	hosts := max(s.hosts, 1)
	for h := range hosts {
		c.Hosts = append(c.Hosts, string(rune('A'+h)))
	}
	dt := max(s.dt, 1)
	for u := range s.units {
		unit := casefile.Unit{Process: culprit.Process{Host: c.Hosts[u%hosts], PID: u + 1}, Fleet: "web", Kind: culprit.RSS}
		for at := int64(0); at <= s.span; at += dt {
			unit.Points = append(unit.Points, casefile.Point{At: start + at*second, Mem: 100 * mb})
		}
		c.Units = append(c.Units, unit)
	}
	return c
}

func (s *scene) result() *growth.Result {
	return &growth.Result{Events: s.events, DT: max(s.dt, 1) * second, WarmFor: 60 * second}
}

func (s *scene) run(o Options) *Lineup {
	return Run(s.build(), s.events, s.events, s.result(), o)
}
