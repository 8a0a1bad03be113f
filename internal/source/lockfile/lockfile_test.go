package lockfile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/internal/bundle"
)

var update = flag.Bool("update", false, "write what is read into testdata/*.golden")

func read(t testing.TB, text string) *bundle.Lock {
	t.Helper()
	l, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dump writes all of l for people.
func dump(l *bundle.Lock) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d lines, %d understood; Ruby %q, Bundler %q\n", l.Lines, l.Understood, l.Ruby, l.BundledWith)
	for i, s := range l.Sources {
		fmt.Fprintf(&b, "source %d, line %d: %s %q revision %q %v\n", i, s.Line, s.Kind, s.Remotes, s.Revision, s.Options)
	}
	for _, s := range l.Specs {
		fmt.Fprintf(&b, "line %d: %s %s %s of %d %s\n", s.Line, s.Name, s.Version, s.Platform, s.Source, s.Checksum)
		for _, d := range s.Dependencies {
			fmt.Fprintf(&b, "    needs %s %q\n", d.Name, d.Requirement)
		}
	}
	fmt.Fprintf(&b, "platforms %q\n", l.Platforms)
	for _, d := range l.Dependencies {
		fmt.Fprintf(&b, "wants %s %q pinned %v\n", d.Name, d.Requirement, d.Pinned)
	}
	for _, p := range l.Unknown {
		fmt.Fprintf(&b, "unknown, line %d: %q: %s\n", p.Line, p.Text, p.Why)
	}
	for _, p := range l.Problems {
		fmt.Fprintf(&b, "problem, line %d: %q: %s\n", p.Line, p.Text, p.Why)
	}
	return b.String()
}

// TestGolden reads every lockfile of testdata and shows all that was read.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.lock")
	if err != nil || len(names) < 8 {
		t.Fatalf("%d lockfiles, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := dump(read(t, string(text)))
		golden := strings.TrimSuffix(name, ".lock") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: read\n%s\nwant\n%s", name, got, want)
		}
		for what, text := range map[string]string{
			"CRLF":         strings.ReplaceAll(string(text), "\n", "\r\n"),
			"a BOM":        "\ufeff" + string(text),
			"no last line": strings.TrimSuffix(string(text), "\n"),
			"space behind": strings.ReplaceAll(string(text), "\n", "  \n"),
		} {
			if got := dump(read(t, text)); got != string(want) {
				t.Errorf("%s with %s: read\n%s\nwant\n%s", name, what, got, want)
			}
		}
	}
}

// TestConflict holds that both sides of a merge are read, in the section and
// under the gem where it began, and that the common ancestor is not.
func TestConflict(t *testing.T) {
	l := read(t, `GEM
  specs:
    a (1)
<<<<<<< HEAD
      b (~> 1)
    b (1.0)
||||||| 1234567
      b (= 0)
    b (0)

PLATFORMS
  java
=======
      b (~> 2)
    b (2.0)

PLATFORMS
  ruby

DEPENDENCIES
  a
>>>>>>> theirs
  b
`)
	var got []string
	for _, s := range l.Specs {
		got = append(got, s.Name+" "+s.Version.String())
	}
	if want := "a 1, b 1.0, b 2.0"; strings.Join(got, ", ") != want {
		t.Errorf("gems %v, want %s", got, want)
	}
	if n := len(l.Find("a")[0].Dependencies); n != 2 {
		t.Errorf("a has %d dependencies, want those of both sides", n)
	}
	if len(l.Platforms) != 1 || len(l.Dependencies) != 2 {
		t.Errorf("platforms %v, dependencies %v", l.Platforms, l.Dependencies)
	}
	p, ok := Conflict(l)
	if !ok || p.Line != 4 || !strings.Contains(p.Why, "hint: finish the merge first") {
		t.Errorf("conflict %v: %+v", ok, p)
	}
	if len(l.Problems) != 4 || l.Problems[1].Line != 7 || !strings.HasSuffix(l.Problems[1].Why, "4 lines under it were not read") {
		t.Errorf("problems %+v", l.Problems)
	}
	if l.Lines != 20 || l.Understood != 12 {
		t.Errorf("%d lines, %d understood", l.Lines, l.Understood)
	}
	if _, ok := Conflict(read(t, "GEM\n  specs:\n    a (1)\n")); ok {
		t.Error("a conflict where there is none")
	}
	if _, ok := Conflict(nil); ok {
		t.Error("a conflict of nothing")
	}
}

// TestHalfConflict holds that markers without their partners cost no gem.
func TestHalfConflict(t *testing.T) {
	for _, markers := range [][3]string{
		{"<<<<<<< HEAD", "", ""},
		{"", "=======", ""},
		{"", "", ">>>>>>> x"},
		{"", "|||||||", ""},
		{"=======", "=======", "======="},
		{"<<<<<<< HEAD", "<<<<<<< HEAD", ">>>>>>> x"},
		{">>>>>>> x", "=======", "<<<<<<<"},
		{"<<<<<<<<< deep", "=========", ">>>>>>>>> deep"},
	} {
		l := read(t, fmt.Sprintf("GEM\n  specs:\n%s\n    a (1)\n%s\n    b (1)\n%s\n    c (1)\n", markers[0], markers[1], markers[2]))
		if _, ok := Conflict(l); !ok || len(l.Specs) != 3 {
			t.Errorf("%q: conflict %v, gems %v", markers, ok, l.Specs)
		}
	}
	l := read(t, "GEM\n  specs:\n<<<<<<< HEAD\n    a (1)\n|||||||\n    b (1)\n    c (1)\n") // cut off
	if len(l.Specs) != 1 || len(l.Problems) != 2 || !strings.HasSuffix(l.Problems[1].Why, "2 lines under it were not read") {
		t.Errorf("gems %v, problems %+v", l.Specs, l.Problems)
	}
}

func TestNotLock(t *testing.T) {
	for name, c := range map[string]struct{ text, hint string }{
		"empty":      {"", "bundle lock"},
		"blank":      {"\n \n\r\n", "bundle lock"},
		"Gemfile":    {"# frozen\nsource \"https://gems.example.com\"\n\ngem \"rails\", \"~> 7\"\n", "the Gemfile.lock beside it"},
		"page":       {"\n<!DOCTYPE html>\n<html><body>GEM</body></html>", "raw"},
		"JSON":       {"{\"lockfileVersion\": 3}", "JSON or YAML"},
		"YAML":       {"---\nhash: 12\nspecs:\n- rack\n", "JSON or YAML"},
		"prose":      {"Hello world\nthis is text.\n", "none of its lines"},
		"binary":     {"\x7fELF\x02\x01\x01\x00\x00", "no text"},
		"late bytes": {"GEM\n  specs:\n    a (1)\n\x00\n", "line 4"},
		"UTF-16":     {"\xff\xfeG\x00E\x00M\x00\n\x00", "UTF-8"},
	} {
		l, err := Read(strings.NewReader(c.text))
		if !errors.Is(err, ErrNotLock) || l != nil || !strings.Contains(err.Error(), c.hint) || !strings.Contains(err.Error(), "; hint: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	_, err := Read(io.MultiReader(strings.NewReader("GEM\n"), bytes.NewReader(bytes.Repeat([]byte("    a (1)\n\n\n\n\n"), MaxBytes/12))))
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("too large: %v", err)
	}
	long := strings.Repeat("x", 3*MaxLine)
	l := read(t, "GEM\n  specs:\n    a (1)\n    "+long+"\n    b (1)\n"+long)
	if len(l.Specs) != 2 || len(l.Problems) != 2 || l.Problems[0].Line != 4 || !strings.Contains(l.Problems[0].Why, "longer than") ||
		len(l.Problems[0].Text) > 200 {
		t.Errorf("long lines: gems %v, problems %v", l.Specs, l.Problems)
	}
	l = read(t, "GEM\n"+strings.Repeat("x(\n", 5000)+strings.Repeat("SO LONG\n  a\n", 3000)+"GEM\n    a (1)\n")
	if len(l.Problems) != maxKept || len(l.Unknown) != maxKept || len(l.Specs) != 1 || l.Lines != 11003 {
		t.Errorf("%d problems, %d unknown, %d lines", len(l.Problems), len(l.Unknown), l.Lines)
	}
	if why := l.Problems[maxKept-1].Why; !strings.Contains(why, "more lines could not be read") {
		t.Error(why)
	}
}

// TestReadFails holds that an error of the reader is not the end of the file.
func TestReadFails(t *testing.T) {
	_, err := Read(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("GEM\n  specs:\n"))))
	if !errors.Is(err, iotest.ErrTimeout) || !strings.Contains(err.Error(), "line 1") {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	if path, ok := Find(dir); ok {
		t.Errorf("found %s", path)
	}
	if err := os.Mkdir(filepath.Join(dir, "Gemfile.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gems.locked"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, ok := Find(dir); !ok || filepath.Base(path) != "gems.locked" {
		t.Errorf("found %s, %v", path, ok)
	}
}

// FuzzRead holds what is true of any bytes: no crash, every line counted once,
// every index good.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.lock")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("GEM\n<<<<<<<\n|||||||\nGEM\n=======\n      a\n  specs:\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Read(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, ErrNotLock) || l != nil {
				t.Fatal(err)
			}
			return
		}
		lines := 0
		for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
			if len(bytes.Trim(bytes.TrimRight(line, "\n"), " \t\r")) > 0 {
				lines++
			}
		}
		if l.Lines != lines || l.Understood > l.Lines || l.Understood+len(l.Problems) > l.Lines {
			t.Fatalf("%d lines: %d counted, %d understood, %d problems", lines, l.Lines, l.Understood, len(l.Problems))
		}
		for _, s := range l.Specs {
			if s.Source < 0 || s.Source >= len(l.Sources) || s.Name == "" || s.Version.IsZero() || s.Platform == "" || s.Line < 1 {
				t.Fatalf("%+v", s)
			}
		}
		for _, p := range append(l.Problems, l.Unknown...) {
			if p.Line < 1 || p.Text == "" || p.Why == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}
