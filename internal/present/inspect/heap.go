package inspect

import (
	"strconv"

	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// mostSites is how many places are printed; JSON has all.
const mostSites = 10

// births prints where and when objects were made.
func births(p *sheet.Sheet, h livefacts.Heap) {
	if h.Traced == 0 {
		return
	}
	p.Blank()
	p.Para("", sheet.None, style.Count(h.Traced)+" objects tell where they were made:", 0, 0)
	rows := [][]string{{"BYTES", "OBJECTS", "MADE AT"}}
	for _, s := range h.BySite[:min(len(h.BySite), mostSites)] {
		at := style.Clean(s.File) + ":" + strconv.FormatUint(s.Line, 10)
		if s.Method != "" {
			at += " in " + style.Clean(s.Method)
		}
		rows = append(rows, []string{style.Bytes(s.Bytes), style.Count(s.Objects), at})
	}
	p.Table(rows, []bool{true, true, false})
	p.Blank()
	rows = [][]string{{"BYTES", "OBJECTS", "MADE IN COLLECTION"}}
	last := h.ByGeneration[max(0, len(h.ByGeneration)-mostSites):]
	for _, g := range last {
		rows = append(rows, []string{style.Bytes(g.Bytes), style.Count(g.Objects), strconv.FormatUint(g.Number, 10)})
	}
	p.Table(rows, []bool{true, true, true})
}

// texts prints the largest strings.
func texts(p *sheet.Sheet, list []livefacts.String) {
	if len(list) == 0 {
		return
	}
	p.Blank()
	rows := [][]string{{"BYTES", "LENGTH", "LARGEST STRINGS"}}
	for _, s := range list {
		what := style.Clean(s.Address)
		if s.Value != "" {
			what += "  " + style.Clean(strconv.Quote(beginning(s.Value)))
		}
		rows = append(rows, []string{style.Bytes(s.Bytes), style.Count(int64(s.Length)), what})
	}
	p.Table(rows, []bool{true, true, false})
}

// mostValue is how much of a text fits on a line.
const mostValue = 36

func beginning(s string) string {
	if r := []rune(s); len(r) > mostValue {
		return string(r[:mostValue]) + "..."
	}
	return s
}
