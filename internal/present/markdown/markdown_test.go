package markdown_test

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
	"culprit/internal/present/markdown"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, r culprit.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := markdown.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for outcome, r := range fixture.All() {
		got := render(t, r)
		path := filepath.Join("testdata", string(outcome)+".md")
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
}

func TestHostileText(t *testing.T) {
	r := fixture.Culprit()
	evil := "a|b `c` <script>alert(1)</script> [x](y) @someone #12 ``` \n# heading"
	r.Verdict.Headline, r.Suspects[0].Name, r.Suspects[0].Reason = evil, evil, evil
	r.Inputs[0].Path, r.Next[0].Command, r.Happenings[0].Name = evil, evil, evil
	for line := range strings.SplitSeq(render(t, r), "\n") {
		if strings.HasPrefix(line, "# heading") {
			t.Error("text of a log begins a line")
		}
		outside := ""
		for i, part := range strings.Split(line, "````") {
			if i%2 == 0 {
				outside += part
			}
		}
		if strings.Contains(outside, "<script") || strings.Contains(outside, "[x](") || strings.Contains(outside, "@someone") {
			t.Errorf("markup of a log survives: %s", line)
		}
	}
}

func TestManyEvents(t *testing.T) {
	text := render(t, fixture.Million())
	if !strings.Contains(text, "220 more are in the JSON and HTML reports") {
		t.Error("a long table of growth events is not cut, or does not say so")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	if err := markdown.Write(broken{}, culprit.Report{}); err == nil {
		t.Error("a failed write is not reported")
	}
}
