package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Budgets: above the first number the size is reported, above the second it fails.
const (
	fileReport, fileFail         = 450, 800
	funcReport, funcFail         = 50, 130
	exportedReport, exportedFail = 40, 80
	depsReport, depsFail         = 15, 25
	mainFail                     = 40
	wordsLinesFail               = 1000
)

// TestSizes holds files, functions and packages within their budgets.
func TestSizes(t *testing.T) {
	tr, _ := mustLoad(t)
	for _, p := range tr.pkgs {
		if isOutside(p.room) {
			continue
		}
		total := 0
		for _, f := range p.files {
			total += f.lines
			over(t, f.name+": lines", f.lines, fileReport, fileFail)
			if f.name == "cmd/culprit/main.go" {
				over(t, f.name+": lines", f.lines, mainFail, mainFail)
			}
			for _, decl := range f.ast.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				lines := tr.fset.Position(fn.End()).Line - tr.fset.Position(fn.Pos()).Line + 1
				over(t, fmt.Sprintf("%s: lines of %s", tr.at(fn), fn.Name.Name), lines, funcReport, funcFail)
			}
		}
		over(t, p.room+": exported names", len(exported(p)), exportedReport, exportedFail)
		if p.room == module {
			over(t, "the words: lines", total, wordsLinesFail, wordsLinesFail)
		}
	}
}

// TestWords keeps the root package to names and shapes: standard library only,
// no files, no network, no log.
func TestWords(t *testing.T) {
	tr, _ := mustLoad(t)
	allowed := []string{"time", "strconv", "fmt", "strings", "encoding/json", "errors"}
	for _, p := range tr.pkgs {
		if p.room != module {
			continue
		}
		for _, f := range p.files {
			for _, path := range imports(f.ast) {
				if !slices.Contains(allowed, path) {
					t.Errorf("%s imports %s: the words need none of it", f.name, path)
				}
			}
		}
	}
}

// TestDependencies counts what go.mod requires directly.
func TestDependencies(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		isPath := strings.Contains(line, " v") && strings.Contains(line, ".") && !strings.HasPrefix(line, "//")
		if isPath && !strings.Contains(line, "// indirect") {
			direct++
		}
	}
	over(t, "go.mod: direct dependencies", direct, depsReport, depsFail)
}

// over reports or fails a size.
func over(t *testing.T, what string, n, report, fail int) {
	t.Helper()
	switch {
	case n > fail:
		t.Errorf("%s: %d, at most %d", what, n, fail)
	case n > report:
		t.Logf("%s: %d, better at most %d", what, n, report)
	}
}

// exported lists the exported top-level names of a package. The constants of
// one enum count once, under the name of their type.
func exported(p *pkg) []string {
	seen := map[string]bool{}
	for _, f := range p.files {
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					seen[d.Name.Name] = true
				}
			case *ast.GenDecl:
				typ := ""
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						seen[s.Name.Name] = true
					case *ast.ValueSpec:
						if id, ok := s.Type.(*ast.Ident); ok {
							typ = id.Name
						}
						for _, name := range s.Names {
							if d.Tok == token.CONST && typ != "" && ast.IsExported(name.Name) {
								seen[typ] = true
							} else {
								seen[name.Name] = true
							}
						}
					}
				}
			}
		}
	}
	var list []string
	for name := range seen {
		if ast.IsExported(name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}
