package verdict

import (
	"cmp"
	"slices"
	"time"

	"culprit"
)

// Limits of proportion. Amounts are upper ends, and rough: what is two orders of
// magnitude below the growth cannot be its cause, what is within one can be. How
// often a method is called within a request is not known and can be hundreds in
// a loop: there, three orders are asked for.
const (
	shareNotIt     = 1e-2
	shareNotItCall = 1e-3
	shareToTest    = 1e-1
)

// Charge is a circumstance before it is held against an incident: a known cause,
// the memory of the boot, a diagnosis. Of the Circumstance, the finder fills in
// Source, ID, Name, Kind, Evidence, Advice and Entered.
type Charge struct {
	culprit.Circumstance
	// Excluded says why this app cannot meet it at all, "" when it can.
	Excluded string
	// Cost is what it takes each time, nil unknown.
	Cost *culprit.Cost
	// Saves is the whole amount that is at stake, where that is known instead.
	Saves culprit.Interval
}

// Weigh puts charges in proportion to the growth of an incident. It acquits what
// is too small and marks what fits; it never convicts: that takes evidence of
// the calls. The order is what to test first.
func Weigh(r culprit.Report, charges []Charge) []culprit.Circumstance {
	in := newIncident(r)
	out := make([]culprit.Circumstance, 0, len(charges))
	for _, c := range charges {
		out = append(out, in.weigh(c))
	}
	return InOrder(out)
}

// InOrder sorts circumstances, in place: what to test first stands first.
func InOrder(list []culprit.Circumstance) []culprit.Circumstance {
	slices.SortStableFunc(list, func(a, b culprit.Circumstance) int {
		return cmp.Or(cmp.Compare(precedence(a.Standing), precedence(b.Standing)), -cmp.Compare(deref(a.Share), deref(b.Share)))
	})
	return list
}

func precedence(s culprit.Standing) int {
	return slices.Index([]culprit.Standing{
		culprit.StandingToTest, culprit.StandingCannotTell, culprit.StandingMinor, culprit.StandingNotIt,
	}, s)
}

func deref(p *float64) float64 {
	if p == nil {
		return -1
	}
	return *p
}

// incident is what of a report a circumstance is held against.
type incident struct {
	r      culprit.Report
	growth float64 // bytes, 0 when nothing is known of any
	onset  time.Time
	calls  int64 // requests and jobs
	booted bool  // processes came up within the span
	steps  int   // jumps and ramps among the growth events
	step   culprit.Bytes
	jumpy  bool // most of the growth came in jumps
}

func newIncident(r culprit.Report) *incident {
	in := &incident{r: r, growth: max(0, float64(r.Coverage.GrowthBytes)), onset: r.From}
	in.calls = max(0, r.Coverage.Requests) + max(0, r.Coverage.Jobs)
	var jumped culprit.Bytes
	for i, g := range r.Growth {
		if i == 0 || g.From.Before(in.onset) {
			in.onset = g.From
		}
		if g.Shape == "step" || g.Shape == "ramp" {
			in.steps++
			jumped += g.Bytes
			in.step = max(in.step, g.Bytes)
		}
	}
	in.jumpy = in.steps > 0 && float64(jumped) >= in.growth/2
	for _, h := range r.Happenings {
		if h.Kind == culprit.HappeningBoot || h.Kind == culprit.HappeningRestart || h.Kind == culprit.HappeningDeploy {
			in.booted = true
		}
	}
	return in
}

// weigh decides on one charge. What this app cannot meet is out; then the code
// of the suspects speaks, then the amount, then nothing does.
func (in *incident) weigh(c Charge) culprit.Circumstance {
	out := c.Circumstance
	out.Bytes, out.Share = culprit.Interval{}, nil
	switch {
	case c.Excluded != "":
		out.Standing, out.Text = culprit.StandingNotIt, c.Name+": "+c.Excluded+": not it"
	case in.growth == 0:
		out.Standing, out.Text = in.nothingGrew(c)
	case in.inCode(&out):
	case in.bounded(c):
		in.amount(&out, c)
	default:
		out.Standing, out.Text = culprit.StandingCannotTell, in.sayNoCost(c)
	}
	if late := in.late(c); late != "" && out.Standing != culprit.StandingNotIt {
		out.Standing = culprit.StandingCannotTell
		out.Text += "; " + late
	} else if near := in.coincidence(c); near != "" {
		out.Text += "; " + near
	}
	return out
}

func (in *incident) nothingGrew(c Charge) (culprit.Standing, string) {
	if in.r.Verdict.Outcome == culprit.OutcomeHealthy {
		return culprit.StandingNotIt, c.Name + ": nothing grew in this incident that needs a cause"
	}
	return culprit.StandingCannotTell, c.Name + ": the report knows of no growth to hold this against"
}

// bounded tells whether the amount that c can have added has an upper end.
func (in *incident) bounded(c Charge) bool {
	if c.Cost == nil {
		return c.Saves.High != nil
	}
	_, known := in.times(c.Cost.Per)
	return known
}

// times is how often a cost was paid within the incident, as far as the report
// tells; for "call" once in every request and job.
func (in *incident) times(per string) (n float64, known bool) {
	cov := in.r.Coverage
	switch per {
	case "call":
		n = float64(in.calls)
	case "request":
		n = float64(cov.Requests)
	case "job":
		n = float64(cov.Jobs)
	case "process":
		n = float64(cov.Processes)
	case "hour":
		n = float64(cov.Processes) * in.r.To.Sub(in.r.From).Hours()
	default:
		return 0, false // how many threads there were is in no report
	}
	return n, n > 0
}

// amount judges by size.
func (in *incident) amount(out *culprit.Circumstance, c Charge) {
	least, most := deref(c.Saves.Low), deref(c.Saves.High)
	limit := shareNotIt
	if c.Cost != nil {
		n, _ := in.times(c.Cost.Per)
		least, most = float64(c.Cost.Low)*n, float64(c.Cost.High)*n
		if c.Cost.Per == "call" {
			limit = shareNotItCall
		}
	}
	share := most / in.growth
	out.Bytes.High, out.Share = &most, &share
	if least >= 0 {
		out.Bytes.Low = &least
	}
	once := c.Cost != nil && c.Cost.Per == "process"
	switch {
	case share < limit:
		out.Standing = culprit.StandingNotIt
	case once && !in.booted && in.r.Coverage.Level == culprit.LevelProcess:
		out.Standing = culprit.StandingNotIt // paid before the growth began
	case c.Cost != nil && c.Cost.Per == "call" && share < shareToTest:
		out.Standing = culprit.StandingCannotTell
	case share < shareToTest:
		out.Standing = culprit.StandingMinor
	default:
		out.Standing = culprit.StandingToTest
	}
	out.Text = in.sayAmount(c, most, share, out.Standing)
}

// late says that the version came after the growth began.
func (in *incident) late(c Charge) string {
	if c.Entered.IsZero() || in.onset.IsZero() || !c.Entered.After(in.onset) {
		return ""
	}
	return "this version came into the lockfile on " + day(c.Entered) + ", after the growth began: look at the version of then"
}

// fortnight is how near a date must be to be told as a coincidence.
const fortnight = 14 * 24 * time.Hour

// coincidence tells of a date that matches, and what it is worth.
func (in *incident) coincidence(c Charge) string {
	if c.Entered.IsZero() || in.onset.IsZero() || c.Entered.After(in.onset) || in.onset.Sub(c.Entered) > fortnight {
		return ""
	}
	return "it came into the lockfile on " + day(c.Entered) + ", shortly before the growth began: a date alone is no evidence"
}
