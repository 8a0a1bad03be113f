package arch

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// repoFiles lists the files that belong to the repository: tracked ones, or,
// where there is no git, everything but built and installed folders.
func repoFiles(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err == nil && len(out) > 0 {
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	var files []string
	err = filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == ".git" || name == "node_modules" || name == "bin" || name == "dist") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// foreign matches what must not stand in the repository: folders of one
// machine, and hosts of package registries. Written apart so that this file
// does not match itself.
var foreign = regexp.MustCompile(
	`(^|[\s"'=:(\x60])/(` + `work|root|home)/[A-Za-z0-9._-]` +
		`|registry\.` + `npmjs\.org|proxy\.` + `golang\.org|sum\.` + `golang\.org|deb\.` + `debian\.org|rubygems\.` + `org|files\.` + `pythonhosted\.org|index\.` + `crates\.io`)

// anybody matches the home of nobody in particular, as examples and logs have it.
var anybody = regexp.MustCompile(`^[^/]?/` + `home/(user|USER|deploy|app)`)

// foreignAllowed lists files that may hold such text, with the reason.
var foreignAllowed = map[string]string{}

// TestNoForeignText looks for paths of one machine and for registry hosts in
// every text file of the repository.
func TestNoForeignText(t *testing.T) {
	for _, name := range repoFiles(t) {
		if foreignAllowed[name] != "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // removed and not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.IndexByte(b[:min(len(b), 8192)], 0) >= 0 {
			continue // binary
		}
		for _, m := range foreign.FindAllIndex(b, -1) {
			if anybody.Match(b[m[0]:]) {
				continue
			}
			line := 1 + bytes.Count(b[:m[0]], []byte("\n"))
			t.Errorf("%s:%d: %q is a path of one machine or a registry host", name, line, b[m[0]:m[1]])
		}
	}
}

var (
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	pathLike = regexp.MustCompile(`^\.?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.*-]+)*/?$`)
	mdLink   = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
)

// TestDocumentedPaths demands that every path that docs/ARCHITECTURE.md and its
// neighbours name exists, and that every relative link leads somewhere.
func TestDocumentedPaths(t *testing.T) {
	known := map[string]bool{}
	for _, name := range repoFiles(t) {
		for p := name; p != "."; p = path.Dir(p) {
			known[p] = true
		}
	}
	exists := func(p string) bool {
		p = path.Clean(p)
		if known[p] {
			return true
		}
		matches, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(p)))
		return err == nil && len(matches) > 0
	}
	for name := range known {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") {
			continue
		}
		b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil {
			continue // removed and not yet committed
		}
		for _, m := range mdLink.FindAllStringSubmatch(string(b), -1) {
			if !exists(path.Join(path.Dir(name), m[1])) {
				t.Errorf("%s: link to %s, which does not exist", name, m[1])
			}
		}
		if name != "docs/ARCHITECTURE.md" && name != "README.md" && name != "CONTRIBUTING.md" {
			continue
		}
		for _, m := range codeSpan.FindAllStringSubmatch(string(b), -1) {
			if isRepoPath(m[1]) && !exists(m[1]) {
				t.Errorf("%s names %s, which does not exist", name, m[1])
			}
		}
	}
}

// isRepoPath tells whether a code span is meant as a path of this repository:
// it begins with one of the folders at the top, or is a Go or Markdown file.
func isRepoPath(s string) bool {
	if !pathLike.MatchString(s) {
		return false
	}
	first, rest, slash := strings.Cut(s, "/")
	if !slash {
		ext := path.Ext(s)
		return ext == ".go" || ext == ".md" || s == "Makefile" || s == "go.mod"
	}
	switch first {
	case "internal", "cmd", "docs", "lab", "web", "scripts", "tools", "testdata", ".ci", "bench":
		return rest != ""
	}
	return false
}
