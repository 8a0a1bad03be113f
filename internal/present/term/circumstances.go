package term

import (
	"strings"

	"culprit"
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
	p.heading("Suspects that need no traffic")
	for _, c := range list {
		label := "  " + style.Pad(words.Standing(c.Standing), 13)
		p.para(label, p.standingInk(c.Standing), style.Clean(c.Text), 15, 0)
		for i, e := range c.Evidence {
			if i == shownEvidence {
				p.line("               and "+style.Plural(int64(len(c.Evidence)-i), "place more", "places more"), p.paint.Dim)
				break
			}
			p.para("               ", p.paint.Dim, strings.Join(nonEmpty([]string{words.Lookup(e), style.Clean(e.Text)}), ": "), 17, 2)
		}
		if c.Advice != "" && c.Standing != culprit.StandingNotIt {
			p.para("               do: ", p.paint.Cyan, style.Clean(c.Advice), 19, 0)
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
	p.lines = append(p.lines, p.paint.Dim(label)+style.Cut(text, p.width-len(label)))
}

func (p *page) standingInk(s culprit.Standing) ink {
	switch s {
	case culprit.StandingToTest:
		return p.paint.Yellow
	case culprit.StandingNotIt:
		return p.paint.Green
	case culprit.StandingMinor, culprit.StandingCannotTell:
	}
	return none
}
