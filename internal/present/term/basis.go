package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// coverage says what the data can speak about.
func coverage(p *page, r culprit.Report) {
	p.heading("Coverage")
	for _, f := range words.Coverage(r) {
		p.para("  "+style.Pad(f.Name, 15), p.paint.Dim, f.Text, 17, 0)
	}
}

// inputs says what became of every file.
func inputs(p *page, list []culprit.Input) {
	p.heading("Inputs understood")
	if len(list) == 0 {
		p.line("  none", none)
	}
	for _, in := range list {
		p.line("  "+style.CutMiddle(style.Clean(in.Path), p.width-2), none)
		p.para("    ", p.paint.Dim, strings.Join(words.Input(in), ", "), 4, 0)
	}
}

// notes tells what was seen beside the verdict.
func notes(p *page, list []string) {
	if len(list) == 0 {
		return
	}
	p.heading("Also seen")
	for _, n := range list {
		p.para("  - ", none, style.Clean(n), 4, 0)
	}
}

// doubts says what weakens the report.
func doubts(p *page, list []words.Doubt) {
	if len(list) == 0 {
		return
	}
	p.heading("Doubts")
	for _, d := range list {
		text := d.Text
		if d.Where != "" {
			text = d.Where + ": " + text
		}
		p.para("  ! ", p.paint.Yellow, text, 4, 0)
	}
}

// steps says what to do next and what each would settle.
func steps(p *page, list []culprit.Step) {
	if len(list) == 0 {
		return
	}
	p.heading("Next")
	for i, s := range list {
		p.para("  "+style.Count(int64(i+1))+". ", p.paint.Cyan, style.Clean(s.Do), 5, 0)
		if s.Settles != "" {
			p.para("     ", none, "Settles: "+style.Clean(s.Settles), 5, 0)
		}
		p.command("     $ ", style.WrapCommand(style.Clean(s.Command), p.width-9))
	}
}
