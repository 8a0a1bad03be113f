package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// coverage says what the data can speak about.
func coverage(p *page, r culprit.Report) {
	p.Heading("Coverage")
	for _, f := range words.Coverage(r) {
		p.Para("  "+style.Pad(f.Name, 15), p.Paint.Dim, f.Text, 17, 0)
	}
}

// inputs says what became of every file.
func inputs(p *page, list []culprit.Input) {
	p.Heading("Inputs understood")
	if len(list) == 0 {
		p.Line("  sheet.None", sheet.None)
	}
	for _, in := range list {
		p.Line("  "+style.CutMiddle(style.Clean(in.Path), p.Width-2), sheet.None)
		p.Para("    ", p.Paint.Dim, strings.Join(words.Input(in), ", "), 4, 0)
	}
}

// notes tells what was seen beside the verdict.
func notes(p *page, list []string) {
	if len(list) == 0 {
		return
	}
	p.Heading("Also seen")
	for _, n := range list {
		p.Para("  - ", sheet.None, style.Clean(n), 4, 0)
	}
}

// doubts says what weakens the report.
func doubts(p *page, list []words.Doubt) {
	if len(list) == 0 {
		return
	}
	p.Heading("Doubts")
	for _, d := range list {
		text := d.Text
		if d.Where != "" {
			text = d.Where + ": " + text
		}
		p.Para("  ! ", p.Paint.Yellow, text, 4, 0)
	}
}

// steps says what to do next and what each would settle.
func steps(p *page, list []culprit.Step) {
	if len(list) == 0 {
		return
	}
	p.Heading("Next")
	for i, s := range list {
		p.Para("  "+style.Count(int64(i+1))+". ", p.Paint.Cyan, style.Clean(s.Do), 5, 0)
		if s.Settles != "" {
			p.Para("     ", sheet.None, "Settles: "+style.Clean(s.Settles), 5, 0)
		}
		p.Command("     $ ", style.WrapCommand(style.Clean(s.Command), p.Width-9))
	}
}
