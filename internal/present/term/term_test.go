package term_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/fixture"
	"culprit/internal/present/style"
	"culprit/internal/present/term"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, r culprit.Report, o term.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := term.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, got)
	}
}

func fits(t *testing.T, text string, width int) {
	t.Helper()
	for n, line := range strings.Split(text, "\n") {
		if w := style.Width(line); w > width {
			t.Errorf("line %d has %d columns, want at most %d: %q", n+1, w, width, line)
		}
	}
}

func TestGolden(t *testing.T) {
	for outcome, r := range fixture.All() {
		short := render(t, r, term.Options{})
		golden(t, string(outcome)+".txt", short)
		fits(t, short, 80)
		if n := strings.Count(short, "\n"); n > term.FirstScreen {
			t.Errorf("%s: first screen has %d lines, want at most %d", outcome, n, term.FirstScreen)
		}
		long := render(t, r, term.Options{Full: true})
		golden(t, string(outcome)+".full.txt", long)
		fits(t, long, 80)
	}
}

func TestWidths(t *testing.T) {
	for outcome, r := range fixture.All() {
		for _, width := range []int{40, 60, 100, 160} {
			for _, full := range []bool{false, true} {
				text := render(t, r, term.Options{Width: width, Full: full, Color: true})
				fits(t, withoutCommands(text), width)
				if !full && width >= 80 && strings.Count(text, "\n") > term.FirstScreen {
					t.Errorf("%s at %d columns: more than %d lines", outcome, width, term.FirstScreen)
				}
			}
		}
	}
}

// withoutCommands drops commands: their words are never broken.
func withoutCommands(text string) string {
	var keep []string
	for l := range strings.SplitSeq(text, "\n") {
		if !strings.Contains(l, "$") && !strings.Contains(l, "--") && !strings.HasSuffix(l, "\\") {
			keep = append(keep, l)
		}
	}
	return strings.Join(keep, "\n")
}

func TestPlain(t *testing.T) {
	r := fixture.Culprit()
	r.Suspects[0].Name = "R\u00e9ports\u2192#export"
	for i, c := range []byte(render(t, r, term.Options{Full: true, Plain: true})) {
		if c > 0x7e || (c < 0x20 && c != '\n') {
			t.Fatalf("byte %d is %#x, want plain ASCII", i, c)
		}
	}
}

func TestColourOnlyRepeats(t *testing.T) {
	r := fixture.Culprit()
	plain := render(t, r, term.Options{Full: true})
	colour := render(t, r, term.Options{Full: true, Color: true})
	if !strings.Contains(colour, "\x1b[1;31m") {
		t.Error("no colour where colour was asked for")
	}
	for _, code := range []string{"1", "2", "1;31", "33", "32", "36", "0"} {
		colour = strings.ReplaceAll(colour, "\x1b["+code+"m", "")
	}
	if colour != plain {
		t.Error("coloured output says something else than plain output")
	}
}

func TestHostileNames(t *testing.T) {
	r := fixture.Culprit()
	evil := "Evil\x1b[2J\x1b]0;owned\x07\nController\u202e#x\r" + strings.Repeat("y", 300)
	r.Verdict.Headline, r.Suspects[0].Name = evil, evil
	r.Suspects[0].Examples[0].Shape, r.Suspects[0].Examples[0].RequestID = evil, evil
	r.Inputs[0].Path, r.Inputs[0].Warnings = evil, []string{evil}
	r.Next[0].Do, r.Next[0].Command = evil, evil
	text := render(t, r, term.Options{Full: true})
	if strings.ContainsAny(text, "\x1b\x07\r\u202e") {
		t.Error("control characters of a log reach the terminal")
	}
	short := render(t, r, term.Options{})
	if n := strings.Count(short, "\n"); n > term.FirstScreen {
		t.Errorf("long names make %d lines, want at most %d", n, term.FirstScreen)
	}
}

func TestEmpty(t *testing.T) {
	for _, full := range []bool{false, true} {
		if text := render(t, culprit.Report{}, term.Options{Full: full}); !strings.HasSuffix(text, "\n") {
			t.Error("no newline at the end")
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	if err := term.Write(broken{}, fixture.Healthy(), term.Options{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want one with its cause", err)
	}
}
