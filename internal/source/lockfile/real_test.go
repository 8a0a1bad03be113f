package lockfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culprit/internal/bundle"
)

// TestRealBundler has the Bundler of this machine lock an app with installed
// gems, a path gem and a git gem, and reads what it wrote.
func TestRealBundler(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Gemfile": `source "https://gems.example.com"
ruby RUBY_VERSION
gem "railties", "~> 6.1"
gem "puma", ">= 5", "< 7"
gem "shop", path: "engines/shop"
gem "guard_dog", git: "dog", branch: "trunk"
`,
		"engines/shop/shop.gemspec": gemspec("shop", "0.1.0", `s.add_dependency "rack", ">= 2"`),
		"dog/guard_dog.gemspec":     gemspec("guard_dog", "2.0.0.rc1", ""),
		"engines/shop/lib/shop.rb":  "",
		"dog/lib/guard_dog.rb":      "",
		"home/.gitconfig":           "[user]\nname = t\nemail = t@example.com\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dog := filepath.Join(dir, "dog")
	command(t, dir, dog, "git", "init", "-q", "-b", "trunk")
	command(t, dir, dog, "git", "add", ".")
	command(t, dir, dog, "git", "commit", "-q", "-m", "dog")
	command(t, dir, dir, "bundle", "config", "set", "--local", "local.guard_dog", dog) // else it would be fetched
	command(t, dir, dir, "bundle", "lock", "--local")
	path, ok := Find(dir)
	if !ok {
		t.Fatal("Bundler wrote no lockfile")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	compareWithBundler(t, map[string]string{"real": string(text)})
	l := read(t, string(text))
	for _, want := range []struct {
		name, requirement string
		kind              bundle.SourceKind
		pinned            bool
	}{
		{"railties", "~> 6.1", bundle.FromGem, false},
		{"puma", ">= 5, < 7", bundle.FromGem, false},
		{"shop", "", bundle.FromPath, true},
		{"guard_dog", "", bundle.FromGit, true},
	} {
		specs := l.Find(want.name)
		if len(specs) != 1 || l.Sources[specs[0].Source].Kind != want.kind {
			t.Errorf("%s: %+v", want.name, specs)
			continue
		}
		for _, d := range l.Dependencies {
			if d.Name == want.name && (d.Requirement.String() != want.requirement || d.Pinned != want.pinned || !d.Requirement.Allows(specs[0].Version)) {
				t.Errorf("%s: %+v for %s", want.name, d, specs[0].Version)
			}
		}
	}
	if len(l.Dependencies) != 4 || len(l.Specs) < 20 || !strings.HasPrefix(l.Ruby, "3.") || l.BundledWith == "" {
		t.Errorf("read %s", dump(l))
	}
}

// gemspec is the text of a small gem's.
func gemspec(name, version, more string) string {
	return `Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors = "` + name + `", "` + version + `", "x", ["x"]
  s.files = ["lib/` + name + `.rb"]
  ` + more + `
end
`
}

// command runs a program in at, with a home and settings of its own in dir.
func command(t *testing.T, dir, at, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = at
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "BUNDLE") && !strings.HasPrefix(e, "RUBY") && !strings.HasPrefix(e, "GEM_") && !strings.HasPrefix(e, "GIT_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+filepath.Join(dir, "home"), "GIT_CONFIG_NOSYSTEM=1", "BUNDLE_SILENCE_ROOT_WARNING=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
