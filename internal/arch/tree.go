package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the path that all rooms share.
const module = "culprit"

// tree is the source of the whole module as it lies on disk, test files apart.
type tree struct {
	root string
	fset *token.FileSet
	pkgs []*pkg
}

// pkg is one folder of Go files.
type pkg struct {
	room  string // "culprit", "internal/stat", ...
	files []*file
}

// file is one parsed Go file.
type file struct {
	name  string // slash path from the root of the module
	lines int
	ast   *ast.File
}

// loadTree parses every non-test Go file under root.
func loadTree(root string) (*tree, error) {
	t := &tree{root: root, fset: token.NewFileSet()}
	byRoom := map[string]*pkg{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
			if p != root && (hidden || name == "testdata" || name == "node_modules") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && p != root {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(t.fset, rel, src, parser.ParseComments)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		room := path.Dir(rel)
		if room == "." {
			room = module
		}
		if byRoom[room] == nil {
			byRoom[room] = &pkg{room: room}
			t.pkgs = append(t.pkgs, byRoom[room])
		}
		lines := strings.Count(string(src), "\n")
		byRoom[room].files = append(byRoom[room].files, &file{name: rel, lines: lines, ast: parsed})
		return nil
	})
	slices.SortFunc(t.pkgs, func(a, b *pkg) int { return strings.Compare(a.room, b.room) })
	return t, err
}

// rooms are the packages that the plan speaks of.
func (t *tree) rooms() []*pkg {
	var list []*pkg
	for _, p := range t.pkgs {
		if !isOutside(p.room) {
			list = append(list, p)
		}
	}
	return list
}

// complainer returns a function that adds a complaint to a list.
func complainer(list *[]string) func(format string, args ...any) {
	return func(format string, args ...any) { *list = append(*list, fmt.Sprintf(format, args...)) }
}

// at is the place of a node, for messages.
func (t *tree) at(n ast.Node) string {
	pos := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", pos.Filename, pos.Line)
}

// ours turns an import path into a room, "" when it is not of this module.
func ours(importPath string) string {
	if importPath == module {
		return module
	}
	room, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	return room
}

// external tells whether an import path is neither ours nor standard library.
func external(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return ours(importPath) == "" && strings.Contains(first, ".")
}

// imports maps the local name of every import of f to its path.
func imports(f *ast.File) map[string]string {
	m := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		m[name] = p
	}
	return m
}

// outside are the folders that are no rooms: proving grounds and build tools.
// They may import anything, and nothing in the plan may import them.
var outside = []string{
	"internal/arch", "internal/lab", "internal/present/fixture", "internal/source/logs/loggen",
	"lab", "bench", "testdata", "tools",
}

// isOutside tells whether a room lies outside of the plan.
func isOutside(room string) bool {
	return slices.ContainsFunc(outside, func(o string) bool { return room == o || strings.HasPrefix(room, o+"/") })
}
