package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// first adds the first screen, tightened step by step until it fits.
func first(p *page, r culprit.Report, o Options) {
	more := o.More
	if o.Full {
		more = ""
	}
	for tight := 0; ; tight++ {
		try := page{sheet.Sheet{Width: p.Width, Paint: p.Paint, Plain: p.Plain}}
		screen(&try, r, more, tight)
		if len(try.Lines) <= FirstScreen || tight == tightest {
			p.Lines = append(p.Lines, try.Lines...)
			return
		}
	}
}

// tightest is the layout that leaves out most.
const tightest = 6

// screen lays the first screen out. The tighter, the more is cut: 1 the example,
// 2 the next step, 3 the empty line, 4 the next step's words, 5 the what-if, 6 the
// basis.
func screen(p *page, r culprit.Report, more string, tight int) {
	groups := words.Group(r)
	label := strings.ToUpper(words.Outcome(r.Verdict.Outcome)) + ": "
	p.Para(label, p.verdictInk(r.Verdict.Outcome), style.Clean(r.Verdict.Headline), 2, 2)
	p.Para("  ", sheet.None, words.Basis(r), 2, room(tight < 6, 2))
	p.consequence(r, room(tight < 5, 3))
	if tight < 3 {
		p.Blank()
	}
	for i, s := range words.Shown(groups, 3) {
		p.suspect(s)
		if i == 0 && len(s.Examples) > 0 {
			p.example(s.Examples[0], room(tight < 1, 2))
		}
	}
	if cleared := words.Cleared(groups, p.Width-11); cleared != "" {
		p.Lines = append(p.Lines, p.Paint.Green("Acquitted: ")+style.Cut(cleared, p.Width-11))
	}
	p.heap(r.Heap)
	p.besides(r.Circumstances)
	p.next(r.Next, more, tight)
}

// room is the number of lines a part may take: most, or one when it is tight.
func room(loose bool, most int) int {
	if loose {
		return most
	}
	return 1
}

// consequence says how much grew and what would have been, or why nobody is named.
func (p *page) consequence(r culprit.Report, most int) {
	parts := []string{capital(words.Grown(r)) + "."}
	if why := style.Clean(r.Verdict.AbstainedBecause); why != "" {
		parts = append(parts, capital(strings.TrimSuffix(why, "."))+".")
	}
	if text := words.WhatIf(r.Counterfactual); text != "" {
		parts = append(parts, text)
	}
	p.Para("  ", sheet.None, strings.Join(parts, " "), 2, most)
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// suspect adds two lines on a suspect.
func (p *page) suspect(s culprit.Suspect) {
	rank := style.PadLeft(style.Count(int64(s.Rank)), 2) + " "
	finding := strings.ToUpper(words.Finding(s.Finding))
	room := p.Width - style.Width(rank) - style.Width(finding) - 2
	p.Lines = append(p.Lines, rank+p.findingInk(s.Finding)(finding)+"  "+
		p.Paint.Bold(style.CutMiddle(words.Title(s), room)))
	p.Line("   "+facts(s), sheet.None)
}

// example adds one call: where it ran, and what it looked like. Its request id
// goes where it fits, so that it can be searched for in the log.
func (p *page) example(e culprit.Example, most int) {
	where := "   e.g. " + words.Call(e)
	id, shape := style.Clean(e.RequestID), style.Clean(e.Shape)
	if id != "" && style.Width(where)+2+style.Width(id) <= p.Width {
		where, id = where+", "+id, ""
	}
	p.Line(where, p.Paint.Dim)
	if rest := strings.Join(nonEmpty([]string{id, shape}), " "); rest != "" {
		p.Para("        ", sheet.None, rest, 8, most)
	}
}

// next adds the first step, the first command among the steps, and the command
// that shows more.
func (p *page) next(steps []culprit.Step, more string, tight int) {
	var command []string
	for _, s := range steps {
		if s.Command != "" && len(command) == 0 {
			command = style.WrapCommand(style.Clean(s.Command), p.Width-6)
		}
	}
	if tight >= 2 && len(command) > 2 {
		command = nil
	}
	if len(steps) > 0 && (tight < 4 || len(command) == 0) {
		p.Para("Next: ", p.Paint.Cyan, style.Clean(steps[0].Do), 6, room(tight < 2, 2))
	}
	p.Command("    $ ", command)
	if tight < 4 || len(steps) == 0 {
		p.Command("More: ", style.WrapCommand(style.Clean(more), p.Width-6))
	}
}

// heap says in one line what dumps say about the first suspect.
func (p *page) heap(e *culprit.HeapEvidence) {
	if e == nil || len(e.Opinions) == 0 {
		return
	}
	o := e.Opinions[0]
	label := "Heap dumps: "
	p.Lines = append(p.Lines, p.Paint.Dim(label)+style.Cut(o.Finding+": "+style.Clean(o.Because), p.Width-len(label)))
}
