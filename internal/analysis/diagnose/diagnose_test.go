package diagnose_test

import (
	"slices"
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
		Group:     diagnose.Group{Current: culprit.Unknown, Anon: culprit.Unknown, File: culprit.Unknown, Shmem: culprit.Unknown, Working: culprit.Unknown, Killed: culprit.Unknown},
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
		if f.Name == "arena_heaps" {
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
		"one":                          {arena(at, 132<<10, 4096), "1"},
		"two side by side":             {append(arena(at, 1<<20, 0), arena(at+heap, 2<<20, 0)...), "2"},
		"a full one beside another":    {append(whole[:1:1], arena(at+2*heap, 1<<20, 0)...), "3"},
		"full and merged with a new":   {[]diagnose.Mapping{{Start: at, End: at + heap + 1<<20, Perms: "rw-p"}, {Start: at + heap + 1<<20, End: at + 2*heap, Perms: "---p"}}, "2"},
		"a big buffer":                 {[]diagnose.Mapping{{Start: at + 4096, End: at + 5*heap, Perms: "rw-p", RSS: heap}}, "0"},
		"a buffer at a multiple":       {[]diagnose.Mapping{{Start: at, End: at + heap + 4096, Perms: "rw-p"}}, "0"},
		"a stack with its guard":       {[]diagnose.Mapping{{Start: at, End: at + 4096, Perms: "---p"}, {Start: at + 4096, End: at + 8<<20, Perms: "rw-p"}}, "0"},
		"a file":                       {[]diagnose.Mapping{{Start: at, End: at + heap, Perms: "rw-p", Path: "/dev/shm/x"}}, "0"},
		"shared":                       {[]diagnose.Mapping{{Start: at, End: at + heap, Perms: "rw-s"}}, "0"},
		"merged with a buffer below":   {[]diagnose.Mapping{{Start: at - 100<<20 - 4096, End: at + 5<<20, Perms: "rw-p"}, {Start: at + 5<<20, End: at + heap, Perms: "---p"}}, "1"},
		"its end merged with a guard":  {[]diagnose.Mapping{{Start: at, End: at + 5<<20, Perms: "rw-p"}, {Start: at + 5<<20, End: at + heap + 4096, Perms: "---p"}, {Start: at + heap + 4096, End: at + heap + 8<<20, Perms: "rw-p"}}, "1"},
		"a buffer below a closed part": {[]diagnose.Mapping{{Start: at + 4096, End: at + 2*heap, Perms: "rw-p"}, {Start: at + 2*heap, End: at + 2*heap + 4096, Perms: "---p"}}, "0"},
		"nothing":                      {nil, "0"},
		"named by the program":         {[]diagnose.Mapping{{Start: at, End: at + 1<<20, Perms: "rw-p", Path: "[anon: glibc: malloc arena]"}, {Start: at + 1<<20, End: at + heap, Perms: "---p", Path: "[anon: glibc: malloc arena]"}}, "1"},
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

// full is one arena with many heaps: all of them full but the last.
func full(n int) []diagnose.Mapping {
	const at = 0x7f0000000000
	list := []diagnose.Mapping{{Start: at, End: at + uint64(n-1)*heap, Perms: "rw-p", RSS: culprit.Bytes(n-1) * heap}}
	return append(list, arena(at+uint64(n-1)*heap, 9<<20, 9<<20)...)
}

// What holds the memory adds up to all of it, whatever lies side by side.
func TestSplit(t *testing.T) {
	p := process(many(5, 40<<20), full(4), []diagnose.Mapping{
		{Start: 0x5000, End: 0x6000, Perms: "rw-p", Path: "[heap]", RSS: 100 << 20},
		{Start: 0x6000_0000, End: 0x6000_1000, Perms: "---p"},
		{Start: 0x6000_1000, End: 0x6020_1000, Perms: "rw-p", RSS: 1 << 20},
		{Start: 0x7000_0000, End: 0x7003_0000, Perms: "rw-p", RSS: 192 << 10},
		{Start: 0x7100_1000, End: 0x7201_1000, Perms: "rw-p", RSS: 16 << 20},
		{Start: 0x7300_0000, End: 0x7400_0000, Perms: "r-xp", RSS: 3 << 20},
		{Start: 0x7500_0000, End: 0x7600_0000, Perms: "rw-s", Path: "/dev/shm/x", RSS: 5 << 20},
		{Start: 0x7700_0000, End: 0x7800_0000, Perms: "rw-p", Path: "[stack]", RSS: 90 << 10},
		{Start: 0x7900_0000, End: 0x7a00_0000, Perms: "r--p", Path: "/usr/lib/locale/locale-archive", RSS: 2 << 20},
	})
	d := look(diagnose.Subject{Process: p})
	at := map[string]culprit.Bytes{}
	for _, f := range d.Facts {
		at[f.Name] = f.Bytes
	}
	sum := culprit.Bytes(0)
	for _, name := range []string{"main_heap_bytes", "arena_bytes", "stacks_bytes", "run_time_code_bytes", "files_bytes", "shared_memory_bytes", "other_anonymous_bytes"} {
		sum += at[name]
	}
	if sum != at["rss_bytes"] {
		t.Errorf("parts add up to %d, RSS is %d: %v", sum, at["rss_bytes"], at)
	}
	for name, want := range map[string]culprit.Bytes{
		"arena_bytes": 200<<20 + 3*heap + 9<<20, "stacks_bytes": 1 << 20, "run_time_code_bytes": 3 << 20, "shared_memory_bytes": 5 << 20,
		"other_anonymous_bytes": 16<<20 + 192<<10,
	} {
		if at[name] != want {
			t.Errorf("%s is %d, want %d", name, at[name], want)
		}
	}
	// Of the buffer, what is aligned as pages of Ruby 3.1 are may be pages.
	if got := at["ruby_pages_at_most_bytes"]; got < 192<<10 || got > 16<<20+192<<10 {
		t.Errorf("pages %d", got)
	}
}

// Capacity counts from what the largest worker has, swap with it, and from what one
// had at worst.
func TestCapacity(t *testing.T) {
	p := process()
	p.Servers = 5
	p.Limit, p.LimitOf = 4<<30, "cgroup"
	p.Cluster = []diagnose.Member{{Role: "master", PSS: 100 << 20}, {Role: "worker", PSS: 400 << 20, Swap: 100 << 20}, {Role: "worker", PSS: 300 << 20}}
	c := look(diagnose.Subject{Process: p}).Capacity
	if c == nil || c.WorkerBytes != 500<<20 || c.Workers != 2 || c.Threads != 5 || c.Fit != 7 || c.LimitOf != "cgroup" {
		t.Errorf("%+v", c)
	}
	c = look(diagnose.Subject{Process: p, Memory: 2 << 30}).Capacity
	if c == nil || c.Fit != 3 || c.LimitOf != "--memory" {
		t.Errorf("with --memory: %+v", c)
	}
	if c.PeakBytes != culprit.Unknown || c.FitAtPeak != 0 {
		t.Errorf("without an incident: %+v", c)
	}
	c = look(diagnose.Subject{Process: p, Memory: 8e9, Peak: 2e9}).Capacity
	if c == nil || c.FitAtPeak != 3 || !strings.Contains(c.Text, "in the incident") {
		t.Errorf("at the peak of an incident: %+v", c)
	}
	p.Limit = culprit.Unknown
	if c := look(diagnose.Subject{Process: p}).Capacity; c != nil {
		t.Errorf("without a limit: %+v", c)
	}
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
	aged := func(role string, mb culprit.Bytes, seconds float64) diagnose.Member {
		return diagnose.Member{Role: role, RSS: mb << 20, PSS: mb << 20, Private: mb << 20, Seconds: seconds}
	}
	for name, c := range map[string]struct {
		p        *diagnose.Process
		id, want string
	}{
		"many heaps hold most":          {process(many(20, 40<<20), main), "arenas", "likely"},
		"but the environment is hidden": {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env = nil }), "arenas", "cannot_tell"},
		"but they are limited":          {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env["MALLOC_ARENA_MAX"] = "2" }), "arenas", "not_it"},
		"but of few arenas":             {process(full(20), main), "arenas", "not_it"},
		"limited by tunables":           {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env["GLIBC_TUNABLES"] = "glibc.malloc.check=0:glibc.malloc.arena_max=2" }), "arenas", "not_it"},
		"jemalloc that is not in use":   {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Mappings[1].Path = "/usr/lib/libjemalloc.so.2" }), "arenas", "likely"},
		"a limit that is none":          {with(process(many(20, 40<<20), main), func(p *diagnose.Process) { p.Env["MALLOC_ARENA_MAX"] = "64" }), "arenas", "likely"},
		"little in them":                {process(many(20, 4096), main), "arenas", "not_it"},
		"jemalloc":                      {with(process(main), func(p *diagnose.Process) { p.Mappings[1].Path = "/usr/lib/libjemalloc.so.2" }), "arenas", "not_it"},
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
		}), "shared-twice", "not_it"},
		"only RSS is beyond the limit": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 3<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 1100<<20, 200<<20), member("worker", 1100<<20, 200<<20), member("worker", 1100<<20, 200<<20)}
		}), "shared-twice", "it"},
		"one of four": {with(process(main), func(p *diagnose.Process) {
			p.Cluster = []diagnose.Member{aged("worker", 1000, 3600), aged("worker", 320, 3500), aged("worker", 300, 3600), aged("worker", 310, 3600)}
		}), "one-worker", "likely"},
		"but it is the old one": {with(process(main), func(p *diagnose.Process) {
			p.Cluster = []diagnose.Member{aged("worker", 1000, 90000), aged("worker", 320, 3500), aged("worker", 300, 3600), aged("worker", 310, 3600)}
		}), "one-worker", "cannot_tell"},
		"all of a size": {with(process(main), func(p *diagnose.Process) {
			p.Cluster = []diagnose.Member{aged("worker", 400, 3600), aged("worker", 320, 3500), aged("worker", 300, 3600)}
		}), "one-worker", ""},
		"too many": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 1<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 100<<20, 100<<20), member("worker", 300<<20, 300<<20), member("worker", 300<<20, 300<<20), member("worker", 300<<20, 300<<20)}
		}), "too-many", "it"},
		"few, and large": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 4<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 100<<20, 100<<20), member("worker", 2<<30, 2<<30), member("worker", 2<<30, 2<<30)}
		}), "too-many", ""},
		"few, large, and full": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 4<<30, "cgroup"
			p.Cluster = []diagnose.Member{member("master", 100<<20, 100<<20), member("worker", 2<<30, 2<<30), member("worker", 2<<30, 2<<30)}
		}), "large-workers", "cannot_tell"},
		"others have it": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 2<<30, "cgroup"
			p.Group.Current, p.Group.Working, p.Group.Anon, p.Group.File = 2000<<20, 1950<<20, 1900<<20, 50<<20
		}), "others", "it"},
		"page cache": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 2<<30, "cgroup"
			p.Group.Current, p.Group.File, p.Group.Shmem = 1900<<20, 1500<<20, 0
		}), "page-cache", "it"},
		"page cache without a limit": {with(process(main), func(p *diagnose.Process) {
			p.Limit, p.LimitOf = 16<<30, "host"
			p.Group.Current, p.Group.File, p.Group.Shmem = 1900<<20, 1500<<20, 0
		}), "page-cache", ""},
		"tmpfs": {with(process(main), func(p *diagnose.Process) {
			p.HostShmem, p.Tmpfs = 3<<30, []diagnose.Tmpfs{{Point: "/tmp", Used: 2900 << 20}}
		}), "tmpfs", "it"},
		"a database's buffers": {with(process(main), func(p *diagnose.Process) { p.HostShmem = 6 << 30 }), "tmpfs", "cannot_tell"},
		"compiled code":        {process(main, []diagnose.Mapping{{Start: 0x7e0000000000, End: 0x7e0003000000, Perms: "r-xp", RSS: 40 << 20}}), "yjit", "cannot_tell"},
		"little of it":         {process(main, many(5, 200<<20), []diagnose.Mapping{{Start: 0x7e0000000000, End: 0x7e0003000000, Perms: "r-xp", RSS: 4 << 20}}), "yjit", "not_it"},
		"some pages of libffi": {process(main, []diagnose.Mapping{{Start: 0x7e0000000000, End: 0x7e0000001000, Perms: "rwxp", RSS: 4096}}), "yjit", ""},
		"outside of objects":   {process([]diagnose.Mapping{{Start: 0x5000, End: 0x6000, Perms: "rw-p", Path: "[heap]", RSS: 900 << 20}}, []diagnose.Mapping{{Start: 0x7e0000010000, End: 0x7e0010000000, Perms: "rw-p", RSS: 200 << 20}}), "outside-objects", "cannot_tell"},
		"killed":               {with(process(main), func(p *diagnose.Process) { p.Group.Killed = 2 }), "killed", "it"},
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

func climb(event func(string, string, int, time.Duration, culprit.Bytes) culprit.Growth, sizes ...culprit.Bytes) []culprit.Growth {
	var list []culprit.Growth
	for i, b := range sizes {
		g := event("step", "web1", 1, time.Duration(i)*time.Hour, b)
		g.Suspects = []int{1}
		list = append(list, g)
	}
	return list
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
		"one of two hosts":        {culprit.Report{Coverage: culprit.Coverage{Hosts: 2}, Growth: slices.Concat(jumps, []culprit.Growth{event("ramp", "web3", 1, 2*time.Hour, 1e9)})}, "one-host", "likely"},
		"one host of one":         {culprit.Report{Coverage: culprit.Coverage{Hosts: 1}, Growth: jumps}, "one-host", ""},
		"each time more":          {culprit.Report{Growth: climb(event, 1e8, 2e8, 3e8, 9e8), Verdict: culprit.Verdict{Outcome: culprit.OutcomeCulprit}, Suspects: []culprit.Suspect{{Rank: 1, Name: "A#b", Finding: culprit.Convicted}}}, "staircase", "likely"},
		"now more now less":       {culprit.Report{Growth: climb(event, 1e8, 2e8, 1e8, 9e8), Verdict: culprit.Verdict{Outcome: culprit.OutcomeCulprit}, Suspects: []culprit.Suspect{{Rank: 1, Name: "A#b", Finding: culprit.Convicted}}}, "staircase", ""},
		"after a deploy":          {culprit.Report{Growth: jumps, Happenings: []culprit.DatedEvent{{At: began.Add(-time.Hour), Happening: culprit.Happening{Kind: culprit.HappeningDeploy, Name: "v2"}}}}, "after-change", "cannot_tell"},
		"before a deploy":         {culprit.Report{Growth: jumps, Happenings: []culprit.DatedEvent{{At: began.Add(time.Hour), Happening: culprit.Happening{Kind: culprit.HappeningDeploy, Name: "v2"}}}}, "after-change", ""},
		"a gem that is acquitted": {culprit.Report{Growth: jumps, Circumstances: []culprit.Circumstance{{Name: "graphql 1.10.6", Entered: began.Add(-time.Hour), Standing: culprit.StandingNotIt}}}, "after-change", ""},
		"dies away":               {culprit.Report{Coverage: culprit.Coverage{WarmupBytes: 5e8}, Verdict: culprit.Verdict{Outcome: culprit.OutcomeHealthy, Headline: "x"}}, "levels-off", "not_it"},
		"unshared":                {culprit.Report{Verdict: culprit.Verdict{Outcome: culprit.OutcomeHealthy, Category: "configuration", Headline: "x"}}, "unshared", "not_it"},
		"kills":                   {culprit.Report{Happenings: []culprit.DatedEvent{{Happening: culprit.Happening{Kind: culprit.HappeningOOM}}}}, "killed-in-incident", "it"},
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
		"by cores":        {app.App{Puma: app.Puma{File: "config/puma.rb", Workers: &app.Setting{Dynamic: true, Text: "workers Concurrent.physical_processor_count"}}}, "settings-memory", "cannot_tell"},
		"auto":            {app.App{Puma: app.Puma{File: "config/puma.rb", Workers: cores}, Env: []app.Setting{{Name: "WEB_CONCURRENCY", Value: "auto"}}}, "settings-memory", "cannot_tell"},
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
		if seen[r.ID] || r.Title == "" || r.Seen == "" || r.Saves == "" || r.Confirm == "" || r.Says == "" || !strings.HasPrefix(r.URL, "http") || r.On == "" {
			t.Errorf("%s is no document: %+v", r.ID, r)
		}
		seen[r.ID] = true
	}
}
