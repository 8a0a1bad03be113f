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
	return slices.Concat(jumpRules(), slowRules(), []Rule{
		{
			ID: "killed-in-incident", Title: "Processes were killed", Class: "configuration", On: "report",
			Seen:    "the kernel, or a worker killer, ended processes",
			Change:  "Kills hide what grew: a restart helps for hours. Take the report's first suspect before the next one.",
			Saves:   "nothing by itself",
			Confirm: "The curve of a killed process ends: what it was serving is the first to look at.",
			URL:     "https://github.com/kzk/unicorn-worker-killer/pull/42", Says: "evidence should be taken before the kill",
			judge: judgeKills,
		},
		{
			ID: "unshared", Title: "Workers cease to share what was preloaded", Class: "shared_pages", On: "report",
			Seen:    "the host grows, the processes' RSS does not, and their private memory does",
			Saves:   "nothing: it levels off when all of it is private",
			Confirm: "Sum PSS over master and workers: it ends where the sum of RSS has been all along.",
			URL:     "https://github.com/zombocom/get_process_mem/issues/40", Says: "RSS counts shared pages in each process",
			judge: judgeUnshared,
		},
		{
			ID: "levels-off", Title: "Growth that dies away", Class: "fragmentation", On: "report",
			Seen:    "warm-up, or a curve that saturates: the second half adds less than half of the first",
			Saves:   "nothing that grows: MALLOC_ARENA_MAX=2 may lower where it ends",
			Confirm: "Look at a longer span: a leak does not stop.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "memory growth due to fragmentation is logarithmic, leaks are linear",
			judge: judgeLevelsOff,
		},
		{
			ID: "healthy", Title: "Nothing grew that needs a cause", Class: "", On: "report",
			Seen:    "no growth beyond warm-up",
			Saves:   "nothing",
			Confirm: "Look at a longer span, or at hosts and containers instead of processes.",
			URL:     "https://gitlab.com/gitlab-org/gitlab/-/issues/365950", Says: "RSS by itself is a poor measure",
			judge: judgeHealthy,
		},
	})
}

// jumpRules are about growth within minutes.
func jumpRules() []Rule {
	const twin = "https://fabioperrella.github.io/2020/03/30/an-index-route-without-pagination-can-destroy-your-app.html"
	return []Rule{
		{
			ID: "unit-of-work", Title: "Single requests or jobs need very much at once", Class: "bloat", On: "report",
			Seen:    "single processes jump by hundreds of MB within minutes, others stay flat",
			Change:  "Find out which call was in flight in each: the report's line-up names who was, or says how many more jumps it needs.",
			Saves:   "the peak without the suspects, where the report has computed it",
			Confirm: "Call the suspect alone on one process and watch RSS before and after.",
			URL:     twin, Says: "a single request without pagination, which never completed, ate server after server",
			judge: judgeJumps,
		},
		{
			ID: "staircase", Title: "Each time it needs more", Class: "bloat", On: "report",
			Seen:    "the same suspect is in flight in several jumps of one unit, each larger than the one before",
			Change:  "What it loads grows with the data: put a bound on it (find_each, pages, a stream).",
			Saves:   "unknown",
			Confirm: "Hold the size of its answers, or the rows that it loads, against the dates of the jumps.",
			URL:     "https://grdw.nl/2020/09/11/the-shape-of-memory-issues.html", Says: "hourly steps, by a job that took all records into one array",
			judge: judgeStaircase,
		},
		{
			ID: "one-host", Title: "One host grows and the others do not", Class: "bloat", On: "report",
			Seen:    "four fifths of the growth are on one of several hosts",
			Change:  "Look at what only that host served: clients that stick to it, cron, jobs.",
			Saves:   "unknown",
			Confirm: "Take it out of the balancer: if another one begins to grow, the calls moved with it; if it goes on, something is still running there.",
			URL:     "https://github.com/puma/puma/issues/2179", Says: "one server alone speaks for single requests, all of them for what they share",
			judge: judgeOneHost,
		},
		{
			ID: "shared-trigger", Title: "All hosts rise in the same minutes", Class: "configuration", On: "report",
			Seen:    "growth begins on several hosts within a minute",
			Change:  "Look for what reached all of them at once before any single request.",
			Saves:   "unknown",
			Confirm: "Look at what happened then: a deploy, cron, a crawler, a cache that was emptied.",
			URL:     "https://github.com/DFE-Digital/apply-for-teacher-training/pull/11988", Says: "killed each day at 06:00, when one client asked for everything",
			judge: judgeTogether,
		},
		{
			ID: "after-change", Title: "It began after a change", Class: "configuration", On: "report",
			Seen:    "all growth lies behind a deploy, or a gem entered the lockfile shortly before",
			Change:  "Read that change first: the list of changed gems and their known causes (culprit gems).",
			Saves:   "unknown",
			Confirm: "Run the version before on one of the servers: a date alone convicts nobody.",
			URL:     "https://github.com/rails/rails/issues/50298", Says: "a quarter more memory after an upgrade, not at boot",
			judge: judgeAfterChange,
		},
	}
}

// slowRules are about growth over hours.
func slowRules() []Rule {
	return []Rule{
		{
			ID: "leak", Title: "Memory rises with the calls and does not level off", Class: "retention", On: "report",
			Seen:    "slow growth on all processes alike, in proportion to calls, reset by restarts",
			Change:  "Take two dumps of the heap of one process, an hour apart, and compare.",
			Saves:   "unknown",
			Confirm: "More objects in the second dump mean retention; as many mean native memory or fragmentation.",
			URL:     "https://www.speedshop.co/2017/12/04/malloc-doubles-ruby-memory.html", Says: "leaks are linear, fragmentation is logarithmic",
			judge: judgeSlope,
		},
		{
			ID: "without-calls", Title: "It grows without the calls", Class: "retention", On: "report",
			Seen:    "growth that no logged call explains",
			Change:  "Look at what runs beside the requests: background threads, agents, cron, other programs of the host.",
			Saves:   "unknown",
			Confirm: "Turn agents and background threads off on one of the servers, one after the other.",
			URL:     "https://github.com/ruby-shoryuken/shoryuken/issues/401", Says: "growth with no jobs at all: a library's own thread",
			judge: judgeWithout,
		},
		{
			ID: "every-call", Title: "Every call costs a little", Class: "fragmentation", On: "report",
			Seen:    "all traffic costs memory alike",
			Change:  "Set MALLOC_ARENA_MAX=2 on one of the servers and compare; then look at middleware and agents.",
			Saves:   "unknown",
			Confirm: "If the slope stays with MALLOC_ARENA_MAX=2, it is not the allocator.",
			URL:     "https://github.com/puma/puma/issues/1600", Says: "the limit of arenas turned constant growth into a flat graph",
			judge: judgeTraffic,
		},
	}
}

// jumps are the steps and ramps of a report, added up.
type jumps struct {
	n                      int
	stepped, largest, slow culprit.Bytes // slow: what came as a slope
	units                  int
}

func (f *facts) jumps() jumps {
	var j jumps
	units := map[string]bool{}
	for _, g := range f.r.Growth {
		switch g.Shape {
		case "step", "ramp":
			j.n++
			j.stepped += g.Bytes
			j.largest = max(j.largest, g.Bytes)
			units[fmt.Sprint(g.Host, " ", g.PID)] = true
		case "slope":
			j.slow += g.Bytes
		}
	}
	j.units = len(units)
	return j
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
	j := f.jumps()
	if j.n == 0 || j.stepped < j.slow || f.r.Verdict.Outcome == culprit.OutcomeNotRequests {
		return verdict{}, false
	}
	v := verdict{finding: likely}
	of := fmt.Sprintf("%d of %d processes", j.units, max(f.r.Coverage.Processes, j.units))
	if f.r.Coverage.Level == culprit.LevelHost {
		of = fmt.Sprintf("%d of %d hosts", j.units, max(f.r.Coverage.Hosts, j.units))
	}
	v.what = fmt.Sprintf("%s came in %d jumps of up to %s, on %s", j.stepped, j.n, j.largest, of)
	if j.n == 1 {
		v.what = fmt.Sprintf("%s came in one jump, on %s", j.stepped, of)
	}
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

// leastSteps make a staircase: four in order are one chance in 24.
const leastSteps = 4

func judgeStaircase(f *facts) (verdict, bool) {
	for _, s := range f.r.Suspects {
		if s.Finding != culprit.Convicted && s.Finding != culprit.Suspected {
			continue
		}
		steps := map[string][]culprit.Growth{}
		for _, g := range f.r.Growth {
			if slices.Contains(g.Suspects, s.Rank) && (g.Shape == "step" || g.Shape == "ramp") {
				unit := fmt.Sprint(g.Host, " ", g.PID)
				steps[unit] = append(steps[unit], g)
			}
		}
		for _, list := range steps {
			slices.SortFunc(list, func(a, b culprit.Growth) int { return a.From.Compare(b.From) })
			if len(list) >= leastSteps && slices.IsSortedFunc(list, func(a, b culprit.Growth) int { return int(max(-1, min(1, int64(a.Bytes-b.Bytes)))) }) && list[len(list)-1].Bytes > list[0].Bytes*3/2 {
				return verdict{
					finding: likely,
					what:    fmt.Sprintf("%d jumps with %s on one unit, each larger than the one before: %s, then %s", len(list), s.Name, list[0].Bytes, list[len(list)-1].Bytes),
				}, true
			}
		}
	}
	return verdict{}, false
}

func judgeOneHost(f *facts) (verdict, bool) {
	if f.r.Coverage.Hosts < 2 {
		return verdict{}, false
	}
	by, all, n := map[string]culprit.Bytes{}, culprit.Bytes(0), map[string]int{}
	for _, g := range f.r.Growth {
		if g.Shape != "warmup" {
			by[g.Host] += max(0, g.Bytes)
			all += max(0, g.Bytes)
			n[g.Host]++
		}
	}
	for host, b := range by {
		if all < small || share(b, all) < 0.8 {
			continue
		}
		v := verdict{finding: cannotTell, what: fmt.Sprintf("%s of the growth is on %s, one of %d hosts", percent(share(b, all)), host, f.r.Coverage.Hosts)}
		if n[host] >= 3 {
			v.finding = likely
			v.what += fmt.Sprintf(", in %d events: that speaks for single calls, and against what all hosts run alike", n[host])
		}
		return v, true
	}
	return verdict{}, false
}

// together is how near beginnings must be to count as one.
const together = time.Minute

func judgeTogether(f *facts) (verdict, bool) {
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
		if len(seen) > most {
			most, at = len(seen), g.From
		}
	}
	if most < 3 || most < f.r.Coverage.Hosts {
		return verdict{}, false
	}
	v := verdict{finding: likely, what: fmt.Sprintf("all %d hosts began to rise within a minute, at %s UTC", most, at.UTC().Format("2 Jan 15:04"))}
	for _, h := range f.r.Happenings {
		if d := at.Sub(h.At); d >= 0 && d < 10*time.Minute {
			v.evidence = append(v.evidence, culprit.Evidence{Text: strings.TrimSpace(fmt.Sprintf("%s %s at %s", h.Kind, h.Name, h.At.UTC().Format("15:04:05")))})
		}
	}
	return v, true
}

// shortly is how near a change must be to the first growth to be worth a look.
const shortly = 14 * 24 * time.Hour

// judgeAfterChange never says more than that a date fits: most dates fit
// something.
func judgeAfterChange(f *facts) (verdict, bool) {
	onset := time.Time{}
	for _, g := range f.r.Growth {
		if g.Shape != "warmup" && (onset.IsZero() || g.From.Before(onset)) {
			onset = g.From
		}
	}
	if onset.IsZero() {
		return verdict{}, false
	}
	var ev []culprit.Evidence
	add := func(at time.Time, text string) {
		if d := onset.Sub(at); !at.IsZero() && d >= 0 && d <= shortly {
			ev = append(ev, culprit.Evidence{Text: strings.TrimSpace(text) + " on " + at.UTC().Format("2 Jan 2006 15:04")})
		}
	}
	for _, h := range f.r.Happenings {
		if h.Kind == culprit.HappeningDeploy {
			add(h.At, "deploy "+h.Name)
		}
	}
	for _, c := range f.r.Circumstances {
		if c.Standing != culprit.StandingNotIt {
			add(c.Entered, c.Name+" entered the lockfile")
		}
	}
	if len(ev) == 0 {
		return verdict{}, false
	}
	return verdict{
		finding: cannotTell, evidence: ev,
		what: fmt.Sprintf("the first growth is at %s UTC; %s, and that alone is no evidence", onset.UTC().Format("2 Jan 15:04"), ev[len(ev)-1].Text),
	}, true
}

func judgeSlope(f *facts) (verdict, bool) {
	j := f.jumps()
	o := f.r.Verdict.Outcome
	if j.slow == 0 || j.slow < j.stepped || o == culprit.OutcomeHealthy || o == culprit.OutcomeTraffic || o == culprit.OutcomeNotRequests {
		return verdict{}, false
	}
	v := verdict{finding: cannotTell, what: fmt.Sprintf("%s of slow growth, in %d processes", j.slow, f.r.Coverage.Processes)}
	if names := accused(f.r); len(names) > 0 && f.r.Verdict.Method == "ledger" {
		v.finding = likely
		v.what += ", and it follows the calls of " + names[0]
		v.change = "Look at what " + names[0] + " keeps: a cache, a class variable, a native library."
	}
	switch f.r.Verdict.Category { // the court has seen the live slots
	case "retention":
		v.what += "; live objects of Ruby grow with it"
	case "native":
		v.class = "native"
		v.what += "; live objects of Ruby do not grow: it is outside of them"
	}
	return v, true
}

func judgeWithout(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeNotRequests {
		return verdict{}, false
	}
	v := verdict{finding: likely, what: f.r.Verdict.Headline}
	if names := accused(f.r); len(names) > 0 {
		v.change = "Begin with " + names[0] + "."
	}
	return v, true
}

func judgeTraffic(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeTraffic {
		return verdict{}, false
	}
	return verdict{finding: likely, what: f.r.Verdict.Headline}, true
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
	}, true
}

func judgeUnshared(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeHealthy || f.r.Verdict.Category != "configuration" {
		return verdict{}, false
	}
	return verdict{finding: notIt, what: f.r.Verdict.Headline}, true
}

func judgeLevelsOff(f *facts) (verdict, bool) {
	c := f.r.Coverage
	if f.r.Verdict.Outcome != culprit.OutcomeHealthy || f.r.Verdict.Category != "" || c.WarmupBytes < small/4 && c.GrowthBytes < small/4 {
		return verdict{}, false
	}
	return verdict{
		finding: notIt,
		what:    fmt.Sprintf("%s of warm-up and %s of slow growth that dies away, in %d processes", max(0, c.WarmupBytes), max(0, c.GrowthBytes), c.Processes),
	}, true
}

func judgeHealthy(f *facts) (verdict, bool) {
	if f.r.Verdict.Outcome != culprit.OutcomeHealthy || f.r.Verdict.Category != "" {
		return verdict{}, false
	}
	return verdict{finding: notIt, what: f.r.Verdict.Headline}, true
}
