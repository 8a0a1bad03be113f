package arch

import (
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

//go:embed plan.txt
var planText string

// source parses the module once for all tests.
var source = sync.OnceValues(func() (*tree, error) { return loadTree("../..") })

func mustLoad(t *testing.T) (*tree, *plan) {
	t.Helper()
	tr, err := source()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePlan(planText)
	if err != nil {
		t.Fatalf("plan.txt: %v", err)
	}
	return tr, p
}

// checks are the rules that every room keeps.
var checks = map[string]func(*tree, *plan) []string{
	"FloorPlan":       floorPlan,
	"Externals":       func(tr *tree, _ *plan) []string { return externalModules(tr) },
	"Words":           func(tr *tree, _ *plan) []string { return words(tr) },
	"PackageComments": func(tr *tree, _ *plan) []string { return packageComments(tr) },
	"Capabilities":    func(tr *tree, _ *plan) []string { return roomCapabilities(tr) },
	"InitsAndPanics":  func(tr *tree, _ *plan) []string { return initsAndPanics(tr) },
	"PackageState":    func(tr *tree, _ *plan) []string { return packageState(tr) },
}

// TestHouse runs every check over the module.
func TestHouse(t *testing.T) {
	tr, plan := mustLoad(t)
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			for _, c := range check(tr, plan) {
				t.Error(c)
			}
		})
	}
}

// TestCrookedHouse runs the same checks over a house that breaks every rule
// beside innocent code, so that a check which can no longer fail is found.
func TestCrookedHouse(t *testing.T) {
	tr, err := loadTree("testdata/crooked")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := parsePlan(planText)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"FloorPlan": {
			"internal/annex is not in plan.txt",
			"internal/stat/stat.go:12: internal/stat may not import culprit",
			"internal/verdict/verdict.go:5: internal/verdict imports internal/lab",
		},
		"Externals": {"internal/stat/stat.go imports github.com/spf13/cobra"},
		"Words":     {"words.go imports os"},
		"PackageComments": {
			"culprit: the package comment is shorter",
			"internal/annex has no package comment",
			"internal/verdict: the package comment does not say what",
		},
		"Capabilities": {
			"words.go: culprit may not import os",
			"internal/stat/stat.go:27: internal/stat may not use clock.Now",
			"internal/stat/stat.go: internal/stat may not import log/slog",
		},
		"InitsAndPanics": {
			"internal/stat/stat.go:26: init runs before main",
			"internal/stat/stat.go:40: panic without a comment",
		},
		"PackageState": {
			"internal/stat/stat.go:19: package variable count has no value",
			"internal/stat/stat.go:28: assignment to package variable count",
			"internal/stat/stat.go:29: assignment to package variable table",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := checks[name](tr, plan)
			for _, c := range got {
				if !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(c, w) }) {
					t.Errorf("complains about an innocent: %s", c)
				}
			}
			for _, w := range want {
				if !slices.ContainsFunc(got, func(c string) bool { return strings.HasPrefix(c, w) }) {
					t.Errorf("overlooks: %s", w)
				}
			}
		})
	}
}

// TestRoomsExist finds rooms that the plan names and nobody has built.
func TestRoomsExist(t *testing.T) {
	tr, plan := mustLoad(t)
	for _, room := range plan.rooms {
		if !slices.ContainsFunc(tr.pkgs, func(p *pkg) bool { return p.room == room }) {
			t.Errorf("plan.txt names %s, which does not exist", room)
		}
	}
}

// TestSizes reports what outgrows its budget, and fails on what is far over it.
func TestSizes(t *testing.T) {
	tr, _ := mustLoad(t)
	b, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	list := append(sizes(tr), size{"go.mod: direct dependencies", dependencies(string(b)), depsReport, depsFail})
	for _, s := range list {
		switch {
		case s.n > s.fail:
			t.Error(s)
		case s.n > s.report:
			t.Log(s)
		}
	}
}

func TestDependencies(t *testing.T) {
	const goMod = "module m\n\ngo 1.26\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgolang.org/x/c v0.1.0 // indirect\n)\n\nrequire example.org/d v2.0.0\n"
	if got := dependencies(goMod); got != 2 {
		t.Errorf("%d direct dependencies, want 2", got)
	}
}

// TestExported counts an enum once.
func TestExported(t *testing.T) {
	tr, err := loadTree("testdata/crooked")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(tr.pkgs, func(p *pkg) bool { return p.room == module })
	if got, want := exported(tr.pkgs[i]), []string{"Colour", "Limit", "Open"}; !slices.Equal(got, want) {
		t.Errorf("exported names %v, want %v", got, want)
	}
}
