// Package term prints a report on a terminal: a first screen that fits a
// glance, and the whole story when asked for.
//
// It owns the layout in columns. It refuses to compute, to sort by anything but
// rank, and to look at the environment: its caller says how wide, how colourful
// and how plain.
package term

import (
	"fmt"
	"io"
	"strings"

	"culprit"
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
	// screen; "" for none.
	More string
}

// minWidth is the narrowest layout; narrower terminals wrap by themselves.
const minWidth = 40

// FirstScreen is the most lines a first screen takes at 80 columns.
const FirstScreen = 15

// Write prints r to w.
func Write(w io.Writer, r culprit.Report, o Options) error {
	p := page{width: o.Width, paint: style.Paint{On: o.Color}, plain: o.Plain}
	if p.width <= 0 {
		p.width = 80
	}
	p.width = max(p.width, minWidth)
	first(&p, r, o)
	if o.Full {
		full(&p, r)
	}
	text := strings.Join(p.lines, "\n") + "\n"
	if o.Plain {
		text = style.ASCII(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}

// page gathers lines of at most width columns.
type page struct {
	width int
	paint style.Paint
	plain bool
	lines []string
}

// ink colours a piece of text.
type ink func(string) string

func none(s string) string { return s }

// line adds one line, cut to the width before colouring.
func (p *page) line(s string, in ink) {
	p.lines = append(p.lines, in(style.Cut(s, p.width)))
}

// blank adds an empty line.
func (p *page) blank() { p.lines = append(p.lines, "") }

// para adds wrapped text behind a label of the first line; further lines are
// indented by indent columns. At most most lines, 0 for any number.
func (p *page) para(label string, in ink, text string, indent, most int) {
	room := p.width - indent
	head := max(style.Width(label), indent)
	wrapped := style.WrapAfter(text, room, head-indent)
	if most > 0 && len(wrapped) > most {
		last := strings.Join(wrapped[most-1:], " ")
		if most == 1 {
			room -= head - indent
		}
		wrapped = append(wrapped[:most-1:most-1], style.Cut(last, room))
	}
	for i, l := range wrapped {
		if i == 0 {
			p.lines = append(p.lines, in(style.Pad(label, head))+l)
			continue
		}
		p.lines = append(p.lines, strings.Repeat(" ", indent)+l)
	}
	if len(wrapped) == 0 && label != "" {
		p.lines = append(p.lines, in(label))
	}
}

// verdictInk is the colour that repeats the outcome.
func (p *page) verdictInk(o culprit.Outcome) ink {
	switch o {
	case culprit.OutcomeCulprit:
		return p.paint.Red
	case culprit.OutcomeHealthy:
		return p.paint.Green
	}
	return p.paint.Yellow
}

// findingInk is the colour that repeats a finding.
func (p *page) findingInk(f culprit.Finding) ink {
	switch f {
	case culprit.Convicted:
		return p.paint.Red
	case culprit.Acquitted:
		return p.paint.Green
	case culprit.Suspected:
		return p.paint.Yellow
	}
	return p.paint.Dim
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
