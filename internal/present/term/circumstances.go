package term

import (
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/words"
)

// shownEvidence is how many places are told for one circumstance.
const shownEvidence = 3

// circumstances tells the suspects that need no traffic, in proportion.
func circumstances(p *page, list []culprit.Circumstance) {
	if len(list) == 0 {
		return
	}
	p.Heading("Suspects that need no traffic")
	for _, c := range list {
		label := "  " + style.Pad(words.Standing(c.Standing), 13)
		p.Para(label, p.standingInk(c.Standing), style.Clean(c.Text), 15, 0)
		for i, e := range c.Evidence {
			if i == shownEvidence {
				p.Line("               and "+style.Plural(int64(len(c.Evidence)-i), "place more", "places more"), p.Paint.Dim)
				break
			}
			p.Para("               ", p.Paint.Dim, strings.Join(nonEmpty([]string{words.Lookup(e), style.Clean(e.Text)}), ": "), 17, 2)
		}
		if c.Advice != "" && c.Standing != culprit.StandingNotIt {
			p.Para("               do: ", p.Paint.Cyan, style.Clean(c.Advice), 19, 0)
		}
	}
}

// besides adds the one line about them on the first screen.
func (p *page) besides(list []culprit.Circumstance) {
	text := words.Besides(list)
	if text == "" {
		return
	}
	const label = "Without traffic: "
	p.Lines = append(p.Lines, p.Paint.Dim(label)+style.Cut(text, p.Width-len(label)))
}

func (p *page) standingInk(s culprit.Standing) sheet.Ink {
	switch s {
	case culprit.StandingToTest:
		return p.Paint.Yellow
	case culprit.StandingNotIt:
		return p.Paint.Green
	case culprit.StandingMinor, culprit.StandingCannotTell:
	}
	return sheet.None
}
