package diagnose

import (
	"fmt"
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
			Confirm: "culprit doctor PID on a running worker says what one takes, and how many fit.",
			URL:     "https://github.com/puma/puma/blob/master/docs/deployment.md", Says: "how many workers and threads",
			judge: judgeSettings,
		},
		{
			ID: "settings-allocator", Title: "Which allocator, by the settings", Class: "fragmentation", On: "app",
			Seen:    "MALLOC_ARENA_MAX and LD_PRELOAD in files of the app",
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
	if p.Workers != nil && workers == 0 {
		v.finding = cannotTell
		v.what = "the number of workers is computed when Puma starts: in a container, cores are those of the host"
		v.change = "Set WEB_CONCURRENCY by memory, not by cores."
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

// threads are those of a worker, by config/puma.rb; 0 unknown.
func (f *facts) threads() int {
	if f.a != nil {
		return f.configured(f.a.Puma.ThreadsMax, "RAILS_MAX_THREADS")
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
		if s.Name == "MALLOC_ARENA_MAX" || s.Name == "LD_PRELOAD" {
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
			change: "If they are not: set MALLOC_ARENA_MAX=2 on one of the servers and compare.",
		}, true
	}
	return verdict{}, false
}
