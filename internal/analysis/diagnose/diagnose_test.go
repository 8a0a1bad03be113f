package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/app"
)

const heap = 64 << 20

// arena is a heap of a thread: a part that is used, and the rest closed.
func arena(at, used uint64, rss culprit.Bytes) []diagnose.Mapping {
	list := []diagnose.Mapping{{Start: at, End: at + used, Perms: "rw-p", RSS: rss, PSS: rss, Private: rss}}
	if used < heap {
		list = append(list, diagnose.Mapping{Start: at + used, End: at + heap, Perms: "---p"})
	}
	return list
}

func process(parts ...[]diagnose.Mapping) *diagnose.Process {
	p := &diagnose.Process{
		PID: 7, Title: "puma: cluster worker 0: 1 [shop]", Env: map[string]string{}, Limit: culprit.Unknown,
		Group:     diagnose.Group{Current: culprit.Unknown, Anon: culprit.Unknown, File: culprit.Unknown, Shmem: culprit.Unknown, Killed: culprit.Unknown},
		HostTotal: 16 * culprit.GiB, HostShmem: culprit.Unknown,
		Mappings: []diagnose.Mapping{{Start: 0x1000, End: 0x2000, Perms: "r-xp", Path: "/usr/lib/x86_64-linux-gnu/libc.so.6"}, {Start: 0x3000, End: 0x4000, Perms: "r-xp", Path: "/usr/lib/libruby-3.1.so.3.1.2"}},
	}
	for _, m := range parts {
		p.Mappings = append(p.Mappings, m...)
	}
	return p
}

func look(s diagnose.Subject) culprit.Doctor {
	if s.Memory == 0 {
		s.Memory = culprit.Unknown
	}
	if s.Peak == 0 {
		s.Peak = culprit.Unknown
	}
	return diagnose.Diagnose(s)
}

func find(d culprit.Doctor, id string) string {
	for _, g := range d.Diagnoses {
		if g.ID == id {
			return g.Finding
		}
	}
	return ""
}

func arenasOf(d culprit.Doctor) string {
	for _, f := range d.Facts {
		if f.Name == "arenas" {
			return f.Value
		}
	}
	return ""
}

// Heaps are told from what only looks like them: stacks, buffers, gaps; and those
// that the kernel has merged are split.
func TestCountsHeaps(t *testing.T) {
	const at = 0x7f0000000000
	whole := []diagnose.Mapping{{Start: at, End: at + 2*heap, Perms: "rw-p", RSS: 100 << 20}}
	for name, c := range map[string]struct {
		list []diagnose.Mapping
		want string
	}{
		"one":                        {arena(at, 132<<10, 4096), "1"},
		"two side by side":           {append(arena(at, 1<<20, 0), arena(at+heap, 2<<20, 0)...), "2"},
		"a full one beside another":  {append(whole[:1:1], arena(at+2*heap, 1<<20, 0)...), "3"},
		"full and merged with a new": {[]diagnose.Mapping{{Start: at, End: at + heap + 1<<20, Perms: "rw-p"}, {Start: at + heap + 1<<20, End: at + 2*heap, Perms: "---p"}}, "2"},
		"a big buffer":               {[]diagnose.Mapping{{Start: at + 4096, End: at + 5*heap, Perms: "rw-p", RSS: heap}}, "0"},
		"a buffer at a multiple":     {[]diagnose.Mapping{{Start: at, End: at + heap + 4096, Perms: "rw-p"}}, "0"},
		"a stack with its guard":     {[]diagnose.Mapping{{Start: at, End: at + 4096, Perms: "---p"}, {Start: at + 4096, End: at + 8<<20, Perms: "rw-p"}}, "0"},
		"a file":                     {[]diagnose.Mapping{{Start: at, End: at + heap, Perms: "rw-p", Path: "/dev/shm/x"}}, "0"},
		"shared":                     {[]diagnose.Mapping{{Start: at, End: at + heap, Perms: "rw-s"}}, "0"},
		"named by the program":       {[]diagnose.Mapping{{Start: at, End: at + 1<<20, Perms: "rw-p", Path: "[anon: glibc: malloc arena]"}, {Start: at + 1<<20, End: at + heap, Perms: "---p", Path: "[anon: glibc: malloc arena]"}}, "1"},
	} {
		if got := arenasOf(look(diagnose.Subject{Process: process(c.list)})); got != c.want {
			t.Errorf("%s: %s heaps, want %s", name, got, c.want)
		}
	}
}

func many(n int, rss culprit.Bytes) []diagnose.Mapping {
	var list []diagnose.Mapping
	for i := range uint64(n) {
		list = append(list, arena(0x7f0000000000+i*2*heap, 50<<20, rss)...)
	}
	return list
}

func TestProcessRules(t *testing.T) {
	main := []diagnose.Mapping{{Start: 0x5000, End: 0x6000, Perms: "rw-p", Path: "[heap]", RSS: 100 << 20, PSS: 100 << 20}}
	with := func(p *diagnose.Process, change func(*diagnose.Process)) *diagnose.Process {
		change(p)
		return p
	}
	member := func(role string, rss, pss culprit.Bytes) diagnose.Member {
		return diagnose.Member{Role: role, RSS: rss, PSS: pss}
	}
	for name, c := range map[string]struct {
		p        *diagnose.Process
		id, want string
	}{
		"many heaps hold most":          {process(many(20, 40<<20), main), "arenas", "likely"},
		"but the environment is hidden": {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env = nil }), "arenas", "cannot_tell"},
		"but they are limited":          {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env["MALLOC_ARENA_MAX"] = "2" }), "arenas", "not_it"},
		"a limit that is none":          {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env["MALLOC_ARENA_MAX"] = "64" }), "arenas", "likely"},
		"little in them":                {process(many(20, 4096), main), "arenas", "not_it"},
		"jemalloc":                      {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Mappings[1].Path = "/usr/lib/libjemalloc.so.2" }), "arenas", "not_it"},
		"a calm process":                {process(main), "arenas", ""},
		"a main heap of 2 GB":           {process([]diagnose.Mapping{{Start: 0x5000, End: 0x6000, Perms: "rw-p", Path: "[heap]", RSS: 2 << 30}}), "main-heap", "cannot_tell"},
		"one block of 900 MB":           {process(main, []diagnose.Mapping{{Start: 0x7e0000001000, End: 0x7e0040000000, Perms: "rw-p", RSS: 900 << 20}}), "one-block", "cannot_tell"},
		"swapped":                       {with(process(main), func(p *diagnose.Process) { p.Mappings[2].Swap = 200 << 20 }), "swapped", "it"},
		"huge pages":                    {with(process(main), func(p *diagnose.Process) { p.HugePages = "always"; p.Mappings[2].AnonHuge = 90 << 20 }), "huge-pages", "cannot_tell"},
		"huge pages on request":         {with(process(main), func(p *diagnose.Process) { p.HugePages = "madvise"; p.Mappings[2].AnonHuge = 90 << 20 }), "huge-pages", ""},
		"YJIT":                          {with(process(main), func(p *diagnose.Process) { p.Env["RUBY_YJIT_ENABLE"] = "1" }), "yjit", "cannot_tell"},
		"YJIT off":                      {with(process(main), func(p *diagnose.Process) { p.Env["RUBY_YJIT_ENABLE"] = "0" }), "yjit", ""},
		"shared pages": {with(process(main), func(p *diagnose.Process) {
			p.Cluster = []diagnose.Member{member("master", 1100<<20, 200<<20), member("worker", 1100<<20, 200<<20), member("worker", 1100<<20, 200<<20)}
		}), "shared-twice", "it"},
		"too many": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 1<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 100<<20, 100<<20), member("worker", 300<<20, 300<<20), member("worker", 300<<20, 300<<20), member("worker", 300<<20, 300<<20)}
		}), "too-many", "it"},
		"few, and large": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 4<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 100<<20, 100<<20), member("worker", 2<<30, 2<<30), member("worker", 2<<30, 2<<30)}
		}), "too-many", ""},
		"page cache": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 2<<30, "cgroup"
			p.Group.Current, p.Group.File, p.Group.Shmem = 1900<<20, 1500<<20, 0
		}), "page-cache", "it"},
		"page cache without a limit": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 16<<30, "host"
			p.Group.Current, p.Group.File, p.Group.Shmem = 1900<<20, 1500<<20, 0
		}), "page-cache", ""},
		"tmpfs":  {with(process(main), func(p *diagnose.Process) { p.HostShmem = 3 << 30 }), "tmpfs", "it"},
		"killed": {with(process(main), func(p *diagnose.Process) { p.Group.Killed = 2 }), "killed", "it"},
	} {
		d := look(diagnose.Subject{Process: c.p})
		if got := find(d, c.id); got != c.want {
			t.Errorf("%s: %s is %q, want %q", name, c.id, got, c.want)
		}
		for _, g := range d.Diagnoses {
			if g.What == "" || g.Confirm == "" || len(g.Evidence) == 0 || g.Finding != "not_it" && g.Change == "" {
				t.Errorf("%s: %s does not explain itself: %+v", name, g.ID, g)
			}
		}
	}
}

// Capacity counts from what the largest worker has, and from what one had at worst.
func TestCapacity(t *testing.T) {
	p := process()
	p.Cluster = []diagnose.Member{{Role: "master", PSS: 100e6}, {Role: "worker", PSS: 400e6}, {Role: "worker", PSS: 500e6}}
	c := look(diagnose.Subject{Process: p, Memory: 8e9, Peak: 2e9}).Capacity
	if c == nil || c.Workers != 2 || c.WorkerBytes != 500e6 || c.MasterBytes != 100e6 || c.Fit != 14 || c.FitAtPeak != 3 {
		t.Errorf("%+v", c)
	}
	if c := look(diagnose.Subject{Process: p, Memory: 8e9}).Capacity; c.PeakBytes != culprit.Unknown || c.FitAtPeak != 0 {
		t.Errorf("without an incident: %+v", c)
	}
	if c := look(diagnose.Subject{Process: p}).Capacity; c != nil {
		t.Errorf("without a limit: %+v", c)
	}
}

func TestReportRules(t *testing.T) {
	began := time.Date(2026, 3, 4, 23, 0, 0, 0, time.UTC)
	event := func(shape, host string, pid int, after time.Duration, b culprit.Bytes) culprit.Growth {
		return culprit.Growth{Shape: shape, Host: host, PID: pid, From: began.Add(after), To: began.Add(after + time.Minute), Bytes: b}
	}
	jumps := []culprit.Growth{event("step", "web3", 1, 0, 5e9), event("step", "web3", 1, time.Hour, 5e9)}
	slopes := []culprit.Growth{event("slope", "web1", 1, 0, 1e8), event("slope", "web2", 2, 0, 1e8)}
	for name, c := range map[string]struct {
		r        culprit.Report
		id, want string
	}{
		"jumps, convicted": {culprit.Report{Growth: jumps, Verdict: culprit.Verdict{Outcome: culprit.OutcomeCulprit}, Suspects: []culprit.Suspect{{Name: "A#b", Finding: culprit.Convicted}}}, "unit-of-work", "it"},
		"jumps, nobody":    {culprit.Report{Growth: jumps, Verdict: culprit.Verdict{Outcome: culprit.OutcomeInsufficient}}, "unit-of-work", "likely"},
		"slow growth":      {culprit.Report{Growth: slopes, Verdict: culprit.Verdict{Outcome: culprit.OutcomeInsufficient}}, "unit-of-work", ""},
		"slow, unclear":    {culprit.Report{Growth: slopes, Verdict: culprit.Verdict{Outcome: culprit.OutcomeInsufficient}}, "leak", "cannot_tell"},
		"slow, by calls":   {culprit.Report{Growth: slopes, Verdict: culprit.Verdict{Outcome: culprit.OutcomeCulprit, Method: "ledger"}, Suspects: []culprit.Suspect{{Name: "A#b", Finding: culprit.Convicted}}}, "leak", "likely"},
		"no calls":         {culprit.Report{Growth: jumps, Verdict: culprit.Verdict{Outcome: culprit.OutcomeNotRequests, Headline: "x"}}, "without-calls", "likely"},
		"all traffic":      {culprit.Report{Growth: slopes, Verdict: culprit.Verdict{Outcome: culprit.OutcomeTraffic, Headline: "x"}}, "every-call", "likely"},
		"healthy":          {culprit.Report{Verdict: culprit.Verdict{Outcome: culprit.OutcomeHealthy, Headline: "x"}}, "healthy", "not_it"},
		"all hosts": {culprit.Report{Coverage: culprit.Coverage{Hosts: 3}, Growth: []culprit.Growth{
			event("step", "a", 1, 0, 1e9), event("step", "b", 2, 20*time.Second, 1e9), event("step", "c", 3, 40*time.Second, 1e9),
		}}, "shared-trigger", "likely"},
		"one after the other": {culprit.Report{Coverage: culprit.Coverage{Hosts: 3}, Growth: []culprit.Growth{
			event("step", "a", 1, 0, 1e9), event("step", "b", 2, 20*time.Minute, 1e9), event("step", "c", 3, 40*time.Minute, 1e9),
		}}, "shared-trigger", ""},
		"kills": {culprit.Report{Happenings: []culprit.DatedEvent{{Happening: culprit.Happening{Kind: culprit.HappeningOOM}}}}, "killed-in-incident", "it"},
	} {
		if got := find(look(diagnose.Subject{Report: &c.r}), c.id); got != c.want {
			t.Errorf("%s: %s is %q, want %q", name, c.id, got, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	four := &app.Setting{Name: "workers", Value: "4", File: "config/puma.rb", Line: 3}
	cores := &app.Setting{Name: "workers", Dynamic: true, File: "config/puma.rb", Line: 3}
	for name, c := range map[string]struct {
		a        app.App
		id, want string
	}{
		"told":            {app.App{Puma: app.Puma{File: "config/puma.rb", Workers: four, ThreadsMax: four}}, "settings-memory", "not_it"},
		"computed":        {app.App{Puma: app.Puma{File: "config/puma.rb", Workers: cores}}, "settings-memory", "cannot_tell"},
		"set elsewhere":   {app.App{Puma: app.Puma{File: "config/puma.rb", Workers: cores}, Env: []app.Setting{{Name: "WEB_CONCURRENCY", Value: "2"}}}, "settings-memory", "not_it"},
		"threads alone":   {app.App{Puma: app.Puma{File: "config/puma.rb", ThreadsMax: four}}, "settings-allocator", "cannot_tell"},
		"with an ceiling": {app.App{Puma: app.Puma{File: "config/puma.rb", ThreadsMax: four}, Env: []app.Setting{{Name: "MALLOC_ARENA_MAX", Value: "2"}}}, "settings-allocator", "not_it"},
	} {
		if got := find(look(diagnose.Subject{App: &c.a}), c.id); got != c.want {
			t.Errorf("%s: %s is %q, want %q", name, c.id, got, c.want)
		}
	}
}

// TestRulesAreDocuments: each says what is seen, how to confirm it and where it
// comes from.
func TestRulesAreDocuments(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range diagnose.Rules() {
		if seen[r.ID] || r.Title == "" || r.Seen == "" || r.Confirm == "" || r.Says == "" || !strings.HasPrefix(r.URL, "http") || r.On == "" {
			t.Errorf("%s is no document: %+v", r.ID, r)
		}
		seen[r.ID] = true
	}
}
