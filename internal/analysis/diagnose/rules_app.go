package diagnose

import (
	"fmt"
	"regexp"
	"strconv"

	"culprit"
	"culprit/internal/app"
)

// appRules look at an app's settings. Known causes in its bundle and its code are
// what culprit gems is for.
func appRules() []Rule {
	return []Rule{
		{
			ID: "settings-memory", Title: "Workers times threads, by the settings", Class: "configuration", On: "app",
			Seen:    "config/puma.rb, with the environment that files of the app set",
			Change:  "Set WEB_CONCURRENCY by memory, not by cores.",
			Saves:   "a worker's memory for each worker less; unknown without a running one",
			Confirm: "culprit doctor PID on a running worker says what one takes, and how many fit.",
			URL:     "https://github.com/puma/puma/blob/master/docs/deployment.md", Says: "how many workers and threads",
			judge: judgeSettings,
		},
		{
			ID: "settings-allocator", Title: "Which allocator, by the settings", Class: "fragmentation", On: "app",
			Seen:    "MALLOC_ARENA_MAX, GLIBC_TUNABLES and LD_PRELOAD in files of the app",
			Change:  "If they are not set where it runs: set MALLOC_ARENA_MAX=2 on one of the servers and compare.",
			Saves:   "unknown without a running process",
			Confirm: "culprit doctor PID shows which one a process really has.",
			URL:     "https://devcenter.heroku.com/articles/tuning-glibc-memory-behavior", Says: "what MALLOC_ARENA_MAX does, and what it costs",
			judge: judgeAllocator,
		},
	}
}

func settingAt(s *app.Setting) culprit.Evidence {
	return culprit.Evidence{Text: s.Name, File: s.File, Line: s.Line, Code: s.Text}
}

func judgeSettings(f *facts) (verdict, bool) {
	p := f.a.Puma
	if p.File == "" {
		return verdict{}, false
	}
	workers, threads := f.configured(p.Workers, "WEB_CONCURRENCY"), f.configured(p.ThreadsMax, "RAILS_MAX_THREADS")
	v := verdict{finding: notIt}
	for _, s := range []*app.Setting{p.Workers, p.ThreadsMax, p.Preload} {
		if s != nil {
			v.evidence = append(v.evidence, settingAt(s))
		}
	}
	if p.Workers != nil && (workers == 0 || byCores(p.Workers, f)) {
		v.finding = cannotTell
		v.what = "the number of workers is computed when Puma starts"
		if byCores(p.Workers, f) {
			v.what = "as many workers as the machine has cores: in a container these are the host's, and memory does not grow with them"
			f.againstFit(&v)
		}
		return v, true
	}
	text := func(n int, of string) string {
		if n == 0 {
			return "an unknown number of " + of
		}
		return strconv.Itoa(n) + " " + of
	}
	v.what = text(max(workers, 1), "workers") + " with up to " + text(threads, "threads") + " each"
	if f.memory != culprit.Unknown && workers > 0 {
		v.what += fmt.Sprintf(": with %s that is %s for each worker", f.memory, culprit.Bytes(float64(f.memory)*(1-headroom)/float64(workers)))
	}
	return v, true
}

// cores are ways to count the processors of the machine.
var cores = regexp.MustCompile(`nprocessors|physical_processor_count|processor_count|available_processor_count|\bauto\b`)

// byCores tells whether the number of workers is that of the processors, by the
// line itself or by WEB_CONCURRENCY=auto, which Puma takes so since 6.
func byCores(s *app.Setting, f *facts) bool {
	if v, _, _ := f.env("WEB_CONCURRENCY"); v != "" {
		return v == "auto"
	}
	return s.Dynamic && cores.MatchString(s.Value+" "+s.Text)
}

// againstFit says what the processors mean for the memory, where a process was
// looked at too.
func (f *facts) againstFit(v *verdict) {
	if f.p == nil || f.p.CPUs == 0 {
		return
	}
	c := f.capacity()
	if c == nil {
		return
	}
	v.what += fmt.Sprintf("; here there are %d, and %d workers fit", f.p.CPUs, c.Fit)
	v.finding = notIt
	if f.p.CPUs > c.Fit {
		v.finding = it
		v.change = fmt.Sprintf("Set WEB_CONCURRENCY to %d or less.", max(1, c.Fit))
	}
}

// configured is a number of config/puma.rb: the variable that overrides it where a
// file of the app sets one, else its value; 0 unknown.
func (f *facts) configured(s *app.Setting, variable string) int {
	if s == nil {
		return 0
	}
	if s.Dynamic {
		if v, _, ok := f.env(variable); ok {
			if n, err := strconv.Atoi(v); err == nil {
				return n
			}
		}
	}
	n, err := strconv.Atoi(s.Value)
	if err != nil {
		return 0
	}
	return n
}

// threads are those of a worker: by config/puma.rb, else those that serve in the
// process now; 0 unknown.
func (f *facts) threads() int {
	if f.a != nil {
		if n := f.configured(f.a.Puma.ThreadsMax, "RAILS_MAX_THREADS"); n > 0 {
			return n
		}
	}
	if f.p != nil {
		return f.p.Servers
	}
	return 0
}

func judgeAllocator(f *facts) (verdict, bool) {
	if f.p != nil {
		return verdict{}, false // the process itself shows it
	}
	var ev []culprit.Evidence
	for i := range f.a.Env {
		s := &f.a.Env[i]
		if s.Name == "MALLOC_ARENA_MAX" || s.Name == "LD_PRELOAD" || s.Name == "GLIBC_TUNABLES" {
			ev = append(ev, settingAt(s))
		}
	}
	threads := f.threads()
	switch {
	case len(ev) > 0:
		return verdict{finding: notIt, what: "an allocator, or a limit of its arenas, is chosen", evidence: ev}, true
	case threads >= 2:
		return verdict{
			finding: cannotTell, what: fmt.Sprintf("%d threads, and no file of the app sets MALLOC_ARENA_MAX or LD_PRELOAD; they may be set where it runs", threads),
		}, true
	}
	return verdict{}, false
}
