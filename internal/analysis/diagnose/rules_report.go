package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"culprit"
)

// reportRules read the shape of an incident off a saved report. What its court has
// decided stands: these rules say what kind of growth it is and what to do first.
func reportRules() []Rule {
	const table = "https://fabioperrella.github.io/2020/03/30/an-index-route-without-pagination-can-destroy-your-app.html"
	return []Rule{
		{
			ID: "unit-of-work", Title: "Single requests or jobs need very much at once", Class: "bloat", On: "report",
			Seen:    "single processes jump by hundreds of MB within minutes, others stay flat",
			Confirm: "Call the suspect alone on one process and watch RSS before and after.",
			URL:     table, Says: "wherever a sudden jump is described, a request that loads too much was the cause",
			judge: judgeJumps,
		},
		{
			ID: "shared-trigger", Title: "All hosts rise in the same minutes", Class: "configuration", On: "report",
			Seen:    "growth begins on several hosts within a minute",
			Confirm: "Look at what happened then: a deploy, cron, a crawler, a cache that was emptied.",
			URL:     "https://github.com/puma/puma/issues/2179", Says: "one server alone speaks for single requests, all of them for what they share",
			judge: judgeTogether,
		},
		{
			ID: "leak", Title: "Memory rises with the calls and does not level off", Class: "retention", On: "report",
			Seen:    "slow growth on all processes alike, in proportion to calls, reset by restarts",
			Confirm: "Two dumps of the heap, an hour apart: more objects mean retention, as many mean native memory or fragmentation.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "leaks are linear, fragmentation is logarithmic",
			judge: judgeSlope,
		},
		{
			ID: "without-calls", Title: "It grows without the calls", Class: "retention", On: "report",
			Seen:    "growth that no logged call explains",
			Confirm: "Turn agents and background threads off on one of the servers, one after the other.",
			URL:     "https://github.com/ruby-shoryuken/shoryuken/issues/401", Says: "growth with no jobs at all: a library's own thread",
			judge: judgeWithout,
		},
		{
			ID: "every-call", Title: "Every call costs a little", Class: "fragmentation", On: "report",
			Seen:    "all traffic costs memory alike",
			Confirm: "MALLOC_ARENA_MAX=2 on one of the servers; if the slope stays, look at middleware and agents.",
			URL:     "https://github.com/puma/puma/issues/1600", Says: "the limit of arenas turned constant growth into a flat graph",
			judge: judgeTraffic,
		},
		{
			ID: "killed-in-incident", Title: "Processes were killed", Class: "configuration", On: "report",
			Seen:    "the kernel, or a worker killer, ended processes",
			Confirm: "The curve of a killed process ends: what it was serving is the first to look at.",
			URL:     "https://github.com/kzk/unicorn-worker-killer/pull/42", Says: "evidence should be taken before the kill",
			judge: judgeKills,
		},
		{
			ID: "healthy", Title: "Nothing grew that needs a cause", Class: "", On: "report",
			Seen:    "no growth beyond warm-up",
			Confirm: "Look at a longer span, or at hosts and containers instead of processes.",
			URL:     "https://gitlab.com/gitlab-org/gitlab/-/issues/365950", Says: "RSS by itself is a poor measure",
			judge: judgeHealthy,
		},
	}
}

// jumps sums growth by its shape.
func (f *facts) jumps() (steps int, stepped, largest, slow culprit.Bytes, units map[string]bool) {
	units = map[string]bool{}
	for _, g := range f.r.Growth {
		switch g.Shape {
		case "step", "ramp":
			steps++
			stepped += g.Bytes
			largest = max(largest, g.Bytes)
			units[fmt.Sprint(g.Host, " ", g.PID)] = true
		case "slope":
			slow += g.Bytes
		}
	}
	return steps, stepped, largest, slow, units
}

func accused(r *culprit.Report) []string {
	var names []string
	for _, s := range r.Suspects {
		if s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
			names = append(names, s.Name)
		}
	}
	return names
}

func judgeJumps(f *facts) (verdict, bool) {
	steps, stepped, largest, slow, units := f.jumps()
	if steps == 0 || stepped < slow {
		return verdict{}, false
	}
	v := verdict{finding: likely}
	v.what = fmt.Sprintf("%s came in %d jumps of up to %s, on %d of %d processes", stepped, steps, largest, len(units), max(f.r.Coverage.Processes, len(units)))
	v.change = "Find out which call was in flight in each: the report's line-up names who was, or says how many more jumps it needs."
	if names := accused(f.r); len(names) > 0 {
		if f.r.Verdict.Outcome == culprit.OutcomeCulprit {
			v.finding = it
		}
		v.change = "Begin with " + strings.Join(names[:min(len(names), 2)], " and ") + ": paginate, stream, or move it into a job with a memory limit."
		if c := f.r.Counterfactual; c != nil && c.Peak > c.PeakThen {
			v.saves = culprit.Interval{Estimate: ptr(c.Peak - c.PeakThen)}
		}
	}
	return v, true
}

// together is how near beginnings must be to count as one.
const together = time.Minute

func judgeTogether(f *facts) (verdict, bool) {
	hosts := map[string]bool{}
	list := slices.Clone(f.r.Growth)
	slices.SortFunc(list, func(a, b culprit.Growth) int { return a.From.Compare(b.From) })
	most, at := 0, time.Time{}
	for i, g := range list {
		seen := map[string]bool{}
		for _, o := range list[i:] {
			if o.From.Sub(g.From) > together {
				break
			}
			if o.Shape == "step" || o.Shape == "ramp" {
				seen[o.Host] = true
			}
		}
		hosts[g.Host] = true
		if len(seen) > most {
			most, at = len(seen), g.From
		}
	}
	if most < 3 || most < f.r.Coverage.Hosts {
		return verdict{}, false
	}
	v := verdict{finding: likely, what: fmt.Sprintf("all %d hosts began to rise within a minute, at %s UTC", most, at.UTC().Format("2 Jan 15:04"))}
	v.change = "Look for what reached all of them at once before any single request."
	for _, h := range f.r.Happenings {
		if d := at.Sub(h.At); d >= 0 && d < 10*time.Minute {
			v.evidence = append(v.evidence, culprit.Evidence{Text: fmt.Sprintf("%s %s at %s", h.Kind, h.Name, h.At.UTC().Format("15:04:05"))})
		}
	}
	return v, true
}

func judgeSlope(f *facts) (verdict, bool) {
	_, stepped, _, slow, _ := f.jumps()
	if slow == 0 || slow < stepped || f.r.Verdict.Outcome == culprit.OutcomeHealthy || f.r.Verdict.Outcome == culprit.OutcomeTraffic {
		return verdict{}, false
	}
	v := verdict{finding: cannotTell, what: fmt.Sprintf("%s of slow growth, in %d processes", slow, f.r.Coverage.Processes)}
	v.change = "Take two dumps of the heap of one process, an hour apart, and compare."
	if names := accused(f.r); len(names) > 0 && f.r.Verdict.Method == "ledger" {
		v.finding = likely
		v.what += ", and it follows the calls of " + names[0]
		v.change = "Look at what " + names[0] + " keeps: a cache, a class variable, a native library."
	}
	return v, true
}

func judgeWithout(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeNotRequests {
		return verdict{}, false
	}
	return verdict{finding: likely, what: f.r.Verdict.Headline, change: "Look at what runs beside the requests: background threads, agents, cron, other programs of the host."}, true
}

func judgeTraffic(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeTraffic {
		return verdict{}, false
	}
	return verdict{finding: likely, what: f.r.Verdict.Headline, change: "Set MALLOC_ARENA_MAX=2 on one of the servers and compare; then look at middleware and agents."}, true
}

func judgeKills(f *facts) (verdict, bool) {
	n := map[culprit.HappeningKind]int{}
	for _, h := range f.r.Happenings {
		n[h.Kind]++
	}
	if n[culprit.HappeningOOM]+n[culprit.HappeningKill] == 0 {
		return verdict{}, false
	}
	return verdict{
		finding: it,
		what:    fmt.Sprintf("%d were killed by the kernel, %d by a killer of workers or a timeout", n[culprit.HappeningOOM], n[culprit.HappeningKill]),
		change:  "Kills hide what grew: a restart helps for hours. Take the report's first suspect before the next one.",
	}, true
}

func judgeHealthy(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeHealthy {
		return verdict{}, false
	}
	return verdict{finding: notIt, what: f.r.Verdict.Headline}, true
}
