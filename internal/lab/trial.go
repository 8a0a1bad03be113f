package lab

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"culprit"
)

// Result is one scenario's scores, in the order of the judges.
type Result struct {
	Scenario Scenario
	Scores   []Score
	// Mistakes of the first judge, one line each.
	Mistakes []string
}

// Trial lets every judge judge the same worlds: runs of them, seeded by the
// scenario's name and seed, parallel at a time. The scores do not depend on
// parallel.
func Trial(s Scenario, judges []Rule, runs int, seed uint64, parallel int) Result {
	answers := make([][]Answer, runs)
	truths := make([]Truth, runs)
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(1, parallel) {
		wg.Go(func() {
			for i := range next {
				w := s.Build(s.seed(seed, i))
				truths[i] = w.Truth
				for _, j := range judges {
					answers[i] = append(answers[i], j.Judge(w.Case))
				}
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	wg.Wait()
	r := Result{Scenario: s, Scores: make([]Score, len(judges))}
	for i := range runs {
		for j := range judges {
			r.Scores[j].Add(truths[i], answers[i][j])
		}
		for _, m := range truths[i].mistakes(answers[i][0]) {
			r.Mistakes = append(r.Mistakes, fmt.Sprintf("%s seed %#x: %s", s.Name, s.seed(seed, i), m))
		}
	}
	return r
}

// mistakes lists the innocents convicted and the culprits acquitted.
func (t Truth) mistakes(a Answer) []string {
	var out []string
	for _, x := range a.Accusations {
		switch {
		case x.Finding == culprit.Convicted && !t.hit(x):
			out = append(out, fmt.Sprintf("convicts %s %s=%s (%s)", x.Name, x.Key, x.Value, t.role(x)))
		case x.Finding == culprit.Acquitted && t.hit(x) && x.Key == "":
			out = append(out, "acquits "+x.Name)
		}
	}
	return out
}

func (t Truth) role(a Accusation) string {
	switch {
	case t.shadow(a):
		return "waits for the culprit"
	case slices.Contains(t.Companions, a.Name):
		return "companion of the culprit"
	}
	if slices.Contains(t.Minor, a.Name) {
		return "holds a little memory while it runs"
	}
	return "has nothing to do with it"
}

// seed makes the runs of different scenarios different worlds.
func (s Scenario) seed(base uint64, run int) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	return h.Sum64() ^ (base << 20) + uint64(run)
}

// Heavy tells whether a world of the scenario takes a second or more to make.
func (s Scenario) Heavy() bool {
	return s.Config.Traffic.RPS*s.Config.Time.Span > 5e5
}

// Runs is how many worlds of the scenario are worth the price of n of half a
// day: five times as many of minutes, a quarter as many of days.
func (s Scenario) Runs(n int) int {
	switch {
	case s.Heavy():
		return max(1, (n+3)/4)
	case s.Config.Time.Span < 3600:
		return 5 * n
	}
	return n
}
