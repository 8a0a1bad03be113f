package words

import (
	"cmp"
	"slices"
	"strconv"

	"culprit"
	"culprit/internal/present/style"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Groups are a report's suspects by finding, each group by rank.
type Groups struct {
	Accused   []culprit.Suspect // convicted, then suspected
	Unjudged  []culprit.Suspect
	Acquitted []culprit.Suspect
}

// Group sorts the suspects of r into groups.
func Group(r culprit.Report) Groups {
	var g Groups
	for _, s := range r.Suspects {
		switch s.Finding {
		case culprit.Acquitted:
			g.Acquitted = append(g.Acquitted, s)
		case culprit.CannotJudge:
			g.Unjudged = append(g.Unjudged, s)
		default:
			g.Accused = append(g.Accused, s)
		}
	}
	for _, group := range [][]culprit.Suspect{g.Accused, g.Unjudged, g.Acquitted} {
		slices.SortStableFunc(group, func(a, b culprit.Suspect) int {
			return cmp.Or(weight(a.Finding)-weight(b.Finding), cmp.Compare(a.Rank, b.Rank))
		})
	}
	return g
}

func weight(f culprit.Finding) int {
	if f == culprit.Convicted {
		return 0
	}
	return 1
}

// Shown picks the suspects for a first look: at most n, the accused first, but
// whoever the user asked about always has a place.
func Shown(g Groups, n int) []culprit.Suspect {
	var asked, shown []culprit.Suspect
	for _, group := range [][]culprit.Suspect{g.Accused, g.Unjudged, g.Acquitted} {
		for _, s := range group {
			if s.Requested {
				asked = append(asked, s)
			}
		}
	}
	// The first of the accused has a place whatever was asked.
	room := n
	if len(g.Accused) > 0 && !g.Accused[0].Requested {
		room--
	}
	asked = asked[:min(len(asked), room)]
	free := n - len(asked)
	for _, s := range g.Accused {
		if !s.Requested && free > 0 {
			shown, free = append(shown, s), free-1
		}
	}
	shown = append(shown, asked...)
	slices.SortStableFunc(shown, func(a, b culprit.Suspect) int {
		return cmp.Or(order(a.Finding)-order(b.Finding), cmp.Compare(a.Rank, b.Rank))
	})
	return shown
}

func order(f culprit.Finding) int {
	switch f {
	case culprit.Convicted:
		return 0
	case culprit.Suspected:
		return 1
	case culprit.CannotJudge:
		return 2
	}
	return 3
}

// Cleared says in at most width columns who is acquitted, with as many names as
// fit, and how many cannot be judged; "" when there is neither.
func Cleared(g Groups, width int) string {
	tail := ""
	if n := len(g.Unjudged); n > 0 {
		tail = "; " + style.Count(int64(n)) + " cannot be judged"
	}
	if len(g.Acquitted) == 0 {
		if tail == "" {
			return ""
		}
		return "nobody" + tail
	}
	list := make([]string, len(g.Acquitted))
	for i, s := range g.Acquitted {
		list[i] = Title(s)
	}
	for n := len(list); n > 0; n-- {
		if text := style.List(list, n) + tail; style.Width(text) <= width {
			return text
		}
	}
	return style.Cut(style.List(list, 0)+tail, width)
}

// Doubt is something that weakens a report, and where it was met.
type Doubt struct{ Where, Text string }

// Doubts gathers every warning of r: the verdict's first, then each input's.
func Doubts(r culprit.Report) []Doubt {
	var d []Doubt
	for _, w := range r.Verdict.Warnings {
		d = append(d, Doubt{"", style.Clean(w)})
	}
	for _, in := range r.Inputs {
		for _, w := range in.Warnings {
			d = append(d, Doubt{style.Clean(in.Path), style.Clean(w)})
		}
	}
	return d
}

// Understood says how much of an input could be read: "9,412 of 9,415 lines".
func Understood(in culprit.Input) string {
	if in.Format == "" {
		return "not recognised"
	}
	if in.Lines < 0 || in.Understood < 0 {
		return style.Count(max(in.Lines, in.Understood)) + " lines"
	}
	return style.Count(in.Understood) + " of " + style.Count(in.Lines) + " lines"
}
