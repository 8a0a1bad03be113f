package boot

import (
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// columns of the amounts before a name.
const amountWidth = 9

// tree prints the requires that weigh at least cutOff, largest first.
func tree(p *sheet.Sheet, b culprit.Boot, cutOff culprit.Bytes) {
	if len(b.Tree) == 0 {
		return
	}
	if cutOff < 0 {
		cutOff = max(b.TotalBytes/100, leastCutOff)
	}
	p.Blank()
	p.Line(style.PadLeft("WITH ALL", amountWidth)+style.PadLeft("ITSELF", amountWidth)+"  REQUIRED", p.Paint.Dim)
	hidden := branch(p, b.Tree, cutOff, 0)
	if hidden > 0 {
		p.Line("  "+style.Plural(hidden, "require", "requires")+" below "+style.Bytes(cutOff)+" left out; --cut-off 0 shows all", p.Paint.Dim)
	}
}

// branch prints nodes and what is below them, and counts those left out.
func branch(p *sheet.Sheet, list []culprit.BootNode, cutOff culprit.Bytes, depth int) (hidden int64) {
	for _, n := range list {
		if n.TotalBytes < cutOff && cutOff > 0 {
			hidden += 1 + count(n.Children)
			continue
		}
		amounts := style.PadLeft(style.Bytes(n.TotalBytes), amountWidth) + style.PadLeft(style.Bytes(n.OwnBytes), amountWidth) + "  "
		name := strings.Repeat("  ", depth) + style.Clean(n.Name)
		room := p.Width - style.Width(amounts)
		name = style.CutMiddle(name, room)
		p.Lines = append(p.Lines, amounts+name+p.Paint.Dim(alsoBy(n.AlsoBy, room-style.Width(name))))
		hidden += branch(p, n.Children, cutOff, depth+1)
	}
	return hidden
}

// alsoBy names who required it again, as far as there is room.
func alsoBy(names []string, room int) string {
	if len(names) == 0 {
		return ""
	}
	for most := mostBy; most >= 0; most-- {
		text := "  also by " + style.Clean(style.List(names, most))
		if most == 0 {
			text = "  also by " + style.Count(int64(len(names)))
		}
		if style.Width(text) <= room {
			return text
		}
	}
	return ""
}

// count is how many requires there are.
func count(list []culprit.BootNode) int64 {
	n := int64(len(list))
	for _, c := range list {
		n += count(c.Children)
	}
	return n
}

// fork says what forked workers have in common with their master.
func fork(p *sheet.Sheet, f *culprit.BootFork) {
	if f == nil {
		return
	}
	p.Blank()
	text := "a worker shares " + style.Bytes(f.SharedBytes) + " with its master of " + style.Bytes(f.MasterBytes) +
		"; " + style.Bytes(f.UnsharedBytes) + " of it become its own once it has worked and collected garbage."
	if f.PreloadSavesBytes != culprit.Unknown {
		text += " Booting before the fork (preload_app!) saves " + style.Bytes(f.PreloadSavesBytes) + " a worker."
	}
	p.Para("AFTER FORK  ", p.Paint.Bold, text, 2, 0)
}
