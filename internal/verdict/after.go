package verdict

import (
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/analysis/lineup"
)

// setCategory says what kind of growth it is, where the data shows it.
func (t *trial) setCategory() {
	if t.category != "" || t.outcome == culprit.OutcomeInsufficient || t.outcome == culprit.OutcomeHealthy {
		return
	}
	switch {
	case len(t.named) > 0 && t.named[0].channel == "line-up":
		// Jumps of tens of MB and more during single calls: bloat in every
		// post-mortem that describes them (docs/JUDGE.md).
		t.category = "bloat"
	case t.slots() == grow:
		t.category = "retention"
	case t.slots() == flat:
		t.category = "native"
	}
}

type trend int

const (
	unknown trend = iota
	flat
	grow
)

// slots tells whether live Ruby heap slots grew, where a series of them exists.
func (t *trial) slots() trend {
	var first, delta int64
	for i := range t.c.Extra {
		u := &t.c.Extra[i]
		if u.Kind != culprit.HeapLiveSlots || len(u.Points) < 2 {
			continue
		}
		first += u.Points[0].Mem
		delta += net(u, t.c.From, t.c.To)
	}
	switch {
	case first == 0:
		return unknown
	case delta*10 > first:
		return grow
	}
	return flat
}

// counterfactual is the peak of the worst host with and without the named.
func (t *trial) counterfactual() *culprit.Counterfactual {
	if t.outcome != culprit.OutcomeCulprit && t.outcome != culprit.OutcomeSuspected {
		return nil
	}
	cut := map[int]int64{}
	var names []string
	for _, a := range t.named {
		names = append(names, t.display(a.index))
		for _, e := range a.events {
			cut[e.Unit] += e.Bytes
		}
		if a.channel == "ledger" {
			t.spreadBill(a, cut)
		}
	}
	type sums struct{ peak, without int64 }
	byHost := map[string]*sums{}
	for i := range t.c.Units {
		u := &t.c.Units[i]
		var peak int64
		for _, p := range u.Points {
			if p.At >= t.c.From && p.At <= t.c.To {
				peak = max(peak, p.Mem)
			}
		}
		s := byHost[u.Process.Host]
		if s == nil {
			s = &sums{}
			byHost[u.Process.Host] = s
		}
		s.peak += peak
		s.without += max(0, peak-cut[i])
	}
	best := ""
	for h, s := range byHost {
		if b := byHost[best]; b == nil || s.peak-s.without > b.peak-b.without || (s.peak-s.without == b.peak-b.without && h < best) {
			best = h
		}
	}
	if best == "" && byHost[best] == nil {
		return nil
	}
	s := byHost[best]
	return &culprit.Counterfactual{
		Without: names, Host: best, Peak: culprit.Bytes(s.peak), PeakThen: culprit.Bytes(s.without),
		Text: fmt.Sprintf("Without %s the peak on %s would have been %s instead of %s", join(names), hostOr(best), size(culprit.Bytes(s.without)), size(culprit.Bytes(s.peak))),
	}
}

func hostOr(h string) string {
	if h == "" {
		return "the host"
	}
	return h
}

func join(names []string) string {
	return strings.Join(names, " and ")
}

// spreadBill takes a ledger's bill off the units by their slow growth.
func (t *trial) spreadBill(a *accused, cut map[int]int64) {
	slow := t.slowGrowth()
	if slow <= 0 {
		return
	}
	for _, d := range t.growth.Drifts {
		if g := max(0, d.Bytes-d.Events); g > 0 {
			cut[d.Unit] += int64(float64(a.bytes) * float64(g) / float64(slow))
		}
	}
}

// nextSteps says what would settle open questions.
func (t *trial) nextSteps() []culprit.Step {
	var steps []culprit.Step
	add := func(do, settles, command string) {
		steps = append(steps, culprit.Step{Do: do, Settles: settles, Command: command})
	}
	for _, name := range t.f.PlainRPC {
		add("log the operation of "+name+": in its controller, def append_info_to_payload(payload) = super.tap { payload[:operation] = params[:operationName] }, and with lograge add it to custom_options",
			"which of its operations did it: they are all one name in this log", "")
	}
	switch t.outcome {
	case culprit.OutcomeCulprit, culprit.OutcomeSuspected:
		a := t.named[0]
		add("call "+t.display(a.index)+" alone on one process and watch RSS before and after", "that it does what it is accused of, and how much a call takes", "")
		if a.finding == culprit.Suspected && !t.lineup.Has[lineup.Unit] {
			add("add the series and logs of the other servers", "whether it does harm where others run it too", "")
		}
	case culprit.OutcomeNotRequests:
		add("look at background threads, agents and cron on the growing host at the times of growth", "what grew without a logged call", "")
	case culprit.OutcomeTraffic:
		add("switch middleware and agents off one at a time on one server", "which of them keeps memory on every call", "")
	case culprit.OutcomeInsufficient:
		if len(t.lineup.Clusters) > 0 && len(t.lineup.Clusters) < minClusters {
			add(fmt.Sprintf("add logs and series of %d more growth episodes", minClusters-len(t.lineup.Clusters)), "who was in flight every time", "")
		}
	}
	if t.c.Level == culprit.LevelHost && len(t.c.Units) > 0 && t.c.Calls > 0 && t.outcome != culprit.OutcomeHealthy {
		add("put the pid into the log and sample memory per process (Telegraf: procstat with pid_tag = true)", "which process grew: three episodes then convict, instead of five to ten", "")
	}
	if t.f.Coverage.Unfinished > 0 && t.outcome != culprit.OutcomeHealthy {
		add("look at the requests that never finished", "whether a killed call did it", "")
	}
	if n := len(steps); n > 6 {
		steps = slices.Clip(steps[:6])
	}
	return steps
}
