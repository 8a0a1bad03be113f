// Package court brings the product's own judge before the lab.
//
// It owns the translation of a report into the lab's findings. It refuses to
// rule, to correct, and to show the judge anything that a case does not hold.
package court

import (
	"maps"
	"slices"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/lab"
	"culprit/internal/verdict"
)

// Rule is the court as a competitor of the rules of thumb.
func Rule() lab.Rule {
	return lab.Rule{Name: "culprit", About: "the line-up and the ledger", Judge: Judge}
}

// Judge rules on a case as culprit investigate would.
func Judge(c *casefile.Case) lab.Answer {
	r := verdict.Judge(c, Facts(c)).Report
	a := lab.Answer{Outcome: r.Verdict.Outcome}
	for i := range r.Suspects {
		if s := &r.Suspects[i]; s.Kind != "process" && s.Kind != "event" {
			a.Accusations = append(a.Accusations, accusation(s))
		}
	}
	return a
}

// Facts are what the hall would tell beside the case.
func Facts(c *casefile.Case) verdict.Facts {
	return verdict.Facts{
		Coverage:   culprit.Coverage{Requests: c.Calls, Processes: len(c.Units), Level: c.Level, Matched: 1},
		Seed:       1,
		ShowValues: true,
	}
}

func accusation(s *culprit.Suspect) lab.Accusation {
	a := lab.Accusation{Name: s.Name, Finding: s.Finding}
	for _, key := range slices.Sorted(maps.Keys(s.Dimension)) {
		a.Key, a.Value = key, s.Dimension[key]
	}
	b := s.BytesPerCall
	if b.Estimate != nil && b.Low != nil && b.High != nil {
		a.Estimate, a.Low, a.High = *b.Estimate, *b.Low, *b.High
	}
	return a
}
