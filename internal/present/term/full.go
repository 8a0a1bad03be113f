package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// full adds every section behind the first screen.
func full(p *page, r culprit.Report) {
	groups := words.Group(r)
	suspects(p, "Suspects", groups.Accused)
	suspects(p, "Cannot be judged", groups.Unjudged)
	suspects(p, "Acquitted", groups.Acquitted)
	circumstances(p, r.Circumstances)
	growth(p, r.Growth)
	happenings(p, r.Happenings)
	notes(p, r.Verdict.Notes)
	coverage(p, r)
	inputs(p, r.Inputs)
	doubts(p, words.Doubts(r))
	steps(p, r.Next)
	p.Blank()
	p.Para("", sheet.None, "Sizes: 1 MB is 1,000,000 bytes. Times are UTC. Intervals hold with 95 %.", 0, 0)
}

// suspects tells everything about every suspect of one group.
func suspects(p *page, title string, list []culprit.Suspect) {
	if len(list) == 0 {
		return
	}
	p.Heading(title)
	for _, s := range list {
		rank := style.PadLeft(style.Count(int64(s.Rank)), 3) + "  "
		p.Para(rank, sheet.None, words.Title(s), 5, 0)
		fact := nonEmpty([]string{s.Kind, style.Plural(s.Calls, "call", "calls"), unfinished(s)})
		if s.Finding != culprit.CannotJudge {
			fact = append(fact, facts(s))
		}
		if s.PAdjusted != nil && s.Finding != culprit.Acquitted {
			fact = append(fact, style.Chance(s.PAdjusted))
		}
		if s.Finding != culprit.Acquitted && s.Finding != culprit.CannotJudge && p.Width >= 60 {
			p.Line("     ["+style.Bar(s.GrowthShare, 30, p.Plain)+"]", p.findingInk(s.Finding))
		}
		p.Para("     ", sheet.None, strings.Join(fact, ", "), 5, 0)
		if s.Reason != "" {
			p.Para("     ", sheet.None, style.Clean(s.Reason), 5, 0)
		}
		examples(p, s.Examples)
	}
}

func unfinished(s culprit.Suspect) string {
	if s.Unfinished <= 0 {
		return ""
	}
	return style.Count(s.Unfinished) + " never finished"
}

func examples(p *page, list []culprit.Example) {
	for _, e := range list {
		text := nonEmpty([]string{words.Call(e), style.Clean(e.RequestID), style.Clean(e.Shape)})
		if e.Growth > 0 {
			text = append(text, "growth "+style.Count(int64(e.Growth)))
		}
		p.Para("     e.g. ", p.Paint.Dim, strings.Join(text, ", "), 10, 0)
	}
}

// growth tells the growth events as a table.
func growth(p *page, list []culprit.Growth) {
	if len(list) == 0 {
		return
	}
	p.Heading("Growth events")
	rows := [][]string{{"#", "unit", "from", "to", "grew", "shape", "present"}}
	for _, g := range list {
		rows = append(rows, []string{
			style.Count(int64(g.ID)), words.Unit(g.Host, g.PID), style.Clock(g.From), until(g),
			style.Bytes(g.Bytes), style.Clean(g.Shape), ranks(g.Suspects),
		})
	}
	p.Table(rows, []bool{true, false, false, false, true, false, false})
}

// until gives the end of a growth event, without the date where it is the same day.
func until(g culprit.Growth) string {
	if !g.To.IsZero() && g.From.UTC().YearDay() == g.To.UTC().YearDay() {
		return g.To.UTC().Format("15:04:05")
	}
	return style.Clock(g.To)
}

// ranks says which suspects were there: "1, 3".
func ranks(list []int) string {
	if len(list) == 0 {
		return "nobody of note"
	}
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = style.Count(int64(n))
	}
	return strings.Join(parts, ", ")
}

func happenings(p *page, list []culprit.DatedEvent) {
	if len(list) == 0 {
		return
	}
	p.Heading("What else happened")
	for _, e := range list {
		text := nonEmpty([]string{
			style.Clean(string(e.Kind)), words.Unit(e.Host, e.PID), style.Clean(e.Name),
		})
		if e.Bytes > 0 {
			text = append(text, style.Bytes(e.Bytes))
		}
		p.Para("  "+style.Pad(style.Clock(e.At), 17), sheet.None, strings.Join(text, ", "), 19, 0)
	}
}
