package lab

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/stat"
)

// Table writes results as Markdown: worlds with a culprit, worlds without one,
// and the sums. The first judge is the one on trial, the others are compared.
type Table struct {
	Judges  []Rule
	Results []Result
	// Blind is set when the first judge is a mere rule too.
	Blind bool
}

// Write writes the tables.
func (t Table) Write(w io.Writer) error {
	var b strings.Builder
	t.guilty(&b)
	t.innocent(&b)
	t.sums(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func head(b *strings.Builder, cells ...string) {
	row(b, cells...)
	rule := make([]string, len(cells))
	for i := range rule {
		rule[i] = "---"
	}
	row(b, rule...)
}

// Line sums up the first judge's runs in one line, for those who wait.
func (r Result) Line() string {
	s := r.Scores[0]
	return fmt.Sprintf("%-30s runs %d first %d convicted %d/%d exact %d wrong %d shady %d freed %d covers %d/%d ratio %s fit %d: %s",
		r.Scenario.Name, s.Runs, s.First, s.Convicted, s.Culprits, s.Exact, s.Wrong, s.Shady, s.Freed, s.Covered, s.Estimated,
		ratio(s.Ratios), s.Fit, outcomes(s.Outcomes))
}

// share prints k of n as a fraction with two digits.
func share(k, n int) string {
	if n == 0 {
		return "–"
	}
	return strings.TrimPrefix(fmt.Sprintf("%.2f", float64(k)/float64(n)), "0")
}

// bounded prints k of n with the upper bound of the rate.
func bounded(k, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%d (≤ %.0f %%)", k, 100*stat.BinomUpper(k, n, 0.95))
}

func (t Table) guilty(b *strings.Builder) {
	b.WriteString("### The culprit ranked first\n\n")
	cells := []string{"scenario", "runs"}
	for _, j := range t.Judges {
		cells = append(cells, j.Name)
	}
	head(b, append(cells, "what")...)
	for _, r := range t.culprits() {
		cells = []string{r.Scenario.Name, strconv.Itoa(r.Scores[0].Runs)}
		best := 0
		for _, s := range r.Scores {
			best = max(best, s.First)
		}
		for _, s := range r.Scores {
			cell := share(s.First, s.Runs)
			if s.First == best {
				cell = "**" + cell + "**"
			}
			cells = append(cells, cell)
		}
		row(b, append(cells, r.Scenario.About)...)
	}
	if t.Blind {
		return
	}
	b.WriteString("\n### Findings where somebody did it\n\n")
	head(b, "scenario", "culprits", "convicted", "right level", "at least suspected", "wrong convictions",
		"innocent suspected first", "culprit acquitted", "interval covers", "estimate / truth", "outcome best", "outcome right or open")
	for _, r := range t.culprits() {
		s, mark := r.Scores[0], ""
		if r.Scenario.Weak {
			mark = " °"
		}
		row(b, r.Scenario.Name+mark, strconv.Itoa(s.Culprits), share(s.Convicted, s.Culprits), share(s.Exact, s.Culprits),
			share(s.Named, s.Culprits), bounded(s.Wrong, s.Runs), bounded(s.Shady, s.Runs), bounded(s.Freed, s.Culprits),
			fmt.Sprintf("%d of %d", s.Covered, s.Estimated), ratio(s.Ratios), share(s.Best, s.Runs), share(s.Fit, s.Runs))
	}
}

func ratio(xs []float64) string {
	if len(xs) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", stat.Median(xs), stat.Quantile(xs, 0.25), stat.Quantile(xs, 0.75))
}

func (t Table) innocent(b *strings.Builder) {
	if t.Blind {
		return
	}
	b.WriteString("\n### Nobody in the log did it\n\n")
	head(b, "scenario", "runs", "somebody convicted", "somebody suspected", "outcome best", "outcome right or open", "outcomes", "what")
	for _, r := range t.Results {
		if s := r.Scores[0]; r.Scenario.Null {
			row(b, r.Scenario.Name, strconv.Itoa(s.Runs), bounded(s.Wrong, s.Runs), bounded(s.Shady, s.Runs),
				share(s.Best, s.Runs), share(s.Fit, s.Runs), outcomes(s.Outcomes), r.Scenario.About)
		}
	}
}

func outcomes(m map[culprit.Outcome]int) string {
	var names []string
	for o := range m {
		names = append(names, string(o))
	}
	slices.Sort(names)
	for i, o := range names {
		names[i] = fmt.Sprintf("%s %d", o, m[culprit.Outcome(o)])
	}
	return strings.Join(names, ", ")
}

func (t Table) culprits() []Result {
	var out []Result
	for _, r := range t.Results {
		if !r.Scenario.Null {
			out = append(out, r)
		}
	}
	return out
}

// sums pools all scenarios: the figures that the nominal level is held against.
func (t Table) sums(b *strings.Builder) {
	if t.Blind {
		return
	}
	var guilty, innocent Score
	var beaten []string
	for _, r := range t.Results {
		if r.Scenario.Null {
			innocent.Merge(r.Scores[0])
			continue
		}
		guilty.Merge(r.Scores[0])
		for i, s := range r.Scores[1:] {
			if s.First > r.Scores[0].First && !r.Scenario.Weak {
				beaten = append(beaten, fmt.Sprintf("%s in %s (%s against %s)", t.Judges[i+1].Name, r.Scenario.Name,
					share(s.First, s.Runs), share(r.Scores[0].First, r.Scores[0].Runs)))
			}
		}
	}
	b.WriteString("\n### In sum\n\n")
	sum := func(what string, k, n int) {
		if n > 0 {
			fmt.Fprintf(b, "- %s: %d of %d, %.2f %%, at most %.2f %% (one-sided 95 %%).\n",
				what, k, n, 100*float64(k)/float64(n), 100*stat.BinomUpper(k, n, 0.95))
		}
	}
	sum("False convictions where nobody in the log did it (nominal 1 %)", innocent.Wrong, innocent.Runs)
	sum("Wrong convictions where somebody did it", guilty.Wrong, guilty.Runs)
	sum("Of all wrong convictions, those of innocents that really hold some memory", guilty.Minor+innocent.Minor, guilty.Wrong+innocent.Wrong)
	sum("Culprits acquitted", guilty.Freed, guilty.Culprits)
	sum("Intervals of bytes per call that miss (nominal 5 %)", guilty.Estimated-guilty.Covered, guilty.Estimated)
	if len(beaten) == 0 {
		b.WriteString("- No rule ranks the culprit first more often, in any scenario that can be judged.\n")
		return
	}
	fmt.Fprintf(b, "- Ranked better by a rule: %s.\n", strings.Join(beaten, "; "))
}
