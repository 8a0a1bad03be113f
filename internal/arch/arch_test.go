package arch

import (
	_ "embed"
	"slices"
	"strconv"
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

// TestFloorPlan holds every import of ours against plan.txt.
func TestFloorPlan(t *testing.T) {
	tr, plan := mustLoad(t)
	for _, p := range tr.pkgs {
		if isOutside(p.room) {
			continue
		}
		if !plan.has(p.room) {
			t.Errorf("%s is not in plan.txt: give it a place there, or put the code into the room it belongs to", p.room)
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.ast.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				other := ours(path)
				switch {
				case other == "":
				case isOutside(other):
					t.Errorf("%s: %s imports %s, which lies outside of the plan", tr.at(spec), p.room, other)
				case !plan.allows(p.room, other):
					t.Errorf("%s: %s may not import %s (internal/arch/plan.txt)", tr.at(spec), p.room, other)
				}
			}
		}
	}
}

// TestRoomsExist reports rooms that the plan names and nobody has built.
func TestRoomsExist(t *testing.T) {
	tr, plan := mustLoad(t)
	for _, room := range plan.rooms {
		if !slices.ContainsFunc(tr.pkgs, func(p *pkg) bool { return p.room == room }) {
			t.Logf("not built yet: %s", room)
		}
	}
}

// externals lists the modules from elsewhere and the rooms that may know them.
var externals = []struct {
	prefix string
	rooms  []string
	why    string
}{
	{"github.com/klauspost/compress", []string{"internal/source/input"}, "gzip and zstd at twice the speed of the standard library"},
	{"github.com/ulikunitz/xz", []string{"internal/source/input"}, "the standard library has no xz"},
	{"github.com/spf13/cobra", []string{"internal/cli", "internal/docgen"}, "commands, completion, reference"},
	{"github.com/spf13/pflag", []string{"internal/cli", "internal/docgen"}, "flags of cobra"},
	{"golang.org/x/term", []string{"internal/cli", "internal/present/style", "internal/present/term"}, "is it a terminal, and how wide"},
	{"gonum.org/v1/gonum", []string{"internal/stat"}, "distributions and linear algebra"},
	{"golang.org/x/sys", []string{"internal/source/input", "internal/store"}, "read-ahead and mapped files"},
}

// TestExternals keeps modules from elsewhere in the rooms that need them.
func TestExternals(t *testing.T) {
	tr, _ := mustLoad(t)
	for _, p := range tr.pkgs {
		if isOutside(p.room) {
			continue
		}
		for _, f := range p.files {
			for _, path := range imports(f.ast) {
				if external(path) && !externalAllowed(p.room, path) {
					t.Errorf("%s imports %s: if %s is the right room for it, add it to externals with its reason", f.name, path, p.room)
				}
			}
		}
	}
}

func externalAllowed(room, path string) bool {
	for _, e := range externals {
		if (path == e.prefix || strings.HasPrefix(path, e.prefix+"/")) && slices.Contains(e.rooms, room) {
			return true
		}
	}
	return false
}

// TestPackageComments demands that every room says what it owns and refuses.
func TestPackageComments(t *testing.T) {
	tr, _ := mustLoad(t)
	for _, p := range tr.pkgs {
		doc := ""
		for _, f := range p.files {
			if f.ast.Doc != nil {
				doc += f.ast.Doc.Text()
			}
		}
		switch {
		case doc == "":
			t.Errorf("%s has no package comment", p.room)
		case isOutside(p.room):
		case strings.Count(doc, "\n") < 2:
			t.Errorf("%s: the package comment is shorter than two lines", p.room)
		case !strings.Contains(doc, "refuses"):
			t.Errorf(`%s: the package comment does not say what the package refuses ("It refuses to ...")`, p.room)
		}
	}
}
