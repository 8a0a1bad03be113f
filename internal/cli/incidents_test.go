package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/cli"
)

// truth is what the recorder of an incident knows (testdata/incidents/README.md).
type truth struct {
	Expected struct {
		Outcomes   []culprit.Outcome `json:"outcomes"`
		Acceptable []culprit.Outcome `json:"acceptable"`
	} `json:"expected"`
	Culprits []struct {
		Name      string            `json:"name"`
		Route     string            `json:"route"`
		Dimension map[string]string `json:"dimension"`
	} `json:"culprits"`
	Zone string `json:"zone"`
}

// Every recorded incident of a real Rails app comes out as it was, or culprit
// abstains where that is no mistake; nobody innocent is ever named, and nobody
// guilty acquitted.
func TestRecordedIncidents(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/incidents/*/truth.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no recorded incidents: %v", err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			want := readTruth(t, path)
			got := investigateJSON(t, "--tz", want.Zone, filepath.Join(dir, "logs"), filepath.Join(dir, "series"))
			t.Logf("%s: %s", got.Verdict.Outcome, got.Verdict.Headline)
			if !slices.Contains(want.Expected.Outcomes, got.Verdict.Outcome) && !slices.Contains(want.Expected.Acceptable, got.Verdict.Outcome) {
				t.Errorf("outcome %s, want one of %v or %v", got.Verdict.Outcome, want.Expected.Outcomes, want.Expected.Acceptable)
			}
			checkSuspects(t, want, got)
			for _, in := range got.Inputs {
				if in.Kind == "memory" && in.Understood != in.Lines {
					t.Errorf("%s: understood %d of %d", in.Path, in.Understood, in.Lines)
				}
			}
		})
	}
}

func checkSuspects(t *testing.T, want truth, got culprit.Report) {
	named := 0
	for _, s := range got.Suspects {
		guilty := want.guilty(s)
		switch s.Finding {
		case culprit.Convicted, culprit.Suspected:
			if s.Kind == "process" || s.Kind == "task" || s.Kind == "event" {
				continue
			}
			named++
			if !guilty {
				t.Errorf("innocent %s %v is %s: %s", s.Name, s.Dimension, s.Finding, s.Reason)
			}
		case culprit.Acquitted:
			if guilty {
				t.Errorf("guilty %s is acquitted: %s", s.Name, s.Reason)
			}
		}
	}
	if got.Verdict.Outcome == culprit.OutcomeCulprit && named == 0 {
		t.Error("a culprit is announced and nobody is named")
	}
}

func (w truth) guilty(s culprit.Suspect) bool {
	for _, c := range w.Culprits {
		if s.Name != c.Name && (c.Route == "" || s.Name != c.Route) {
			continue
		}
		return true
	}
	return false
}

func readTruth(t *testing.T, path string) truth {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var w truth
	if err := json.Unmarshal(b, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func investigateJSON(t *testing.T, args ...string) culprit.Report {
	t.Helper()
	var out, talk bytes.Buffer
	w := cli.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &talk, Env: func(string) string { return "" }}
	if code := cli.Run(t.Context(), append([]string{"investigate", "--json"}, args...), w); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	var r culprit.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}
