package cli_test

import (
	"testing"

	"culprit"
)

// Spans that hold nothing are told, not stumbled over.
func TestEmptySpans(t *testing.T) {
	dir, _ := secretive(t)
	for name, span := range map[string][]string{
		"after everything":          {"--from", "2026-06-11T00:00:00Z"},
		"before everything":         {"--to", "2026-06-09T00:00:00Z"},
		"between two readings":      {"--from", "2026-06-10T12:00:01Z", "--to", "2026-06-10T12:00:02Z"},
		"a moment":                  {"--from", "2026-06-10T12:30:00Z", "--to", "2026-06-10T12:30:00Z"},
		"ten minutes, nothing grew": {"--from", "2026-06-10T12:00:00Z", "--to", "2026-06-10T12:10:00Z"},
	} {
		r := investigateJSON(t, append(span, dir)...)
		if o := r.Verdict.Outcome; o != culprit.OutcomeInsufficient && o != culprit.OutcomeHealthy {
			t.Errorf("%s: %s, %s", name, o, r.Verdict.Headline)
		}
		for _, s := range r.Suspects {
			if s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
				t.Errorf("%s: names %s", name, s.Name)
			}
		}
	}
}
