package html

import (
	"culprit"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// plain is the verdict in words, for viewers that run no script.
type plain struct {
	Outcome, Headline, Basis, Grown, Because, WhatIf string
	Suspects                                         []plainSuspect
	Cleared, Besides                                 string
	Next                                             []culprit.Step
}

type plainSuspect struct{ Finding, Name, Facts, Reason string }

func plainly(r culprit.Report) plain {
	groups := words.Group(r)
	p := plain{
		Outcome: words.Outcome(r.Verdict.Outcome), Headline: r.Verdict.Headline,
		Basis: words.Basis(r), Grown: words.Grown(r), Because: r.Verdict.AbstainedBecause,
		WhatIf: words.WhatIf(r.Counterfactual), Cleared: words.Cleared(groups, 2000), Besides: words.Besides(r.Circumstances), Next: r.Next,
	}
	for _, s := range words.Shown(groups, 10) {
		facts := words.Weight(s) + ", " + words.Cost(s) + ", " + words.Presence(s) + ", " + style.Chance(s.PAdjusted)
		p.Suspects = append(p.Suspects, plainSuspect{words.Finding(s.Finding), words.Title(s), facts, s.Reason})
	}
	return p
}
