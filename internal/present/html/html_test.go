package html_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/present/fixture"
	"culprit/internal/present/html"
)

func render(t *testing.T, r culprit.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var data = regexp.MustCompile(`(?s)<script type="application/json" id="culprit-report">(.*?)</script>`)

// inlined returns the report that the page carries.
func inlined(t *testing.T, page string) culprit.Report {
	t.Helper()
	m := data.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no report in the page")
	}
	var r culprit.Report
	if err := json.Unmarshal([]byte(m[1]), &r); err != nil {
		t.Fatalf("the report in the page is not JSON: %v", err)
	}
	return r
}

func TestCarriesTheReport(t *testing.T) {
	for outcome, r := range fixture.All() {
		got := inlined(t, render(t, r))
		if got.Verdict.Headline != r.Verdict.Headline || len(got.Suspects) != len(r.Suspects) {
			t.Errorf("%s: the page carries another report", outcome)
		}
		if got.Picture == nil || len(got.Picture.Curves) != len(r.Picture.Curves) {
			t.Errorf("%s: the page carries another picture", outcome)
		}
	}
}

func TestPolicy(t *testing.T) {
	page := render(t, fixture.Culprit())
	policy := html.Policy()
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("policy allows something unsafe: %s", policy)
	}
	head, _, _ := strings.Cut(page, "<style>")
	if !strings.Contains(head, `<meta http-equiv="Content-Security-Policy"`) {
		t.Error("the policy does not come before everything it governs")
	}
}

func TestLoadsNothing(t *testing.T) {
	page := data.ReplaceAllString(render(t, fixture.Culprit()), "")
	for _, bad := range []string{" src=", "@import", "url(http", "url(//", `href="http`, "<link rel=\"style", "new WebSocket", "EventSource", "sendBeacon", "import("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q: it must not load anything", bad)
		}
	}
	for _, m := range regexp.MustCompile(`https?://[^\s"'`+"`"+`)<>]+`).FindAllString(page, -1) {
		if !strings.HasPrefix(m, "http://www.w3.org/") && !strings.HasPrefix(m, "https://svelte.dev/e/") {
			t.Errorf("the page names an address: %s", m)
		}
	}
	if n := strings.Count(strings.ToLower(page), "</script"); n != 1 {
		t.Errorf("%d script ends beside the data, want 1", n)
	}
	// "<!--" and then "<script" would swallow the end of a script element.
	if n := strings.Count(strings.ToLower(page), "<script"); n != 1 {
		t.Errorf("%d script begins beside the data, want 1", n)
	}
}

func TestHostileText(t *testing.T) {
	evil := "</script><script>alert(1)</script><!--<script>\u2028'\"&"
	r := fixture.Culprit()
	r.Verdict.Headline, r.Suspects[0].Name, r.Suspects[0].Reason = evil, evil, evil
	r.Suspects[0].Dimension = map[string]string{evil: evil}
	r.Picture.Lanes[0].Marks[0].Label = evil
	r.Next[0].Do, r.Next[0].Command = evil, evil
	page := render(t, r)
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<!--<script>") {
		t.Error("text of a log becomes markup")
	}
	if n := strings.Count(page, "</script>"); n != 2 {
		t.Errorf("%d script ends, want 2", n)
	}
	if got := inlined(t, page); got.Suspects[0].Name != evil {
		t.Errorf("the name became %q", got.Suspects[0].Name)
	}
}

func TestNoPictureAndNothing(t *testing.T) {
	r := fixture.Culprit()
	r.Picture = nil
	if got := inlined(t, render(t, r)); got.Picture != nil {
		t.Error("a picture out of nowhere")
	}
	if got := inlined(t, render(t, culprit.Report{})); got.Schema != culprit.Schema || got.Suspects == nil {
		t.Error("an empty report is not whole")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	if err := html.Write(broken{}, fixture.Healthy()); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want one with its cause", err)
	}
}

// TestSamples writes every fixture as a page to the folder that CULPRIT_SAMPLES
// names, for the browser tests of web/ and for looking at.
func TestSamples(t *testing.T) {
	dir := os.Getenv("CULPRIT_SAMPLES")
	if dir == "" {
		t.Skip("CULPRIT_SAMPLES names no folder")
	}
	samples := fixture.All()
	samples["million"] = fixture.Million()
	for name, r := range samples {
		if err := os.WriteFile(filepath.Join(dir, string(name)+".html"), []byte(render(t, r)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
