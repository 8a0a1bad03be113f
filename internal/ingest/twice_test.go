package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit/internal/source/input"
)

// told writes n requests, one a second, in one notation each.
func told(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i) + "\n")
	}
	return b.String()
}

func idOf(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919, i) }

func railsTagged(i int) string {
	p := fmt.Sprintf("I, [2026-06-10T21:00:%02d.500000 #13]  INFO -- : [%s] ", i, idOf(i))
	return p + fmt.Sprintf("Started GET \"/items/%d\" for 10.9.8.7 at 2026-06-10 21:00:%02d +0000\n", i, i) +
		p + "Processing by ItemsController#show as HTML\n" + p + "Completed 200 OK in 0ms (Views: 0.1ms)"
}

func albLine(i int) string {
	return fmt.Sprintf(`http 2026-06-10T21:00:%02d.510000Z app/lb/50dc 10.9.8.7:2817 10.0.0.1:80 0.000 0.005 0.000 200 200 0 57 "GET http://shop:80/items/%d HTTP/1.1" "curl" - - arn:x "Root=1-%08x-0123456789abcdef01234567" "-" "-" 0 2026-06-10T21:00:%02d.500000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`, i, i, i, i)
}

func herokuBoth(i int) string {
	stamp := fmt.Sprintf("2026-06-10T21:00:%02d.500000+00:00 ", i)
	id := idOf(i)
	app := stamp + "app[web.1]: [" + id + "] "
	return app + fmt.Sprintf("Started GET \"/items/%d\" for 10.9.8.7 at 2026-06-10 21:00:%02d +0000\n", i, i) +
		app + "Processing by ItemsController#show as HTML\n" + app + "Completed 200 OK in 0ms (Views: 0.1ms)\n" +
		stamp + fmt.Sprintf(`heroku[router]: at=info method=GET path="/items/%d" host=shop request_id=%s fwd="10.9.8.7" dyno=web.1 connect=0ms service=5ms status=200 bytes=57 protocol=https`, i, id)
}

func railsJobs(i int) string {
	p := fmt.Sprintf("I, [2026-06-10T21:00:%02d.500000 #13]  INFO -- : [ActiveJob] [ExportJob] [%s] ", i, idOf(i+1000))
	return p + fmt.Sprintf("Performing ExportJob (Job ID: %s) from Async(default)\n", idOf(i+1000)) +
		p + fmt.Sprintf("Performed ExportJob (Job ID: %s) from Async(default) in 0.2ms", idOf(i+1000))
}

// Whatever the number of logs that tell of a request or a job, it is one.
func TestOneAccountOfEveryCall(t *testing.T) {
	const n = 40
	for _, c := range []struct {
		name       string
		logs       map[string]string
		want, jobs int64
	}{
		{"a balancer's trace ids are not Rails' ids", map[string]string{"web1/production.log": told(n, railsTagged), "alb.log": told(n, albLine)}, n, 0},
		{"router and application in one stream", map[string]string{"heroku.log": told(n, herokuBoth)}, n, 0},
		{"a copy", map[string]string{"web1/production.log": told(n, railsTagged) + told(n, railsJobs), "web1/old/production.log": told(n, railsTagged) + told(n, railsJobs)}, n, n},
		{"a rotation cuts a request", map[string]string{
			"web1/production.log.1": told(n, railsTagged) + cutRequest[:len(cutRequest)-len(cutEnd)],
			"web1/production.log":   cutEnd + told(2, func(i int) string { return railsTagged(i + n) }),
		}, n + 3, 0},
		{"a rotation cuts a request without id", map[string]string{
			"web1/production.log.1": untag(told(n, railsTagged) + cutRequest[:len(cutRequest)-len(cutEnd)]),
			"web1/production.log":   untag(cutEnd) + told(2, func(i int) string { return untag(railsTagged(i + n)) }),
		}, n + 3, 0},
		{"job ids do not make request ids", map[string]string{
			"web1/production.log": told(n, railsTagged) + told(n, railsJobs),
			"web1/bare.log":       untag(told(n, railsTagged)) + told(n, railsJobs),
		}, n, n},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.logs {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			files, problems := input.Expand([]string{dir})
			d, err := Build(t.Context(), files, problems, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }() // temporary files only
			if d.Coverage.Requests != c.want || d.Coverage.Jobs != c.jobs {
				t.Errorf("%d requests and %d jobs, want %d and %d", d.Coverage.Requests, d.Coverage.Jobs, c.want, c.jobs)
			}
		})
	}
}

// When no call meets any memory the logs have said nothing about it, and the
// reason is told.
func TestStrangersAreNoEvidence(t *testing.T) {
	dir := t.TempDir()
	series := "time,host,used_bytes\n"
	for i := range 40 {
		series += fmt.Sprintf("2026-06-10T21:00:%02dZ,db-1,%d\n2026-06-10T21:00:%02dZ,db-2,%d\n", i, 1<<30+i<<20, i, 1<<30)
	}
	for name, text := range map[string]string{"web1.log": told(40, railsTagged), "web2.log": told(40, railsTagged), "memory.csv": series} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, problems := input.Expand([]string{dir})
	d, err := Build(t.Context(), files, problems, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if d.Case.Calls != 0 || d.Coverage.Requests == 0 || !strings.Contains(strings.Join(d.Warnings, "\n"), "--host-from") {
		t.Errorf("%d calls in the case, %d requests read, warnings %q", d.Case.Calls, d.Coverage.Requests, d.Warnings)
	}
}

// Without durations nobody knows who was there.
func TestALogWithoutDurationsIsToldSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	line := func(i int) string {
		return fmt.Sprintf(`10.9.8.7 - - [10/Jun/2026:21:00:%02d +0000] "GET /items/%d HTTP/1.1" 200 12 "-" "curl"`, i, i)
	}
	if err := os.WriteFile(path, []byte(told(40, line)), 0o600); err != nil {
		t.Fatal(err)
	}
	files, problems := input.Expand([]string{path})
	d, err := Build(t.Context(), files, problems, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if w := strings.Join(d.Inputs[0].Warnings, "\n"); !strings.Contains(w, "$request_time") {
		t.Errorf("warnings %q", w)
	}
}

// cutRequest is in flight while the log is rotated; its last line is cutEnd.
var (
	cutEnd     = fmt.Sprintf("I, [2026-06-10T21:00:45.900000 #13]  INFO -- : [%s] Completed 200 OK in 1400ms (Views: 0.1ms)\n", idOf(99))
	cutRequest = fmt.Sprintf("I, [2026-06-10T21:00:44.500000 #13]  INFO -- : [%[1]s] Started GET \"/cut\" for 10.9.8.7 at 2026-06-10 21:00:44 +0000\n"+
		"I, [2026-06-10T21:00:44.500000 #13]  INFO -- : [%[1]s] Processing by CutsController#show as HTML\n", idOf(99)) + cutEnd
)

func untag(log string) string {
	for i := range 100 {
		log = strings.ReplaceAll(log, "["+idOf(i)+"] ", "")
	}
	return log
}
