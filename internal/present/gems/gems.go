// Package gems writes what the bundle and the settings of an app show: for a
// terminal, as JSON (docs/format/gems.md), as SARIF.
//
// It owns the order in which a reader learns: what applies, what cannot be told,
// what is out of reach. It refuses to judge and to compute.
package gems

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
	"culprit/internal/present/words"
)

// Options are how the terminal wants it.
type Options struct {
	sheet.Options
	All bool // tell what is not reachable one by one
}

// JSON writes g as indented JSON with a newline at its end.
func JSON(w io.Writer, g culprit.Gems) error { return encode(w, whole.Of(g)) }

func encode(w io.Writer, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Write prints g for a terminal.
func Write(w io.Writer, g culprit.Gems, o Options) error {
	p := sheet.New(o.Options)
	groups := map[culprit.GemVerdict][]culprit.GemFinding{}
	for _, f := range g.Findings {
		groups[f.Verdict] = append(groups[f.Verdict], f)
	}
	applies, unclear, out := groups[culprit.Applies], groups[culprit.CannotTell], groups[culprit.NotReachable]
	head(&p, g, len(applies), len(unclear))
	standing := standings(g.Circumstances)
	for _, f := range applies {
		finding(&p, f, "APPLIES", p.Paint.Red, standing[f.ID])
	}
	for _, f := range unclear {
		finding(&p, f, "CANNOT TELL", p.Paint.Yellow, standing[f.ID])
	}
	if o.All {
		for _, f := range out {
			finding(&p, f, "NOT REACHABLE", p.Paint.Green, standing[f.ID])
		}
	} else if len(out) > 0 {
		p.Blank()
		p.Para(style.Count(int64(len(out)))+" not reachable: ", p.Paint.Green, names(out, 8), 2, 4)
	}
	foot(&p, g, o.All || len(out) == 0)
	_, err := p.WriteTo(w)
	return err
}

func head(p *sheet.Sheet, g culprit.Gems, applies, unclear int) {
	label, in, text := "NOTHING KNOWN APPLIES", p.Paint.Green, ""
	switch {
	case applies > 0:
		label, in = style.Plural(int64(applies), "KNOWN CAUSE APPLIES", "KNOWN CAUSES APPLY"), p.Paint.Red
		text = ": each can grow memory here; whether it did, the calls must tell"
	case unclear > 0:
		label, in = style.Plural(int64(unclear), "KNOWN CAUSE CANNOT BE JUDGED", "KNOWN CAUSES CANNOT BE JUDGED"), p.Paint.Yellow
		text = ": the app's files do not say enough"
	}
	p.Para(label, in, text, 2, 0)
	if in := words.Besides(g.Circumstances); in != "" {
		p.Para("  In this incident: ", p.Paint.Bold, in, 2, 3)
	}
}

// finding tells one: what, where it stands, what to do.
func finding(p *sheet.Sheet, f culprit.GemFinding, label string, in sheet.Ink, c *culprit.Circumstance) {
	p.Blank()
	title := style.Clean(f.Title)
	if who := name(f); f.Version != "" && !strings.HasPrefix(strings.ToLower(title), strings.ToLower(who)) {
		title = who + ": " + title
	}
	p.Para(label+"  ", in, p.Paint.Bold(title), 2, 0)
	fact := f.Kind
	if f.Platform != "" && f.Platform != "ruby" {
		fact += ", locked for " + f.Platform
	}
	if f.Fixed != "" {
		fact += ", fixed in " + f.Fixed
	}
	if !f.Entered.IsZero() {
		fact += ", in the lock since " + f.Entered.UTC().Format("2 Jan 2006")
	}
	p.Para("  ", sheet.None, style.Clean(strings.ReplaceAll(fact, "_", " ")), 2, 0)
	if f.Condition != "" && f.Verdict != culprit.Applies {
		p.Para("  when: ", p.Paint.Dim, style.Clean(f.Condition), 8, 0)
	}
	if f.Because != "" {
		p.Para("  why: ", p.Paint.Dim, style.Clean(f.Because), 7, 0)
	}
	code(p, f.Evidence)
	if c != nil {
		p.Para("  here: ", p.Paint.Bold, style.Clean(c.Text), 8, 0)
	}
	if f.Verdict != culprit.NotReachable {
		p.Para("  do: ", p.Paint.Cyan, style.Clean(f.Advice), 6, 0)
	}
	p.Line("  more: culprit gems explain "+f.ID, p.Paint.Dim)
}

// shownLines is how many lines of the app one finding shows.
const shownLines = 3

// code shows lines of the app, the first three.
func code(p *sheet.Sheet, list []culprit.Evidence) {
	n := 0
	for _, e := range list {
		if e.File == "" || e.Code == "" {
			continue
		}
		if n++; n > shownLines {
			continue
		}
		p.Line("    "+words.Lookup(e)+": "+style.Clean(strings.TrimSpace(e.Code)), sheet.None)
	}
	if n > shownLines {
		p.Line("    and "+style.Plural(int64(n-shownLines), "line more", "lines more")+" (--json has them)", p.Paint.Dim)
	}
}

func foot(p *sheet.Sheet, g culprit.Gems, all bool) {
	p.Blank()
	held := "Held " + style.Plural(int64(g.Checked), "known cause", "known causes")
	if !g.Knowledge.IsZero() {
		held += " (as of " + g.Knowledge.UTC().Format("2 Jan 2006") + ")"
	}
	held += " against "
	if g.Lockfile != "" {
		held += style.Plural(int64(g.Locked), "gem", "gems") + " of " + style.Clean(g.Lockfile)
	} else {
		held += "an app without a lockfile"
	}
	if g.App != "" {
		held += " and the code of " + style.Clean(g.App)
	}
	if g.Ruby != "" {
		held += ", Ruby " + style.Clean(g.Ruby)
	}
	p.Para("", sheet.None, held+".", 0, 0)
	if !all {
		p.Line("All of them: culprit gems --all", p.Paint.Dim)
	}
	for _, w := range g.Warnings {
		p.Para("note: ", p.Paint.Yellow, style.Clean(w), 6, 0)
	}
}

// name is the gem with its version.
func name(f culprit.GemFinding) string {
	return style.Clean(strings.TrimSpace(f.Gem + " " + f.Version))
}

func names(list []culprit.GemFinding, most int) string {
	var out []string
	for _, f := range list {
		out = append(out, name(f)+" ("+f.ID+")")
	}
	return style.List(out, most)
}

func standings(list []culprit.Circumstance) map[string]*culprit.Circumstance {
	m := map[string]*culprit.Circumstance{}
	for i := range list {
		m[list[i].ID] = &list[i]
	}
	return m
}
