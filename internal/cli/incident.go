package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/present/html"
	"culprit/internal/present/markdown"
	"culprit/internal/present/report"
	"culprit/internal/present/style"
	"culprit/internal/source/saved"
	"culprit/internal/verdict"
)

// incidentFlags hold what gems, boot and doctor find against a saved report.
type incidentFlags struct {
	incident string
	report   string
}

func (f *incidentFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.incident, "incident", "", "put what is found in proportion to the saved investigate report in `FILE` (JSON or HTML)")
	cmd.Flags().StringVar(&f.report, "report", "", "write that report anew with these findings: `FILE`.html, .md or .json")
}

// check refuses flags that cannot work, before anything long begins.
func (f *incidentFlags) check() error {
	if f.report == "" {
		return nil
	}
	if f.incident == "" {
		return usage(errors.New("--report needs --incident"), "give the report of culprit investigate --json, or its HTML page")
	}
	if reportWriter(f.report) == nil {
		return usage(fmt.Errorf("--report %s: the name must end in .html, .md or .json", f.report), "for example --report incident.html")
	}
	return nil
}

// weigh puts what the command source found in proportion to the incident, writes the report anew where
// that was asked for, and returns the circumstances. Without --incident it
// returns none.
func (f *incidentFlags) weigh(w World, source string, charges []verdict.Charge) ([]culprit.Circumstance, error) {
	if f.incident == "" {
		return nil, nil
	}
	r, err := saved.Open(f.incident)
	if err != nil {
		return nil, fmt.Errorf("--incident: %w", err)
	}
	found := verdict.Weigh(r, charges)
	if f.report == "" {
		return found, nil
	}
	r.Circumstances = merge(r.Circumstances, source, found)
	if err := w.create(f.report, func(out io.Writer) error { return reportWriter(f.report)(out, r) }); err != nil {
		return nil, err
	}
	fmt.Fprintf(w.Stderr, "report: %s\n", fileURL(f.report))
	return found, nil
}

// merge puts found in the place of what the same command had found before.
func merge(old []culprit.Circumstance, source string, found []culprit.Circumstance) []culprit.Circumstance {
	others := slices.DeleteFunc(slices.Clone(old), func(c culprit.Circumstance) bool { return c.Source == source })
	return verdict.InOrder(append(others, found...))
}

// reportWriter picks the form of a report by the name of its file, nil when it is
// none of them.
func reportWriter(path string) func(io.Writer, culprit.Report) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".html", ".htm":
		return html.Write
	case ".md", ".markdown":
		return markdown.Write
	case ".json":
		return report.Write
	}
	return nil
}

// gemCharges are the findings of gems as charges.
func gemCharges(g culprit.Gems) []verdict.Charge {
	charges := make([]verdict.Charge, 0, len(g.Findings))
	for _, f := range g.Findings {
		c := verdict.Charge{Cost: f.Cost, Circumstance: culprit.Circumstance{
			Source: "gems", ID: f.ID, Name: gemName(f), Kind: f.Kind,
			Evidence: f.Evidence, Advice: f.Advice, Entered: f.Entered,
		}}
		if f.Verdict == culprit.NotReachable {
			c.Excluded = clause(f.Because)
			if c.Excluded == "" {
				c.Excluded = "not reachable in this app"
			}
		}
		charges = append(charges, c)
	}
	return charges
}

// clause makes a sentence a part of another one: no full stop, and a small letter
// where the first word is an ordinary one.
func clause(s string) string {
	s = strings.TrimSuffix(s, ".")
	if first, _, _ := strings.Cut(s, " "); len(first) < 2 || first != strings.ToUpper(first[:1])+strings.ToLower(first[1:]) {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// gemName is "rgeo 2.0.0", or the title for what has no version.
func gemName(f culprit.GemFinding) string {
	if f.Version == "" {
		return f.Title
	}
	return f.Gem + " " + f.Version
}

// bootCharges is the memory of the boot as a charge: every process pays it once.
func bootCharges(b culprit.Boot) []verdict.Charge {
	if b.TotalBytes <= 0 {
		return nil
	}
	c := verdict.Charge{
		Cost:         &culprit.Cost{Low: b.TotalBytes, High: b.TotalBytes, Per: "process", Source: "measured"},
		Circumstance: culprit.Circumstance{Source: "boot", ID: "boot", Name: "boot memory", Kind: "boot"},
	}
	const most = 3
	for _, g := range b.Gems[:min(len(b.Gems), most)] {
		c.Evidence = append(c.Evidence, culprit.Evidence{Text: strings.TrimSpace(g.Name+" "+g.Version) + " " + style.Bytes(g.Bytes)})
	}
	return []verdict.Charge{c}
}

// doctorCharges are the diagnoses as charges.
func doctorCharges(d culprit.Doctor) []verdict.Charge {
	charges := make([]verdict.Charge, 0, len(d.Diagnoses))
	for _, g := range d.Diagnoses {
		c := verdict.Charge{Saves: g.Saves, Circumstance: culprit.Circumstance{
			Source: "doctor", ID: g.ID, Name: g.Title, Kind: g.Class, Evidence: g.Evidence, Advice: g.Change,
		}}
		if g.Finding == "not_it" {
			c.Excluded = clause(g.What)
		}
		charges = append(charges, c)
	}
	return charges
}
