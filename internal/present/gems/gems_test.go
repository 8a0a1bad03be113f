package gems_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"culprit"
	"culprit/internal/present/gems"
	"culprit/internal/present/sheet"
)

var update = flag.Bool("update", false, "write golden files anew")

func sample() culprit.Gems {
	entered := time.Date(2026, 4, 9, 12, 0, 0, 0, time.UTC)
	return culprit.Gems{
		Schema: culprit.GemsSchema, Tool: "culprit 0.1.0", App: "shop", Lockfile: "Gemfile.lock", Checked: 97, Locked: 142, Ruby: "3.1.2",
		Knowledge: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
		Findings: []culprit.GemFinding{
			{
				ID: "redcarpet-render-base", Gem: "redcarpet", Version: "3.3.2", Platform: "ruby", Fixed: "3.3.3", Kind: "native_leak",
				Title: "Redcarpet before 3.3.3 loses 312 bytes with every renderer", Verdict: culprit.Applies,
				Because: "app/helpers/text_helper.rb:2 mentions Redcarpet", Advice: "Upgrade redcarpet to 3.3.3 or later.", Entered: entered,
				Evidence: []culprit.Evidence{
					{Text: "locked", File: "Gemfile.lock", Line: 7},
					{Text: "mentions Redcarpet", File: "app/helpers/text_helper.rb", Line: 2, Code: "Redcarpet::Markdown.new(\x1b[31mx)"},
					{Text: "312 bytes", URL: "https://github.com/vmg/redcarpet/pull/516"},
				},
				Cost: &culprit.Cost{Low: 312, High: 312, Per: "call", Source: "https://github.com/vmg/redcarpet/pull/516"},
			},
			{
				ID: "glibc-arenas", Gem: "glibc", Kind: "configuration", Title: "Several threads on glibc without a limit of arenas",
				Verdict: culprit.CannotTell, Condition: "only with glibc", Because: "no file of the app sets MALLOC_ARENA_MAX", Advice: "Set it.",
			},
			{ID: "rgeo-invalid-reason", Gem: "rgeo", Version: "2.0.0", Kind: "native_leak", Title: "rgeo leaks", Verdict: culprit.NotReachable, Because: "no line calls it"},
		},
		Circumstances: []culprit.Circumstance{{ID: "redcarpet-render-base", Name: "redcarpet 3.3.2", Standing: culprit.StandingNotIt, Text: "redcarpet 3.3.2: 2 MB, 0.006 % of the +33 GB: not it"}},
		Warnings:      []string{"Gemfile.lock:5: merge conflict"},
	}
}

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"first.txt": func(b *bytes.Buffer) error { return gems.Write(b, sample(), gems.Options{}) },
		"all.txt":   func(b *bytes.Buffer) error { return gems.Write(b, sample(), gems.Options{All: true}) },
		"narrow.txt": func(b *bytes.Buffer) error {
			return gems.Write(b, sample(), gems.Options{Options: sheet.Options{Width: 50, Plain: true}})
		},
		"gems.json":  func(b *bytes.Buffer) error { return gems.JSON(b, sample()) },
		"gems.sarif": func(b *bytes.Buffer) error { return gems.SARIF(b, sample()) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs (go test -update writes it anew):\n%s", name, got.String())
		}
	}
}

// TestSARIF holds what SARIF 2.1.0 requires of a log, a run and a result.
func TestSARIF(t *testing.T) {
	var b bytes.Buffer
	if err := gems.SARIF(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID       string `json:"ruleId"`
				RuleIndex    int    `json:"ruleIndex"`
				Kind, Level  string
				Message      struct{ Text string }
				Suppressions []struct{ Kind string }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("no log of SARIF: %+v", log)
	}
	run := log.Runs[0]
	for i, want := range []struct{ kind, level string }{{"fail", "warning"}, {"review", "none"}, {"fail", "warning"}} {
		r := run.Results[i]
		if r.Kind != want.kind || r.Level != want.level || r.Message.Text == "" || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %d: %+v", i, r)
		}
		// The standard: level is "none" unless kind is "fail"; what is suppressed says so.
		if (len(r.Suppressions) > 0) != (i == 2) {
			t.Errorf("result %d: suppressions %v", i, r.Suppressions)
		}
	}
}
