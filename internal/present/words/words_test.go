package words_test

import (
	"testing"

	"culprit"
	"culprit/internal/present/fixture"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

func TestShownKeepsWhomTheUserAskedAbout(t *testing.T) {
	list := []culprit.Suspect{
		{Rank: 1, Name: "a", Finding: culprit.Suspected},
		{Rank: 2, Name: "b", Finding: culprit.Convicted},
		{Rank: 3, Name: "c", Finding: culprit.Suspected},
		{Rank: 4, Name: "d", Finding: culprit.Suspected},
		{Rank: 9, Name: "e", Finding: culprit.Acquitted, Requested: true},
	}
	got := ""
	for _, s := range words.Shown(words.Group(culprit.Report{Suspects: list}), 3) {
		got += s.Name
	}
	if got != "bae" {
		t.Errorf("shown %q, want the convicted, the best suspect and the one asked about", got)
	}
}

func TestClearedFitsAndCounts(t *testing.T) {
	groups := words.Group(fixture.Culprit())
	for width := 30; width < 200; width += 7 {
		if text := words.Cleared(groups, width); style.Width(text) > width {
			t.Errorf("%d columns, want at most %d: %s", style.Width(text), width, text)
		}
	}
	if text := words.Cleared(words.Groups{}, 80); text != "" {
		t.Errorf("nobody is acquitted, but: %s", text)
	}
}

func TestDimension(t *testing.T) {
	s := culprit.Suspect{Name: "A#b", Dimension: map[string]string{"param:locale": "fr", "format": "xlsx"}}
	if got := words.Title(s); got != "A#b (format=xlsx, locale=fr)" {
		t.Errorf("title %q", got)
	}
}

func TestCost(t *testing.T) {
	p := func(f float64) *float64 { return &f }
	for want, s := range map[string]culprit.Suspect{
		"~412 MB a call (380 to 450 MB)": {Kind: "endpoint", BytesPerCall: culprit.Interval{Estimate: p(412e6), Low: p(380e6), High: p(450e6)}},
		"at least 40 MB a run":           {Kind: "job", BytesPerCall: culprit.Interval{Low: p(40e6)}},
		"size of one call not known":     {Kind: "endpoint"},
	} {
		if got := words.Cost(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEveryOutcomeHasWords(t *testing.T) {
	for outcome := range fixture.All() {
		if words.Outcome(outcome) == "" {
			t.Errorf("no words for %s", outcome)
		}
	}
}
