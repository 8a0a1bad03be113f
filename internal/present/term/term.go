// Package term prints a report on a terminal: a first screen that fits a
// glance, and the whole story when asked for.
//
// It owns the layout in columns. It refuses to compute, to sort by anything but
// rank, and to look at the environment: its caller says how wide, how colourful
// and how plain.
package term

import (
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// Options say how to print.
type Options struct {
	Width int  // columns, 0 means 80
	Color bool // ANSI colours
	Full  bool // everything instead of the first screen
	Plain bool // ASCII only
	// More is the command that shows everything, for the last line of the first
	// screen; "" for sheet.None.
	More string
}

// FirstScreen is the most lines a first screen takes at 80 columns.
const FirstScreen = 15

// Write prints r to w.
func Write(w io.Writer, r culprit.Report, o Options) error {
	p := page{sheet.New(sheet.Options{Width: o.Width, Color: o.Color, Plain: o.Plain})}
	first(&p, r, o)
	if o.Full {
		full(&p, r)
	}
	_, err := p.WriteTo(w)
	return err
}

// page is a sheet with the colours of verdicts.
type page struct{ sheet.Sheet }

// verdictInk is the colour that repeats the outcome.
func (p *page) verdictInk(o culprit.Outcome) sheet.Ink {
	switch o {
	case culprit.OutcomeCulprit:
		return p.Paint.Red
	case culprit.OutcomeHealthy:
		return p.Paint.Green
	}
	return p.Paint.Yellow
}

// findingInk is the colour that repeats a finding.
func (p *page) findingInk(f culprit.Finding) sheet.Ink {
	switch f {
	case culprit.Convicted:
		return p.Paint.Red
	case culprit.Acquitted:
		return p.Paint.Green
	case culprit.Suspected:
		return p.Paint.Yellow
	}
	return p.Paint.Dim
}

// facts joins what is known about a suspect.
func facts(s culprit.Suspect) string {
	var parts []string
	switch s.Finding {
	case culprit.Acquitted:
		parts = append(parts, words.Bound(s), words.Presence(s))
	case culprit.CannotJudge:
		parts = append(parts, style.Clean(s.Reason))
	default:
		parts = append(parts, words.Weight(s), words.Cost(s), words.Presence(s))
	}
	parts = nonEmpty(parts)
	if len(parts) == 0 {
		return style.Clean(s.Reason)
	}
	return strings.Join(parts, ", ")
}

func nonEmpty(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
