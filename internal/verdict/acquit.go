package verdict

import (
	"slices"

	"culprit"
	"culprit/internal/analysis/alibi"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/lineup"
)

// mainCause is the share of episodes below which somebody cannot be the main
// cause, one half; impunityLimit the share of harmful calls below which an
// endpoint as a whole is harmless, 2 % (method, section 6 and 10).
const (
	mainCause     = 0.5
	impunityLimit = 0.02
)

// finish gives every endpoint, job and task that is not named a finding.
func (t *trial) finish() {
	for s := range t.c.Roster.Suspects {
		sus := &t.c.Roster.Suspects[s]
		if sus.Parent >= 0 && t.cases[int32(s)] == nil {
			continue
		}
		a := t.accused(int32(s))
		if a.finding != "" || t.isDirect(sus.Name) {
			continue
		}
		if sus.Parent >= 0 {
			a.finding = culprit.CannotJudge // a shadow that is narrowed: not listed
			continue
		}
		t.findingOn(a)
	}
}

func (t *trial) findingOn(a *accused) {
	e := &t.lineup.Evidence[a.index]
	k := len(t.lineup.Events)
	absence := alibi.Absent(k, len(e.Generous), t.loss())
	if k > 0 {
		up := t.shareUpper(e.Generous, absence)
		a.shareUp = &up
	}
	a.finding = culprit.CannotJudge
	switch {
	case t.narrowedNamed(a.index):
		a.reason = sayOnlyNarrowed()
	case !t.usable || (e.Calls == 0 && t.f.Coverage.Matched < 1):
		a.reason = t.sayNotPlaced()
	case t.f.Enqueuers[a.index]:
		a.reason = sayEnqueues()
	case t.f.Streamers[a.index]:
		a.reason = sayStreams()
	case a.shadowOf >= 0:
		a.reason = sayShadow(t.c.Roster.Suspects[a.shadowOf].Name)
	case k == 0:
		t.withoutEpisodes(a, e.Calls)
	case k >= minClusters && absence.Share() < mainCause && *a.shareUp < mainCause && t.complete():
		a.finding = culprit.Acquitted
		a.reason = sayAbsent(absence)
		a.size.High = t.upperPerCall(e.Calls, a.shareUp)
	default:
		t.byImpunity(a)
	}
}

// byImpunity acquits an endpoint as a whole that ran often where harm would
// have shown, provided a culprit in its place would have been noticed.
func (t *trial) byImpunity(a *accused) {
	e := &t.lineup.Evidence[a.index]
	im := alibi.Unpunished(e.Informative, len(e.Present))
	if len(t.lineup.Events) >= 5 && im.Up <= impunityLimit && worstP(t.lineup, e) > 0.2 && e.Power && t.complete() {
		a.finding = culprit.Acquitted
		a.reason = sayUnpunished(im)
		return
	}
	if harmful, ok := t.beyondConvicted(e); ok {
		if im := alibi.Unpunished(e.Informative, harmful); im.Up <= impunityLimit && worstP(t.lineup, e) > 0.2 && t.complete() {
			a.finding = culprit.Acquitted
			a.reason = t.sayExplained(im)
			return
		}
	}
	a.reason = t.sayTooFew(e)
}

// beyondConvicted counts the episodes that somebody covered and no convicted
// suspect explains; ok when the convicted explain nine in ten of all.
func (t *trial) beyondConvicted(e *lineup.Evidence) (harmful int, ok bool) {
	open := map[int]bool{}
	for i, ev := range t.lineup.Events {
		if !t.convictedOwns(ev) {
			open[i] = true
		}
	}
	if !t.anyConvicted() || len(open)*10 > len(t.lineup.Events) {
		return 0, false
	}
	for _, i := range e.Present {
		if open[i] {
			harmful++
		}
	}
	return harmful, true
}

func (t *trial) convictedOwns(e growth.Event) bool {
	for _, a := range t.named {
		if a.finding == culprit.Convicted && slices.ContainsFunc(a.events, same(e)) {
			return true
		}
	}
	return false
}

// withoutEpisodes: nothing jumped, so only slow growth can be anybody's doing.
func (t *trial) withoutEpisodes(a *accused, calls int64) {
	if (t.outcome == culprit.OutcomeHealthy || t.method == "direct") && calls > 0 {
		a.finding = culprit.Acquitted
		up := float64(max(t.slowGrowth(), 0)) / float64(calls)
		a.size.High = &up
		a.reason = sayNoGrowth(calls, culprit.Bytes(up))
		return
	}
	for i := range t.ledger.Entries {
		en := &t.ledger.Entries[i]
		if int32(en.Suspect) != a.index {
			continue
		}
		hi := en.High
		a.size.High = &hi
		bill := hi * float64(en.Calls)
		if slow := float64(t.slowGrowth()); hi > 0 && slow > 0 && bill < slow*mainCause/2 && en.P > 0.2 && t.anyConvicted() {
			a.finding = culprit.Acquitted
			a.reason = sayLedgerBound(culprit.Bytes(hi), bill/slow)
			return
		}
	}
	a.reason = t.saySlow()
}

func (t *trial) anyConvicted() bool {
	for _, a := range t.named {
		if a.finding == culprit.Convicted {
			return true
		}
	}
	return false
}

// narrowedNamed: the endpoint is named through one of its dimensions.
func (t *trial) narrowedNamed(s int32) bool {
	for _, a := range t.named {
		if a.index != s && t.endpointOf(a.index) == s {
			return true
		}
	}
	return false
}

// complete holds when the log could have shown the suspect: no fewer than nine
// in ten calls were placed on a unit, killed calls leave a line, and the times
// of calls are known.
func (t *trial) complete() bool {
	return (t.f.Coverage.Matched >= 0.9 || t.f.Coverage.Matched == 0) && !t.diedOfIt() && t.blurred() == ""
}

// loss is the share of calls without a usable line.
func (t *trial) loss() float64 { return max(alibi.DefaultLoss, min(t.c.LogLoss, 0.2)) }

// shareUpper bounds the share of all growth that somebody can have caused: the
// episodes it was near, and those it may have missed by lost lines.
func (t *trial) shareUpper(near []int, ab alibi.Absence) float64 {
	var sum, all, largest int64
	for _, e := range near {
		sum += t.lineup.Events[e].Bytes
	}
	for _, e := range t.lineup.Events {
		all += e.Bytes
		largest = max(largest, e.Bytes)
	}
	if all == 0 {
		return 1
	}
	sum += largest * int64(max(0, ab.CanHave-len(near)))
	return min(1, float64(sum)/float64(all))
}

func (t *trial) upperPerCall(calls int64, share *float64) *float64 {
	if calls == 0 || share == nil {
		return nil
	}
	var all int64
	for _, e := range t.lineup.Events {
		all += e.Bytes
	}
	up := *share * float64(all) / float64(calls)
	return &up
}

// isDirect: already listed by evidence outside of the line-up.
func (t *trial) isDirect(name string) bool {
	for _, d := range t.direct {
		if d.Name == name {
			return true
		}
	}
	return false
}
