package verdict

import (
	"fmt"
	"strings"

	"culprit"
	"culprit/internal/analysis/alibi"
	"culprit/internal/analysis/lineup"
)

// Sentences of the court. Everything a reader sees as a reason is made here.

func size(b culprit.Bytes) string {
	v := float64(b)
	neg := ""
	if v < 0 {
		neg, v = "-", -v
	}
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%s%.1f GB", neg, v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%s%.0f MB", neg, v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%s%.0f kB", neg, v/1e3)
	}
	return fmt.Sprintf("%s%.0f bytes", neg, v)
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", x*100) }

func sayNoSeries(calls int64) string {
	if calls == 0 {
		return "neither calls nor a memory series were understood"
	}
	return "there is no memory series; hint: add RSS per process or host memory of the same hours"
}

// sayNoOverlap repeats what the hall found out about the two spans, with its hint.
func (t *trial) sayNoOverlap() string {
	const what = "logs and memory series do not overlap in time"
	for _, w := range t.f.Warnings {
		if strings.Contains(w, "do not overlap") {
			return w
		}
	}
	return what
}

func sayEnqueues() string {
	return "it only puts a job on a queue: its work runs elsewhere and would not show here"
}

func sayStreams() string {
	return "its body is sent after the logged end of the call: the log does not say how long it ran"
}

func sayOnlyNarrowed() string { return "named above in one particular form; as a whole it is not" }

func sayShadow(of string) string {
	return "was only seen in episodes that " + of + " explains; apart from it there is nothing to judge by"
}

func sayAbsent(a alibi.Absence) string {
	if a.Present == 0 {
		return fmt.Sprintf("was not running in any of %d growth episodes; at most %d of them can be its doing", a.Events, a.CanHave)
	}
	return fmt.Sprintf("was not running in %d of %d growth episodes; at most %d of them (%s) can be its doing",
		a.Events-a.Present, a.Events, a.CanHave, percent(a.Share()))
}

func sayUnpunished(i alibi.Impunity) string {
	return fmt.Sprintf("ran %d times where harm would have shown, %d of them during growth: at most 1 call in %.0f can be harmful; as such, its rare variants apart",
		i.Calls, i.Harmful, 1/max(i.Up, 1e-9))
}

func (t *trial) sayExplained(i alibi.Impunity) string {
	return fmt.Sprintf("ran %d times where harm would have shown, and growth that it was near is explained by %s: at most 1 call in %.0f can be harmful; as such, its rare variants apart",
		i.Calls, t.convictedNames(), 1/max(i.Up, 1e-9))
}

func (t *trial) convictedNames() string {
	var names []string
	for _, a := range t.named {
		if a.finding == culprit.Convicted {
			names = append(names, t.display(a.index))
		}
	}
	return join(names)
}

func sayNoGrowth(calls int64, up culprit.Bytes) string {
	return fmt.Sprintf("nothing grew that needs a culprit: over %d calls at most %s a call", calls, size(up))
}

func sayLedgerBound(up culprit.Bytes, share float64) string {
	return fmt.Sprintf("keeps at most %s a call: at most %s of the slow growth", size(up), percent(share))
}

func (t *trial) sayNotPlaced() string {
	if t.c.Level == culprit.LevelProcess {
		return "its calls could not be placed on a process with a memory series"
	}
	return "its calls could not be placed on a host with a memory series"
}

func (t *trial) saySlow() string {
	if t.ledger.Skipped != "" {
		return t.ledger.Skipped
	}
	return "slow growth does not follow its calls clearly enough to accuse it, nor clearly enough to clear it"
}

// sayTooFew says why there is no finding and how many more episodes would help.
func (t *trial) sayTooFew(e *lineup.Evidence) string {
	k, c := len(t.lineup.Events), len(t.lineup.Clusters)
	more := max(minClusters-c, 1)
	if c >= minClusters {
		more = max(1, c/2)
	}
	switch {
	case e.Chance >= 0.5:
		return fmt.Sprintf("is nearly always in flight (%s of look-alike windows): its presence in %d of %d episodes tells nothing", percent(e.Chance), len(e.Present), k)
	case len(e.Present) == 0 && len(e.Generous) == 0:
		return fmt.Sprintf("was in none of %d episodes, but so few acquit nobody; about %d more would settle it", k, more)
	}
	return fmt.Sprintf("was in flight in %d of %d episodes, %s expected by chance: not enough to accuse or clear it; about %d more episodes would settle it",
		len(e.Present), k, percent(e.Chance), more)
}

// reasonFor says why a suspect is named.
func (t *trial) reasonFor(a *accused) string {
	if a.channel == "ledger" {
		return fmt.Sprintf("processes that served more of its calls grew more: %s a call over %d calls, everything that processes and instants have in common taken out (p = %s, swapping processes)",
			size(culprit.Bytes(a.ledger.Bytes)), a.ledger.Calls, pvalue(a.p))
	}
	e := &a.lineup.Evidence[a.index]
	s := fmt.Sprintf("in flight on the growing %s in %d of %d growth episodes, %s expected by chance",
		map[culprit.Level]string{culprit.LevelProcess: "process", culprit.LevelHost: "host"}[t.c.Level],
		len(a.events), a.of, percent(a.chance))
	s += fmt.Sprintf(" (p = %s over all suspects; compared with %s)", pvalue(a.p), t.families())
	if a.twin >= 0 {
		s += "; it cannot be told apart from " + t.suspect(a.twin).Name + ", which ran in the same episodes"
	}
	if a.finding == culprit.Suspected {
		s += "; " + whyOnlySuspect(a.lineup, e)
	}
	return s
}

func whyOnlySuspect(l *lineup.Lineup, e *lineup.Evidence) string {
	switch {
	case !l.Has[lineup.Unit]:
		return "no other process or host to compare with, so nobody is convicted"
	case len(l.Clusters) < minClusters:
		return fmt.Sprintf("%d independent episodes are too few to convict, %d would do", len(l.Clusters), minClusters)
	case e.P[lineup.Unit] > alphaConvict:
		return "other processes that did not grow ran it at the same moments too often to convict"
	case l.Has[lineup.Hour] && e.P[lineup.Hour] > alphaConvict:
		return "it runs at the same minute of other hours without growth: time-locked"
	}
	return "the evidence is short of conviction"
}

func (t *trial) families() string {
	l := t.lineup
	var parts []string
	names := [...]string{"the same process at other times", "the same minute of other hours", "other processes at the same time"}
	if t.c.Level == culprit.LevelHost {
		names[0], names[2] = "the same host at other times", "other hosts at the same time"
	}
	for f := lineup.Time; f <= lineup.Unit; f++ {
		if l.Has[f] {
			parts = append(parts, names[f])
		}
	}
	return strings.Join(parts, " and ")
}

func pvalue(p float64) string {
	if p < 0.01 {
		return fmt.Sprintf("%.3f", p)
	}
	return fmt.Sprintf("%.2f", p)
}

// display is a suspect's name with what narrows it.
func (t *trial) display(s int32) string {
	sus := t.suspect(s)
	if sus.Key == "" {
		return sus.Name
	}
	return sus.Name + " with " + strings.TrimPrefix(sus.Key, "param:") + "=" + sus.Value
}

func (t *trial) sayCulprit() string {
	var who []string
	var bytes culprit.Bytes
	for _, a := range t.named {
		if a.finding == culprit.Convicted {
			who = append(who, t.display(a.index))
			bytes += a.bytes
		}
	}
	total := culprit.Bytes(t.growth.Total)
	verb := "is"
	if len(who) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s %s responsible for %s of the growth (%s of %s)",
		strings.Join(who, " and "), verb, percent(share(bytes, total)), size(min(bytes, total)), size(total))
}

func (t *trial) saySuspected() string {
	a := t.named[0]
	return fmt.Sprintf("%s may be responsible for %s of the growth (%s of %s); the evidence is short of a conviction",
		t.display(a.index), percent(share(a.bytes, culprit.Bytes(t.growth.Total))), size(a.bytes), size(culprit.Bytes(t.growth.Total)))
}

func (t *trial) sayHealthy() string {
	start, drift, _, _ := t.sums()
	aside := culprit.Bytes(t.growth.Warmup)
	switch {
	case drift <= 0 && aside == 0:
		return fmt.Sprintf("%d %s, no growth that needs a culprit", len(t.c.Units), t.unitWord())
	case aside > culprit.Bytes(drift):
		return fmt.Sprintf("%s of warm-up after start, no growth that needs a culprit", size(aside))
	}
	return fmt.Sprintf("%s of slow growth on %s (%s), dying away or too small to matter; no culprit needed",
		size(culprit.Bytes(drift)), size(culprit.Bytes(start)), percent(float64(drift)/float64(max(start, 1))))
}

func (t *trial) unitWord() string {
	if t.c.Level == culprit.LevelHost {
		return "hosts"
	}
	return "processes"
}

func (t *trial) sayTraffic() string {
	return fmt.Sprintf("Every call keeps about %s (%s to %s), on %s of the processes, and no endpoint stands out; look at middleware, agents and the allocator",
		size(culprit.Bytes(t.ledger.PerCall)), size(culprit.Bytes(t.ledger.PerCallLow)), size(culprit.Bytes(t.ledger.PerCallHigh)), percent(t.ledger.Growing))
}

func (t *trial) sayNotRequests() string {
	return fmt.Sprintf("No logged request or job explains the growth: %s in %d episodes, and nobody was in flight unusually often; look at background threads, agents and what the log leaves out",
		size(culprit.Bytes(t.growth.Total)), len(t.lineup.Events))
}

func (t *trial) sayGrewWithoutLogs() string {
	if len(t.growth.Events) > 0 {
		return fmt.Sprintf("memory grew by %s in %d episodes, but no log says what ran then; hint: add the logs of the same hours", size(culprit.Bytes(t.growth.Total)), len(t.growth.Events))
	}
	return "memory grew, but no log says what ran then; hint: add the logs of the same hours"
}

func (t *trial) sayWhyNot() string {
	k, c := len(t.lineup.Events), len(t.lineup.Clusters)
	switch {
	case t.blurred() != "":
		return t.blurred()
	case k == 0 && !t.steady() && t.ledger.Growing >= 0.9:
		return fmt.Sprintf("every process grew (%s in all), and the growth is slowing down: a longer recording would tell whether it ends", size(culprit.Bytes(t.slowGrowth())))
	case k == 0 && t.ledger.Skipped != "":
		return "growth is slow and spread out, and " + t.ledger.Skipped
	case k == 0:
		return fmt.Sprintf("memory grew slowly by %s, and no endpoint's calls follow it clearly", size(culprit.Bytes(t.slowGrowth())))
	case t.diedOfIt():
		return "the processes died at the end of their growth, and these logs hold no call that never finished: the guilty one left no line; hint: add the proxy's log or Rails' own with its Started lines"
	case c < minClusters:
		return fmt.Sprintf("%s grew in %d independent %s; %d more would settle it", size(culprit.Bytes(t.growth.Total)), c, plural(c, "episode"), minClusters-c)
	}
	return fmt.Sprintf("%s grew in %d episodes, and nobody stands out from the look-alikes", size(culprit.Bytes(t.growth.Total)), k)
}

func plural(n int, w string) string {
	if n == 1 {
		return w
	}
	return w + "s"
}

func share(part, whole culprit.Bytes) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}
