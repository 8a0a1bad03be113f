package verdict

import (
	"math"
	"strings"

	"culprit"
	"culprit/internal/analysis/lineup"
)

// try runs the trial: direct evidence first, then the line-up, then the ledger,
// then whatever explains growth without a culprit.
func (t *trial) try() {
	t.warnings = append(t.warnings, t.f.Warnings...)
	t.outcome = culprit.OutcomeInsufficient
	switch {
	case len(t.c.Units) == 0:
		t.abstain(sayNoSeries(t.c.Calls))
	case t.c.To <= t.c.From:
		t.abstain(t.sayNoOverlap())
	default:
		t.weigh()
	}
	t.finish()
}

func (t *trial) abstain(why string) {
	t.outcome = culprit.OutcomeInsufficient
	t.because = why
	t.headline = capital(strings.SplitN(why, "; hint: ", 2)[0])
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (t *trial) weigh() {
	if t.usable {
		t.tryLineup()
		t.claim()
		t.tryLedger()
	}
	for _, a := range t.named {
		if a.channel == "line-up" {
			t.measure(a)
		}
	}
	convicted, suspected := 0, 0
	for _, a := range t.named {
		if a.finding == culprit.Convicted {
			convicted++
		} else {
			suspected++
		}
	}
	switch {
	case convicted > 0:
		t.outcome = culprit.OutcomeCulprit
	case t.outside():
	case t.quiet():
		t.outcome = culprit.OutcomeHealthy
		t.headline = t.sayHealthy()
		t.demoteLedger()
	case suspected > 0 && (t.lineupNamed() || t.standsOut()):
		t.outcome = culprit.OutcomeSuspected
	case t.trafficWide():
		t.outcome = culprit.OutcomeTraffic
		t.headline = t.sayTraffic()
		t.demoteLedger()
	case suspected > 0:
		t.outcome = culprit.OutcomeSuspected
	case !t.usable:
		t.abstain(t.sayGrewWithoutLogs())
	case t.noLoggedCall():
		t.outcome = culprit.OutcomeNotRequests
		t.headline = t.sayNotRequests()
	default:
		t.abstain(t.sayWhyNot())
	}
}

func (t *trial) lineupNamed() bool {
	for _, a := range t.named {
		if a.channel == "line-up" {
			return true
		}
	}
	return false
}

// standsOut: a suspect of the ledger holds half of the slow growth, so that
// growth is not spread over all traffic.
func (t *trial) standsOut() bool {
	for _, a := range t.named {
		if a.channel == "ledger" && int64(a.bytes)*2 >= t.slowGrowth() {
			return true
		}
	}
	return false
}

// demoteLedger takes back suspicions that a whole explains: all traffic, or
// nothing having grown.
func (t *trial) demoteLedger() {
	for _, a := range t.named {
		a.finding = ""
	}
	t.named = nil
	clear(t.cases)
}

// quiet holds when nothing grew that needs a culprit: no episodes, and slow
// growth that is small or dies away. A process that has just booted grows while
// its code is loaded and its heap finds its size.
func (t *trial) quiet() bool {
	if len(t.growth.Events) > 0 {
		return false
	}
	start, drift, first, second := t.sums()
	if drift <= 0 || start == 0 {
		return true
	}
	if drift < start/20 {
		return true // under 5 % of where it started
	}
	// Warm-up and fragmentation die away: the second half adds less than half of
	// what the first did, and less than a tenth of the size. A leak does not stop.
	return second < first/2 && second < start/10
}

// sums adds up starting levels and slow growth of the units.
func (t *trial) sums() (start, drift, first, second int64) {
	for _, d := range t.growth.Drifts {
		start += d.Start
		drift += d.Bytes - d.Events
		first += d.FirstHalf
		second += d.SecondHalf
	}
	return start, drift, first, second
}

// trafficFloor is what healthy processes seem to keep per call through
// fragmentation and heap growth, 20 kB (attribution method, section 8.6).
const trafficFloor = 20 << 10

// trafficWide: bytes per call above the floor with certainty, nearly every unit
// growing, and no endpoint beyond the others.
func (t *trial) trafficWide() bool {
	l := t.ledger
	if l.Skipped != "" || math.IsNaN(l.PerCallLow) || bytesOf(t.growth.Events)*5 > t.growth.Total {
		return false // a fifth of the growth came in episodes
	}
	return l.PerCallLow > trafficFloor && l.Growing >= 0.9 && t.steady()
}

// steady: what every call keeps adds up evenly. The last quarter must bring three
// quarters of what the one before it brought; pages that cease to be shared,
// caches that fill and fragmentation slow down.
func (t *trial) steady() bool {
	var third, fourth int64
	for _, d := range t.growth.Drifts {
		third += d.Third
		fourth += d.Fourth
	}
	return fourth*4 >= third*3
}

// looseClock is the uncertainty of the clocks, in seconds, beyond which absence
// proves nothing.
const looseClock = 5

// blurred says why nobody's absence can be told from this data, "" when it can.
func (t *trial) blurred() string {
	switch {
	case t.c.SkewSeconds > looseClock && !t.aligned:
		return "the clocks of logs and series differ by an unknown amount: who was in flight is not known"
	case t.c.Durationless > 0.5:
		return "most calls carry no duration: who was in flight is not known; hint: log it ($request_time for nginx, %D for Apache, duration for lograge)"
	case t.c.LogLoss > 0.5:
		return "most calls were never seen to end: the log is cut, or its lines could not be paired; hint: put the request id or the pid into every line"
	}
	return ""
}

// noLoggedCall: episodes that nobody in the log explains, although a culprit
// would have been seen (method, section 7).
func (t *trial) noLoggedCall() bool {
	l := t.lineup
	if t.blurred() != "" {
		return false
	}
	if len(l.Clusters) < 4 || l.Omnibus <= 0.1 || !t.complete() || t.diedOfIt() {
		return false
	}
	blind, rare := 0, 0
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if e.Calls == 0 || t.suspect(int32(i)).Parent >= 0 {
			continue
		}
		if (worstP(l, e) <= 0.1 || e.P[lineup.Time] <= alphaConvict) && e.Score[lineup.Time] > 0 {
			return false // somebody was there unusually often, by one family at least
		}
		if e.Chance < 0.3 {
			rare++
			if !e.Power {
				blind++
			}
		}
	}
	return blind*10 <= rare
}

// diedOfIt: at least half of the episodes ended with their process, and the logs
// hold no call that never finished: a killed call left no line, so the log could
// not have shown it (method, pitfall 1).
func (t *trial) diedOfIt() bool {
	if t.f.Coverage.Unfinished > 0 || len(t.lineup.Events) == 0 {
		return false
	}
	died := 0
	for _, e := range t.lineup.Events {
		u := &t.c.Units[e.Unit]
		if u.Died > 0 && u.Died < e.B+max(90*second, 3*t.growth.DT) {
			died++
		}
	}
	return died*2 >= len(t.lineup.Events)
}
