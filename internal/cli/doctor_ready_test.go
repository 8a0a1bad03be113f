package cli_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit"
)

// rails is an app in one file: it serves some requests in this process, and leaves
// its log. Its settings are those of config/environments/production.rb.
const rails = `
require "action_controller/railtie"
require "lograge" if File.exist?("lograge")
class Shop < Rails::Application
  config.root = Dir.pwd
  config.eager_load = false
  config.secret_key_base = "x" * 64
  config.hosts.clear
end
class GraphqlController < ActionController::Base
  def execute = render(json: { data: 1 })
end
Rails.application.initialize!
Rails.application.routes.draw { post "/graphql", to: "graphql#execute" }
r = Rack::MockRequest.new(Rails.application)
30.times { r.post("/graphql", params: { operationName: "getOrders", query: "{ a }" }) }
`

// folder is an app with its settings and its logs.
type folder struct {
	t   *testing.T
	dir string
}

func (f folder) put(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// configure writes the app's settings.
func (f folder) configure(lines ...string) {
	f.t.Helper()
	f.put("config/environments/production.rb", "Rails.application.configure do\n"+strings.Join(lines, "\n")+"\nend\n")
}

// serve runs the app, and returns doctor's arguments for its logs.
func (f folder) serve() []string {
	f.t.Helper()
	if err := os.RemoveAll(filepath.Join(f.dir, "log")); err != nil {
		f.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(f.dir, "log"), 0o755); err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command("ruby", "-W0", "app.rb")
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "RAILS_ENV=production")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("rails: %v\n%s\nhint: make setup", err, out)
	}
	logs, err := filepath.Glob(filepath.Join(f.dir, "log", "*.log"))
	if err != nil || len(logs) == 0 {
		f.t.Fatalf("no log, %v", err)
	}
	args := []string{f.dir}
	for _, l := range logs {
		args = append(args, "--log", l)
	}
	return args
}

// TestAddedLinesWork: the lines that doctor proposes, put into a real Rails, make
// its log carry the facts that were missing; and what doctor says by the settings
// alone is what the lines show.
func TestAddedLinesWork(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		lacks    []string // before
	}{
		"as generated":              {[]string{"config.log_level = :info"}, []string{"pid", "request_id"}},
		"quiet":                     {[]string{"config.log_level = :info", "config.log_tags = [:remote_ip]"}, []string{"pid", "request_id"}},
		"a logger without a prefix": {[]string{"config.log_tags = [ :request_id ]", `config.logger = ActiveSupport::TaggedLogging.new(ActiveSupport::Logger.new("log/production.log"))`}, []string{"pid"}},
		"a logger with a prefix":    {[]string{"config.log_tags = [ :request_id ]", `config.logger = ActiveSupport::Logger.new("log/production.log")`, "    .tap { |logger| logger.formatter = ::Logger::Formatter.new }", "    .then { |logger| ActiveSupport::TaggedLogging.new(logger) }"}, nil},
		"lograge":                   {[]string{"config.lograge.enabled = true"}, []string{"pid", "request_id", "time", "request_start", "graphql_operation"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := folder{t, t.TempDir()}
			f.put("app.rb", rails)
			f.put("Gemfile.lock", "GEM\n  specs:\n    graphql (2.0.0)\n\nDEPENDENCIES\n  graphql\n")
			if name == "lograge" {
				f.put("lograge", "")
			}
			f.configure(c.settings...)
			d := doctor(t, f.serve()...)
			told(t, "by lines", d, c.lacks)
			bySettings := doctor(t, f.dir)
			told(t, "by settings", bySettings, c.lacks)
			f.configure(slices.Concat(c.settings, blocks(bySettings))...)
			told(t, "by lines, after", doctor(t, f.serve()...), nil)
			told(t, "by settings, after", doctor(t, f.dir), nil)
		})
	}
}

// told demands that the facts that a log of the app can carry are there, but for
// some.
func told(t *testing.T, how string, d culprit.Doctor, lacks []string) {
	t.Helper()
	for _, fact := range []string{"time", "duration", "pid", "request_id", "request_start", "graphql_operation"} {
		want := "present"
		for _, l := range lacks {
			if l == fact {
				want = "missing"
			}
		}
		if got := ready(d, fact); got.Status != want {
			t.Errorf("%s: %s is %s, want %s (%s)", how, fact, got.Status, want, got.Why)
		}
	}
}

// blocks are the lines to add to the app's settings, each once.
func blocks(d culprit.Doctor) []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range d.Readiness {
		if strings.HasPrefix(r.Where, "config/") && !seen[r.Add] {
			seen[r.Add] = true
			out = append(out, r.Add)
		}
	}
	return out
}

func ready(d culprit.Doctor, name string) culprit.Readiness {
	for _, r := range d.Readiness {
		if r.Fact == name {
			return r
		}
	}
	return culprit.Readiness{Status: "none"}
}

// TestAddedFormatWorks: the log format that doctor proposes is one that nginx
// takes, and its log carries what was missing.
func TestAddedFormatWorks(t *testing.T) {
	f := folder{t, t.TempDir()}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, "ok"); err != nil {
			t.Error(err)
		}
	}))
	defer app.Close()
	plain := "access_log " + f.dir + "/access.log;"
	f.nginx(app.Listener.Addr().String(), plain)
	d := doctor(t, "--log", f.dir+"/access.log")
	format := ready(d, "proxy_timing")
	if format.Status != "missing" || ready(d, "proxy_upstream").Status != "missing" {
		t.Fatalf("before: %+v", d.Readiness)
	}
	if err := os.Remove(f.dir + "/access.log"); err != nil {
		t.Fatal(err)
	}
	f.nginx(app.Listener.Addr().String(), strings.ReplaceAll(format.Add, "/var/log/nginx", f.dir))
	d = doctor(t, "--log", f.dir+"/access.log")
	for _, fact := range []string{"proxy_timing", "proxy_upstream"} {
		if got := ready(d, fact); got.Status != "present" {
			t.Errorf("after: %s is %s (%s)", fact, got.Status, got.Why)
		}
	}
	// By the file alone, in an app's folder.
	f.put("app/Gemfile.lock", "GEM\n  specs:\n\nDEPENDENCIES\n")
	f.put("app/config/nginx.conf", "http {\n"+format.Add+"\n}\n")
	if got := ready(doctor(t, f.dir+"/app"), "proxy_timing"); got.Status != "present" {
		t.Errorf("by settings: %+v", got)
	}
	f.put("app/config/nginx.conf", "server { location / { proxy_pass http://app; } }\n")
	if got := ready(doctor(t, f.dir+"/app"), "proxy_timing"); got.Status != "missing" || !strings.HasPrefix(got.Where, "config/nginx.conf") {
		t.Errorf("by settings, without: %+v", got)
	}
}

// nginx serves some calls with a log as given, and ends.
func (f folder) nginx(upstream, log string) {
	f.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		f.t.Fatal(err)
	}
	temp := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, f.dir, kind)
	}
	f.put("nginx.conf", fmt.Sprintf("daemon off; master_process off; pid %[1]s/nginx.pid; error_log %[1]s/error.log;\nevents {}\nhttp {\n%[2]s%[3]s\nserver { listen %[4]s; location / { proxy_pass http://%[5]s; } }\n}\n", f.dir, temp, log, at, upstream))
	cmd := exec.Command("nginx", "-c", f.dir+"/nginx.conf", "-p", f.dir)
	out := &strings.Builder{}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		f.t.Fatalf("%v; hint: make setup", err)
	}
	served := 0
	for tries := 0; served < 20 && tries < 2000; tries++ {
		resp, err := http.Get("http://" + at + "/orders")
		if err != nil {
			time.Sleep(5 * time.Millisecond) // not up yet
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			f.t.Error(err)
		}
		if err := resp.Body.Close(); err != nil {
			f.t.Error(err)
		}
		served++
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		f.t.Error(err)
	}
	if err := cmd.Wait(); err != nil || served < 20 {
		f.t.Fatalf("nginx: %v, %d calls served\n%s", err, served, out)
	}
}
