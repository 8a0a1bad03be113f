//go:build e2e

// Package lab_test boots the real victim for some seconds.
package lab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// boot starts one cluster of the victim with its leaking extension and stops
// it, by pid, when the test ends.
func boot(t *testing.T, plant string) (base, logs, truth string) {
	t.Helper()
	for _, need := range []string{"ruby", "puma", "make", "cc"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("%s is missing: run make setup", need)
		}
	}
	if out, err := exec.Command("ruby", "-e", `%w[rails action_controller active_record active_job lograge sqlite3].each { |g| require g }`).CombinedOutput(); err != nil {
		t.Fatalf("Rails is not complete, run make setup: %v\n%s", err, out)
	}
	dir := t.TempDir()
	logs, truth = filepath.Join(dir, "logs"), filepath.Join(dir, "truth.jsonl")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "ext"), os.DirFS("victim/ext/thumbcache")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{"ruby extconf.rb", "make"} {
		f := strings.Fields(c)
		cmd := exec.Command(f[0], f[1:]...)
		cmd.Dir = filepath.Join(dir, "ext")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "SHOP_HOST=web1", "SHOP_LOGS="+logs, "SHOP_BIND="+addr, "SHOP_PLANT="+plant, "SHOP_TRUTH="+truth,
		"SHOP_DB="+filepath.Join(dir, "shop.sqlite3"), "SHOP_EXT="+filepath.Join(dir, "ext"), "SHOP_CALM=1", "TZ=UTC")
	seed := exec.Command("ruby", "bin/seed")
	seed.Dir, seed.Env = "victim", env
	if out, err := seed.CombinedOutput(); err != nil {
		t.Fatalf("seed: %v\n%s", err, out)
	}
	stdout, err := os.Create(filepath.Join(dir, "puma.log"))
	if err != nil {
		t.Fatal(err)
	}
	puma := exec.Command("puma", "-C", "config/puma.rb")
	puma.Dir, puma.Env, puma.Stdout, puma.Stderr = "victim", env, stdout, stdout
	puma.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := puma.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = puma.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = syscall.Kill(puma.Process.Pid, syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("puma did not stop in 10 s")
		}
		_ = syscall.Kill(-puma.Process.Pid, syscall.SIGKILL)
		<-done
		_ = stdout.Close()
		if t.Failed() {
			b, _ := os.ReadFile(stdout.Name())
			t.Logf("puma said:\n%s", b)
		}
	})
	base = "http://" + addr
	for start := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if code, _ := call(t, "GET", base+"/healthz", "", ""); code == http.StatusOK {
			return base, logs, truth
		}
		select {
		case <-done:
			t.Fatal("puma ended while it booted")
		default:
		}
		if time.Since(start) > time.Minute {
			t.Fatal("the victim does not answer after a minute")
		}
	}
}

func call(t *testing.T, method, url, kind, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "0123456789abcdef0123456789abcdef")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestVictimLogsWhatRailsLogsAndLeaksWhatItSays(t *testing.T) {
	base, logs, truth := boot(t, "native_leak")
	const calls = 12
	for i := range calls {
		if code, _ := call(t, "GET", fmt.Sprintf("%s/thumbnails/%d", base, i), "", ""); code != http.StatusOK {
			t.Fatalf("thumbnail: %d", code)
		}
	}
	for _, c := range []struct {
		method, path, kind, body string
		code                     int
	}{
		{"GET", "/products?locale=fr", "", "", 200},
		{"GET", "/admin/reports?range=day", "", "", 200},
		{"POST", "/checkout", "application/x-www-form-urlencoded", "user_id=3&password=secret", 201},
		{"POST", "/exports", "", "", 202},
		{"POST", "/graphql", "application/json", `{"operationName":"getViewer","query":"query getViewer { viewer { id } }","variables":{}}`, 200},
		{"GET", "/invoices/7.pdf", "", "", 200},
		{"GET", "/nowhere", "", "", 404},
	} {
		code, _ := call(t, c.method, base+c.path, c.kind, c.body)
		if code != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, code, c.code)
		}
	}
	time.Sleep(time.Second) // the receipt is sent after the answer

	production := read(t, filepath.Join(logs, "production.log"))
	for _, want := range []string{
		`(?m)^I, \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]  INFO -- : Started GET "/products\?locale=fr" for 127\.0\.0\.1 at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000$`,
		`(?m)INFO -- : Processing by ProductsController#index as `,
		`(?m)INFO -- :   Parameters: \{"locale"=>"fr"\}$`,
		`(?m)INFO -- : Completed 200 OK in \d+ms \(Views: [\d.]+ms \| ActiveRecord: [\d.]+ms \| Allocations: \d+\)$`,
		`(?m)INFO -- : Sent data invoice-7\.pdf \([\d.]+ms\)$`,
		`(?m)"password"=>"\[FILTERED\]"`,
		`(?m)INFO -- : \[ActiveJob\] \[ReceiptJob\] \[[0-9a-f-]{36}\] Performed ReceiptJob \(Job ID: [0-9a-f-]{36}\) from Async\(default\) in [\d.]+ms$`,
		`(?m)"operationName"=>"getViewer"`,
		`(?m)^ActionController::RoutingError \(No route matches \[GET\] "/nowhere"\):$`,
	} {
		if !regexp.MustCompile(want).MatchString(production) {
			t.Errorf("production.log has no %s", want)
		}
	}
	if strings.Contains(production, "secret") || strings.Contains(production, "0123456789abcdef") {
		t.Error("production.log holds what it must not: a password or a tag")
	}
	for file, want := range map[string]string{
		"production.tagged.log": `(?m)INFO -- : \[0123456789abcdef0123456789abcdef\] Completed 200 OK in `,
		"production.bare.log":   `(?m)^Processing by Admin::ReportsController#index as `,
		"lograge.log":           `(?m)^time=\S+ method=GET path=/products format=\S+ controller=ProductsController action=index status=200 duration=[\d.]+ view=[\d.]+ db=[\d.]+ host=web1 pid=\d+ request_id=0123456789abcdef0123456789abcdef params=\{"locale"=>"fr"\}$`,
		"logstash.log":          `(?m)^\{"method":"POST","path":"/graphql",.*"@version":"1","message":"\[200\] POST /graphql \(GraphqlController#execute\)"\}$`,
	} {
		if !regexp.MustCompile(want).MatchString(read(t, filepath.Join(logs, file))) {
			t.Errorf("%s has no %s", file, want)
		}
	}
	if n := strings.Count(read(t, truth), `"bytes_kept":1400000,"exact":true`); n < calls {
		t.Errorf("%d leaks of 1.40 MB in the truth, want at least %d", n, calls)
	}
}

func TestVictimUnplantedHasNoTruth(t *testing.T) {
	base, _, truth := boot(t, "healthy")
	for _, path := range []string{"/admin/reports?range=all", "/thumbnails/1", "/recommendations", "/products?locale=fr"} {
		if code, _ := call(t, "GET", base+path, "", ""); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
	if b := read(t, truth); b != "" {
		t.Errorf("planted work in a healthy victim: %s", b)
	}
}
