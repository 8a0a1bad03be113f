package picture

import (
	"slices"
	"testing"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

const (
	second = int64(1_000_000)
	start  = int64(1_770_000_000) * second
	mb     = int64(1 << 20)
)

// scene is units with one reading a second and the calls of two suspects.
func scene(seconds, units int, mem func(unit, s int) int64, rows ...casefile.Row) *casefile.Case {
	c := &casefile.Case{
		From: start, To: start + int64(seconds)*second, Level: culprit.LevelProcess,
		Roster: &casefile.Roster{
			Suspects: []casefile.Suspect{{Name: "Guilty#index", Parent: -1}, {Name: "Innocent#index", Parent: -1}},
			Labels:   [][]int32{{0}, {1}},
		},
		Rows:  slices.Chunk(rows, 1000),
		Calls: int64(len(rows)),
	}
	for u := range units {
		unit := casefile.Unit{Process: culprit.Process{Host: "web1", PID: 100 + u}, Kind: culprit.RSS}
		for s := range seconds + 1 {
			unit.Points = append(unit.Points, casefile.Point{At: start + int64(s)*second, Mem: mem(u, s)})
		}
		c.Units = append(c.Units, unit)
	}
	return c
}

func row(unit int32, label uint32, from, to int64) casefile.Row {
	return casefile.Row{Unit: unit, Label: label, Start: start + from*second, End: start + to*second}
}

// A reading that stands out for one second of a day is still drawn.
func TestExtremesSurvive(t *testing.T) {
	c := scene(86_400, 1, func(_, s int) int64 {
		switch s {
		case 40_000:
			return 900 * mb
		case 50_001:
			return 10 * mb
		}
		return 100*mb + int64(s%7)
	})
	cv := Draw(c, nil, nil, nil).Curves[0]
	if len(cv.At) > 2000 || len(cv.At) != len(cv.Mem) || !slices.IsSorted(cv.At) {
		t.Errorf("%d instants, %d readings", len(cv.At), len(cv.Mem))
	}
	if lo, hi := slices.Min(cv.Mem), slices.Max(cv.Mem); lo != float64(10*mb) || hi != float64(900*mb) {
		t.Errorf("drawn from %g to %g", lo, hi)
	}
}

func TestFewReadingsAreDrawnAsTheyAre(t *testing.T) {
	cv := Draw(scene(100, 1, func(_, s int) int64 { return int64(s) * mb }), nil, nil, nil).Curves[0]
	if len(cv.Mem) != 101 || cv.Mem[17] != float64(17*mb) || len(cv.Without) != 0 {
		t.Errorf("%d readings, %d without", len(cv.Mem), len(cv.Without))
	}
}

// The curve without the culprit lies below the curve by what was cut, and the
// unit that nothing was cut from keeps its own.
func TestCounterfactual(t *testing.T) {
	c := scene(300, 2, func(_, s int) int64 {
		switch {
		case s >= 200:
			return 400 * mb
		case s >= 100:
			return 250 * mb
		}
		return 100 * mb
	})
	cuts := []Cut{
		{Unit: 0, A: start + 99*second, B: start + 100*second, Bytes: 150 * mb},
		{Unit: 0, A: start + 199*second, B: start + 200*second, Bytes: 150 * mb},
	}
	p := Draw(c, map[int]bool{0: true}, nil, cuts)
	for s, want := range map[int]int64{0: 100, 99: 100, 100: 100, 150: 100, 200: 100, 300: 100} {
		if got := p.Curves[0].Without[s]; got != float64(want*mb) {
			t.Errorf("after %d s: %g MB without, want %d", s, got/float64(mb), want)
		}
	}
	if !slices.Equal(p.Curves[1].Without, p.Curves[1].Mem) {
		t.Error("a unit without cuts lost memory")
	}
}

// Whatever is cut, in whatever order and however much, nothing is drawn above
// the curve or below nothing.
func TestCounterfactualStaysInside(t *testing.T) {
	rng := stat.Rand(3, 1)
	for range 50 {
		mem := int64(200)
		c := scene(400, 2, func(_, _ int) int64 {
			mem = max(0, mem+int64(rng.IntN(41))-19)
			return mem * mb
		})
		var cuts []Cut
		for range rng.IntN(6) {
			a := start + int64(rng.IntN(400))*second
			cuts = append(cuts, Cut{Unit: rng.IntN(2), A: a, B: a + int64(rng.IntN(60))*second, Bytes: int64(rng.IntN(900)) * mb})
		}
		for _, cv := range Draw(c, nil, nil, cuts).Curves {
			for i, w := range cv.Without {
				if w < 0 || w > cv.Mem[i] {
					t.Fatalf("%g without, %g with; cuts %+v", w, cv.Mem[i], cuts)
				}
			}
		}
	}
}

// Units that grew are drawn before those that did not, and not too many.
func TestChoice(t *testing.T) {
	c := scene(60, 40, func(_, _ int) int64 { return mb })
	p := Draw(c, map[int]bool{35: true, 39: true}, nil, nil)
	if len(p.Curves) != maxCurves || len(p.Lanes) != maxCurves {
		t.Fatalf("%d curves, %d lanes", len(p.Curves), len(p.Lanes))
	}
	grew := 0
	for i, cv := range p.Curves {
		if cv.Grew {
			grew++
		}
		if cv.PID != p.Lanes[i].PID || cv.Host != p.Lanes[i].Host {
			t.Errorf("lane %d is not under its curve", i)
		}
	}
	if grew != 2 {
		t.Errorf("%d of two grown units are drawn", grew)
	}
}

// Density is the mean number of calls in flight; marks are the named only.
func TestLanes(t *testing.T) {
	c := scene(600, 2, func(_, _ int) int64 { return mb },
		row(0, 0, 100, 200), row(0, 1, 150, 160), row(0, 1, 150, 160), row(1, 1, 0, 600), row(-1, 0, 0, 600),
		casefile.Row{Unit: 1, Label: 0, Start: start + 590*second, End: start + 600*second, Flags: casefile.FlagOpen})
	p := Draw(c, nil, []Named{{Suspect: 0, Rank: 4}}, nil)
	if d := p.Lanes[0].Density; d[50] != 0 || d[120] != 1 || d[155] != 3 {
		t.Errorf("density %g %g %g, want 0 1 3", d[50], d[120], d[155])
	}
	if d := p.Lanes[1].Density[300]; d != 1 {
		t.Errorf("the other lane has %g", d)
	}
	marks := slices.Concat(p.Lanes[0].Marks, p.Lanes[1].Marks)
	if len(marks) != 2 || marks[0].Suspect != 4 || marks[0].Label != "Guilty#index" || marks[0].Open || !marks[1].Open {
		t.Errorf("marks %+v", marks)
	}
}

// Many calls are merged, and none is lost from the count.
func TestMarksAreBounded(t *testing.T) {
	var rows []casefile.Row
	for i := range int64(20_000) {
		rows = append(rows, row(int32(i%2), uint32(i%2), i%600, i%600+1))
	}
	p := Draw(scene(600, 2, func(_, _ int) int64 { return mb }, rows...), nil, []Named{{0, 1}, {1, 2}}, nil)
	marks, calls := 0, 0
	for _, l := range p.Lanes {
		marks += len(l.Marks)
		for _, m := range l.Marks {
			calls += m.Calls
		}
		if !slices.IsSortedFunc(l.Marks, func(a, b culprit.Mark) int { return int(a.From - b.From) }) {
			t.Error("marks are out of order")
		}
	}
	// A suspect's first call in a lane is drawn even above the limit.
	if marks > maxMarks+len(p.Lanes)*2 || calls != len(rows) {
		t.Errorf("%d marks of %d calls", marks, calls)
	}
}

// A case without a span or without units has an empty picture, not none.
func TestEmpty(t *testing.T) {
	c := scene(0, 1, func(_, _ int) int64 { return mb }, row(0, 0, 0, 1))
	for _, c := range []*casefile.Case{c, {Roster: &casefile.Roster{}, Rows: func(func([]casefile.Row) bool) {}}} {
		if p := Draw(c, nil, []Named{{0, 1}}, nil); p.Curves == nil || p.Lanes == nil {
			t.Errorf("%+v", p)
		}
	}
}
