// Package markdown writes a report as the text of an incident ticket.
//
// It owns the Markdown: headings, tables and escapes that read well where
// tickets are kept. It refuses to compute and to carry the picture.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/mark"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// Write writes r to w as Markdown.
func Write(w io.Writer, r culprit.Report) error {
	var d doc
	groups := words.Group(r)
	d.verdict(r)
	d.suspects(groups.Accused)
	d.examples(groups.Accused)
	d.growth(r.Growth)
	d.others("Acquitted", groups.Acquitted)
	d.others("Cannot be judged", groups.Unjudged)
	d.circumstances(r.Circumstances)
	d.happenings(r.Happenings)
	d.notes(r.Verdict.Notes)
	d.doubts(words.Doubts(r))
	d.next(r.Next)
	d.basis(r)
	if _, err := io.WriteString(w, d.String()); err != nil {
		return fmt.Errorf("writing the ticket: %w", err)
	}
	return nil
}

// doc gathers Markdown.
type doc struct{ strings.Builder }

// put adds pieces of text as they are.
func (d *doc) put(parts ...string) {
	for _, p := range parts {
		d.WriteString(p)
	}
}

// verdict says the outcome, what it rests on and what would have been.
func (d *doc) verdict(r culprit.Report) {
	outcome := words.Outcome(r.Verdict.Outcome)
	if outcome != "" {
		outcome = strings.ToUpper(outcome[:1]) + outcome[1:]
	}
	d.put("## ", outcome, ": ", mark.Text(r.Verdict.Headline), "\n\n")
	d.put("- ", mark.Text(words.Basis(r)), "\n- ", mark.Text(words.Grown(r)), "\n")
	for _, s := range []string{
		r.Verdict.AbstainedBecause, words.WhatIf(r.Counterfactual), words.Category(r.Verdict.Category),
	} {
		if s != "" {
			d.put("- ", mark.Text(s), "\n")
		}
	}
}

// suspects tells who is accused, as a table with the reasons under it.
func (d *doc) suspects(list []culprit.Suspect) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Suspects\n\n| # | Finding | Who | Growth | A call costs | Present | Chance |\n| --: | --- | --- | --: | --- | --- | --- |\n")
	for _, s := range list {
		d.row(style.Count(int64(s.Rank)), words.Finding(s.Finding), mark.Code(words.Title(s)), style.Share(s.GrowthShare),
			mark.Text(style.Interval(s.BytesPerCall)), words.Presence(s), style.Chance(s.PAdjusted))
	}
	for _, s := range list {
		if s.Reason != "" {
			d.put("\n", mark.Code(words.Title(s)), ": ", mark.Text(s.Reason), "\n")
		}
	}
}

// row adds one row of a table. Its cells are escaped already.
func (d *doc) row(cells ...string) { d.put("| ", strings.Join(cells, " | "), " |\n") }

func (d *doc) examples(list []culprit.Suspect) {
	head := "\n### Calls to look at\n\n"
	for _, s := range list {
		for _, e := range s.Examples {
			d.put(head, "- ", mark.Text(words.Call(e)))
			head = ""
			if e.RequestID != "" {
				d.put(", ", mark.Code(e.RequestID))
			}
			if e.Shape != "" {
				d.put(", ", mark.Code(e.Shape))
			}
			d.put("\n")
		}
	}
}

// most is the number of rows of a table in a ticket.
const most = 20

func (d *doc) growth(list []culprit.Growth) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Growth events\n\n| # | Where | From (UTC) | To | Grew | Shape |\n| --: | --- | --- | --- | --: | --- |\n")
	for _, g := range list[:min(len(list), most)] {
		d.row(style.Count(int64(g.ID)), mark.Text(words.Unit(g.Host, g.PID)), style.Time(g.From), style.Time(g.To), style.Bytes(g.Bytes), mark.Text(g.Shape))
	}
	if rest := len(list) - most; rest > 0 {
		d.put("\n", style.Count(int64(rest)), " more are in the JSON and HTML reports.\n")
	}
}

func (d *doc) others(title string, list []culprit.Suspect) {
	if len(list) == 0 {
		return
	}
	d.put("\n### ", title, "\n\n")
	for _, s := range list[:min(len(list), most)] {
		parts := []string{mark.Code(words.Title(s))}
		if bound := words.Bound(s); bound != "" && s.Finding == culprit.Acquitted {
			parts = append(parts, " (", bound, ")")
		}
		if s.Reason != "" {
			parts = append(parts, ": ", mark.Text(s.Reason))
		}
		d.put("- ", strings.Join(parts, ""), "\n")
	}
	if rest := len(list) - most; rest > 0 {
		d.put("- and ", style.Count(int64(rest)), " more\n")
	}
}

// circumstances tells the suspects that need no traffic.
func (d *doc) circumstances(list []culprit.Circumstance) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Suspects that need no traffic\n\n| Standing | What | In proportion | Found by |\n| --- | --- | --- | --- |\n")
	for _, c := range list[:min(len(list), most)] {
		d.row(words.Standing(c.Standing), mark.Text(c.Name), mark.Text(c.Text), mark.Code(words.Finder(c.Source)))
	}
	if rest := len(list) - most; rest > 0 {
		d.put("\n", style.Count(int64(rest)), " more are in the JSON and HTML reports.\n")
	}
	for _, c := range list {
		if c.Standing != culprit.StandingToTest {
			continue
		}
		d.put("\n", mark.Text(c.Name), ": ", mark.Text(c.Advice), "\n")
		for _, e := range c.Evidence {
			if at := words.Lookup(e); at != "" {
				d.put("- ", mark.Code(at), " ", mark.Text(e.Text), "\n")
			}
		}
	}
}

func (d *doc) happenings(list []culprit.DatedEvent) {
	if len(list) == 0 {
		return
	}
	d.put("\n### What else happened\n\n")
	for _, e := range list[:min(len(list), most)] {
		d.put("- ", style.Time(e.At), " ", mark.Text(string(e.Kind)))
		for _, s := range []string{words.Unit(e.Host, e.PID), e.Name} {
			if s != "" {
				d.put(", ", mark.Text(s))
			}
		}
		d.put("\n")
	}
	if rest := len(list) - most; rest > 0 {
		d.put("- and ", style.Count(int64(rest)), " more\n")
	}
}

func (d *doc) notes(list []string) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Also seen\n\n")
	for _, n := range list {
		d.put("- ", mark.Text(n), "\n")
	}
}

func (d *doc) doubts(list []words.Doubt) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Doubts\n\n")
	for _, doubt := range list {
		d.put("- ")
		if doubt.Where != "" {
			d.put(mark.Code(doubt.Where), ": ")
		}
		d.put(mark.Text(doubt.Text), "\n")
	}
}

func (d *doc) next(list []culprit.Step) {
	if len(list) == 0 {
		return
	}
	d.put("\n### Next\n\n")
	for i, s := range list {
		d.put(style.Count(int64(i+1)), ". ", mark.Text(s.Do))
		if s.Settles != "" {
			d.put(" Settles: ", mark.Text(s.Settles), ".")
		}
		d.put("\n")
		if s.Command != "" {
			d.put("\n   ", mark.Code(s.Command), "\n")
		}
	}
}

func (d *doc) basis(r culprit.Report) {
	d.put("\n<details><summary>What this rests on</summary>\n\n")
	for _, f := range words.Coverage(r) {
		d.put("- ", f.Name, ": ", mark.Text(f.Text), "\n")
	}
	for _, in := range r.Inputs {
		d.put("- ", mark.Code(in.Path), ": ", mark.Text(strings.Join(words.Input(in), ", ")), "\n")
	}
	d.put("\nSizes: 1 MB is 1,000,000 bytes. Times are UTC. Intervals hold with 95 %. ", mark.Text(r.Tool), "\n\n</details>\n")
}
