package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStatNamesWithSpacesAndParentheses(t *testing.T) {
	line := "4401 (puma: (a) b) S 4396 4396 4390 0 -1 4194560 21000 0 0 0 153 21 0 0 20 0 12 0 61000 950888448 21500 18446744073709551615"
	p, err := parseStat([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != 4401 || p.PPID != 4396 || p.Name != "puma: (a) b" || p.Threads != 12 || p.RSS != 21500*pageSize || p.VMS != 950888448 {
		t.Fatalf("%+v", p)
	}
	if p.User != 1.53 || p.System != 0.21 {
		t.Fatalf("cpu %v %v", p.User, p.System)
	}
	for _, bad := range []string{"", "12 puma S 1", "12 (puma) S 1 2"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestReadProcOfThisProcess(t *testing.T) {
	p, err := readProc(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != os.Getpid() || p.RSS < 1<<20 || p.PSS < 1<<19 || p.PSS > p.RSS {
		t.Fatalf("%+v", p)
	}
}

func TestParseRollup(t *testing.T) {
	var p proc
	parseRollup([]byte("55a0-7ffd ---p 0 00:00 0 [rollup]\nRss:   100 kB\nPss:    60 kB\nPss_Anon: 5 kB\nPrivate_Dirty:  40 kB\nAnonymous: 50 kB\n"), &p)
	if p.RSS != 100<<10 || p.PSS != 60<<10 || p.Dirty != 40<<10 || p.Anon != 50<<10 {
		t.Fatalf("%+v", p)
	}
}

func TestSpread(t *testing.T) {
	r := seeded(1, 0)
	at := spread(r, 10, 40*time.Second, 300*time.Second, 9*time.Second)
	if len(at) != 10 {
		t.Fatal(len(at))
	}
	for i, a := range at {
		if a < 40*time.Second || a > 300*time.Second || i > 0 && a-at[i-1] < 9*time.Second {
			t.Fatalf("%d: %v", i, at)
		}
	}
	if got := spread(r, 5, time.Second, 3*time.Second, time.Minute); len(got) != 5 || got[4] > 3*time.Second {
		t.Fatalf("no room for gaps: %v", got)
	}
	if spread(r, 3, time.Minute, time.Second, 0) != nil {
		t.Fatal("backwards")
	}
}

func TestZipfFollowsItsWeights(t *testing.T) {
	z := newZipf(5, 1)
	r := seeded(2, 0)
	n := make([]float64, 5)
	const draws = 40_000
	for range draws {
		n[z.draw(r)]++
	}
	total := 1 + 1/2. + 1/3. + 1/4. + 1/5.
	for i, c := range n {
		if want := 1 / float64(i+1) / total; math.Abs(c/draws-want) > 0.012 {
			t.Errorf("%d: %.3f, want %.3f", i, c/draws, want)
		}
	}
}

func TestSameSeedSameFlows(t *testing.T) {
	draw := func(seed int64) (out []request) {
		r := seeded(seed, 0)
		for i := range flows {
			out = append(out, flows[i](r, newUser(i))...)
		}
		return out
	}
	a, b, c := draw(3), draw(3), draw(4)
	same := func(x, y []request) bool {
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	if !same(a, b) || same(a, c) {
		t.Fatal("the seed does not decide the flows")
	}
}

func TestScenariosAreComplete(t *testing.T) {
	known := map[string]bool{"culprit": true, "suspected": true, "not_requests": true, "traffic": true, "healthy": true, "insufficient": true}
	for name, s := range scenarios {
		if len(s.Outcomes) == 0 || s.Note == "" {
			t.Errorf("%s: no outcome or note", name)
		}
		for _, o := range append(append([]string{}, s.Outcomes...), s.Acceptable...) {
			if !known[o] {
				t.Errorf("%s: outcome %q", name, o)
			}
		}
		if (s.Count > 0 || s.Rate > 0) != (len(s.Calls) > 0) {
			t.Errorf("%s: calls without a plan, or a plan without calls", name)
		}
		for _, c := range s.Culprits {
			if c.Kind == "endpoint" && routes[c.Name] == "" {
				t.Errorf("%s: no route for %s", name, c.Name)
			}
			if c.Dimension == nil || c.Kind == "" || c.Name == "" {
				t.Errorf("%s: %+v", name, c)
			}
		}
		// The ordinary mix must not do what is planted.
		if s.Mute == nil && len(s.Calls) > 0 && name != "unfinished" {
			t.Errorf("%s: the mix may call the culprit", name)
		}
	}
	o := options{Scenario: "bloat", Out: "x", Duration: time.Minute, Every: time.Second, Hosts: 4, Workers: 2, Net: 1, Jobs: "async", Level: "process"}
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(*options){
		func(o *options) { o.Scenario = "nope" }, func(o *options) { o.Out = "" }, func(o *options) { o.Duration = 3 * time.Hour },
		func(o *options) { o.Every = 0 }, func(o *options) { o.Hosts = 9 }, func(o *options) { o.Net = 0 },
		func(o *options) { o.Workers = 0 }, func(o *options) { o.Collect = time.Millisecond },
		func(o *options) { o.Calls = -1 }, func(o *options) { o.Before = time.Minute },
		func(o *options) { o.Jobs = "x" }, func(o *options) { o.Level = "x" },
	} {
		bad := o
		spoil(&bad)
		if bad.check() == nil {
			t.Errorf("accepted: %+v", bad)
		}
	}
}

func TestMergeEvents(t *testing.T) {
	t0 := time.Date(2020, 6, 15, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	calls := mergeEvents([]event{
		{Event: "end", Name: "A", ID: "1", Host: "web1", PID: 7, Time: at(9), BytesKept: 100, RSSDelta: 120},
		{Event: "start", Name: "A", ID: "2", Host: "web1", PID: 7, Time: at(3)},
		{Event: "start", Name: "A", ID: "1", Host: "web1", PID: 7, Time: at(1)},
		{Event: "end", Name: "A", ID: "2", Host: "web1", PID: 7, Time: at(99)},
		{Event: "start", Name: "A", ID: "3", Host: "web1", PID: 7, Time: at(98)},
		{Event: "end", Name: "B", Host: "web1", PID: 7, Time: at(10)},
	}, at(60))
	if len(calls) != 2 || calls[0].RequestID != "1" || calls[0].End == nil || calls[0].BytesKept != 100 || calls[1].End != nil {
		t.Fatalf("%+v", calls)
	}
}

func lab(t *testing.T) *sampler {
	t.Helper()
	s := newSampler([]string{"web1", "web2"})
	t0 := time.Date(2020, 6, 15, 9, 0, 0, 40e6, time.UTC)
	for i := range 30 {
		at := t0.Add(time.Duration(i) * time.Second)
		s.samples["web1"] = append(s.samples["web1"], sample{At: at, Used: 3<<30 + int64(i)<<20, Cache: 1 << 30, Procs: []proc{
			{PID: 11, PPID: 10, Name: "puma", RSS: int64(100+i) << 20, PSS: 90 << 20}, {PID: 12, PPID: 10, Name: "ruby a,b", RSS: 70 << 20},
		}})
		if i%2 == 0 {
			s.samples["web2"] = append(s.samples["web2"], sample{At: at, Used: 1 << 30})
		}
	}
	return s
}

func TestProcstatLines(t *testing.T) {
	s := lab(t)
	one := s.samples["web1"][0]
	tag, field := procstatLine("web1", one.At, one.Procs[1], true), procstatLine("web1", one.At, one.Procs[1], false)
	if !strings.HasPrefix(tag, `procstat,host=web1,pattern=puma,pid=12,process_name=ruby\ a\,b,user=deploy cpu_time_system=0,`) || strings.Contains(tag, ",pid=12i") {
		t.Error(tag)
	}
	if strings.Contains(strings.SplitN(strings.ReplaceAll(field, `\ `, "_"), " ", 2)[0], "pid=") || !strings.Contains(field, ",pid=12i,") {
		t.Error(field)
	}
	if !strings.HasSuffix(tag, " 1592211600000000000\n") {
		t.Error("time: ", tag)
	}
	if m := memLine("web1", one); !strings.Contains(m, ",used=3221225472i,used_percent=18.75 1592211600000000000\n") || !strings.HasPrefix(m, "mem,host=web1 active=") {
		t.Error(m)
	}
}

func TestMatrix(t *testing.T) {
	var b bytes.Buffer
	if err := matrix(&b, "process_resident_memory_bytes", lab(t).byProcess(5*time.Second)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Status string
		Data   struct {
			ResultType string
			Result     []struct {
				Metric map[string]string
				Values [][]any
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	r := got.Data.Result
	if got.Status != "success" || got.Data.ResultType != "matrix" || len(r) != 2 || r[0].Metric["pid"] != "11" || len(r[0].Values) < 6 {
		t.Fatalf("%+v", got)
	}
	if _, ok := r[0].Values[0][1].(string); !ok {
		t.Fatal("values are strings in Prometheus' answers")
	}
}

func TestGrafana(t *testing.T) {
	s := lab(t)
	for _, formatted := range []bool{false, true} {
		var b bytes.Buffer
		if err := grafana(&b, s.byHost(time.Second), formatted, time.UTC); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 31 || rows[0][0] != "Time" || rows[0][2] != "web2" || rows[2][2] != "" {
			t.Fatalf("%v", rows[:3])
		}
		want := "1592211600000"
		if formatted {
			want = "2020-06-15 09:00:00"
		}
		if rows[1][0] != want {
			t.Errorf("time %q", rows[1][0])
		}
	}
}

func TestGibibytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 3350074490: "3.12 GiB", 1 << 30: "1 GiB", 5 << 40: "5 TiB"} {
		if got := gibibytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestWriteSeriesByLevel(t *testing.T) {
	for level, n := range map[string]int{"process": 10, "host": 4} {
		dir := t.TempDir()
		if err := lab(t).writeSeries(dir, options{Every: time.Second, Level: level}, time.UTC); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(files) != n {
			t.Errorf("%s: %v", level, files)
		}
	}
}

func TestOpenCallsAreMeasuredBySeries(t *testing.T) {
	s := lab(t)
	calls := []guiltyCall{{Host: "web1", PID: 11, Time: s.samples["web1"][10].At, rss: 105 << 20}, {Host: "web9"}}
	s.measureOpen(calls)
	if calls[0].RSSDelta != 24<<20 || calls[1].RSSDelta != 0 {
		t.Fatalf("%+v", calls)
	}
}

func TestGrowths(t *testing.T) {
	g, used := lab(t).growths()
	if len(g) != 2 || g[0].First != 100<<20 || g[0].Last != 129<<20 || g[1].PerMin != 0 || used["web1"] != 29<<20 {
		t.Fatalf("%+v %v", g, used)
	}
	if per := g[0].PerMin >> 20; per < 55 || per > 65 {
		t.Errorf("%d MiB a minute", per)
	}
}

func TestLogsAreCutAtTheEnd(t *testing.T) {
	r := &recorder{dir: t.TempDir()}
	dir := filepath.Join(r.dir, "logs", "web1")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	log, empty := filepath.Join(dir, "production.log"), filepath.Join(dir, "error.log")
	r.appendLine(log, "one")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	sizes, err := r.logSizes()
	if err != nil {
		t.Fatal(err)
	}
	r.appendLine(log, "two, while everything stops")
	if err := r.cutLogs(sizes); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(log); string(b) != "one\n" {
		t.Errorf("%q", b)
	}
	if _, err := os.Stat(empty); !os.IsNotExist(err) {
		t.Error("an empty log is left")
	}
}
