package checks_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/bundle"
	"culprit/internal/gemcheck"
	"culprit/internal/gemcheck/checks"
	"culprit/internal/source/appdir"
)

func load(t *testing.T) []gemcheck.Document {
	t.Helper()
	docs, err := checks.Load()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// TestEnough: the knowledge base covers what it promises.
func TestEnough(t *testing.T) {
	docs := load(t)
	if len(docs) < 60 {
		t.Errorf("%d findings, 60 are wanted", len(docs))
	}
	kinds := map[string]int{}
	for _, d := range docs {
		kinds[d.Kind]++
	}
	for _, k := range gemcheck.Kinds() {
		if kinds[k] == 0 {
			t.Errorf("no finding of kind %s", k)
		}
	}
	t.Log(len(docs), kinds)
}

// TestVersions holds each document's cases of versions, by a lockfile that is
// read by the door.
func TestVersions(t *testing.T) {
	for _, d := range load(t) {
		if len(d.Affected) == 0 {
			continue
		}
		c := d.Cases
		everything := slices.Equal(d.Affected, []string{">= 0"}) // no version is without it
		if len(c.Affected) == 0 || len(c.Unaffected) == 0 && !everything || (len(c.Fixed) == 0) != (d.Fixed == "") {
			t.Errorf("%s: cases of affected, fixed and unaffected versions are wanted", d.ID)
		}
		fixed, err := bundle.ParseVersion(d.Fixed)
		for _, f := range c.Fixed {
			if v, verr := bundle.ParseVersion(f); err != nil || verr != nil || v.Compare(fixed) < 0 {
				t.Errorf("%s: %s is before %s, which fixed it", d.ID, f, d.Fixed)
			}
		}
		for _, v := range c.Affected {
			if !concerns(t, d, v, nil) {
				t.Errorf("%s: %s is not found", d.ID, v)
			}
		}
		for _, v := range slices.Concat(c.Fixed, c.Unaffected) {
			if concerns(t, d, v, nil) {
				t.Errorf("%s: %s is accused", d.ID, v)
			}
		}
	}
}

func concerns(t *testing.T, d gemcheck.Document, version string, code *gemcheck.CodeCase) bool {
	t.Helper()
	return len(run(t, d, version, code).Findings) > 0
}

// run holds one document against a small app that is written for it.
func run(t *testing.T, d gemcheck.Document, version string, code *gemcheck.CodeCase) culprit.Gems {
	t.Helper()
	dir := t.TempDir()
	gems, platform := map[string]string{}, ""
	if code != nil {
		for name, text := range code.Files {
			write(t, dir, name, text)
		}
		maps.Copy(gems, code.Lock)
		platform = code.Platform
	}
	ruby := ""
	switch {
	case !d.Versioned():
	case d.Subject == "ruby":
		ruby = version
	default:
		gems[d.Subject] = version
	}
	write(t, dir, "Gemfile.lock", lockOf(gems, d.Subject, platform))
	if ruby != "" {
		write(t, dir, ".ruby-version", ruby+"\n")
	}
	a, err := appdir.Read(t.Context(), dir, appdir.Options{NoHistory: true})
	if err != nil {
		t.Fatal(err)
	}
	return gemcheck.Check([]gemcheck.Document{d}, a)
}

func lockOf(gems map[string]string, subject, platform string) string {
	var b, deps strings.Builder
	b.WriteString("GEM\n  remote: https://gems.example/\n  specs:\n")
	names := make([]string, 0, len(gems))
	for n := range gems {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		suffix := ""
		if n == subject && platform != "" {
			suffix = "-" + platform
		}
		fmt.Fprintf(&b, "    %s (%s%s)\n", n, gems[n], suffix)
		fmt.Fprintf(&deps, "  %s\n", n)
	}
	if platform == "" {
		platform = "ruby"
	}
	return b.String() + "\nPLATFORMS\n  " + platform + "\n\nDEPENDENCIES\n" + deps.String() + "\nBUNDLED WITH\n   2.4.10\n"
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCode holds each document's cases of code: the guilty line, and the innocent
// one beside it.
func TestCode(t *testing.T) {
	for _, d := range load(t) {
		if d.Condition == nil {
			continue
		}
		outcomes := map[string]bool{}
		version := "1.0"
		if len(d.Cases.Affected) > 0 {
			version = d.Cases.Affected[0]
		}
		for i, c := range d.Cases.Code {
			got := "none"
			for _, f := range run(t, d, version, &c).Findings {
				got = string(f.Verdict)
			}
			want := c.Verdict
			if !d.Versioned() && want == string(culprit.NotReachable) {
				want = "none" // of a setting that is not there, nothing is said
			}
			if got != want {
				t.Errorf("%s: case %d: %s, want %s", d.ID, i+1, got, want)
			}
			outcomes[c.Verdict] = true
		}
		if onCode(&d.Condition.When) && len(outcomes) < 2 {
			t.Errorf("%s: cases of code that apply and that do not are wanted", d.ID)
		}
	}
}

// onCode tells whether a condition looks at the app's files.
func onCode(x *gemcheck.Expr) bool {
	for _, list := range [][]gemcheck.Expr{x.All, x.Any} {
		for i := range list {
			if onCode(&list[i]) {
				return true
			}
		}
	}
	if x.Not != nil {
		return onCode(x.Not)
	}
	return x.Calls != nil || x.Constant != "" || x.Code != nil || x.Env != nil || x.Production != nil || x.Puma != nil
}
