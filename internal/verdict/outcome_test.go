package verdict_test

import (
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/casefile"
)

// One town for each outcome; nobody innocent is named in any of them.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		town   func() *town
		want   culprit.Outcome
		named  []string
		method string
		says   string // part of headline or reason
	}{
		{
			"ten steps during calls of one", func() *town { return newTown(1, 2, 3).harm(guilty, 10, 200) },
			culprit.OutcomeCulprit,
			[]string{"Guilty#index"},
			"line-up", "Guilty#index is responsible for",
		},
		{
			"the same with nothing to compare with", func() *town { return newTown(2, 1, 1).harm(guilty, 10, 200) },
			culprit.OutcomeSuspected,
			[]string{"Guilty#index"},
			"line-up", "no other process",
		},
		{
			"two steps", func() *town { return newTown(3, 2, 3).harm(guilty, 2, 200) },
			culprit.OutcomeInsufficient, nil, "", "1 more would settle it",
		},
		{"steps that nobody was near", func() *town {
			w := newTown(4, 2, 3)
			for i := range int64(8) {
				w.rise(w.rng.IntN(6), 500+800*i, 520+800*i, 200)
			}
			return w
		}, culprit.OutcomeNotRequests, nil, "", "No logged request"},
		{
			"nothing grew", func() *town { return newTown(5, 2, 3) },
			culprit.OutcomeHealthy, nil, "", "no growth that needs a culprit",
		},
		{"growth that dies away", func() *town {
			w := newTown(6, 2, 3)
			for u := range 6 {
				w.rise(u, 0, 2400, 40)
			}
			return w
		}, culprit.OutcomeHealthy, nil, "", "no culprit needed"},
		{"a process that serves nothing", func() *town {
			w := newTown(7, 2, 3)
			w.c.Units = append(w.c.Units, casefile.Unit{Process: culprit.Process{Host: "web2", PID: 999, Role: "agent"}, Kind: culprit.RSS})
			w.grow = append(w.grow, []bump{{0, 7200, 900}})
			return w
		}, culprit.OutcomeNotRequests, []string{"agent process 999 on web2"}, "direct", "serve no logged call"},
		{"a host beyond its processes", func() *town {
			w := newTown(8, 2, 3)
			w.hostGrows("web1", 2000)
			return w
		}, culprit.OutcomeNotRequests, nil, "direct", "not in the watched processes"},
		{"pages that cease to be shared", func() *town {
			w := newTown(9, 2, 3)
			w.hostGrows("web1", 600)
			w.c.Extra = append(w.c.Extra, casefile.Unit{Kind: culprit.PSS, Points: line(100, 600)})
			return w
		}, culprit.OutcomeHealthy, nil, "direct", "copy-on-write"},
		{"every call keeps a little", func() *town {
			w := newTown(10, 2, 3)
			for _, r := range w.rows {
				s := (r.End - start) / second
				w.rise(int(r.Unit), s, s+1, 0.7)
			}
			return w
		}, culprit.OutcomeTraffic, nil, "", "Every call keeps about"},
		{"no series", func() *town {
			w := newTown(11, 2, 3)
			w.c.Units, w.c.Hosts = nil, nil
			return w
		}, culprit.OutcomeInsufficient, nil, "", "no memory series"},
		{"no common hours", func() *town {
			w := newTown(12, 2, 3).harm(guilty, 10, 200)
			w.c.From, w.c.To = w.c.To, w.c.From
			return w
		}, culprit.OutcomeInsufficient, nil, "", "do not overlap"},
		{"no calls", func() *town {
			w := newTown(13, 2, 3)
			w.rows = nil
			w.rise(1, 900, 920, 500)
			return w
		}, culprit.OutcomeInsufficient, nil, "", "no log says what ran"},
		{"neither", func() *town {
			w := newTown(14, 0, 0)
			w.rows = nil
			return w
		}, culprit.OutcomeInsufficient, nil, "", "neither calls nor a memory series"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.town().judge(t)
			v := r.Verdict
			if v.Outcome != c.want || !slices.Equal(named(r), c.named) {
				t.Errorf("%s, named %v; want %s, %v\n%s\n%s", v.Outcome, named(r), c.want, c.named, v.Headline, findings(r))
			}
			if v.Method != c.method || !strings.Contains(v.Headline+v.AbstainedBecause, c.says) {
				t.Errorf("by %q: %q, %q; want %q by %q", v.Method, v.Headline, v.AbstainedBecause, c.says, c.method)
			}
			if (r.Counterfactual != nil) != (v.Outcome == culprit.OutcomeCulprit || v.Outcome == culprit.OutcomeSuspected) {
				t.Errorf("%s with counterfactual %+v", v.Outcome, r.Counterfactual)
			}
		})
	}
}

// line is a series that rises evenly over the two hours.
func line(from, by float64) []casefile.Point {
	var pts []casefile.Point
	for s := int64(0); s <= 7200; s += 5 {
		pts = append(pts, casefile.Point{At: start + s*second, Mem: int64((from + by*float64(s)/7200) * float64(mb))})
	}
	return pts
}

// hostGrows adds hosts' own series, of which one rises.
func (t *town) hostGrows(host string, by float64) {
	for _, h := range t.c.Hosts {
		u := casefile.Unit{Process: culprit.Process{Host: h, Role: "host"}, Kind: culprit.HostUsed, Points: line(4000, 0)}
		if h == host {
			u.Points = line(4000, by)
		}
		t.c.HostUsed = append(t.c.HostUsed, u)
	}
}

// A conviction says how much a call takes, and what the peak would have been.
func TestConviction(t *testing.T) {
	r := newTown(1, 2, 3).harm(guilty, 10, 200).judge(t)
	g := r.Suspects[0]
	if g.Finding != culprit.Convicted || g.PresentIn != 10 || g.Of != 10 || g.Calls != 10 || g.GrowthShare < 0.95 || *g.PAdjusted > 0.005 {
		t.Errorf("%+v", g)
	}
	truth := float64(200 * mb)
	if b := g.BytesPerCall; *b.Low > truth || *b.High < truth || *b.Low < truth/2 || *b.High > truth*2 {
		t.Errorf("%.0f MB a call, %.0f to %.0f; planted 200", *b.Estimate/float64(mb), *b.Low/float64(mb), *b.High/float64(mb))
	}
	cf := r.Counterfactual
	if len(cf.Without) != 1 || cf.PeakThen >= cf.Peak || cf.PeakThen < culprit.Bytes(800*mb) {
		t.Errorf("%+v", cf)
	}
	for _, e := range r.Growth {
		if !slices.Equal(e.Suspects, []int{1}) {
			t.Errorf("growth %+v", e)
		}
	}
	if s := find(t, r, "Rare#export"); s.Finding != culprit.Acquitted {
		t.Errorf("who was elsewhere is %s: %s", s.Finding, s.Reason)
	}
	if s := find(t, r, "Always#poll"); s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
		t.Errorf("who never rests is %s: %s", s.Finding, s.Reason)
	}
}

// Slow growth that follows one endpoint's calls is the ledger's.
func TestSlowLeak(t *testing.T) {
	w := newTown(23, 2, 4)
	for range 500 {
		u, at := w.rng.IntN(8), w.rng.Int64N(w.span-10)
		w.call(u, other, at, at+1)
		w.rise(u, at, at+2, 1.5)
	}
	r := w.judge(t)
	s := r.Suspects[0]
	if s.Name != "Other#index" || s.Finding != culprit.Convicted || r.Verdict.Method != "ledger" {
		t.Fatalf("%s by %q: %s", r.Verdict.Outcome, r.Verdict.Method, findings(r))
	}
	if b := s.BytesPerCall; *b.Low > 1.5*float64(mb) || *b.High < 1.5*float64(mb) {
		t.Errorf("%.2f MB a call, %.2f to %.2f; planted 1.5", *b.Estimate/float64(mb), *b.Low/float64(mb), *b.High/float64(mb))
	}
	if !slices.Equal(named(r), []string{"Other#index"}) {
		t.Errorf("named %v", named(r))
	}
}

// Live heap slots tell retained objects from memory outside of the heap.
func TestCategory(t *testing.T) {
	for _, c := range []struct {
		slots float64
		want  string
	}{{0, "native"}, {80, "retention"}} {
		w := newTown(21, 2, 4)
		for range 500 {
			u, at := w.rng.IntN(8), w.rng.Int64N(w.span-10)
			w.call(u, other, at, at+1)
			w.rise(u, at, at+2, 1.5)
		}
		w.c.Extra = append(w.c.Extra, casefile.Unit{Kind: culprit.HeapLiveSlots, Points: line(100, c.slots)})
		if r := w.judge(t); r.Verdict.Category != c.want {
			t.Errorf("slots rise by %g %%: %q, want %q", c.slots, r.Verdict.Category, c.want)
		}
	}
}
