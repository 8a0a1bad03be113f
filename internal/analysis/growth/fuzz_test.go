package growth

import (
	"testing"

	"culprit"
	"culprit/internal/casefile"
)

// unitsFrom makes units out of any bytes: each pair is a pause and a change.
func unitsFrom(data []byte) []casefile.Unit {
	var units []casefile.Unit
	u := casefile.Unit{Process: culprit.Process{Host: "h"}}
	at, mem := start, 100*mb
	for i := 0; i+1 < len(data); i += 2 {
		if data[i] == 255 { // a restart: the next unit begins
			units = append(units, u)
			u = casefile.Unit{Process: culprit.Process{Host: "h", PID: i}, Born: at * int64(data[i+1]&1), Silent: data[i+1] == 7}
			mem = 80 * mb
			continue
		}
		at += int64(data[i]%40) * second / 4 // may stand still: two readings of one instant
		mem = max(0, mem+int64(int8(data[i+1]))<<(16+data[i]%12))
		u.Points = append(u.Points, casefile.Point{At: at, Mem: mem})
	}
	return append(units, u)
}

// FuzzDetect holds what every series must give, however odd: episodes inside
// their series, with bytes that the readings show and shares that make one.
func FuzzDetect(f *testing.F) {
	f.Add([]byte{4, 0, 4, 0, 4, 0, 4, 100, 4, 0, 4, 0, 4, 0, 4, 0}, true)
	f.Add([]byte{4, 1, 5, 2, 6, 250, 7, 100, 8, 100, 9, 100, 255, 1, 4, 1, 15, 100, 15, 100, 15, 100, 4, 1}, false)
	f.Add([]byte{0, 100, 0, 100, 0, 156, 40, 100, 80, 3}, true)
	f.Add([]byte{255, 7, 255, 7}, false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, data []byte, process bool) {
		c := &casefile.Case{Level: culprit.LevelHost, Units: unitsFrom(data), From: start, To: start, Roster: &casefile.Roster{}}
		if process {
			c.Level = culprit.LevelProcess
		}
		for _, u := range c.Units {
			for _, p := range u.Points {
				c.To = max(c.To, p.At)
			}
		}
		r := Detect(c)
		for _, list := range [][]Event{r.Events, r.Minor, r.Aside} {
			for _, e := range list {
				checkEvent(t, &c.Units[e.Unit], e)
			}
		}
		if r.Total < 0 || r.Warmup < 0 || r.Noise <= 0 {
			t.Errorf("total %d, warm-up %d, noise %d", r.Total, r.Warmup, r.Noise)
		}
	})
}

func checkEvent(t *testing.T, u *casefile.Unit, e Event) {
	t.Helper()
	if u.Silent {
		t.Errorf("episode on a unit that no log speaks of: %+v", e)
	}
	first, last := u.Points[0].At, u.Points[len(u.Points)-1].At
	if e.A < first || e.B > last || e.A > e.B || e.Bytes <= 0 || e.Headroom < 0 || e.Shape == "" {
		t.Errorf("episode %+v in a series from %d to %d", e, first, last)
	}
	var sum float64
	at := e.A
	for _, s := range e.Segments {
		sum += s.Share
		if s.A < at || s.B < s.A || s.B > e.B || s.Share <= 0 {
			t.Errorf("segment %+v of %+v", s, e)
		}
		at = s.B
	}
	if sum > 1+1e-9 || len(e.Segments) == 0 || len(e.Segments) > 5 {
		t.Errorf("%d segments of together %g", len(e.Segments), sum)
	}
}
