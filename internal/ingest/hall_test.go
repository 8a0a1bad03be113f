package ingest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/source/input"
)

// noon is when all the recordings below begin.
var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

func stampOf(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }

// docket writes files, .gz ones compressed, and joins them.
func docket(t *testing.T, files map[string]string, opt Options) *Docket {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(data); err != nil || z.Close() != nil {
				t.Fatal("cannot compress")
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths, problems := input.Expand([]string{dir})
	d, err := Build(t.Context(), paths, problems, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // temporary files only
	return d
}

// railsLine is one request of 200 ms as lograge tells it.
func railsLine(s int, host string, pid int, path, params string) string {
	return fmt.Sprintf("time=%s method=GET path=%s format=html controller=ItemsController action=show status=200 duration=200.00 view=0.29 host=%s pid=%d request_id=%s params=%s",
		stampOf(s).Format("2006-01-02T15:04:05.000-07:00"), path, host, pid, idOf(s), params)
}

// bare is the same without its id.
func bare(line string) string {
	a := strings.Index(line, " request_id=")
	return line[:a] + line[strings.Index(line, " params="):]
}

func nginxLine(s int, path string) string {
	return fmt.Sprintf(`198.51.100.10 - - [%s] "GET %s HTTP/1.1" 200 21 "-" "curl/8" 0.210 127.0.0.1:9292 0.205`, stampOf(s).Format("02/Jan/2006:15:04:05 -0700"), path)
}

// memoryCSV is one reading a second of processes that hold so many megabytes.
func memoryCSV(from, to int, procs map[string]func(s int) int) string {
	var b strings.Builder
	b.WriteString("time,host,pid,bytes\n")
	keys := make([]string, 0, len(procs))
	for k := range procs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for s := from; s <= to; s++ {
		for _, k := range keys {
			if mb := procs[k](s); mb > 0 {
				fmt.Fprintf(&b, "%s,%s,%d\n", stampOf(s).Format(time.RFC3339), k, mb<<20)
			}
		}
	}
	return b.String()
}

func steady(mb int) func(int) int { return func(int) int { return mb } }

func allRows(d *Docket) []casefile.Row {
	var rows []casefile.Row
	for block := range d.Case.Rows {
		rows = append(rows, block...)
	}
	return rows
}

// The same requests told by several logs are one each; others are others.
func TestDoubles(t *testing.T) {
	const n = 30
	path := func(s int) string { return fmt.Sprintf("/items/%d", s) }
	lograge := func(s int) string { return railsLine(s, "web1", 13, path(s), "{}") }
	nameless := func(s int) string { return bare(lograge(s)) }
	nginx := func(s int) string { return nginxLine(s, path(s)) }
	for _, c := range []struct {
		name string
		logs map[string]string
		want int64
	}{
		{"proxy and application, no ids", map[string]string{"web1/access.log": told(n, nginx), "web1/production.log": told(n, nameless)}, n},
		{"proxy and application, ids in one", map[string]string{"web1/access.log": told(n, nginx), "web1/production.log": told(n, lograge)}, n},
		{"two of the application and a proxy", map[string]string{"web1/access.log": told(n, nginx), "web1/lograge.log": told(n, lograge), "web1/production.log": rails(n)}, n},
		{"the proxy saw some that never came through", map[string]string{
			"web1/access.log": told(n, nginx) + told(n, func(s int) string { return nginxLine(s, "/assets/app.js") }), "web1/production.log": told(n, nameless),
		}, 2 * n},
		{"three knocks of which two came through", map[string]string{
			"web1/access.log":     told(n, func(int) string { return nginxLine(5, "/same") }) + nginxLine(5, "/same") + "\n",
			"web1/production.log": told(n-1, func(int) string { return bare(railsLine(5, "web1", 13, "/same", "{}")) }),
		}, n + 1},
		{"the same path at the same time on another host", map[string]string{"web2/access.log": told(n, nginx), "web1/production.log": told(n, nameless)}, 2 * n},
		{"the same path minutes apart", map[string]string{
			"web1/access.log": told(n, func(s int) string { return nginxLine(s+600, path(s)) }), "web1/production.log": told(n, nameless),
		}, 2 * n},
		{"one host's rotated log", map[string]string{"web1/production.log.1": told(n, lograge), "web1/production.log": told(n, func(s int) string { return lograge(s + n) })}, 2 * n},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := docket(t, c.logs, Options{})
			if d.Coverage.Requests != c.want || int64(len(allRows(d))) != c.want {
				t.Errorf("%d requests, %d rows, want %d", d.Coverage.Requests, len(allRows(d)), c.want)
			}
		})
	}
}

// rails is the requests of TestDoubles in Rails' own words.
func rails(n int) string {
	return told(n, func(s int) string {
		p := fmt.Sprintf("I, [%s.000000 #13]  INFO -- : [%s] ", stampOf(s).Format("2006-01-02T15:04:05"), idOf(s))
		q := strings.Replace(p, ".000000", ".200000", 1)
		return p + fmt.Sprintf("Started GET \"/items/%d\" for 10.9.8.7 at %s\n", s, stampOf(s).Format("2006-01-02 15:04:05 -0700")) +
			p + "Processing by ItemsController#show as HTML\n" + q + "Completed 200 OK in 200ms (Views: 0.1ms)"
	})
}

// Calls meet the memory of their host and process, whatever the names.
func TestPlaces(t *testing.T) {
	const n = 30
	log := func(host string, pid int) string {
		return told(n, func(s int) string { return railsLine(s, host, pid, "/items/1", "{}") })
	}
	for _, c := range []struct {
		name, logHost, seriesHost string
		logPID, seriesPID         int
		level                     culprit.Level
		matched                   float64
	}{
		{"the same names", "web1", "web1", 13, 13, culprit.LevelProcess, 1},
		{"long name in the series", "web1", "web1.example.org", 13, 13, culprit.LevelProcess, 1},
		{"nothing alike but the pid", "a7f3", "ip-10-0-0-1", 13, 13, culprit.LevelProcess, 1},
		{"another pid", "web1", "web1", 13, 14, culprit.LevelHost, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := docket(t, map[string]string{
				"x.log": log(c.logHost, c.logPID), "m.csv": memoryCSV(-60, 120, map[string]func(int) int{fmt.Sprintf("%s,%d", c.seriesHost, c.seriesPID): steady(100)}),
			}, Options{})
			if d.Case.Level != c.level || d.Coverage.Matched != c.matched {
				t.Errorf("level %s, %g matched; want %s, %g", d.Case.Level, d.Coverage.Matched, c.level, c.matched)
			}
		})
	}
}

// A pid that fell silent and came back small is another process: calls go to the
// one that lived at their time.
func TestPIDReuse(t *testing.T) {
	life := func(s int) int {
		switch {
		case s < 300:
			return 900
		case s < 600:
			return 0
		}
		return 100
	}
	d := docket(t, map[string]string{
		"web1.production.log": railsLine(10, "web1", 13, "/items/1", "{}") + "\n" + railsLine(700, "web1", 13, "/items/1", "{}") + "\n",
		"m.csv":               memoryCSV(0, 900, map[string]func(int) int{"web1,13": life, "web1,14": steady(80)}),
	}, Options{})
	if len(d.Case.Units) != 3 {
		t.Fatalf("%d units, want two lives and a neighbour", len(d.Case.Units))
	}
	first, second := d.Case.Units[0], d.Case.Units[1]
	if first.Died == 0 || second.Born == 0 || first.Died >= second.Born || d.Case.Units[2].Died != 0 {
		t.Errorf("died %d, born %d", first.Died, second.Born)
	}
	rows := allRows(d)
	slices.SortFunc(rows, func(a, b casefile.Row) int { return int(a.Start - b.Start) })
	if len(rows) != 2 || rows[0].Unit != 0 || rows[1].Unit != 1 {
		t.Errorf("rows %+v", rows)
	}
}

// Series of several processes in one are summed where every instant has all of
// them, and refused otherwise; a warning says so.
func TestCollapsed(t *testing.T) {
	lp := func(lost bool) string {
		var b strings.Builder
		for s := range 300 {
			for pid := 20; pid < 24; pid++ {
				if !lost || pid == 20+s%4 {
					fmt.Fprintf(&b, "procstat,host=web1,process_name=puma memory_rss=%di,pid=%di %d\n", (100+pid)<<20, pid, stampOf(s).UnixNano())
				}
			}
		}
		return b.String()
	}
	log := told(100, func(s int) string { return railsLine(s, "web1", 20, "/items/1", "{}") })
	d := docket(t, map[string]string{"web1/production.log": log, "m.lp": lp(false)}, Options{})
	if len(d.Case.Units) != 1 || d.Case.Level != culprit.LevelHost || d.Case.Units[0].Points[5].Mem != 486<<20 {
		t.Errorf("level %s, units %+v", d.Case.Level, d.Case.Units)
	}
	if w := strings.Join(d.Warnings, "\n"); !strings.Contains(w, "sum of 4 processes") {
		t.Errorf("warnings: %s", w)
	}
	d = docket(t, map[string]string{"web1/production.log": log, "m.lp": lp(true)}, Options{})
	if w := fmt.Sprint(d.Warnings, d.Inputs); len(d.Case.Units) != 0 || !strings.Contains(w, "pid_tag") {
		t.Errorf("%d units, warnings: %s", len(d.Case.Units), w)
	}
}

func TestSumInstants(t *testing.T) {
	at := func(times ...int64) []casefile.Point {
		var pts []casefile.Point
		for _, x := range times {
			pts = append(pts, casefile.Point{At: x, Mem: 10})
		}
		return pts
	}
	for _, c := range []struct {
		name    string
		points  []casefile.Point
		n, sums int
	}{
		{"nothing", nil, 0, 0},
		{"one process", at(1, 2, 3), 0, 0},
		{"two processes", at(1, 1, 2, 2, 3, 3), 2, 3},
		{"out of order", at(3, 1, 2, 2, 1, 3), 2, 3},
		{"one reading is missing", at(1, 1, 2, 3, 3, 4, 4), 2, 3},
		{"half of them are", at(1, 1, 2, 3, 3, 4), 0, 0},
	} {
		if sums, n := sumInstants(c.points); n != c.n || len(sums) != c.sums {
			t.Errorf("%s: %d sums of %d, want %d of %d", c.name, len(sums), n, c.sums, c.n)
		}
	}
}

// A host's sum is made of changes: a process that comes or goes is no growth.
func TestSumOfProcesses(t *testing.T) {
	unit := func(mem ...int64) casefile.Unit {
		u := casefile.Unit{Process: culprit.Process{Host: "h"}}
		for i, m := range mem {
			if m > 0 {
				u.Points = append(u.Points, casefile.Point{At: int64(i) * 1_000_000, Mem: m})
			}
		}
		return u
	}
	sum := sumOf("h", []casefile.Unit{unit(100, 100, 150, 150, 150, 150), unit(200, 200, 200, 0, 0, 0), unit(0, 0, 0, 70, 70, 90)})
	var got []int64
	for _, p := range sum.Points {
		got = append(got, p.Mem-sum.Points[0].Mem)
	}
	if want := []int64{0, 50, 50, 50, 70}; !slices.Equal(got, want) {
		t.Errorf("grew by %v, want %v", got, want)
	}
}

// Planned commands are tasks of every host; deploys are happenings.
func TestCrontabAndDeploys(t *testing.T) {
	dir := t.TempDir()
	crontab, deploys := filepath.Join(dir, "crontab"), filepath.Join(dir, "deploys")
	if err := os.WriteFile(crontab, []byte("*/10 * * * * bin/rails catalog:rebuild\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(deploys, []byte("2026-06-10T12:20:00Z v42\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := docket(t, map[string]string{
		"web1/production.log": told(50, func(s int) string { return railsLine(s, "web1", 13, "/items/1", "{}") }),
		"m.csv":               memoryCSV(0, 1800, map[string]func(int) int{"web1,13": steady(100), "web2,13": steady(100)}),
	}, Options{Crontab: crontab, Deploys: deploys})
	// 12:00, 12:10, 12:20 and 12:30 on two hosts.
	if d.Coverage.Jobs != 8 || d.Coverage.Requests != 50 {
		t.Errorf("%d tasks and %d requests, want 8 and 50", d.Coverage.Jobs, d.Coverage.Requests)
	}
	i := slices.IndexFunc(d.Case.Roster.Suspects, func(s casefile.Suspect) bool { return s.Kind == "task" })
	if i < 0 || !strings.Contains(d.Case.Roster.Suspects[i].Name, "catalog:rebuild") {
		t.Errorf("suspects %+v", d.Case.Roster.Suspects)
	}
	if h := d.Case.Happenings; len(h) != 1 || h[0].Kind != culprit.HappeningDeploy || h[0].At != stampOf(1200).UnixMicro() || h[0].Name != "v42" {
		t.Errorf("happenings %+v", h)
	}
}

// From and To bound what is looked at, within what there is.
func TestFromTo(t *testing.T) {
	files := map[string]string{
		"web1/production.log": told(60, func(s int) string { return railsLine(s*10, "web1", 13, "/items/1", "{}") }),
		"m.csv":               memoryCSV(-100, 900, map[string]func(int) int{"web1,13": steady(100)}),
	}
	whole := docket(t, files, Options{}).Case
	if whole.From != stampOf(0).UnixMicro() && whole.From != stampOf(0).Add(-200*time.Millisecond).UnixMicro() {
		t.Errorf("begins at %v", time.UnixMicro(whole.From).UTC())
	}
	part := docket(t, files, Options{From: stampOf(100), To: stampOf(200)}).Case
	if part.From != stampOf(100).UnixMicro() || part.To != stampOf(200).UnixMicro() {
		t.Errorf("from %v to %v", time.UnixMicro(part.From).UTC(), time.UnixMicro(part.To).UTC())
	}
	if wide := docket(t, files, Options{From: stampOf(-9000), To: stampOf(9000)}).Case; wide.From != whole.From || wide.To != whole.To {
		t.Errorf("wider bounds change the span: %d to %d", wide.From, wide.To)
	}
}

// Examples point at the very line of the call, in plain and compressed logs.
func TestExamples(t *testing.T) {
	log := told(500, func(s int) string {
		line := railsLine(s, "web1", 13, "/items/1", "{}")
		if s == 333 {
			line = strings.Replace(line, "duration=200.00", "duration=9000.00", 1)
		}
		return line
	})
	memory := memoryCSV(-10, 600, map[string]func(int) int{"web1,13": steady(100)})
	for _, name := range []string{"web1/production.log", "web1/production.log.gz"} {
		d := docket(t, map[string]string{name: log, "m.csv": memory}, Options{})
		s := slices.IndexFunc(d.Case.Roster.Suspects, func(s casefile.Suspect) bool { return s.Name == "ItemsController#show" && s.Parent < 0 })
		ex := d.Examples(t.Context(), []Wanted{{Suspect: int32(s)}, {Suspect: int32(s), During: []Span{{Unit: 0, A: stampOf(40).UnixMicro(), B: stampOf(40).UnixMicro() + 1000, ID: 7}}}}, 0)
		if e := ex[0][0]; e.RequestID != idOf(333) || e.Seconds != 9 || e.Host != "web1" || e.PID != 13 || e.Growth != 0 {
			t.Errorf("%s: the longest call is %+v, want that of %s", name, e, idOf(333))
		}
		if e := ex[1][0]; e.RequestID != idOf(40) || e.Growth != 7 {
			t.Errorf("%s: the call during growth is %+v, want that of %s", name, e, idOf(40))
		}
		if len(ex[0]) != examplesEach {
			t.Errorf("%d examples", len(ex[0]))
		}
	}
}

// Calls that do not fit into memory lie on disk, and tell the same.
func TestSpill(t *testing.T) {
	const n = 10_000
	files := map[string]string{
		"web1/production.log": told(n, func(s int) string {
			return railsLine(s/10, "web1", 13+s%3, fmt.Sprintf("/items/%d", s), fmt.Sprintf(`{"locale"=>"%c"}`, 'a'+s%5))
		}),
		"web1/access.log": told(n, func(s int) string { return nginxLine(s/10, fmt.Sprintf("/items/%d", s)) }),
		"m.csv":           memoryCSV(-10, n/10+10, map[string]func(int) int{"web1,13": steady(100), "web1,14": steady(100), "web1,15": steady(100)}),
	}
	told := func(d *Docket) (string, []string) {
		var lines []string
		for _, r := range allRows(d) {
			var who []string
			for _, s := range d.Case.Roster.Labels[r.Label] {
				x := d.Case.Roster.Suspects[s]
				who = append(who, x.Name+x.Key+x.Value)
			}
			lines = append(lines, fmt.Sprint(r.Start, r.End, r.Unit, r.Flags, r.Offset, who))
		}
		slices.Sort(lines)
		return fmt.Sprintf("%+v %d %d", d.Coverage, d.Case.From, d.Case.To), lines
	}
	inMemory, onDisk := docket(t, files, Options{}), docket(t, files, Options{rowMemory: 1})
	coverA, a := told(inMemory)
	coverB, b := told(onDisk)
	if coverA != coverB || !slices.Equal(a, b) || len(a) != n {
		t.Errorf("in memory %s with %d rows\non disk %s with %d rows", coverA, len(a), coverB, len(b))
	}

	// A disk that fails voids the docket: with calls missing, whoever made them
	// would be acquitted.
	if err := onDisk.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(allRows(onDisk)); got == n || onDisk.Fault() == nil {
		t.Errorf("%d of %d rows read back from a closed file, fault %v", got, n, onDisk.Fault())
	}
	allRows(inMemory)
	if err := inMemory.Fault(); err != nil {
		t.Error(err)
	}
}
