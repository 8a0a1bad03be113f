//go:build e2e

package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"culprit"
)

// These tests run the real servers of Debian's packages prometheus and
// influxdb. A missing one is a failure, not a skip: go test -tags e2e.

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// daemon starts a server and stops it, by its process, at the end of the test.
func daemon(t *testing.T, ready, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: %v", name, err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%s", name, b[max(0, len(b)-3000):])
		}
	})
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		res, err := http.Get(ready)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode/100 == 2 {
				return
			}
		}
	}
	t.Fatalf("%s does not answer at %s", name, ready)
}

func find(t *testing.T, r *record, kind culprit.MemoryKind, host string, pid int) []point {
	t.Helper()
	for i, s := range r.series {
		if s.Kind == kind && s.Host == host && s.PID == pid {
			return r.samples[i]
		}
	}
	t.Fatalf("no %v of %s %d in\n%+v", kind, host, pid, r.series)
	return nil
}

func TestPrometheusLive(t *testing.T) {
	t.Parallel()
	var scrapes atomic.Int64
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := scrapes.Add(1)
		switch r.URL.Path {
		case "/puma":
			fmt.Fprintf(w, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes{pid=\"7\"} %d\nruby_rss{pid=\"7\",type=\"web\"} %d\nruby_heap_live_slots{pid=\"7\",type=\"web\"} 1000\n", 1e8+n, 1e8+n)
		case "/node":
			fmt.Fprint(w, "process_resident_memory_bytes 2e7\ngo_info{version=\"go1.26\"} 1\nnode_memory_MemTotal_bytes 1000\nnode_memory_MemFree_bytes 300\nnode_memory_Buffers_bytes 50\nnode_memory_Cached_bytes 250\n")
		}
	}))
	t.Cleanup(exporter.Close)
	dir, data, addr := t.TempDir(), t.TempDir(), freePort(t)
	target := strings.TrimPrefix(exporter.URL, "http://")
	job := func(name string) string {
		return fmt.Sprintf("- job_name: %s\n  metrics_path: /%s\n  static_configs:\n  - targets: [%q]\n  relabel_configs:\n  - {target_label: instance, replacement: 'web1:9100'}\n", name, name, target)
	}
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {scrape_interval: 1s}\nscrape_configs:\n"+job("puma")+job("node")), 0o600); err != nil {
		t.Fatal(err)
	}
	from := time.Now().Add(-30 * time.Hour).Truncate(time.Second)
	const backfilled = 14_400 // at one second: more than one query may return
	backfill(t, dir, data, from, backfilled)
	daemon(t, "http://"+addr+"/-/ready", "prometheus", "--config.file="+config, "--storage.tsdb.path="+data, "--web.listen-address="+addr)
	for deadline := time.Now().Add(60 * time.Second); scrapes.Load() < 14 && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}

	rec := newRecord()
	res, err := PullPrometheus(context.Background(), "http://"+addr+"/graph", PullOptions{From: time.Now().Add(-5 * time.Second)}, rec)
	if err != nil {
		t.Fatal(err)
	}
	rss := find(t, rec, culprit.RSS, "web1", 7)
	if len(rss) < 3 || rss[len(rss)-1].v <= rss[0].v {
		t.Errorf("rss %v", rss)
	}
	if used := find(t, rec, culprit.HostUsed, "web1", 0); used[0].v != 400 {
		t.Errorf("used %v", used)
	}
	find(t, rec, culprit.HeapLiveSlots, "web1", 7)
	for _, s := range rec.series {
		if s.Kind == culprit.RSS && s.PID == 0 {
			t.Errorf("an exporter's own memory: %+v", s)
		}
	}
	if res.Samples == 0 || res.Bytes == 0 || res.Format != "prometheus" {
		t.Errorf("%+v", res)
	}

	rec = newRecord()
	if _, err = PullPrometheus(context.Background(), addr, PullOptions{From: from, To: from.Add((backfilled - 1) * time.Second), Step: time.Second}, rec); err != nil {
		t.Fatal(err)
	}
	old := find(t, rec, culprit.RSS, "web9", 42)
	wrong := 0
	for i, p := range old {
		if i > 0 && p.at-old[i-1].at != 1_000_000 || p.v != 1e6+(p.at-from.UnixMicro())/1_000_000 {
			wrong++
		}
	}
	if len(old) != backfilled || wrong > 0 {
		t.Errorf("%d points of %d, %d wrong", len(old), backfilled, wrong)
	}
	liveAnswer(t, "http://"+addr+"/api/v1/query_range?query=ruby_rss&step=1&start="+promTime(time.Now().Add(-5*time.Second))+"&end="+promTime(time.Now()), "prometheus-json")
	liveAnswer(t, "http://"+addr+"/federate?match[]=ruby_rss", "prometheus-text")

	_, err = PullPrometheus(context.Background(), addr, PullOptions{From: from.Add(-time.Hour), To: from.Add(-time.Minute)}, newRecord())
	if !errors.Is(err, ErrNoMemory) {
		t.Errorf("before all data: %v", err)
	}
	_, err = PullPrometheus(context.Background(), addr+"/elsewhere", PullOptions{}, newRecord())
	if err == nil || !strings.Contains(err.Error(), "path") {
		t.Errorf("wrong path: %v", err)
	}
}

func backfill(t *testing.T, dir, data string, from time.Time, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# TYPE ruby_rss gauge\n")
	for i := range n {
		fmt.Fprintf(&b, "ruby_rss{instance=\"web9:1\",pid=\"42\"} %d %d\n", 1_000_000+i, from.Unix()+int64(i))
	}
	b.WriteString("# EOF\n")
	file := filepath.Join(dir, "old.prom")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", file, data).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	rec := newRecord()
	if _, err := Read(context.Background(), strings.NewReader(b.String()), Options{}, rec); err != nil || len(rec.samples[0]) != n {
		t.Errorf("the same file: %v", err)
	}
}

// liveAnswer reads what a server answers as if it had been saved to a file.
func liveAnswer(t *testing.T, address, format string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	rec := newRecord()
	got, err := Read(context.Background(), strings.NewReader(string(body)), Options{}, rec)
	if err != nil || got.Format != format || got.Samples == 0 || got.Understood != got.Lines {
		t.Errorf("%s: %+v, %v\n%.300s", address, got, err, body)
	}
}

func TestInfluxLive(t *testing.T) {
	t.Parallel()
	base := influxd(t, false)
	from := time.Now().Add(-26 * time.Hour).Truncate(time.Second)
	var lines strings.Builder
	const n = 26 * 60
	for i := range n {
		at := from.Add(time.Duration(i) * time.Minute).UnixNano()
		fmt.Fprintf(&lines, "mem,host=web1 used=%di,cached=5i,buffered=1i,total=100i %d\n", 1000+i, at)
		fmt.Fprintf(&lines, "procstat,host=web1,pattern=puma,pid=7 memory_rss=%di,memory_vms=1i,cpu_time=1i %d\n", 2000+i, at)
		fmt.Fprintf(&lines, "procstat,host=web2,pattern=puma pid=%di,memory_rss=%di %d\n", 7+i%3, 3000+i, at)
		fmt.Fprintf(&lines, "cpu,host=web1 usage_idle=1 %d\n", at)
	}
	influxDo(t, base, "CREATE DATABASE telegraf")
	influxWrite(t, base, lines.String())

	rec := newRecord()
	res, err := PullInflux(context.Background(), base, PullOptions{From: from, To: time.Now()}, rec)
	if err != nil {
		t.Fatal(err)
	}
	rss := find(t, rec, culprit.RSS, "web1", 7)
	if len(rss) != n || rss[0] != (point{from.UnixMicro(), 2000}) || rss[n-1].v != 2000+n-1 {
		t.Errorf("rss: %d points, %v", len(rss), rss[0])
	}
	if used := find(t, rec, culprit.HostUsed, "web1", 0); len(used) != n {
		t.Errorf("used: %d points", len(used))
	}
	for i, s := range rec.series {
		if s.Host == "web2" && (s.PID != 0 || rec.collapsed[i] != 3 || len(rec.samples[i]) != n) {
			t.Errorf("collapsed series: %+v, %d pids, %d points", s, rec.collapsed[i], len(rec.samples[i]))
		}
	}
	if res.Format != "influxdb-1" || res.Bytes == 0 || !strings.Contains(strings.Join(res.Warnings, " "), "tag_with") {
		t.Errorf("%+v", res)
	}
	rec = newRecord()
	if _, err := PullInflux(context.Background(), base+"?db=telegraf", PullOptions{From: from, To: time.Now(), Step: 10 * time.Minute}, rec); err != nil {
		t.Fatal(err)
	}
	if rss := find(t, rec, culprit.RSS, "web1", 7); math.Abs(float64(len(rss)-n/10)) > 2 {
		t.Errorf("with a step: %d points", len(rss))
	}
	q := url.Values{"db": {"telegraf"}, "q": {"SELECT * FROM procstat WHERE host='web1'; SELECT mean(used) FROM mem WHERE time > now() - 30h GROUP BY time(1h), host"}}
	liveAnswer(t, base+"/query?"+q.Encode(), "influx-json")

	influxDo(t, base, "CREATE DATABASE other")
	for path, want := range map[string]string{"?db=nope": "database not found", "?db=other": "no memory series"} {
		_, err := PullInflux(context.Background(), base+path, PullOptions{}, newRecord())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err = PullInflux(context.Background(), base, PullOptions{From: from.Add(-time.Hour), To: from}, newRecord())
	if !errors.Is(err, ErrNoMemory) {
		t.Errorf("before all data: %v", err)
	}
}

func TestInfluxLiveAuth(t *testing.T) {
	t.Parallel()
	base := influxd(t, true)
	influxDo(t, base, "CREATE USER admin WITH PASSWORD 'hunter2' WITH ALL PRIVILEGES")
	in := strings.Replace(base, "http://", "http://admin:hunter2@", 1)
	influxDo(t, in, "CREATE DATABASE shop")
	influxWrite(t, in+"/", "mem,host=web1 used=5i\n")
	rec := newRecord()
	res, err := PullInflux(context.Background(), base+"?u=admin&p=hunter2", PullOptions{}, rec)
	if err != nil || len(rec.series) == 0 {
		t.Errorf("%v", err)
	}
	if strings.Contains(fmt.Sprintf("%+v", res), "hunter2") {
		t.Errorf("the password is in the result: %+v", res)
	}
	for _, address := range []string{base, strings.Replace(base, "http://", "http://admin:wrongpass@", 1)} {
		_, err := PullInflux(context.Background(), address, PullOptions{}, newRecord())
		if !errors.Is(err, ErrUnauthorized) || strings.Contains(err.Error(), "wrongpass") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func influxd(t *testing.T, auth bool) string {
	t.Helper()
	dir, addr := t.TempDir(), freePort(t)
	config := filepath.Join(dir, "influxdb.conf")
	text := fmt.Sprintf("reporting-disabled = true\nbind-address = %q\n[meta]\n dir = %q\n[data]\n dir = %q\n wal-dir = %q\n[http]\n bind-address = %q\n auth-enabled = %v\n[monitor]\n store-enabled = false\n",
		freePort(t), dir+"/meta", dir+"/data", dir+"/wal", addr, auth)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon(t, "http://"+addr+"/ping", "influxd", "-config", config)
	return "http://" + addr
}

func influxDo(t *testing.T, base, statement string) {
	t.Helper()
	res, err := http.PostForm(base+"/query", url.Values{"q": {statement}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || strings.Contains(string(body), "error") {
		t.Fatalf("%s: %s %s", statement, res.Status, body)
	}
}

func influxWrite(t *testing.T, base, lines string) {
	t.Helper()
	db := "telegraf"
	if root, ok := strings.CutSuffix(base, "/"); ok {
		base, db = root, "shop"
	}
	res, err := http.Post(base+"/write?db="+db, "text/plain", strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusNoContent {
		t.Fatalf("write: %s %s", res.Status, body)
	}
}
