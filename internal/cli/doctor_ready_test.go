package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
)

// rails is an app in one file: it takes lines of configuration, serves some
// requests in this process, and leaves its log.
const rails = `
require "action_controller/railtie"
require "lograge" if File.exist?("lograge")
class Shop < Rails::Application
  config.root = Dir.pwd
  config.eager_load = false
  config.secret_key_base = "x" * 64
  config.hosts.clear
  config.lograge.enabled = true if File.exist?("lograge")
  class_eval File.read("config/environments/added.rb")
end
class GraphqlController < ActionController::Base
  class_eval File.read("controller.rb") if File.exist?("controller.rb")
  def execute = render(json: { data: 1 })
end
Rails.application.initialize!
Rails.application.routes.draw { post "/graphql", to: "graphql#execute" }
r = Rack::MockRequest.new(Rails.application)
30.times { r.post("/graphql", params: { operationName: "getOrders", query: "{ a }" }) }
`

// TestAddedLinesWork: the lines that doctor proposes, put into a real Rails, make
// its log carry the facts that were missing.
func TestAddedLinesWork(t *testing.T) {
	for _, name := range []string{"rails", "lograge"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put := func(file, text string) {
				t.Helper()
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			settings := "Rails.application.configure do\n  config.log_level = :info\nend\n"
			if name == "lograge" {
				put("lograge", "")
				settings = "Rails.application.configure do\n  config.lograge.enabled = true\nend\n"
			}
			put("config/environments/production.rb", settings)
			put("app.rb", rails)
			put("config/environments/added.rb", "")
			put("Gemfile.lock", "GEM\n  specs:\n    graphql (2.0.0)\n\nDEPENDENCIES\n  graphql\n")
			log := filepath.Join(dir, "log", "production.log")
			before := serve(t, dir, log)
			d := doctor(t, "--log", log, dir)
			if s := status(d, "pid"); s != "missing" {
				t.Fatalf("before: pid is %s in %q", s, before)
			}
			put("config/environments/added.rb", strings.ReplaceAll(lines(d, "pid"), "\n", "\n"))
			put("controller.rb", graphqlLines(d))
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			after := serve(t, dir, log)
			d = doctor(t, "--log", log, dir)
			for _, f := range []string{"pid", "request_id", "duration"} {
				if s := status(d, f); s != "present" {
					t.Errorf("after: %s is %s in\n%s", f, s, after)
				}
			}
			if name == "lograge" {
				for _, f := range []string{"host", "graphql_operation"} {
					if s := status(d, f); s != "present" {
						t.Errorf("after: %s is %s in\n%s", f, s, after)
					}
				}
			} else if s := status(d, "request_start"); s != "present" {
				t.Errorf("after: request_start is %s", s)
			}
		})
	}
}

func serve(t *testing.T, dir, log string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ruby", "-W0", "app.rb")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "RAILS_ENV=production")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("rails: %v\n%s\nhint: make setup", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:min(len(text), 600)])
}

func ready(d culprit.Doctor, name string) culprit.Readiness {
	for _, r := range d.Readiness {
		if r.Fact == name {
			return r
		}
	}
	return culprit.Readiness{Status: "none"}
}

func status(d culprit.Doctor, name string) string { return ready(d, name).Status }
func lines(d culprit.Doctor, name string) string  { return ready(d, name).Add }

// graphqlLines is the part that goes into the controller.
func graphqlLines(d culprit.Doctor) string {
	text, _, _ := strings.Cut(lines(d, "graphql_operation"), "\nconfig.")
	return text
}
