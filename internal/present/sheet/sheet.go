// Package sheet lays text out for a terminal: lines, paragraphs behind a label,
// tables, never wider than the terminal.
//
// It owns columns and wrapping. It refuses to know what is told, and to choose
// colours: callers hand them in.
package sheet

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"culprit/internal/present/style"
)

// Options are how a terminal wants its text.
type Options struct {
	Width int // columns, 0 for 80
	Color bool
	Plain bool // ASCII only
}

// minWidth is the narrowest layout; narrower terminals wrap by themselves.
const minWidth = 40

// Sheet gathers lines of at most Width columns.
type Sheet struct {
	Width int
	Paint style.Paint
	Plain bool
	Lines []string
}

// New makes an empty sheet.
func New(o Options) Sheet {
	if o.Width <= 0 {
		o.Width = 80
	}
	return Sheet{Width: max(o.Width, minWidth), Paint: style.Paint{On: o.Color}, Plain: o.Plain}
}

// WriteTo writes the sheet with a newline at its end.
func (p *Sheet) WriteTo(w io.Writer) (int64, error) {
	text := strings.Join(p.Lines, "\n") + "\n"
	if p.Plain {
		text = style.ASCII(text)
	}
	n, err := io.WriteString(w, text)
	if err != nil {
		return int64(n), fmt.Errorf("printing: %w", err)
	}
	return int64(n), nil
}

// Ink colours a piece of text.
type Ink func(string) string

// None leaves text as it is.
func None(s string) string { return s }

// Line adds one line, cut to the width before colouring.
func (p *Sheet) Line(s string, in Ink) { p.Lines = append(p.Lines, in(style.Cut(s, p.Width))) }

// Blank adds an empty line.
func (p *Sheet) Blank() { p.Lines = append(p.Lines, "") }

// Heading adds an empty line and a heading.
func (p *Sheet) Heading(s string) {
	p.Blank()
	p.Lines = append(p.Lines, p.Paint.Bold(strings.ToUpper(s)))
}

// Para adds wrapped text behind a label of the first line; further lines are
// indented by indent columns. At most most lines, 0 for any number.
func (p *Sheet) Para(label string, in Ink, text string, indent, most int) {
	room := p.Width - indent
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
			p.Lines = append(p.Lines, in(style.Pad(label, head))+l)
			continue
		}
		p.Lines = append(p.Lines, strings.Repeat(" ", indent)+l)
	}
	if len(wrapped) == 0 && label != "" {
		p.Lines = append(p.Lines, in(label))
	}
}

// Command adds a command that can be copied, wrapped as a shell takes it.
func (p *Sheet) Command(label string, lines []string) {
	for i, l := range lines {
		if i == 0 {
			p.Lines = append(p.Lines, p.Paint.Cyan(label)+l)
			continue
		}
		p.Lines = append(p.Lines, strings.Repeat(" ", len(label))+l)
	}
}

// Table lays rows out in columns, the first row as their heads; the widest column
// of text is cut to fit.
func (p *Sheet) Table(rows [][]string, right []bool) {
	widths := make([]int, len(rows[0]))
	total := 2 * len(widths)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], style.Width(cell))
		}
	}
	for _, w := range widths {
		total += w
	}
	for over := total - p.Width; over > 0; over-- {
		widest := slices.Index(widths, slices.Max(widths))
		widths[widest]--
	}
	for n, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cell = style.CutMiddle(cell, widths[i])
			if right[i] {
				cells[i] = style.PadLeft(cell, widths[i])
				continue
			}
			cells[i] = style.Pad(cell, widths[i])
		}
		in := None
		if n == 0 {
			in = p.Paint.Dim
		}
		p.Line(strings.TrimRight("  "+strings.Join(cells, "  "), " "), in)
	}
}
