package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/lineup"
)

// rule writes the report.
func (t *trial) rule() *Ruling {
	r := &Ruling{Grew: map[int]bool{}}
	rep := &r.Report
	rep.Schema = culprit.Schema
	rep.From, rep.To = at(t.c.From), at(t.c.To)
	if t.c.To <= t.c.From {
		rep.From, rep.To = time.Time{}, time.Time{}
	}
	rep.Inputs = t.f.Inputs
	rep.Coverage = t.coverage()
	if len(t.skew) > 0 {
		r.Skew = t.skew[0]
	}
	t.sayClocks(rep)
	t.settleHeadline()
	t.setCategory()
	r.Episodes = t.episodes()
	for _, e := range r.Episodes {
		r.Grew[e.Unit] = true
	}
	t.suspects(r)
	rep.Growth = t.growthList(r)
	rep.Verdict = culprit.Verdict{
		Outcome: t.outcome, Headline: t.headline, Category: t.category,
		AbstainedBecause: t.because, Warnings: t.warnings, Notes: t.notes(), Method: t.method,
	}
	rep.Counterfactual = t.counterfactual()
	rep.Next = t.nextSteps()
	for _, h := range t.c.Happenings {
		if len(rep.Happenings) >= 200 {
			break
		}
		rep.Happenings = append(rep.Happenings, culprit.DatedEvent{At: at(h.At), Happening: h})
	}
	fillSlices(rep)
	return r
}

// sayClocks notes the estimated skew of the logs' clocks, per input and once in
// words.
func (t *trial) sayClocks(rep *culprit.Report) {
	skew := "skew not known"
	switch {
	case !t.aligned && t.lineupNamed():
		skew = "+0 s" // somebody stands out with the clocks as they are
	case t.aligned && t.slack > 0:
		skew = fmt.Sprintf("within %d s", t.slack/second)
		t.warnings = append(t.warnings, "nobody stands out with the clocks as they are; with 30 s of tolerance somebody does: the clocks of logs and series seem to differ by host")
	case t.aligned:
		skew = fmt.Sprintf("%+d s", t.skew[0]/second)
		t.warnings = append(t.warnings, "the clocks of the logs seem to be off by "+skew+" against the memory series; calls were moved by that, and p-values pay for the offsets tried")
	}
	for i := range rep.Inputs {
		if in := &rep.Inputs[i]; in.Clock != "" && in.Kind != "memory" {
			in.Clock += ", " + skew
		}
	}
}

func at(us int64) time.Time { return time.UnixMicro(us).UTC() }

func fillSlices(r *culprit.Report) {
	if r.Inputs == nil {
		r.Inputs = []culprit.Input{}
	}
	for i := range r.Inputs {
		if r.Inputs[i].Warnings == nil {
			r.Inputs[i].Warnings = []string{}
		}
	}
	if r.Growth == nil {
		r.Growth = []culprit.Growth{}
	}
	if r.Suspects == nil {
		r.Suspects = []culprit.Suspect{}
	}
	if r.Next == nil {
		r.Next = []culprit.Step{}
	}
	if r.Happenings == nil {
		r.Happenings = []culprit.DatedEvent{}
	}
	if r.Circumstances == nil {
		r.Circumstances = []culprit.Circumstance{}
	}
	if r.Verdict.Notes == nil {
		r.Verdict.Notes = []string{}
	}
	if r.Verdict.Warnings == nil {
		r.Verdict.Warnings = []string{}
	}
}

func (t *trial) coverage() culprit.Coverage {
	cov := t.f.Coverage
	cov.Level = t.c.Level
	if cov.Level == "" {
		cov.Level = culprit.LevelHost
	}
	cov.Families, cov.MissingFamilies = []string{}, []string{}
	for f := lineup.Time; f <= lineup.Unit; f++ {
		if t.lineup.Has[f] {
			cov.Families = append(cov.Families, f.String())
		} else {
			cov.MissingFamilies = append(cov.MissingFamilies, f.String())
		}
	}
	cov.GrowthBytes = culprit.Bytes(t.growth.Total)
	cov.WarmupBytes = culprit.Bytes(t.growth.Warmup)
	cov.PeakBytes = culprit.Bytes(t.growth.Peak)
	return cov
}

func (t *trial) settleHeadline() {
	slices.SortStableFunc(t.named, byEvidence)
	switch t.outcome {
	case culprit.OutcomeCulprit:
		t.headline = t.sayCulprit()
	case culprit.OutcomeSuspected:
		t.headline = t.saySuspected()
		t.because = t.reasonFor(t.named[0])
	}
	if len(t.named) > 0 {
		t.method = t.named[0].channel
	}
}

// episodes are all episodes of the case by time: those that count, and smaller
// ones that a named suspect explains.
func (t *trial) episodes() []growth.Event {
	out := slices.Clone(t.growth.Events)
	for _, a := range t.named {
		for _, e := range a.events {
			if !slices.ContainsFunc(out, func(x growth.Event) bool { return x.Unit == e.Unit && x.A == e.A }) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b growth.Event) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.Unit, b.Unit)) })
	return out
}

// growthList numbers the episodes for the report.
func (t *trial) growthList(r *Ruling) []culprit.Growth {
	var out []culprit.Growth
	for i, e := range r.Episodes {
		p := t.c.Units[e.Unit].Process
		g := culprit.Growth{
			ID: i + 1, Host: p.Host, PID: p.PID, From: at(e.A), To: at(e.B),
			Bytes: culprit.Bytes(e.Bytes), Shape: e.Shape, Suspects: []int{},
		}
		for rank, events := range r.Attributed {
			if slices.Contains(events, i) {
				g.Suspects = append(g.Suspects, rank+1)
			}
		}
		out = append(out, g)
	}
	for _, d := range t.slopes() {
		p := t.c.Units[d.Unit].Process
		out = append(out, culprit.Growth{
			ID: len(out) + 1, Host: p.Host, PID: p.PID, From: at(d.From), To: at(d.To),
			Bytes: culprit.Bytes(d.Bytes - d.Events), Shape: "slope", Suspects: t.slopeSuspects(r),
		})
	}
	for _, e := range t.growth.Aside {
		p := t.c.Units[e.Unit].Process
		out = append(out, culprit.Growth{
			ID: len(out) + 1, Host: p.Host, PID: p.PID, From: at(e.A), To: at(e.B),
			Bytes: culprit.Bytes(e.Bytes), Shape: e.Shape, Suspects: []int{},
		})
	}
	return out
}

// slopes are the units' slow growth, where it is what the case is about.
func (t *trial) slopes() []growth.Drift {
	if t.outcome == culprit.OutcomeHealthy || t.method == "line-up" || t.method == "direct" || t.quiet() {
		return nil
	}
	var out []growth.Drift
	for _, d := range t.growth.Drifts {
		if d.Bytes-d.Events > max(1<<20, d.Start/50) {
			out = append(out, d)
		}
	}
	return out
}

// slopeSuspects are the ranks of those named by the ledger.
func (t *trial) slopeSuspects(r *Ruling) []int {
	ranks := []int{}
	for i, s := range r.Index {
		if s >= 0 && t.cases[s] != nil && t.cases[s].ledger != nil {
			ranks = append(ranks, i+1)
		}
	}
	return ranks
}

// suspects lists everybody: the named, the doubtful, the acquitted.
func (t *trial) suspects(r *Ruling) {
	var list []*accused
	for _, a := range t.cases {
		sus := t.suspect(a.index)
		named := a.finding == culprit.Convicted || a.finding == culprit.Suspected
		if (sus.Parent >= 0 && !named) || a.finding == "" {
			continue
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *accused) int {
		if o := byEvidence(a, b); o != 0 && (a.finding != b.finding || a.bytes != b.bytes) {
			return o
		}
		x, y := &t.lineup.Evidence[a.index], &t.lineup.Evidence[b.index]
		if x.Score != y.Score {
			return -compareFloat(x.Score[lineup.Time], y.Score[lineup.Time])
		}
		return strings.Compare(t.display(a.index), t.display(b.index))
	})
	for _, d := range t.direct {
		d.Rank = len(r.Report.Suspects) + 1
		r.Report.Suspects = append(r.Report.Suspects, d)
		r.Index = append(r.Index, -1)
		r.Attributed = append(r.Attributed, nil)
	}
	for _, a := range list {
		r.Report.Suspects = append(r.Report.Suspects, t.write(a, len(r.Report.Suspects)+1))
		r.Index = append(r.Index, a.index)
		r.Attributed = append(r.Attributed, episodeNumbers(r.Episodes, a.events))
	}
	t.requested(r)
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// episodeNumbers finds episodes in the report's list.
func episodeNumbers(all, some []growth.Event) []int {
	var out []int
	for _, ev := range some {
		for i, x := range all {
			if x.Unit == ev.Unit && x.A == ev.A {
				out = append(out, i)
			}
		}
	}
	return out
}

func (t *trial) write(a *accused, rank int) culprit.Suspect {
	sus := t.suspect(a.index)
	e := &t.lineup.Evidence[a.index]
	s := culprit.Suspect{
		Rank: rank, Name: sus.Name, Kind: sus.Kind, Dimension: map[string]string{}, Finding: a.finding,
		BytesPerCall: a.size, HarmfulShare: a.harm, GrowthBytes: a.bytes,
		GrowthShare: share(a.bytes, culprit.Bytes(t.growth.Total)), GrowthShareHigh: a.shareUp,
		PresentIn: len(e.Present), Of: len(t.lineup.Events), Calls: e.Logged, Unfinished: e.Unfinished,
		Reason: a.reason, Examples: []culprit.Example{},
	}
	if sus.Key != "" {
		s.Dimension[sus.Key] = sus.Value
	}
	if a.channel == "line-up" {
		s.PresentIn, s.Of = len(a.events), a.of
	}
	if a.channel == "ledger" {
		s.PresentIn, s.Of = 0, 0 // slow growth has no episodes to be present in
	}
	if a.ledger != nil && s.Calls == 0 {
		s.Calls = a.ledger.Calls
	}
	if a.p < 1 {
		p := a.p
		s.PAdjusted = &p
	} else if len(e.Present) > 0 {
		p := worstP(t.lineup, e)
		s.PAdjusted = &p
	}
	if a.channel != "" && a.reason == "" {
		s.Reason = t.reasonFor(a)
	}
	return s
}

// requested adds what the user asked for and the log does not know.
func (t *trial) requested(r *Ruling) {
	for _, want := range t.f.Requested {
		hit := false
		for i := range r.Report.Suspects {
			s := &r.Report.Suspects[i]
			if strings.Contains(strings.ToLower(s.Name), strings.ToLower(want)) {
				s.Requested, hit = true, true
			}
		}
		if hit {
			continue
		}
		r.Report.Suspects = append(r.Report.Suspects, culprit.Suspect{
			Rank: len(r.Report.Suspects) + 1, Name: want, Kind: "endpoint", Dimension: map[string]string{},
			Finding: culprit.CannotJudge, Reason: "no logged call matches: not logged, named otherwise, or never called",
			Examples: []culprit.Example{}, Requested: true,
		})
		r.Index = append(r.Index, -1)
		r.Attributed = append(r.Attributed, nil)
	}
}
