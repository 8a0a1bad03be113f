package court

import (
	"testing"

	"culprit/internal/lab"
)

func scenario(tb testing.TB, name string) lab.Scenario {
	tb.Helper()
	for _, s := range lab.Scenarios() {
		if s.Name == name {
			return s
		}
	}
	tb.Fatalf("no scenario %q", name)
	return lab.Scenario{}
}

// TestLaws holds the court to the metamorphic laws in worlds with a culprit and
// without one.
func TestLaws(t *testing.T) {
	for _, name := range []string{"short/proc-1s/k=10", "short/host-1s/k=10", "null/short/random", "leak/short/native"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scenario(t, name).Build(1).Case
			before := Judge(c)
			for _, l := range lab.Laws() {
				if err := l.Agree(before, Judge(l.Apply(c))); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestSameTwice holds the court to repeatable verdicts.
func TestSameTwice(t *testing.T) {
	w := scenario(t, "short/proc-1s/k=10").Build(3)
	same := lab.Law{Name: "judged again"}
	if err := same.Agree(Judge(w.Case), Judge(w.Case)); err != nil {
		t.Error(err)
	}
}

// TestCourtCanBeHeld is a small trial of what must never go wrong: no innocent
// convicted, and most culprits of plain cases named.
func TestCourtCanBeHeld(t *testing.T) {
	plain := lab.Trial(scenario(t, "short/every-call"), []lab.Rule{Rule()}, 8, 1, 2).Scores[0]
	if plain.Named < 6 || plain.Wrong > 0 {
		t.Errorf("plain case: named %d of %d, wrong %d", plain.Named, plain.Culprits, plain.Wrong)
	}
	null := lab.Trial(scenario(t, "null/short/random"), []lab.Rule{Rule()}, 8, 1, 2).Scores[0]
	if null.Wrong > 1 {
		t.Errorf("nobody did it, %d of %d runs convict", null.Wrong, null.Runs)
	}
}
