package lockfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"culprit/internal/bundle"
)

// need is a dependency as the oracle gives it.
type need struct{ Name, Requirement string }

// spec is a locked gem as the oracle gives it.
type spec struct {
	Name, Version, Platform string
	Needs                   []need
	Source                  int
}

func (s spec) key() string { return s.Name + " " + s.Version + " " + s.Platform }

// source is a section of gems as the oracle gives it.
type source struct {
	Kind     bundle.SourceKind
	Remotes  []string
	Options  map[string]string
	Revision string
}

// locks is a lockfile as the oracle gives it.
type locks struct {
	Sources      []source
	Specs        []spec
	Platforms    []string
	Dependencies []need
	Pinned       []string
	Ruby         string
	BundledWith  string
	Normal       map[string]string `json:",omitempty"`
}

// compareWithBundler reads every text here and by Bundler itself, in one Ruby.
func compareWithBundler(t *testing.T, texts map[string]string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(texts))
	read := map[string]*bundle.Lock{}
	var in, out, stderr bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, name := range names {
		l, err := Read(strings.NewReader(texts[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(l.Problems) > 0 || l.Lines != l.Understood {
			t.Errorf("%s: %d of %d lines understood, problems %v", name, l.Understood, l.Lines, l.Problems)
		}
		read[name] = l
		platforms := slices.Clone(l.Platforms)
		for _, s := range l.Specs {
			platforms = append(platforms, s.Platform)
		}
		if err := enc.Encode(map[string]any{"text": texts[name], "platforms": platforms}); err != nil {
			t.Fatal(err)
		}
	}
	gemfile := filepath.Join(t.TempDir(), "Gemfile") // Bundler wants an app around it
	if err := os.WriteFile(gemfile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ruby", "testdata/oracle.rb")
	cmd.Env = append(os.Environ(), "BUNDLE_GEMFILE="+gemfile)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ruby: %v\n%s", err, &stderr)
	}
	t.Logf("%s, %d lockfiles", strings.TrimSpace(stderr.String()), len(names))
	dec := json.NewDecoder(&out)
	for _, name := range names {
		var want locks
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got := asOracle(read[name], want.Normal)
		want.Normal = nil
		slices.SortFunc(want.Specs, func(a, b spec) int { return strings.Compare(a.key(), b.key()) })
		if !reflect.DeepEqual(got, want) {
			a, _ := json.MarshalIndent(got, "", " ")
			b, _ := json.MarshalIndent(want, "", " ")
			t.Errorf("%s: read\n%s\nBundler reads\n%s\nof\n%s", name, a, b, texts[name])
		}
	}
}

// asOracle is l in the words of the oracle. Bundler keeps one gem for each name,
// version and platform, the last; it writes platforms in their normal form.
func asOracle(l *bundle.Lock, normal map[string]string) locks {
	o := locks{
		Sources: []source{}, Specs: []spec{}, Platforms: []string{}, Dependencies: []need{}, Pinned: []string{},
		BundledWith: l.BundledWith,
	}
	if l.Ruby != "" {
		o.Ruby = "ruby " + l.Ruby
	}
	for _, s := range l.Sources {
		if s.Kind == bundle.FromGem { // Bundler keeps the one to ask first at the end
			s.Remotes = slices.Clone(s.Remotes)
			slices.Reverse(s.Remotes)
		}
		options := map[string]string{}
		maps.Copy(options, s.Options)
		o.Sources = append(o.Sources, source{s.Kind, append([]string{}, s.Remotes...), options, s.Revision})
	}
	last := map[string]spec{}
	for _, s := range l.Specs {
		one := spec{s.Name, s.Version.String(), normal[s.Platform], asNeeds(s.Dependencies), s.Source}
		last[one.key()] = one
	}
	for _, key := range slices.Sorted(maps.Keys(last)) {
		o.Specs = append(o.Specs, last[key])
	}
	for _, p := range l.Platforms {
		o.Platforms = append(o.Platforms, normal[p])
	}
	o.Dependencies = asNeeds(l.Dependencies)
	for _, d := range l.Dependencies {
		if d.Pinned {
			o.Pinned = append(o.Pinned, d.Name)
		}
	}
	return o
}

func asNeeds(list []bundle.Dependency) []need {
	needs := []need{}
	for _, d := range list {
		n := need{d.Name, d.Requirement.String()}
		if n.Requirement == "" {
			n.Requirement = ">= 0"
		}
		needs = append(needs, n)
	}
	return needs
}

// TestAgainstBundler reads the good lockfiles of testdata, with line ends of
// both kinds.
func TestAgainstBundler(t *testing.T) {
	texts := map[string]string{}
	for _, name := range []string{"rails", "git-path", "platforms", "checksums", "plugin", "bundler1"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".lock"))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
		texts[name+" with CRLF"] = strings.ReplaceAll(string(b), "\n", "\r\n")
	}
	compareWithBundler(t, texts)
}

// TestAgainstBundlerGenerated reads lockfiles that chance wrote.
func TestAgainstBundlerGenerated(t *testing.T) {
	texts := map[string]string{}
	w := writer{Rand: rand.New(rand.NewPCG(7, 7))}
	for i := range 400 {
		texts[fmt.Sprintf("generated %03d", i)] = w.lock()
	}
	compareWithBundler(t, texts)
}

// writer writes lockfiles.
type writer struct {
	*rand.Rand
	b      strings.Builder
	locked []string
}

func (w *writer) pick(words ...string) string { return words[w.IntN(len(words))] }

func (w *writer) name() string {
	return w.pick("rails", "rack", "rack-test", "concurrent-ruby", "tzinfo-data", "a", "x-1", "ruby_dep", "Ascii85", "RedCloth", "net-http2", "aws-sdk.s3", "9gag") +
		w.pick("", "", "", "-ext", "2", "_x")
}

func (w *writer) version() string {
	return w.pick("0", "1", "2.0", "1.2.3", "7.0.4.3", "2023.1", "1.0.0.rc1", "0.9.pre.2", "3.0.0.beta.4", "10.00.1", "1.a", "20210101000000123456789")
}

func (w *writer) platform() string {
	return w.pick("ruby", "java", "x86_64-linux", "x86_64-linux-gnu", "x86_64-linux-musl", "aarch64-linux", "aarch64-linux-gnu",
		"arm-linux-gnueabihf", "arm64-darwin", "arm64-darwin-23", "x86_64-darwin-19", "universal-darwin", "x64-mingw32", "x64-mingw-ucrt",
		"x86-mingw32", "x86-mswin32-60", "universal-java-11", "i386-linux", "x86-linux", "mswin32", "dotnet", "x86_64-freebsd-13",
		"sparc-solaris2.10", "riscv64-linux-gnu")
}

func (w *writer) requirement() string {
	var list []string
	for range w.IntN(4) {
		if one := w.pick("=", "!=", ">", "<", ">=", "<=", "~>") + " " + w.version(); !slices.Contains(list, one) {
			list = append(list, one) // Bundler drops a second one
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

func (w *writer) line(words ...string) {
	for _, s := range words {
		w.b.WriteString(s)
	}
	w.b.WriteString("\n")
}

// lock writes a whole lockfile.
func (w *writer) lock() string {
	w.b.Reset()
	w.locked = nil
	for range w.IntN(4) {
		w.section(w.pick("GIT", "PATH", "PLUGIN SOURCE"))
	}
	for range 1 + w.IntN(2) {
		w.section("GEM")
	}
	if w.IntN(8) > 0 {
		w.line("PLATFORMS")
		for range w.IntN(4) {
			w.line("  ", w.platform())
		}
		w.line()
	}
	w.line("DEPENDENCIES")
	var asked []string
	for range w.IntN(6) {
		name, pin := w.name(), ""
		if len(w.locked) > 0 && w.IntN(2) == 0 {
			name, pin = w.locked[w.IntN(len(w.locked))], w.pick("", "!")
		}
		if !slices.Contains(asked, name) {
			w.line("  ", name, w.requirement(), pin)
			asked = append(asked, name)
		}
	}
	w.line()
	if w.IntN(2) == 0 {
		w.line("RUBY VERSION\n   ruby ", w.pick("3.1.2p20", "2.7.8p225", "3.4.1p0", "2.5.7p206 (jruby 9.2.9.0)", "3.3.0.preview1"))
		w.line()
	}
	if w.IntN(3) > 0 {
		w.line("BUNDLED WITH\n", w.pick("   ", "  "), w.pick("1.17.3", "2.3.15", "2.5.0.dev", "4.0.0"))
	}
	return w.b.String()
}

// section writes a section of gems.
func (w *writer) section(kind string) {
	w.line(kind)
	switch kind {
	case "GEM":
		for i := range w.IntN(3) {
			w.line(fmt.Sprintf("  remote: https://gems%d.example.com/", i))
		}
	case "GIT":
		w.line("  remote: ", w.pick("https://git.example.com/a/b.git", "git@git.example.com:a/b (c).git", "../local"))
		w.line("  revision: 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567")
		w.line("  ", w.pick("branch: main", "tag: v1.0: final", "ref: 0a1b2c3", "submodules: true", "glob: {a,b}/*.gemspec"))
	case "PATH":
		w.line("  remote: ", w.pick(".", "engines/a", "../shared gems/b"))
		if w.IntN(3) == 0 {
			w.line("  glob: *.gemspec")
		}
	default:
		w.line("  remote: https://svn.example.com/a\n  type: svn\n  revision: 12")
	}
	w.line("  specs:")
	for range w.IntN(7) {
		name, version := w.name(), w.version()
		w.locked = append(w.locked, name)
		for i := range 1 + w.IntN(4)/3*3 {
			suffix := ""
			if i > 0 || w.IntN(4) == 0 {
				suffix = "-" + w.platform()
			}
			w.line("    ", name, " (", version, suffix, ")")
			for range w.IntN(4) {
				w.line("      ", w.name(), w.requirement())
			}
		}
	}
	w.line()
}
