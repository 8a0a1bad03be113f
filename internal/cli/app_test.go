package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/cli"
)

// story is an app with what people suspect by hand: gems that lists name, dates
// that match, and none of it reachable; beside it a line in the code of the one
// who did it, and one in the code of somebody acquitted.
var story = map[string]string{
	"app/graphql/shop_schema.rb": "class ShopSchema < GraphQL::Schema\n  use GraphQL::Execution::Interpreter\nend\n",
	"app/models/area.rb":         "class Area < ApplicationRecord\n  # geometry.invalid_reason\nend\n",
	"app/controllers/admin/reports_controller.rb": "module Admin\n  class ReportsController < ApplicationController\n" +
		"    def index\n      render json: Report.all\n    end\n  end\nend\n",
	"app/jobs/clean_up_job.rb": "class CleanUpJob < ApplicationJob\n  def perform = User.find_each(batch_size: 50_000) { }\nend\n",
}

// repository writes the story with a history: graphql came in at the given time.
func repository(t *testing.T, at string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(at string, args ...string) {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	lock := func(graphql string) {
		write("Gemfile.lock", "GEM\n  remote: https://gems.example/\n  specs:\n    graphql ("+graphql+")\n    rgeo (2.0.0)\n\nPLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  graphql\n  rgeo\n\nBUNDLED WITH\n   2.3.15\n")
	}
	for name, text := range story {
		write(name, text)
	}
	git("", "init", "-q")
	lock("1.9.21")
	git("2025-01-01T12:00:00Z", "add", "-A")
	git("2025-01-01T12:00:00Z", "commit", "-qm", "begin")
	lock("1.10.6")
	git(at, "add", "-A")
	git(at, "commit", "-qm", "bump")
	return dir
}

func run(t *testing.T, args ...string) (stdout string, code int) {
	t.Helper()
	var out, talk bytes.Buffer
	code = cli.Run(t.Context(), args, cli.World{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &talk, Env: func(string) string { return "" },
	})
	if code == cli.ExitFailed || code == cli.ExitUsage {
		t.Fatalf("%q: exit %d: %s", args, code, talk.String())
	}
	return out.String(), code
}

// TestDatesNeverConvict: graphql 1.10.6 and rgeo 2.0.0 are on every list, and
// graphql came in the day before memory grew; neither can be reached. What is in
// the code of the convicted is marked, and convicts nobody else.
func TestDatesNeverConvict(t *testing.T) {
	incident := filepath.Join("..", "..", "testdata", "incidents", "bloat")
	dir := repository(t, "2026-11-22T10:00:00Z")
	plain, _ := run(t, "investigate", "--json", filepath.Join(incident, "logs"), filepath.Join(incident, "series"))
	with, _ := run(t, "investigate", "--json", "--app", dir, filepath.Join(incident, "logs"), filepath.Join(incident, "series"))
	var a, b culprit.Report
	if err := json.Unmarshal([]byte(plain), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(with), &b); err != nil {
		t.Fatal(err)
	}
	if a.Verdict.Headline != b.Verdict.Headline || a.Verdict.Outcome != b.Verdict.Outcome || len(a.Circumstances) != 0 {
		t.Errorf("the app changed the verdict: %q became %q", a.Verdict.Headline, b.Verdict.Headline)
	}
	got := map[string]culprit.Circumstance{}
	for _, c := range b.Circumstances {
		got[c.ID] = c
	}
	for id, want := range map[string]struct {
		standing culprit.Standing
		says     []string
	}{
		"graphql-possible-types": {culprit.StandingNotIt, []string{"graphql 1.10.6", "GraphQL::Execution::Interpreter", "22 Nov 2026", "a date alone is no evidence"}},
		"rgeo-invalid-reason":    {culprit.StandingNotIt, []string{"no line of the app calls invalid_reason", "not it"}},
		"render-all-as-json":     {culprit.StandingToTest, []string{"app/controllers/admin/reports_controller.rb:4", "Admin::ReportsController#index", "convicted here"}},
		"large-batches":          {culprit.StandingCannotTell, nil},
	} {
		c, ok := got[id]
		if !ok {
			t.Errorf("%s is not listed", id)
			continue
		}
		if c.Standing != want.standing {
			t.Errorf("%s is %s, want %s: %s", id, c.Standing, want.standing, c.Text)
		}
		for _, s := range want.says {
			if !strings.Contains(c.Text, s) {
				t.Errorf("%s does not say %q: %s", id, s, c.Text)
			}
		}
	}
	if len(b.Circumstances) > 0 && b.Circumstances[0].ID != "render-all-as-json" {
		t.Errorf("first is %s", b.Circumstances[0].ID)
	}
}

// TestProportionOfSavedReport: gems --incident weighs, --report carries on.
func TestProportionOfSavedReport(t *testing.T) {
	incident := filepath.Join("..", "..", "testdata", "incidents", "bloat")
	dir, tmp := repository(t, "2026-11-22T10:00:00Z"), t.TempDir()
	page := filepath.Join(tmp, "report.html")
	run(t, "investigate", "--html", page, filepath.Join(incident, "logs"), filepath.Join(incident, "series"))
	for _, name := range []string{"out.html", "out.md", "out.json"} {
		out := filepath.Join(tmp, name)
		text, _ := run(t, "gems", "--json", "--incident", page, "--report", out, dir)
		var g culprit.Gems
		if err := json.Unmarshal([]byte(text), &g); err != nil {
			t.Fatal(err)
		}
		if len(g.Circumstances) != len(g.Findings) || len(g.Findings) < 4 {
			t.Errorf("%d findings, %d in proportion", len(g.Findings), len(g.Circumstances))
		}
		written, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"graphql 1.10.6", "Admin::ReportsController"} {
			if !bytes.Contains(written, []byte(want)) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
	// Once more on what was written: the same command's findings are replaced.
	again := filepath.Join(tmp, "again.json")
	run(t, "gems", "--incident", filepath.Join(tmp, "out.html"), "--report", again, dir)
	first, err := os.ReadFile(filepath.Join(tmp, "out.json"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the second time the report is another one")
	}
}
