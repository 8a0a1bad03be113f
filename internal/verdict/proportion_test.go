package verdict_test

import (
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/verdict"
)

// began is when the growth of the incidents below began.
var began = time.Date(2026, 3, 4, 23, 0, 0, 0, time.UTC)

// jump is the incident of the story: +33 GB in jumps, 8 workers.
func jump() culprit.Report {
	r := culprit.Report{From: began.Add(-time.Hour), To: began.Add(time.Hour)}
	r.Verdict.Outcome, r.Verdict.Category = culprit.OutcomeCulprit, "bloat"
	r.Coverage = culprit.Coverage{Requests: 7000, Jobs: 109, Processes: 8, Level: culprit.LevelProcess, GrowthBytes: 33e9}
	for i := range 11 {
		at := began.Add(time.Duration(i) * 4 * time.Minute)
		r.Growth = append(r.Growth, culprit.Growth{ID: i + 1, Bytes: 3e9, Shape: "step", From: at, To: at.Add(time.Minute)})
	}
	r.Suspects = []culprit.Suspect{
		{Name: "Admin::ReportsController#index", Finding: culprit.Convicted},
		{Name: "Admin::ReportsController#show", Finding: culprit.Acquitted},
		{Name: "CartsController#show", Finding: culprit.Acquitted},
		{Name: "ThingsController#show", Finding: culprit.CannotJudge},
	}
	return r
}

func charge(name, kind string, change func(*verdict.Charge)) verdict.Charge {
	c := verdict.Charge{Circumstance: culprit.Circumstance{Source: "gems", ID: name, Name: name, Kind: kind}}
	if change != nil {
		change(&c)
	}
	return c
}

func cost(per string, low, high culprit.Bytes) func(*verdict.Charge) {
	return func(c *verdict.Charge) { c.Cost = &culprit.Cost{Low: low, High: high, Per: per} }
}

func at(files ...string) func(*verdict.Charge) {
	return func(c *verdict.Charge) {
		for i, f := range files {
			c.Evidence = append(c.Evidence, culprit.Evidence{File: f, Line: i + 7})
		}
	}
}

func entered(at time.Time) func(*verdict.Charge) { return func(c *verdict.Charge) { c.Entered = at } }

func TestProportion(t *testing.T) {
	high := 400e6
	for name, c := range map[string]struct {
		charge   verdict.Charge
		change   func(*culprit.Report)
		standing culprit.Standing
		says     string
	}{
		"boot is small": {
			charge("boot memory", "boot", cost("process", 117e6, 117e6)), nil, culprit.StandingNotIt,
			"boot memory 117 MB is 0.4 % of the +33 GB (936 MB, 2.8 %, if all 8 processes pay it), and was paid before the growth began: not it",
		},
		"boot is small even for all": {
			charge("boot memory", "boot", cost("process", 30e6, 30e6)), nil, culprit.StandingNotIt,
			"boot memory 30 MB is 0.09 % of the +33 GB (240 MB, 0.7 %, if all 8 processes pay it): not it",
		},
		"boot, when everything was booted anew": {
			charge("boot memory", "boot", cost("process", 900e6, 900e6)),
			func(r *culprit.Report) {
				r.Happenings = []culprit.DatedEvent{{At: began, Happening: culprit.Happening{Kind: culprit.HappeningBoot}}}
			},
			culprit.StandingToTest, "22 %, if all 8 processes pay it): its size fits, to be tested",
		},
		"boot on the level of hosts": {
			charge("boot memory", "boot", cost("process", 117e6, 117e6)),
			func(r *culprit.Report) { r.Coverage.Level = culprit.LevelHost },
			culprit.StandingMinor, "at most a small part",
		},
		"280 bytes a call": {
			charge("x", "native_leak", cost("call", 280, 280)), nil, culprit.StandingNotIt,
			"x: 280 bytes a call, 2 MB in the window if every request makes one, 0.006 % of the +33 GB (it would take 17,000 calls a request): not it",
		},
		"a call in a loop could be it": {
			charge("x", "native_leak", cost("call", 20e3, 40e3)), nil, culprit.StandingCannotTell,
			"20 kB to 40 kB a call",
		},
		"a call that fits": {
			charge("x", "native_leak", cost("call", 2e6, 2e6)), nil, culprit.StandingToTest, "to be tested",
		},
		"per request, too small":    {charge("x", "retention", cost("request", 10e3, 30e3)), nil, culprit.StandingNotIt, "a request, 7,000 times at most"},
		"per request, a small part": {charge("x", "retention", cost("request", 100e3, 300e3)), nil, culprit.StandingMinor, "6.4 % of the +33 GB"},
		"per hour":                  {charge("x", "agent_buffers", cost("hour", 1e6, 5e6)), nil, culprit.StandingNotIt, "80 MB, 0.2 % of the +33 GB: not it"},
		"per thread is not known":   {charge("x", "configuration", cost("thread", 1e6, 5e6)), nil, culprit.StandingCannotTell, "does not say how often"},
		"a saving":                  {charge("arenas", "fragmentation", func(c *verdict.Charge) { c.Saves.High = &high }), nil, culprit.StandingMinor, "at most 400 MB, 1.2 % of the +33 GB"},
		"a leak of unknown size":    {charge("x", "retention", nil), nil, culprit.StandingCannotTell, "11 jumps of up to 3.0 GB, which speaks against it"},
		"a bloat of unknown size":   {charge("x", "bloat", nil), nil, culprit.StandingCannotTell, "what it costs is not known"},
		"not reachable": {
			charge("x", "retention", func(c *verdict.Charge) { c.Excluded = "no line calls x"; cost("call", 1e9, 1e9)(c) }), nil,
			culprit.StandingNotIt, "no line calls x: not it",
		},
		"nothing grew": {
			charge("x", "retention", cost("call", 1e9, 1e9)),
			func(r *culprit.Report) { r.Coverage.GrowthBytes = 0; r.Verdict.Outcome = culprit.OutcomeHealthy },
			culprit.StandingNotIt, "nothing grew",
		},
		"nothing is known": {
			charge("x", "retention", cost("call", 1e9, 1e9)),
			func(r *culprit.Report) { *r = culprit.Report{} },
			culprit.StandingCannotTell, "knows of no growth",
		},
		"in the code of the convicted": {
			charge("x", "bloat", at("app/models/a.rb", "app/controllers/admin/reports_controller.rb")), nil, culprit.StandingToTest,
			"app/controllers/admin/reports_controller.rb:8 is in the code of Admin::ReportsController#index, which is convicted here",
		},
		"in the code of the acquitted only": {charge("x", "bloat", at("app/controllers/carts_controller.rb")), nil, culprit.StandingNotIt, "acquitted here: not it"},
		"also elsewhere":                    {charge("x", "bloat", at("app/controllers/carts_controller.rb", "lib/a.rb")), nil, culprit.StandingCannotTell, ""},
		"in code nobody could judge":        {charge("x", "bloat", at("app/controllers/things_controller.rb")), nil, culprit.StandingCannotTell, ""},
		"a date that matches": {
			charge("x", "retention", entered(began.Add(-72*time.Hour))), nil, culprit.StandingCannotTell, "a date alone is no evidence",
		},
		"a date that matches, and out of reach": {
			charge("graphql 1.10.6", "retention", func(c *verdict.Charge) {
				entered(began.Add(-72 * time.Hour))(c)
				c.Excluded = "the interpreter is in use"
			}), nil, culprit.StandingNotIt, "graphql 1.10.6: the interpreter is in use: not it",
		},
		"it came later": {
			charge("x", "retention", func(c *verdict.Charge) { entered(began.Add(time.Hour))(c); cost("call", 2e6, 2e6)(c) }), nil,
			culprit.StandingCannotTell, "after the growth began: look at the version of then",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := jump()
			if c.change != nil {
				c.change(&r)
			}
			got := verdict.Weigh(r, []verdict.Charge{c.charge})[0]
			if got.Standing != c.standing || !strings.Contains(got.Text, c.says) {
				t.Errorf("got  %s: %s\nwant %s: %s", got.Standing, got.Text, c.standing, c.says)
			}
		})
	}
}

// Renaming hosts, splitting growth events or adding an idle endpoint does not
// change a standing, and more growth never makes a circumstance more likely.
func TestProportionLaws(t *testing.T) {
	charges := []verdict.Charge{
		charge("boot", "boot", cost("process", 117e6, 117e6)),
		charge("call", "native_leak", cost("call", 280, 28000)),
		charge("request", "retention", cost("request", 1e5, 1e6)),
		charge("bloat", "bloat", at("app/controllers/admin/reports_controller.rb")),
	}
	standings := func(r culprit.Report) map[string]culprit.Standing {
		m := map[string]culprit.Standing{}
		for _, c := range verdict.Weigh(r, charges) {
			m[c.ID] = c.Standing
		}
		return m
	}
	want := standings(jump())
	for name, change := range map[string]func(*culprit.Report){
		"hosts renamed": func(r *culprit.Report) {
			for i := range r.Growth {
				r.Growth[i].Host = "other"
			}
		},
		"an idle endpoint": func(r *culprit.Report) {
			r.Suspects = append(r.Suspects, culprit.Suspect{Name: "IdleController#show", Finding: culprit.Acquitted})
		},
		"events split": func(r *culprit.Report) {
			for i := range r.Growth {
				r.Growth[i].Bytes /= 2
			}
			r.Growth = append(r.Growth, r.Growth...)
		},
	} {
		r := jump()
		change(&r)
		for id, s := range standings(r) {
			if s != want[id] {
				t.Errorf("%s: %s is %s, was %s", name, id, s, want[id])
			}
		}
	}
	rank := map[culprit.Standing]int{culprit.StandingNotIt: 0, culprit.StandingMinor: 1, culprit.StandingCannotTell: 1, culprit.StandingToTest: 2}
	r := jump()
	for range 12 {
		before := standings(r)
		r.Coverage.GrowthBytes *= 3
		for id, s := range standings(r) {
			if rank[s] > rank[before[id]] {
				t.Errorf("%s became %s after %s when growth tripled", id, s, before[id])
			}
		}
	}
}
