package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// first adds the first screen, tightened step by step until it fits.
func first(p *page, r culprit.Report) {
	for tight := 0; ; tight++ {
		try := page{width: p.width, paint: p.paint, plain: p.plain}
		screen(&try, r, tight)
		if len(try.lines) <= FirstScreen || tight == 4 {
			p.lines = append(p.lines, try.lines...)
			return
		}
	}
}

// screen lays the first screen out. The tighter, the more is left out: 1 short
// what-if, 2 no empty line, 3 only the next command, 4 one line of basis.
func screen(p *page, r culprit.Report, tight int) {
	groups := words.Group(r)
	label := strings.ToUpper(words.Outcome(r.Verdict.Outcome)) + ": "
	p.para(label, p.verdictInk(r.Verdict.Outcome), style.Clean(r.Verdict.Headline), 2, 2)
	p.basis(r, tight)
	p.consequence(r, tight)
	if tight < 2 {
		p.blank()
	}
	for i, s := range words.Shown(groups, 3) {
		p.suspect(s, i == 0)
	}
	if cleared := words.Cleared(groups, 3); cleared != "" {
		p.label("Acquitted: ", p.paint.Green, cleared)
	}
	p.next(r.Next, tight)
}

// label adds one line of text behind a coloured label.
func (p *page) label(label string, in ink, text string) {
	p.lines = append(p.lines, in(label)+style.Cut(text, p.width-style.Width(label)))
}

func (p *page) basis(r culprit.Report, tight int) {
	most := 2
	if tight >= 4 {
		most = 1
	}
	p.para("  ", none, words.Basis(r), 2, most)
}

// consequence says how much grew and what would have been, or why nobody is named.
func (p *page) consequence(r culprit.Report, tight int) {
	parts := []string{capital(words.Grown(r)) + "."}
	if why := style.Clean(r.Verdict.AbstainedBecause); why != "" {
		parts = append(parts, capital(strings.TrimSuffix(why, "."))+".")
	}
	if text := words.WhatIf(r.Counterfactual); text != "" {
		parts = append(parts, text)
	}
	most := 3
	if tight >= 1 {
		most = 1
	}
	p.para("  ", none, strings.Join(parts, " "), 2, most)
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// suspect adds two lines on a suspect and, for the first, an example call.
func (p *page) suspect(s culprit.Suspect, example bool) {
	rank := style.PadLeft(style.Count(int64(s.Rank)), 2) + " "
	finding := strings.ToUpper(words.Finding(s.Finding))
	room := p.width - style.Width(rank) - style.Width(finding) - 2
	p.lines = append(p.lines, rank+p.findingInk(s.Finding)(finding)+"  "+
		p.paint.Bold(style.CutMiddle(words.Title(s), room)))
	p.line("   "+facts(s), none)
	if example && len(s.Examples) > 0 {
		p.example(s.Examples[0])
	}
}

// example adds one call: where it ran, and what it looked like. Its request id
// goes where it fits, so that it can be searched for in the log.
func (p *page) example(e culprit.Example) {
	where := "   e.g. " + words.Call(e)
	id, shape := style.Clean(e.RequestID), style.Clean(e.Shape)
	if id != "" && style.Width(where)+2+style.Width(id) <= p.width {
		where, id = where+", "+id, ""
	}
	p.line(where, p.paint.Dim)
	if rest := strings.Join(nonEmpty([]string{id, shape}), "  "); rest != "" {
		p.line("        "+rest, p.paint.Dim)
	}
}

// next adds the first step with its command, or without one when it has none.
func (p *page) next(steps []culprit.Step, tight int) {
	if len(steps) == 0 {
		return
	}
	s := steps[0]
	command := style.WrapCommand(style.Clean(s.Command), p.width-6)
	if tight >= 3 && len(command) > 0 && len(command) <= 2 {
		p.command("Next: ", command)
		return
	}
	p.label("Next: ", p.paint.Cyan, style.Clean(s.Do))
	if tight < 3 {
		p.command("  $ ", command)
	}
}

// command adds a command that can be copied.
func (p *page) command(label string, lines []string) {
	for i, l := range lines {
		if i == 0 {
			p.lines = append(p.lines, p.paint.Cyan(label)+l)
			continue
		}
		p.lines = append(p.lines, strings.Repeat(" ", len(label))+l)
	}
}
