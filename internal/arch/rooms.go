package arch

import (
	"slices"
	"strconv"
	"strings"
)

// floorPlan holds every import of ours against the plan.
func floorPlan(tr *tree, plan *plan) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.rooms() {
		if !plan.has(p.room) {
			complain("%s is not in plan.txt: give it a place there, or put the code into the room it belongs to", p.room)
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.ast.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					complain("%s: %v", tr.at(spec), err)
					continue
				}
				other := ours(path)
				switch {
				case other == "":
				case isOutside(other):
					complain("%s: %s imports %s, which lies outside of the plan", tr.at(spec), p.room, other)
				case !plan.allows(p.room, other):
					complain("%s: %s may not import %s (internal/arch/plan.txt)", tr.at(spec), p.room, other)
				}
			}
		}
	}
	return complaints
}

// externals lists the modules from elsewhere and the rooms that may know them.
var externals = []struct {
	prefix string
	rooms  []string
	why    string
}{
	{"github.com/google/pprof", []string{"internal/present/heapflame"}, "the format of go tool pprof"},
	{"github.com/klauspost/compress", []string{"internal/source/input", "internal/source/heapredact"}, "gzip and zstd at twice the speed of the standard library"},
	{"github.com/ulikunitz/xz", []string{"internal/source/input"}, "the standard library has no xz"},
	{"github.com/spf13/cobra", []string{"internal/cli", "internal/docgen"}, "commands, completion, reference"},
	{"github.com/spf13/pflag", []string{"internal/cli", "internal/docgen"}, "flags of cobra"},
	{"golang.org/x/term", []string{"internal/cli", "internal/present/style", "internal/present/term"}, "is it a terminal, and how wide"},
	{"golang.org/x/sys", []string{"internal/source/input", "internal/store", "internal/offheap", "internal/source/heapindex", "internal/source/procmem", "internal/source/faults"}, "read-ahead, mapped and nameless files, counters of the kernel"},
	{"github.com/cilium/ebpf", []string{"internal/source/faults"}, "programs for the kernel, without a compiler"},
	{"github.com/goccy/go-yaml", []string{"internal/gemcheck"}, "documents of the knowledge base, strictly, with the line of a mistake"},
	{"gonum.org/v1/gonum", []string{"internal/stat", "internal/analysis/ledger"}, "distributions and linear algebra"},
}

// externalModules keeps modules from elsewhere in the rooms that need them.
func externalModules(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.rooms() {
		for _, f := range p.files {
			for _, path := range imports(f.ast) {
				if external(path) && !externalAllowed(p.room, path) {
					complain("%s imports %s: if %s is the right room for it, add it to externals with its reason", f.name, path, p.room)
				}
			}
		}
	}
	return complaints
}

func externalAllowed(room, path string) bool {
	for _, e := range externals {
		if (path == e.prefix || strings.HasPrefix(path, e.prefix+"/")) && slices.Contains(e.rooms, room) {
			return true
		}
	}
	return false
}

// words keeps the root package to names and shapes: no files, no network, no log.
func words(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	allowed := []string{"encoding/json", "errors", "fmt", "strconv", "strings", "time"}
	for _, p := range tr.rooms() {
		if p.room != module {
			continue
		}
		for _, f := range p.files {
			for _, path := range imports(f.ast) {
				if !slices.Contains(allowed, path) {
					complain("%s imports %s: the words need none of it", f.name, path)
				}
			}
		}
	}
	return complaints
}

// packageComments demands that every room says what it owns and refuses.
func packageComments(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.pkgs {
		var doc strings.Builder
		for _, f := range p.files {
			doc.WriteString(f.ast.Doc.Text())
		}
		switch {
		case doc.Len() == 0:
			complain("%s has no package comment", p.room)
		case isOutside(p.room):
		case strings.Count(doc.String(), "\n") < 2:
			complain("%s: the package comment is shorter than two lines", p.room)
		case !strings.Contains(doc.String(), "refuses"):
			complain(`%s: the package comment does not say what the package refuses ("It refuses to ...")`, p.room)
		}
	}
	return complaints
}
