package verdict_test

import (
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/lab"
	"culprit/internal/lab/court"
)

// Who only enqueues, or sends its body after the logged end, is never acquitted:
// the log could not have shown it. The same endpoint without that is.
func TestNeverAcquitted(t *testing.T) {
	towns := map[string]func() *town{
		"a culprit":       func() *town { return newTown(30, 2, 3).harm(guilty, 10, 200) },
		"nothing grew":    func() *town { return newTown(31, 2, 3) },
		"nobody was near": func() *town { return newTown(32, 2, 3).ghosts(8) },
	}
	for name, make := range towns {
		for _, why := range []string{"", "enqueues", "streams"} {
			w := make()
			switch why {
			case "enqueues":
				w.facts.Enqueuers = map[int32]bool{rare: true, frequent: true}
			case "streams":
				w.facts.Streamers = map[int32]bool{rare: true, frequent: true}
			}
			r := w.judge(t)
			for _, who := range []string{"Rare#export", "Frequent#show"} {
				s := find(t, r, who)
				if why != "" && s.Finding != culprit.CannotJudge {
					t.Errorf("%s, %s %s: %s (%s)", name, who, why, s.Finding, s.Reason)
				}
				if why == "" && who == "Rare#export" && s.Finding != culprit.Acquitted {
					t.Errorf("%s, %s: %s (%s)", name, who, s.Finding, s.Reason)
				}
			}
		}
	}
}

// ghosts are steps that no call causes.
func (t *town) ghosts(n int) *town {
	for i := range int64(n) {
		at := t.span * (i + 1) / int64(n+1)
		t.rise(t.rng.IntN(len(t.c.Units)), at, at+20, 200)
	}
	return t
}

// Calls that could not be placed on any process neither accuse nor acquit, and
// where many could not, absence acquits nobody.
func TestNotPlaced(t *testing.T) {
	w := newTown(33, 2, 3).harm(guilty, 10, 200)
	for i := range w.rows {
		if w.rows[i].Label == rare {
			w.rows[i].Unit = casefile.Unplaced
		}
	}
	w.facts.Coverage.Matched = 0.99
	r := w.judge(t)
	if s := find(t, r, "Rare#export"); s.Finding != culprit.CannotJudge || !strings.Contains(s.Reason, "could not be placed") {
		t.Errorf("not placed: %s (%s)", s.Finding, s.Reason)
	}
	if !slices.Equal(named(r), []string{"Guilty#index"}) {
		t.Errorf("named %v", named(r))
	}
	w = newTown(33, 2, 3).harm(guilty, 10, 200)
	w.facts.Coverage.Matched = 0.6
	for _, s := range w.judge(t).Suspects {
		if s.Finding == culprit.Acquitted {
			t.Errorf("two in five calls are nowhere, and %s is acquitted: %s", s.Name, s.Reason)
		}
	}
}

// Whoever was asked for is in the report: the known with their finding, the
// unknown as such, and a word finds all who bear it.
func TestRequested(t *testing.T) {
	for name, w := range map[string]*town{
		"a culprit":    newTown(34, 2, 3).harm(guilty, 10, 200),
		"nothing grew": newTown(35, 2, 3),
		"no calls":     newTown(36, 2, 3),
	} {
		if name == "no calls" {
			w.rows = nil
		}
		w.facts.Requested = []string{"rare#EXPORT", "index", "Nobody#nowhere"}
		r := w.judge(t)
		for _, s := range r.Suspects {
			if want := s.Name == "Rare#export" || strings.HasSuffix(s.Name, "#index") || s.Name == "Nobody#nowhere"; s.Requested != want {
				t.Errorf("%s: %s requested %v", name, s.Name, s.Requested)
			}
		}
		if s := find(t, r, "Nobody#nowhere"); s.Finding != culprit.CannotJudge || !strings.Contains(s.Reason, "no logged call matches") {
			t.Errorf("%s: unknown is %s (%s)", name, s.Finding, s.Reason)
		}
	}
}

// What grows on hosts that no log speaks of is nobody's.
func TestSilentHosts(t *testing.T) {
	w := newTown(37, 2, 3).harm(guilty, 10, 200)
	at := len(w.c.Units)
	for i := range 3 {
		w.c.Units = append(w.c.Units, casefile.Unit{Process: culprit.Process{Host: "web9", PID: 900 + i}, Kind: culprit.RSS, Silent: true})
		w.grow = append(w.grow, []bump{{1000, 1010, 3000}, {2000, 2010, 3000}, {3000, 3010, 3000}})
	}
	r := w.judge(t)
	if !slices.Equal(named(r), []string{"Guilty#index"}) || r.Suspects[0].GrowthShare < 0.95 {
		t.Errorf("named %v: %s", named(r), r.Verdict.Headline)
	}
	for _, g := range r.Growth {
		if g.Host == "web9" {
			t.Errorf("growth %+v", g)
		}
	}
	if at != 6 {
		t.Errorf("%d units", at)
	}
}

// killed is a fleet in which each harmful call ends with its process.
func killed(logged bool) *town {
	w := newTown(38, 2, 3)
	for i := range int64(6) {
		at := 900 + 1000*i
		u := int(i)
		w.rise(u, at, at+60, 900)
		w.c.Units[u].Died = start + (at+60)*second
		if logged {
			w.call(u, guilty, at-2, at+60).Flags = casefile.FlagOpen
		}
	}
	if logged {
		w.facts.Coverage.Unfinished = 6
	}
	// Everyday calls end with their process, too.
	w.rows = slices.DeleteFunc(w.rows, func(r casefile.Row) bool {
		return r.Label != always && r.Flags == 0 && r.End > w.c.Units[r.Unit].Died
	})
	w.rows = append(w.rows, casefile.Row{Unit: 5, Label: guilty, Start: start + 100*second, End: start + 101*second})
	return w
}

// A call that was killed is named when its beginning is in the log. When it left
// no line at all, the reader is told so, and nobody is said to have done it.
func TestKilledCalls(t *testing.T) {
	if r := killed(true).judge(t); !slices.Equal(named(r), []string{"Guilty#index"}) {
		t.Errorf("begun and never completed: %s, %s", r.Verdict.Headline, findings(r))
	}
	r := killed(false).judge(t)
	if r.Verdict.Outcome != culprit.OutcomeInsufficient || !strings.Contains(r.Verdict.AbstainedBecause, "left no line") {
		t.Errorf("without a trace: %s, %s", r.Verdict.Outcome, r.Verdict.AbstainedBecause)
	}
}

// Two culprits are both named, each with its own episodes, and the innocent are not.
func TestTwoCulprits(t *testing.T) {
	r := newTown(39, 2, 3).harm(guilty, 9, 240).harm(other, 9, 160).judge(t)
	names := named(r)
	slices.Sort(names)
	if r.Verdict.Outcome != culprit.OutcomeCulprit || !slices.Equal(names, []string{"Guilty#index", "Other#index"}) {
		t.Fatalf("%s: %s", r.Verdict.Headline, findings(r))
	}
	for name, size := range map[string]float64{"Guilty#index": 240, "Other#index": 160} {
		s := find(t, r, name)
		if b := s.BytesPerCall; s.PresentIn < 8 || *b.Low > size*float64(mb) || *b.High < size*float64(mb) {
			t.Errorf("%s: in %d of %d, %.0f to %.0f MB a call; planted %.0f", name, s.PresentIn, s.Of, *b.Low/float64(mb), *b.High/float64(mb), size)
		}
	}
	if len(r.Counterfactual.Without) != 2 {
		t.Errorf("%+v", r.Counterfactual)
	}
}

// One value of a parameter did it: it is named, and not its endpoint. When all
// values did, the endpoint is.
func TestNarrowed(t *testing.T) {
	narrowed := func(w *town, key, value string) int {
		return w.enrol(casefile.Suspect{Name: residents[frequent], Kind: "endpoint", Parent: frequent, Key: key, Value: value})
	}
	w := newTown(40, 2, 3)
	all, fr := narrowed(w, "param:range", "all"), narrowed(w, "param:locale", "fr")
	for i := range 60 {
		w.call(w.rng.IntN(6), fr, int64(100*i), int64(100*i+3))
	}
	r := w.harm(all, 10, 200).judge(t)
	s := r.Suspects[0]
	if s.Name != "Frequent#show" || s.Finding != culprit.Convicted || s.Dimension["param:range"] != "all" || s.Calls != 10 {
		t.Errorf("one value: %s", findings(r))
	}
	for _, s := range r.Suspects[1:] {
		if s.Name == "Frequent#show" && s.Finding != culprit.CannotJudge {
			t.Errorf("the endpoint as a whole is %s (%s)", s.Finding, s.Reason)
		}
	}

	w = newTown(41, 2, 3)
	w.rows = slices.DeleteFunc(w.rows, func(r casefile.Row) bool { return r.Label == frequent })
	fr, de := narrowed(w, "param:locale", "fr"), narrowed(w, "param:locale", "de")
	r = w.harm(fr, 7, 200).harm(de, 7, 200).judge(t)
	if s := r.Suspects[0]; s.Name != "Frequent#show" || len(s.Dimension) != 0 || s.Finding != culprit.Convicted {
		t.Errorf("all values: %s", findings(r))
	}
}

// A companion that comes along with the culprit, and is often called without
// harm, is not named beside it. One that is never seen apart from it is told.
func TestShadows(t *testing.T) {
	w := newTown(42, 2, 3).harm(guilty, 10, 200)
	n := len(w.rows)
	for _, r := range w.rows[:n] {
		s := (r.Start - start) / second
		if r.Label == guilty && s%4 != 0 {
			w.call(int(r.Unit), other, s, s+28)
		}
	}
	for range 25 {
		at := w.rng.Int64N(w.span - 40)
		w.call(w.rng.IntN(6), other, at, at+28)
	}
	r := w.judge(t)
	if !slices.Equal(named(r), []string{"Guilty#index"}) {
		t.Errorf("with a companion: %s", findings(r))
	}

	w = newTown(43, 2, 3).harm(guilty, 10, 200)
	for _, r := range w.rows[:len(w.rows)] {
		if r.Label == guilty {
			s := (r.Start - start) / second
			w.call(int(r.Unit), other, s, s+29)
		}
	}
	r = w.judge(t)
	if s := r.Suspects[0]; !strings.Contains(s.Reason, "cannot be told apart from") || len(named(r)) != 1 {
		t.Errorf("inseparable: %s", findings(r))
	}
}

// Clocks that are off by half a minute hide short calls; they are found, and the
// report says what was done.
func TestSkewedClocks(t *testing.T) {
	w := newTown(44, 2, 3).harm(guilty, 12, 200)
	for i := range w.rows {
		w.rows[i].Start += 30 * second
		w.rows[i].End += 30 * second
	}
	w.facts.Inputs = []culprit.Input{{Path: "production.log", Kind: "requests", Clock: "end"}, {Path: "memory.csv", Kind: "memory"}}
	r := w.judge(t)
	if !slices.Equal(named(r), []string{"Guilty#index"}) {
		t.Fatalf("%s: %s", r.Verdict.Headline, findings(r))
	}
	if r.Inputs[0].Clock == "end, +0 s" || r.Inputs[1].Clock != "" || !strings.Contains(strings.Join(r.Verdict.Warnings, " "), "clocks") {
		t.Errorf("clocks %q and %q, warnings %v", r.Inputs[0].Clock, r.Inputs[1].Clock, r.Verdict.Warnings)
	}
}

// What else is seen is said, and convicts nobody.
func TestNotes(t *testing.T) {
	w := newTown(45, 2, 3).harm(guilty, 10, 200)
	for i := range w.rows {
		if r := &w.rows[i]; r.Label == guilty {
			r.User = 7
		}
	}
	for i := range 40 {
		w.call(i%6, guilty, int64(100*i), int64(100*i)+1).User = uint32(100 + i)
	}
	w.facts.Told = nil
	r := w.judge(t)
	if notes := strings.Join(r.Verdict.Notes, "\n"); !strings.Contains(notes, "came from one user") {
		t.Errorf("notes: %s", notes)
	}

	w = newTown(46, 2, 3)
	for i := range int64(8) {
		at := 3600 + 400*i
		w.call(0, guilty, at-2, at+27)
		w.rise(0, at, at+25, 200)
	}
	w.c.Happenings = []culprit.Happening{{Kind: culprit.HappeningDeploy, At: start + 3500*second, Name: "v42"}}
	r = w.judge(t)
	notes := strings.Join(r.Verdict.Notes, "\n")
	if !strings.Contains(notes, "came after v42") || !strings.Contains(notes, "is on web1") || len(r.Happenings) != 1 {
		t.Errorf("notes: %s", notes)
	}
}

// What must not change a verdict does not: names, numbers, order, blocks, dates.
func TestLaws(t *testing.T) {
	for name, w := range map[string]*town{
		"one culprit":     newTown(47, 2, 3).harm(guilty, 10, 200),
		"two culprits":    newTown(48, 2, 3).harm(guilty, 9, 240).harm(other, 9, 160),
		"nobody was near": newTown(49, 2, 3).ghosts(8),
		"nothing grew":    newTown(50, 2, 3),
		"killed calls":    killed(true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.build()
			before := court.Judge(c)
			for _, l := range lab.Laws() {
				if err := l.Agree(before, court.Judge(l.Apply(c))); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
