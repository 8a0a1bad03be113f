package alibi

import (
	"math"
	"testing"
)

func TestAbsent(t *testing.T) {
	for _, c := range []struct {
		what            string
		events, present int
		loss            float64
		canHave         int
	}{
		{"the method's own example", 9, 2, 0.02, 3},
		{"there every time", 5, 5, 0.02, 5},
		{"never there, one line may be lost", 5, 0, 0.02, 1},
		{"never there, no line is ever lost", 5, 0, 0, 0},
		{"a log that loses half of its lines clears nobody", 5, 0, 0.5, 5},
		{"nothing grew", 0, 0, 0.02, 0},
	} {
		if got := Absent(c.events, c.present, c.loss); got.CanHave != c.canHave {
			t.Errorf("%s: at most %d of %d, want %d", c.what, got.CanHave, c.events, c.canHave)
		}
	}
	if s := (Absence{}).Share(); s != 1 {
		t.Errorf("without episodes everything is possible, got a share of %g", s)
	}
}

// More absences never make a suspect more guilty, more lost lines never less.
func TestAbsenceIsMonotone(t *testing.T) {
	for events := 1; events <= 30; events++ {
		for _, loss := range []float64{0, 0.005, 0.02, 0.1, 0.2} {
			before := -1.0
			for present := range events + 1 {
				a := Absent(events, present, loss)
				if a.Share() < before || a.Share() > 1 || a.CanHave < present {
					t.Errorf("present in %d of %d at loss %g: at most %d, share %g after %g", present, events, loss, a.CanHave, a.Share(), before)
				}
				before = a.Share()
				if more := Absent(events, present, loss+0.05); more.CanHave < a.CanHave {
					t.Errorf("present in %d of %d: losing more lines lowers %d to %d", present, events, a.CanHave, more.CanHave)
				}
			}
		}
	}
}

func TestUnpunished(t *testing.T) {
	for _, c := range []struct {
		what    string
		calls   int64
		harmful int
		up      float64
	}{
		{"never called where harm would show", 0, 0, 1},
		{"the rule of three", 3000, 0, 0.001},
		{"every call was there", 4, 4, 1},
		{"more episodes than calls that could show harm", 3, 5, 1},
	} {
		got := Unpunished(c.calls, c.harmful)
		if math.Abs(got.Up-c.up) > 0.01*c.up {
			t.Errorf("%s: at most %g, want %g", c.what, got.Up, c.up)
		}
	}
	if few, many := Unpunished(100, 0), Unpunished(10_000, 0); many.Up >= few.Up {
		t.Errorf("more calls without harm do not clear: %g after %g", many.Up, few.Up)
	}
}
