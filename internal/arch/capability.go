package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// capabilities lists calls that only some rooms may make, and imports that only
// some rooms may have.
var capabilities = []struct {
	path  string   // import path
	names []string // selectors; empty = the import itself
	rooms []string // allowed prefixes of rooms
	why   string
}{
	{"time", []string{"Now", "Since", "Until"}, []string{"internal/cli", "internal/ingest", "internal/source/rubyboot"}, "a clock makes a result unrepeatable: pass the instant in"},
	{"os", []string{"Exit"}, []string{"cmd/", "internal/docgen"}, "only main ends the process: return a code"},
	{"log", nil, nil, "return errors and warnings as values"},
	{"log/slog", nil, []string{"internal/cli"}, "return errors and warnings as values"},
	{"unsafe", nil, []string{"internal/store", "internal/source/logs", "internal/source/heapdump", "internal/source/procmem", "internal/offheap"}, "memory tricks stay in five rooms"},
	{"os", nil, []string{"cmd/", "internal/cli", "internal/ingest", "internal/store", "internal/offheap", "internal/source/", "internal/docgen"}, "study, court and windows touch no files: take an io.Writer or a value"},
	{"os/exec", nil, []string{"internal/source/appdir", "internal/source/rubyboot", "internal/source/takedump", "internal/cli"}, "only git log, the app's own Ruby and rbtrace are started"},
	{"net/http", nil, []string{"internal/source/metrics", "internal/cli", "internal/present/explorer"}, "only live pulls and the explorer speak to a network"},
	{"net", nil, []string{"internal/source/", "internal/cli", "internal/present/explorer"}, "only doors and the explorer speak to a network"},
	{"math/rand", nil, nil, "use math/rand/v2 with a seed passed in"},
}

// roomCapabilities holds the table of capabilities against every room.
func roomCapabilities(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.rooms() {
		for _, f := range p.files {
			for _, c := range capabilities {
				if slices.ContainsFunc(c.rooms, func(r string) bool { return strings.HasPrefix(p.room, r) }) {
					continue
				}
				for name, path := range imports(f.ast) {
					if path != c.path {
						continue
					}
					if c.names == nil {
						complain("%s: %s may not import %s: %s", f.name, p.room, path, c.why)
						continue
					}
					for _, n := range selectors(f.ast, name, c.names) {
						complain("%s: %s may not use %s.%s: %s", tr.at(n), p.room, name, n.Sel.Name, c.why)
					}
				}
			}
		}
	}
	return complaints
}

// selectors finds uses of name.X for X in wanted, where name is an import.
func selectors(f *ast.File, name string, wanted []string) []*ast.SelectorExpr {
	var found []*ast.SelectorExpr
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if ok && id.Obj == nil && id.Name == name && slices.Contains(wanted, sel.Sel.Name) {
			found = append(found, sel)
		}
		return true
	})
	return found
}

// initsAndPanics refuses init functions, and panics that are not marked as a
// broken invariant.
func initsAndPanics(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.rooms() {
		for _, f := range p.files {
			marked := map[int]bool{} // lines with an invariant comment, and the ones after
			for _, group := range f.ast.Comments {
				for _, c := range group.List {
					if strings.HasPrefix(c.Text, "// invariant:") {
						line := tr.fset.Position(c.Pos()).Line
						end := tr.fset.Position(group.End()).Line
						marked[line], marked[end+1] = true, true
					}
				}
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Recv == nil && n.Name.Name == "init" {
						complain("%s: init runs before main can say so: build the value where it is used", tr.at(n))
					}
				case *ast.CallExpr:
					id, ok := n.Fun.(*ast.Ident)
					if ok && id.Name == "panic" && id.Obj == nil && !marked[tr.fset.Position(n.Pos()).Line] {
						complain("%s: panic without a comment \"// invariant: ...\": return an error", tr.at(n))
					}
				}
				return true
			})
		}
	}
	return complaints
}

// stateAllowed lists package variables that are state, with the reason.
var stateAllowed = map[string]string{
	"internal/source/input.stdinTaken": "a process has one standard input",
}

// packageState refuses package-level state. Errors, compiled regexps,
// embedded files and lookup tables are constants in all but name: they have a
// value where they are declared, and nothing assigns to them afterwards.
func packageState(tr *tree) (complaints []string) {
	complain := complainer(&complaints)
	for _, p := range tr.rooms() {
		vars := map[string]bool{}
		for _, f := range p.files {
			for _, decl := range f.ast.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok || gen.Tok != token.VAR {
					continue
				}
				for _, s := range gen.Specs {
					spec, ok := s.(*ast.ValueSpec)
					if !ok {
						continue
					}
					for _, name := range spec.Names {
						vars[name.Name] = true
					}
					if len(spec.Values) == 0 && !embedded(gen, spec) && stateAllowed[p.room+"."+spec.Names[0].Name] == "" {
						complain("%s: package variable %s has no value: state belongs into a struct", tr.at(spec), spec.Names[0].Name)
					}
				}
			}
		}
		for _, f := range p.files {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				for _, target := range assigned(n) {
					id := base(target)
					if id != nil && vars[id.Name] && isPackageLevel(f.ast, id) {
						complain("%s: assignment to package variable %s: state belongs into a struct", tr.at(n), id.Name)
					}
				}
				return true
			})
		}
	}
	return complaints
}

// embedded tells whether a variable is filled by a go:embed directive.
func embedded(gen *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, group := range []*ast.CommentGroup{gen.Doc, spec.Doc} {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// assigned lists what a statement writes to, by = or op= or ++ or range.
func assigned(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	}
	return nil
}

// base is the variable at the root of a.b[c].d.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// isPackageLevel tells a variable of the package from a local one of the same
// name: the parser resolves an identifier within its own file only.
func isPackageLevel(f *ast.File, id *ast.Ident) bool {
	return id.Obj == nil || f.Scope.Lookup(id.Name) == id.Obj
}
