package casefile

import "testing"

// A row's unit tells three things apart: a unit, a host, and nothing.
func TestPlaces(t *testing.T) {
	for host := range 1000 {
		if got, ok := HostOf(OnHost(host)); !ok || got != host {
			t.Errorf("host %d comes back as %d, %v", host, got, ok)
		}
	}
	for _, unit := range []int32{Unplaced, 0, 7} {
		if _, ok := HostOf(unit); ok {
			t.Errorf("unit %d is taken for a host", unit)
		}
	}
}

// Units are ordered by what was measured, whatever they are called.
func TestBefore(t *testing.T) {
	unit := func(points ...Point) *Unit { return &Unit{Points: points} }
	units := []*Unit{unit(), unit(Point{1, 5}), unit(Point{1, 5}, Point{2, 9}), unit(Point{1, 6}), unit(Point{2, 1})}
	for i, u := range units {
		for j, v := range units {
			if got := u.Before(v); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%+v before %+v: %d", u.Points, v.Points, got)
			}
		}
	}
	a, b := unit(Point{1, 5}), unit(Point{1, 5})
	a.Process.Host, b.Process.Host, a.Process.PID = "web1", "web9", 17
	if a.Before(b) != 0 {
		t.Error("names decide")
	}
}
