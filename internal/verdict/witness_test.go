package verdict_test

import (
	"testing"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/verdict"
)

func seen(name, kind string, share float64, samples int, usual float64) livefacts.Episode {
	return livefacts.Episode{
		Bytes: 100 << 20, Samples: 100, Grew: 50, Quiet: 60, Kind: "bloat",
		Who: []livefacts.Presence{{Name: name, Kind: kind, Share: share, Samples: samples, Grew: samples / 2, Usual: usual}},
	}
}

// TestWitness: recordings name who was at work, where they may.
func TestWitness(t *testing.T) {
	report := "Admin::ReportsController#index"
	twice := []livefacts.Episode{seen(report, "action", 0.9, 90, 0.01), seen(report, "action", 0.8, 85, 0.01)}
	for _, c := range []struct {
		name     string
		before   culprit.Report
		episodes []livefacts.Episode
		outcome  culprit.Outcome
		first    string
		warns    int
	}{
		{"twice", insufficient(), twice, culprit.OutcomeCulprit, report, 0},
		{"once", insufficient(), twice[:1], culprit.OutcomeInsufficient, "", 0},
		{"once in hours", insufficient(), []livefacts.Episode{hours(seen(report, "action", 0.9, 90, 0))}, culprit.OutcomeSuspected, report, 0},
		{"healthy", culprit.Report{Verdict: culprit.Verdict{Outcome: culprit.OutcomeHealthy}}, twice, culprit.OutcomeHealthy, "", 0},
		{"always at work", insufficient(), []livefacts.Episode{seen(report, "action", 0.9, 90, 0.88), seen(report, "action", 0.9, 90, 0.88)}, culprit.OutcomeInsufficient, "", 0},
		{"a third", insufficient(), []livefacts.Episode{seen(report, "action", 0.33, 33, 0.01), seen(report, "action", 0.33, 33, 0.01)}, culprit.OutcomeInsufficient, "", 0},
		{"code", insufficient(), []livefacts.Episode{seen("block in spawn", "code", 0.9, 90, 0), seen("block in spawn", "code", 0.9, 90, 0)}, culprit.OutcomeInsufficient, "", 0},
		{"thread", insufficient(), []livefacts.Episode{seen("cache", "thread", 0.9, 90, 0), seen("cache", "thread", 0.9, 90, 0)}, culprit.OutcomeNotRequests, "", 0},
		{"thread that sleeps in turn", insufficient(), []livefacts.Episode{faulted(seen("cache", "thread", 0.9, 2, 0)), faulted(seen("cache", "thread", 0.9, 2, 0))}, culprit.OutcomeNotRequests, "", 0},
		{"thread that always works", insufficient(), []livefacts.Episode{faulted(seen("cache", "thread", 0.9, 2, 0.9)), faulted(seen("cache", "thread", 0.9, 2, 0.9))}, culprit.OutcomeInsufficient, "", 0},
		{"others", insufficient(), append([]livefacts.Episode{seen("x", "code", 0.9, 90, 0), seen("y", "code", 0.9, 90, 0), seen("y", "code", 0.9, 90, 0)}, twice...), culprit.OutcomeInsufficient, "", 0},
		{"acquitted", with(report, culprit.Acquitted, culprit.OutcomeInsufficient), twice, culprit.OutcomeInsufficient, report, 1},
		{"confirmed", with(report, culprit.Convicted, culprit.OutcomeCulprit), twice, culprit.OutcomeCulprit, report, 0},
		{"contradicted", with("PagesController#show", culprit.Convicted, culprit.OutcomeCulprit), twice, culprit.OutcomeCulprit, "PagesController#show", 1},
		{"none", insufficient(), nil, culprit.OutcomeInsufficient, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.before
			verdict.Witness(&r, c.episodes, nil)
			first := ""
			if len(r.Suspects) > 0 {
				first = r.Suspects[0].Name
			}
			if r.Verdict.Outcome != c.outcome || first != c.first || len(r.Verdict.Warnings) != c.warns {
				t.Errorf("%s, first %q, %v, %v", r.Verdict.Outcome, first, r.Verdict.Warnings, r.Verdict.Notes)
			}
		})
	}
}

func faulted(e livefacts.Episode) livefacts.Episode {
	e.Faults = true
	return e
}

// hours is an episode of a process that was watched for hours before.
func hours(e livefacts.Episode) livefacts.Episode {
	e.Quiet = 3000
	return e
}

func insufficient() culprit.Report {
	return culprit.Report{Verdict: culprit.Verdict{Outcome: culprit.OutcomeInsufficient}}
}

func with(name string, f culprit.Finding, o culprit.Outcome) culprit.Report {
	return culprit.Report{Verdict: culprit.Verdict{Outcome: o}, Suspects: []culprit.Suspect{{Name: name, Finding: f}}}
}
