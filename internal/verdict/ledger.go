package verdict

import (
	"math"
	"slices"

	"culprit"
	"culprit/internal/analysis/ledger"
)

// tryLedger rules on slow growth. It only speaks where growth outside of
// episodes matters, and never when its own negative controls are off.
func (t *trial) tryLedger() {
	l := t.ledger
	if l.Skipped != "" {
		return
	}
	calibrated := l.Lambda <= l.LambdaMax
	if !calibrated {
		t.warnings = append(t.warnings, "slow growth is not calibrated on this data (the endpoints themselves are noisier than chance): nobody is convicted by it")
	}
	slow := t.slowGrowth()
	// What episodes grew is the line-up's to explain: their remains are no slow
	// growth, and processes with them are no look-alikes of those without.
	if slow*2 < t.growth.Total || slow <= 0 || t.quiet() {
		return
	}
	for i := range l.Entries {
		e := &l.Entries[i]
		s := int32(e.Suspect)
		// A suspicion needs the level of the line-up's and a tenth of the growth:
		// an endpoint may well keep a buffer that explains nothing.
		if e.P > alphaSuspect || e.Bytes <= 0 || math.IsNaN(e.Low) || e.Bytes*float64(e.Calls) < float64(t.growth.Total)/10 {
			continue
		}
		if t.already(s) || e.Without < e.Z/2 {
			continue // named, or carried by one odd process
		}
		e, s = t.narrowLedger(e)
		bill := min(e.Bytes*float64(e.Calls), float64(slow))
		if len(t.named) > 0 && (e.P > alphaConvict || bill < float64(t.growth.Total)/4) {
			continue // beside a named one only what weighs as much
		}
		a := t.accused(s)
		a.finding, a.channel, a.ledger, a.p, a.score = culprit.Suspected, "ledger", e, e.P, e.Z
		// The bill is bounded by what was there to be grown.
		if e.P <= alphaConvict && calibrated && e.Low > 0 && bill >= float64(t.growth.Total)/4 {
			a.finding = culprit.Convicted
		}
		est, lo, hi := e.Bytes, e.Low, e.High
		a.size = culprit.Interval{Estimate: &est, Low: &lo, High: &hi}
		a.bytes = culprit.Bytes(bill)
		t.named = append(t.named, a)
		if len(t.named) >= stages {
			break
		}
	}
}

// narrowLedger prefers a narrowed suspect with more evidence than its endpoint,
// and the endpoint otherwise.
func (t *trial) narrowLedger(e *ledger.Entry) (*ledger.Entry, int32) {
	ep := t.endpointOf(int32(e.Suspect))
	i := slices.IndexFunc(t.ledger.Entries, func(x ledger.Entry) bool { return int32(x.Suspect) == ep })
	if i < 0 || int32(e.Suspect) == ep {
		return e, int32(e.Suspect)
	}
	if p := &t.ledger.Entries[i]; p.P <= alphaVeto && p.Z > e.Z-1 {
		return p, ep
	}
	return e, int32(e.Suspect)
}

// slowGrowth is growth outside of episodes, over all units, bytes.
func (t *trial) slowGrowth() int64 {
	var sum int64
	for _, d := range t.growth.Drifts {
		sum += max(0, d.Bytes-d.Events)
	}
	return sum
}
