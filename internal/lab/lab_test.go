package lab

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/casefile"
)

// TestEveryScenarioStands builds each world once and checks what every case
// promises: calls inside the life of their process, sorted readings, a truth
// that the roster knows.
func TestEveryScenarioStands(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("two scenarios are called %s", s.Name)
		}
		seen[s.Name] = true
		if s.Heavy() || testing.Short() && strings.HasPrefix(s.Name, "long/") {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			w := s.Build(1)
			checkCase(t, w.Case, s.Config.Sampling.Skew)
			checkTruth(t, s, w)
		})
	}
}

func checkCase(t *testing.T, c *casefile.Case, skew float64) {
	t.Helper()
	slack := micros(skew) + second
	n, bad := int64(0), 0
	for block := range c.Rows {
		for _, r := range block {
			n++
			u := &c.Units[r.Unit]
			outside := u.Born > 0 && r.Start < u.Born-slack || u.Died > 0 && r.End > u.Died+slack
			if outside || r.End < r.Start || r.Flags&flagDrop != 0 || int(r.Label) >= len(c.Roster.Labels) {
				bad++
			}
		}
	}
	if bad > 0 || n != c.Calls || n == 0 {
		t.Errorf("%d of %d rows are wrong, %d announced", bad, n, c.Calls)
	}
	for _, u := range c.Units {
		if !slices.IsSortedFunc(u.Points, func(a, b casefile.Point) int { return int(a.At - b.At) }) {
			t.Errorf("readings of %s/%d are out of order", u.Process.Host, u.Process.PID)
		}
		for _, p := range u.Points {
			if p.Mem <= 0 || p.Mem > 64<<30 || p.At < c.From || p.At > c.To {
				t.Fatalf("%s/%d: reading %v", u.Process.Host, u.Process.PID, p)
			}
		}
	}
}

func checkTruth(t *testing.T, s Scenario, w World) {
	t.Helper()
	if s.Null != (len(w.Truth.Culprits) == 0) {
		t.Errorf("culprits %v in a scenario with Null %v", w.Truth.Culprits, s.Null)
	}
	for _, p := range w.Truth.Culprits {
		known := slices.ContainsFunc(w.Case.Roster.Suspects, func(x casefile.Suspect) bool {
			return x.Name == p.Name && x.Key == p.Key && x.Value == p.Value && x.Kind == p.Kind
		})
		if !known || p.Bytes <= 0 {
			t.Errorf("the roster does not know %+v", p)
		}
	}
	for i, p := range s.Config.Plants {
		if p.Leak == 0 && w.Truth.Culprits[i].Harmful < (p.K+1)/2 {
			t.Errorf("only %d of %d harmful calls took place", w.Truth.Culprits[i].Harmful, p.K)
		}
	}
}

func TestSeedDecides(t *testing.T) {
	s := scenario(t, "short/proc-1s/k=5")
	a, b, other := s.Build(7), s.Build(7), s.Build(8)
	if !reflect.DeepEqual(a.Case.Units, b.Case.Units) || !slices.Equal(allRows(a.Case), allRows(b.Case)) {
		t.Error("one seed, two worlds")
	}
	if reflect.DeepEqual(a.Case.Units, other.Case.Units) {
		t.Error("two seeds, one world")
	}
}

// TestHarmShows holds the physics to their word: when every call does harm for
// good, memory ends higher by what was demanded.
func TestHarmShows(t *testing.T) {
	s := scenario(t, "short/every-call")
	s.Config.Plants[0].Sigma = 0
	grown := func(c *casefile.Case) (mb float64) {
		for _, u := range c.Units {
			mb += float64(u.Points[len(u.Points)-1].Mem) / mib
		}
		return mb
	}
	with := s.Build(1)
	s.Config.Plants[0].Median = 0.001
	without := s.Build(1)
	got, want := grown(with.Case)-grown(without.Case), 130*float64(with.Truth.Culprits[0].Harmful)
	if got < 0.9*want || got > 1.1*want {
		t.Errorf("memory is %.0f MB higher, demanded were %.0f", got, want)
	}
}

// TestFates checks what reaches the log of calls that were killed.
func TestFates(t *testing.T) {
	count := func(name string) (open, all int) {
		w := scenario(t, name).Build(2)
		for _, r := range allRows(w.Case) {
			if sus := w.Case.Roster.Suspects[w.Case.Roster.Labels[r.Label][0]]; sus.Name == w.Truth.Culprits[0].Name {
				all++
				open += one(r.Flags&casefile.FlagOpen != 0)
			}
		}
		return open, all
	}
	if open, all := count("hard/unfinished"); open < 6 || all < 60 {
		t.Errorf("unfinished: %d of %d calls are open", open, all)
	}
	if open, all := count("hard/never-logged"); open > 0 || all < 10 {
		t.Errorf("never logged: %d of %d calls are open", open, all)
	}
}

func TestLawsKeepTheCase(t *testing.T) {
	c := scenario(t, "short/proc-1s/k=3").Build(1).Case
	before := allRows(c)
	for _, l := range Laws() {
		d := l.Apply(c)
		if n := len(allRows(d)); int64(n) != c.Calls {
			t.Errorf("%s: %d rows of %d", l.Name, n, c.Calls)
		}
		checkCase(t, d, 0)
	}
	if !slices.Equal(before, allRows(c)) {
		t.Error("a law changed its argument")
	}
}

func TestAgree(t *testing.T) {
	one := Answer{Outcome: culprit.OutcomeCulprit, Accusations: []Accusation{{Name: "a", Finding: culprit.Convicted}}}
	other := Answer{Outcome: culprit.OutcomeCulprit, Accusations: []Accusation{{Name: "b", Finding: culprit.Convicted}}}
	open := Answer{Outcome: culprit.OutcomeInsufficient}
	strict, loose := Law{Name: "strict"}, Law{Name: "loose", Loose: true}
	if strict.Agree(one, one) != nil || strict.Agree(one, other) == nil || strict.Agree(one, open) == nil {
		t.Error("strict laws")
	}
	if loose.Agree(one, open) != nil || loose.Agree(open, one) == nil {
		t.Error("loose laws")
	}
}

func TestScore(t *testing.T) {
	truth := Truth{
		Culprits: []Planted{{Name: "a", Bytes: 100}}, Shadows: []string{"s"},
		Outcome: culprit.OutcomeCulprit, Accept: abstains,
	}
	guilty := Accusation{Name: "a", Finding: culprit.Convicted, Low: 80, High: 120, Estimate: 90}
	shadow := Accusation{Name: "s", Finding: culprit.Convicted}
	var s Score
	s.Add(truth, Answer{Outcome: culprit.OutcomeCulprit, Accusations: []Accusation{guilty, shadow}})
	if s.First != 1 || s.Convicted != 1 || s.Exact != 1 || s.Wrong != 0 || s.Covered != 1 || s.Best != 1 {
		t.Errorf("a culprit with its shadow: %+v", s)
	}
	s.Add(truth, Answer{Outcome: culprit.OutcomeHealthy, Accusations: []Accusation{shadow, {Name: "a", Finding: culprit.Acquitted}}})
	if s.First != 1 || s.Wrong != 1 || s.Freed != 1 || s.Shady != 1 || s.Fit != 1 {
		t.Errorf("a shadow instead of the culprit: %+v", s)
	}
}

// TestRulesBlame checks each rule of thumb where it works.
func TestRulesBlame(t *testing.T) {
	for rule, name := range map[string]string{"oink-mean": "short/two", "peak-delta": "short/slow-run", "slowest": "short/slow-run", "ochiai": "short/proc-1s/k=10"} {
		i := slices.IndexFunc(Rules(), func(r Rule) bool { return r.Name == rule })
		s := Trial(scenario(t, name), Rules()[i:i+1], 4, 1, 2).Scores[0]
		if s.First < 3 {
			t.Errorf("%s names the culprit of %s in %d of 4 runs", rule, name, s.First)
		}
	}
}

func TestFirehose(t *testing.T) {
	f := Firehose{Rows: 200_000, Endpoints: 20, Processes: 6, Hosts: 2, Span: 7200, Every: 10, Steps: 5, Seed: 1}
	c := f.Case()
	n, harmful := int64(0), 0
	for block := range c.Rows {
		for _, r := range block {
			n++
			if c.Roster.Suspects[r.Label].Name == f.Culprit() && r.End-r.Start >= 40*second {
				harmful++
			}
			if r.Unit < 0 || int(r.Unit) >= len(c.Units) || r.Start < c.From || r.Start > c.To {
				t.Fatalf("row %d: %+v", n, r)
			}
		}
	}
	if n != f.Rows || harmful != f.Steps {
		t.Errorf("%d rows, %d harmful", n, harmful)
	}
}
