package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
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

// size is one measured thing and its budget.
type size struct {
	what            string
	n, report, fail int
}

// String says how large it is and how large it should be.
func (s size) String() string {
	return fmt.Sprintf("%s: %d, better at most %d, never above %d", s.what, s.n, s.report, s.fail)
}

// sizes measures files, functions and packages.
func sizes(tr *tree) (list []size) {
	add := func(what string, n, report, fail int) { list = append(list, size{what, n, report, fail}) }
	for _, p := range tr.rooms() {
		total := 0
		for _, f := range p.files {
			total += f.lines
			add(f.name+": lines", f.lines, fileReport, fileFail)
			if f.name == "cmd/culprit/main.go" {
				add(f.name+": lines", f.lines, mainFail, mainFail)
			}
			for _, decl := range f.ast.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				lines := tr.fset.Position(fn.End()).Line - tr.fset.Position(fn.Pos()).Line + 1
				add(fmt.Sprintf("%s: lines of %s", tr.at(fn), fn.Name.Name), lines, funcReport, funcFail)
			}
		}
		add(p.room+": exported names", len(exported(p)), exportedReport, exportedFail)
		if p.room == module {
			add("the words: lines", total, wordsLinesFail, wordsLinesFail)
		}
	}
	return list
}

// dependencies counts what a go.mod requires directly.
func dependencies(goMod string) int {
	n := 0
	for line := range strings.Lines(goMod) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		isPath := strings.Contains(line, " v") && strings.Contains(line, ".") && !strings.HasPrefix(line, "//")
		if isPath && !strings.Contains(line, "// indirect") {
			n++
		}
	}
	return n
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
