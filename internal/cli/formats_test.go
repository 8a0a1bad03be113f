package cli_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/source/input"
)

// One incident, told in every way: the verdict must not depend on who wrote the
// log or drew the graph. The incident is bloat_10s (testdata/incidents/README.md),
// its lograge lines are taken apart and written anew.

// request is one line of the incident's log.
type request struct {
	end                                            time.Time
	took                                           time.Duration
	host, method, path, format, controller, action string
	status, pid, id, params, duration              string
}

func (r request) start() time.Time { return r.end.Add(-r.took) }
func (r request) seconds() string  { return fmt.Sprintf("%.3f", r.took.Seconds()) }
func (r request) uuid() string {
	i := r.id
	return i[:8] + "-" + i[8:12] + "-" + i[12:16] + "-" + i[16:20] + "-" + i[20:]
}

func (r request) json() string {
	return fmt.Sprintf(`"method":%q,"path":%q,"format":%q,"controller":%q,"action":%q,"status":%s,"duration":%s`,
		r.method, r.path, r.format, r.controller, r.action, r.status, r.duration)
}

func (r request) kv() string {
	return fmt.Sprintf("method=%s path=%s format=%s controller=%s  action=%s status=%s duration=%s view=0.10 db=0.10",
		r.method, r.path, r.format, r.controller, r.action, r.status, r.duration)
}

func (r request) combined(at time.Time) string {
	return fmt.Sprintf(`10.9.8.7 - - [%s] "%s %s HTTP/1.1" %s 512 "-" "Mozilla/5.0"`,
		at.Format("02/Jan/2006:15:04:05 -0700"), r.method, r.path, r.status)
}

// rails writes the lines of Rails' own log, each behind what front returns.
func (r request) rails(front func(at time.Time) string, parenthesis string) []stamped {
	at := func(t time.Time, s string) stamped { return stamped{t, front(t) + s} }
	return []stamped{
		at(r.start(), fmt.Sprintf("Started %s %q for 10.9.8.7 at %s", r.method, r.path, r.start().Format("2006-01-02 15:04:05 -0700"))),
		at(r.start(), fmt.Sprintf("Processing by %s#%s as %s", r.controller, r.action, strings.ToUpper(r.format))),
		at(r.start(), "  Parameters: "+r.params),
		at(r.end, fmt.Sprintf("Completed %s OK in %dms%s", r.status, r.took.Milliseconds(), parenthesis)),
	}
}

type stamped struct {
	at   time.Time
	text string
}

const isoMicro = "2006-01-02T15:04:05.000000Z07:00"

func logger(r request) func(time.Time) string {
	return func(at time.Time) string {
		return fmt.Sprintf("I, [%s #%s]  INFO -- : [%s] ", at.Format("2006-01-02T15:04:05.000000"), r.pid, r.uuid())
	}
}

func one(at time.Time, format string, args ...any) []stamped {
	return []stamped{{at, fmt.Sprintf(format, args...)}}
}

// wrapped puts a collector's front before lograge lines.
func wrapped(front func(r request) string) func(r request) []stamped {
	return func(r request) []stamped { return one(r.end, "%s%s", front(r), r.kv()) }
}

// logNotations are the ways to write the log. Those of proxies know no process.
var logNotations = []struct {
	name  string
	lines func(r request) []stamped
	proxy bool
	fleet bool // one file for all hosts
}{
	{name: "rails 4.2", lines: func(r request) []stamped { return r.rails(logger(r), " (Views: 0.3ms | ActiveRecord: 0.0ms)") }},
	{name: "rails 8", lines: func(r request) []stamped {
		return r.rails(logger(r), " (Views: 0.3ms | ActiveRecord: 0.0ms (1 query, 0 cached) | GC: 0.3ms)")
	}},
	{name: "rails, [pid:tid]", lines: func(r request) []stamped {
		return r.rails(func(time.Time) string { return "[" + r.pid + ":70000042] [" + r.uuid() + "] " }, "")
	}},
	{name: "rails, level behind the process", lines: func(r request) []stamped {
		return r.rails(func(at time.Time) string {
			return at.Format("2006-01-02 15:04:05.000") + " [" + r.pid + "] INFO: [" + r.uuid() + "] "
		}, "")
	}},
	{name: "rails, conjur", lines: func(r request) []stamped {
		return r.rails(func(at time.Time) string {
			return at.Format(" INFO 2006/01/02 15:04:05 +0000") + " [pid=" + r.pid + "] [origin=10.0.0.9] [request_id=" + r.uuid() + "] [tid=672] "
		}, "")
	}},
	{name: "lograge behind a Logger", lines: func(r request) []stamped { return one(r.end, "%s%s", logger(r)(r.end), r.kv()) }},
	{name: "lograge JSON", lines: func(r request) []stamped {
		return one(r.end, `{%s,"time":%q,"process":{"pid":%s}}`, r.json(), r.end.Format(isoMicro), r.pid)
	}},
	{name: "logstash", lines: func(r request) []stamped {
		return one(r.end, `{%s,"pid":%s,"@timestamp":%q,"@version":"1","message":"[%s] %s %s"}`, r.json(), r.pid, r.end.Format(isoMicro), r.status, r.method, r.path)
	}},
	{name: "GELF", lines: func(r request) []stamped {
		return one(r.end, `{"version":"1.1","host":%q,"short_message":"x","timestamp":%.3f,"_method":%q,"_path":%q,"_controller":%q,"_action":%q,"_status":%s,"_duration":%s,"_pid":%s}`,
			r.host, float64(r.end.UnixMilli())/1000, r.method, r.path, r.controller, r.action, r.status, r.duration, r.pid)
	}},
	{name: "semantic logger", lines: func(r request) []stamped {
		return one(r.end, `{"host":%q,"application":"Shop","timestamp":%q,"level":"info","level_index":2,"pid":%s,"thread":"puma srv tp 001","duration_ms":%s,"name":%q,"message":"Completed #%s","payload":{"controller":%q,"action":%q,"format":%q,"method":%q,"path":%q,"status":%s},"named_tags":{"request_id":%q}}`,
			r.host, r.end.Format(isoMicro), r.pid, r.duration, r.controller, r.action, r.controller, r.action, r.format, r.method, r.path, r.status, r.id)
	}},
	{name: "ougai", lines: func(r request) []stamped {
		return one(r.end, `{"name":"main","hostname":%q,"pid":%s,"level":30,"time":%q,"v":0,"msg":"Request",%s}`, r.host, r.pid, r.end.Format(isoMicro), r.json())
	}},
	{name: "LTSV", lines: func(r request) []stamped {
		return one(r.end, "time:%s\tpid:%s\tmethod:%s\tpath:%s\tcontroller:%s\taction:%s\tstatus:%s\tduration:%s", r.end.Format(isoMicro), r.pid, r.method, r.path, r.controller, r.action, r.status, r.duration)
	}},
	{name: "docker", lines: func(r request) []stamped {
		return one(r.end, `{"log":%q,"stream":"stdout","time":%q}`, logger(r)(r.end)+r.kv()+"\n", r.end.Format(isoMicro))
	}},
	{name: "docker logs -t", lines: func(r request) []stamped {
		return one(r.end, "%s %s%s", r.end.Format("2006-01-02T15:04:05.000000000Z07:00"), logger(r)(r.end), r.kv())
	}},
	{name: "kubectl --prefix", lines: wrapped(func(r request) string { return "[pod/shop-" + r.pid + "/app] " + logger(r)(r.end) })},
	{name: "CRI", lines: wrapped(func(r request) string {
		return r.end.Format("2006-01-02T15:04:05.000000000Z07:00") + " stdout F " + logger(r)(r.end)
	})},
	{name: "compose", lines: wrapped(func(r request) string { return "app-1  | " + logger(r)(r.end) })},
	{name: "journald JSON", lines: func(r request) []stamped {
		return one(r.end, `{"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":%q,"_PID":%q,"SYSLOG_IDENTIFIER":"puma","MESSAGE":%q}`, r.end.UnixMicro(), r.host, r.pid, r.kv())
	}},
	{name: "journald short-precise", lines: wrapped(func(r request) string {
		return r.end.Format("Jan 02 15:04:05.000000 ") + r.host + " puma[" + r.pid + "]: "
	})},
	{name: "syslog", lines: wrapped(func(r request) string {
		return "<134>1 " + r.end.Format(isoMicro) + " " + r.host + ".example.org rails " + r.pid + " - - "
	}), fleet: true},
	{name: "nginx", proxy: true, lines: func(r request) []stamped { return one(r.end, "%s %s", r.combined(r.end), r.seconds()) }},
	{name: "nginx, $host in front", proxy: true, lines: func(r request) []stamped {
		return one(r.end, "shop.example.org %s rt=%s", r.combined(r.end), r.seconds())
	}},
	{name: "nginx JSON", proxy: true, lines: func(r request) []stamped {
		return one(r.end, `{"msec":"%.3f","server_name":"shop","request":"%s %s HTTP/1.1","status":"%s","request_time":"%s"}`,
			float64(r.end.UnixMilli())/1000, r.method, r.path, r.status, r.seconds())
	}},
	{name: "Apache %D", proxy: true, lines: func(r request) []stamped {
		return one(r.end, "%s %d", r.combined(r.start()), r.took.Microseconds())
	}},
	{name: "HAProxy", proxy: true, fleet: true, lines: func(r request) []stamped {
		ms := r.took.Milliseconds()
		return one(r.end, `%s lb1 haproxy[14389]: 10.9.8.7:33317 [%s] http-in app/%s 0/0/0/%d/%d %s 512 - - ---- 1/1/1/1/0 0/0 "%s %s HTTP/1.1"`,
			r.end.Format("Jan _2 15:04:05"), r.start().Format("02/Jan/2006:15:04:05.000"), r.host, ms, ms, r.status, r.method, r.path)
	}},
	{name: "Heroku, router and application", fleet: true, proxy: true, lines: func(r request) []stamped {
		front := func(at time.Time, who string) string {
			return at.Format("2006-01-02T15:04:05.000000+00:00") + " " + who
		}
		dyno := "web." + r.host[3:]
		return append(r.rails(func(at time.Time) string { return front(at, "app["+dyno+"]: ["+r.uuid()+"] ") }, ""),
			stamped{r.end, fmt.Sprintf(`%sat=info method=%s path=%q host=shop request_id=%s fwd="10.9.8.7" dyno=%s connect=0ms service=%dms status=%s bytes=512 protocol=https`,
				front(r.end, "heroku[router]: "), r.method, r.path, r.uuid(), dyno, r.took.Milliseconds(), r.status)})
	}},
}

func TestEveryNotationOfALog(t *testing.T) {
	requests, series := theIncident(t)
	for _, n := range logNotations {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]stamped{}
			for _, r := range requests {
				name := r.host + "/some.log"
				if n.fleet {
					name = "some.log"
				}
				files[name] = append(files[name], n.lines(r)...)
			}
			dir := t.TempDir()
			for name, lines := range files {
				slices.SortStableFunc(lines, func(a, b stamped) int { return a.at.Compare(b.at) })
				var b strings.Builder
				for _, l := range lines {
					b.WriteString(l.text + "\n")
				}
				writeFile(t, filepath.Join(dir, name), b.String())
			}
			writeFile(t, filepath.Join(dir, "memory.csv"), series)
			got := investigateJSON(t, dir)
			sameVerdict(t, got, n.proxy)
			if c := got.Coverage; c.Requests != int64(len(requests)) || c.Matched < 0.99 {
				t.Errorf("%d requests, %.2f of them matched; want %d and all", c.Requests, c.Matched, len(requests))
			}
		})
	}
}

// reading is one row of the incident's series.
type reading struct {
	at        time.Time
	host, pid string
	bytes     int64
}

var seriesNotations = []struct {
	name, file, head string
	line             func(r reading) string
	tail             string
}{
	{name: "procstat", file: "s.lp", line: func(r reading) string {
		return fmt.Sprintf("procstat,host=%s.example.org,pid=%s,process_name=ruby memory_rss=%di %d", r.host, r.pid, r.bytes, r.at.UnixNano())
	}},
	{name: "procstat of influx 0.x", file: "s.lp", line: func(r reading) string {
		return fmt.Sprintf("procstat_memory_rss,host=%s,pid=%s value=%d %d", r.host, r.pid, r.bytes, r.at.UnixNano())
	}},
	{name: "OpenMetrics", file: "s.prom", head: "# TYPE ruby_rss gauge\n", tail: "# EOF\n", line: func(r reading) string {
		return fmt.Sprintf(`ruby_rss{instance="%s:9394",pid="%s"} %d %.3f`, r.host, r.pid, r.bytes, float64(r.at.UnixMilli())/1000)
	}},
	{name: "Grafana long, local date, formatted", file: "g.csv", head: "\"Time\",\"Metric\",\"Value\"\n", line: func(r reading) string {
		return fmt.Sprintf("%s,%s %s,%.1f MiB", r.at.Format("2006-01-02 15:04:05"), r.host, r.pid, float64(r.bytes)/(1<<20))
	}},
	{name: "Datadog's groups", file: "d.csv", head: "group,time,value\n", line: func(r reading) string {
		return fmt.Sprintf(`"host:%s,pid:%s",%s,%d`, r.host, r.pid, r.at.Format(isoMicro), r.bytes)
	}},
	{name: "rss_kb", file: "m.csv", head: "date,time,hostname,pid,rss_kb\n", line: func(r reading) string {
		return fmt.Sprintf("%s,%s,%s,%d", r.at.Format("2006-01-02,15:04:05"), r.host, r.pid, r.bytes>>10)
	}},
	{name: "workers by name", file: "m.csv", head: "time,worker,rss_bytes\n", line: func(r reading) string {
		return fmt.Sprintf("%s,%s-%s,%d", r.at.Format(isoMicro), r.host, r.pid, r.bytes)
	}},
	{name: "JSON lines, nested", file: "m.jsonl", line: func(r reading) string {
		return fmt.Sprintf(`{"@timestamp":%q,"host":{"name":%q},"process":{"pid":%s,"memory":{"rss":{"bytes":%d}}}}`, r.at.Format(isoMicro), r.host, r.pid, r.bytes)
	}},
	{name: "loop over /proc", file: "m.log", line: func(r reading) string {
		return fmt.Sprintf("%s host=%s pid=%s VmRSS: %d kB", r.at.Format("2006-01-02 15:04:05"), r.host, r.pid, r.bytes>>10)
	}},
}

func TestEveryNotationOfASeries(t *testing.T) {
	_, series := theIncident(t)
	readings := takeReadings(t, series)
	for _, n := range seriesNotations {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			b.WriteString(n.head)
			for _, r := range readings {
				b.WriteString(n.line(r) + "\n")
			}
			path := filepath.Join(t.TempDir(), n.file)
			writeFile(t, path, b.String()+n.tail)
			got := investigateJSON(t, "../../testdata/incidents/bloat_10s/logs", path)
			sameVerdict(t, got, false)
			if got.Coverage.Processes != 12 || got.Coverage.Level != culprit.LevelProcess {
				t.Errorf("%d processes at the level of the %s, want 12", got.Coverage.Processes, got.Coverage.Level)
			}
		})
	}
}

// sameVerdict expects the report maker, and nobody else; at host level a
// suspicion is enough.
func sameVerdict(t *testing.T, got culprit.Report, weaker bool) {
	t.Helper()
	named := false
	for _, s := range got.Suspects {
		guilty := s.Name == "Admin::ReportsController#index" || s.Name == "GET /admin/reports"
		accused := s.Finding == culprit.Convicted || s.Finding == culprit.Suspected
		named = named || guilty && accused
		if guilty && s.Finding == culprit.Acquitted || !guilty && accused {
			t.Errorf("%s is %s: %s", s.Name, s.Finding, s.Reason)
		}
	}
	if o := got.Verdict.Outcome; !named || o != culprit.OutcomeCulprit && (!weaker || o != culprit.OutcomeSuspected) {
		t.Errorf("%s: %s", o, got.Verdict.Headline)
	}
	for _, in := range got.Inputs {
		if in.Lines != in.Understood || in.Format == "" {
			t.Errorf("%s as %q: %d of %d lines understood, %q", filepath.Base(in.Path), in.Format, in.Understood, in.Lines, in.Warnings)
		}
	}
}

var logragePair = regexp.MustCompile(`^time=(\S+) method=(\S+) path=(\S+) format=(\S*) controller=(\S+) action=(\S+) status=(\d+) duration=(\S+) .*host=(\S+) pid=(\d+) request_id=(\S+) params=(.*)$`)

// theIncident reads the committed incident.
func theIncident(t *testing.T) ([]request, string) {
	t.Helper()
	const dir = "../../testdata/incidents/bloat_10s/"
	var requests []request
	for line := range strings.Lines(readAll(t, dir+"logs")) {
		m := logragePair.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue // the Logger's heading
		}
		end, err := time.Parse(time.RFC3339Nano, m[1])
		if err != nil {
			t.Fatal(err)
		}
		took, err := time.ParseDuration(m[8] + "ms")
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request{
			end: end.UTC(), took: took, method: m[2], path: m[3], format: m[4], controller: m[5], action: m[6],
			status: m[7], duration: m[8], host: m[9], pid: m[10], id: m[11], params: m[12],
		})
	}
	if len(requests) < 1000 {
		t.Fatalf("only %d requests", len(requests))
	}
	return requests, readAll(t, dir+"series")
}

func takeReadings(t *testing.T, series string) []reading {
	t.Helper()
	var readings []reading
	for line := range strings.Lines(series) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		at, err := time.Parse(time.RFC3339Nano, cells[0])
		if err != nil {
			continue // the header
		}
		r := reading{at: at, host: cells[1], pid: cells[2]}
		if _, err := fmt.Sscan(cells[3], &r.bytes); err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
	}
	return readings
}

func readAll(t *testing.T, dir string) string {
	t.Helper()
	files, problems := input.Expand([]string{dir})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var text strings.Builder
	for _, f := range files {
		r, err := f.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&text, r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return text.String()
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// syslog has no years: the file's own time tells which one it was
	written := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, written, written); err != nil {
		t.Fatal(err)
	}
}
