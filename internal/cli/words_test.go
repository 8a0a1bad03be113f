package cli

import (
	"strings"
	"testing"
	"time"

	"culprit"
)

func TestHide(t *testing.T) {
	for in, want := range map[string]string{
		"GET /reports/:id":                           "GET /reports/:id",
		"Admin::ReportsController#index":             "Admin::ReportsController#index",
		"GET /search?q=ann&token=x HTTP/1.1":         "GET /search?… HTTP/1.1",
		"bin/send --to ann@example.org":              "bin/send --to (e-mail)",
		"bin/send --to ann%40example.org":            "bin/send --to (e-mail)",
		"from 203.0.113.77 to 10.0.0.1":              "from (address) to (address)",
		"order 87654321":                             "order :id",
		"2ac7efc6-6660-4b11-a1ca-a276698bdbdf":       ":id",
		"key 5f4dcc3b5aa765d61d8327deb882cf99":       "key :id",
		"4 workers, 200 of 1000, port 9292, release": "4 workers, 200 of 1000, port 9292, release",
	} {
		if got := hide(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A secret in a name is gone from every sentence that uses the name, and
// numbers that are nobody's stay.
func TestAnonymizeSentences(t *testing.T) {
	const name = "bin/send --to ann@example.org --key 5f4dcc3b5aa765d61d8327deb882cf99"
	const release = "v42 by ann@example.org, change 8765432"
	r := culprit.Report{
		Verdict: culprit.Verdict{
			Headline: name + " is responsible for 12345 bytes in process 32370", AbstainedBecause: name, Warnings: []string{"ann@example.org"},
			Notes: []string{"came after " + release, "called by " + name},
		},
		Suspects: []culprit.Suspect{
			{Name: name, Kind: "task", Reason: "ran 14000 times", Dimension: map[string]string{"operation": "get 8765432"}},
			{Name: "Page#show", Reason: "was only seen in episodes that " + name + " explains"},
			{Name: "worker process 32370 on web1", Kind: "process"},
		},
		Counterfactual: &culprit.Counterfactual{Without: []string{name}, Text: "Without " + name + " the peak would have been lower"},
		Next:           []culprit.Step{{Do: "call " + name + " alone"}},
		Happenings:     []culprit.DatedEvent{{Happening: culprit.Happening{Name: release}}},
		Picture:        &culprit.Picture{Lanes: []culprit.Lane{{Marks: []culprit.Mark{{Label: name}}}}},
	}
	anonymize(&r)
	all := strings.Join([]string{
		r.Verdict.Headline, r.Verdict.AbstainedBecause, strings.Join(r.Verdict.Warnings, ""), strings.Join(r.Verdict.Notes, " "),
		r.Suspects[0].Name, r.Suspects[0].Reason, r.Suspects[0].Dimension["operation"], r.Suspects[1].Reason, r.Suspects[2].Name,
		r.Counterfactual.Without[0], r.Counterfactual.Text, r.Next[0].Do, r.Happenings[0].Name, r.Picture.Lanes[0].Marks[0].Label,
	}, "\n")
	for _, secret := range []string{"ann@", "5f4dcc3b", "8765432", "--key 5f"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is shown in\n%s", secret, all)
		}
	}
	for _, harmless := range []string{"bin/send --to (e-mail)", "12345 bytes in process 32370", "ran 14000 times", "worker process 32370 on web1", "came after v42 by (e-mail)"} {
		if !strings.Contains(all, harmless) {
			t.Errorf("%q is gone from\n%s", harmless, all)
		}
	}
}

// The line tells what was read, how fast, and how long it takes; what is not
// known is left out.
func TestProgressLine(t *testing.T) {
	var none strings.Builder
	p := newProgress(World{Stderr: &none, Env: func(string) string { return "" }})
	for _, c := range []struct {
		total, read int64
		since       time.Duration
		has, hasNot []string
	}{
		{0, 5_000_000, 2 * time.Second, []string{"reading", "5 MB", "2.5 MB/s"}, []string{" of ", "left"}},
		{100_000_000, 25_000_000, 10 * time.Second, []string{"25 MB of 100 MB", "2.5 MB/s", "30 s left"}, nil},
		{100_000_000, 100_000_000, 10 * time.Second, []string{"100 MB of 100 MB"}, []string{"left"}},
		{100_000_000, 0, 10 * time.Second, []string{"of 100 MB"}, []string{"left", "Inf", "NaN"}},
		// Compressed files hold more than their size: no end can be told.
		{1_000_000, 9_000_000, 3 * time.Second, []string{"9 MB", "3 MB/s"}, []string{" of ", "left", "-"}},
	} {
		p.total.Store(c.total)
		p.read.Store(c.read)
		line := p.line(c.since)
		for _, s := range c.has {
			if !strings.Contains(line, s) {
				t.Errorf("%q lacks %q", line, s)
			}
		}
		for _, s := range c.hasNot {
			if strings.Contains(line, s) {
				t.Errorf("%q has %q", line, s)
			}
		}
		if len(line) > 79 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%q does not fit a line", line)
		}
	}
	p.Stage("joining")
	if line := p.line(time.Second); !strings.HasPrefix(line, "joining") {
		t.Errorf("%q", line)
	}
	p.done()
	if none.Len() > 0 {
		t.Errorf("talks where there is no terminal: %q", none.String())
	}
}
