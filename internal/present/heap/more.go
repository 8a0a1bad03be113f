package heap

import (
	"strconv"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// mostAges is how many lines the generations are put together in.
const mostAges = 6

// ages shows by_generation in a few stretches of equal length: memory that was made
// long ago and is still there is what leaks are made of.
func ages(p *sheet.Sheet, list []culprit.HeapGroup) {
	var traced []culprit.HeapGroup
	for _, g := range list {
		if _, err := strconv.Atoi(g.Key); err == nil {
			traced = append(traced, g)
		}
	}
	if len(traced) == 0 {
		return
	}
	first, _ := strconv.Atoi(traced[0].Key)
	last, _ := strconv.Atoi(traced[len(traced)-1].Key)
	step := (last-first)/mostAges + 1
	rows := [][]string{{"COLLECTION", "OBJECTS", "BYTES"}}
	for from := first; from <= last; from += step {
		var sum culprit.HeapGroup
		for _, g := range traced {
			if n, _ := strconv.Atoi(g.Key); n >= from && n < from+step {
				sum.Objects += g.Objects
				sum.Bytes += g.Bytes
			}
		}
		if sum.Objects == 0 {
			continue
		}
		name := strconv.Itoa(from)
		if to := min(from+step-1, last); to > from {
			name += " to " + strconv.Itoa(to)
		}
		rows = append(rows, []string{name, style.Count(sum.Objects), style.Bytes(sum.Bytes)})
	}
	p.Blank()
	p.Table(rows, []bool{false, true, true})
}

// mostTexts is how many texts the terminal shows.
const mostTexts = 5

func texts(p *sheet.Sheet, title string, list []culprit.HeapString) {
	if len(list) == 0 {
		return
	}
	rows := [][]string{{title, "COPIES", "BYTES", "WASTED"}}
	for _, t := range list[:min(len(list), mostTexts)] {
		what := t.Address
		if t.Location != "" {
			what = "made at " + style.Clean(t.Location)
		}
		if t.Value != "" {
			what = "\"" + style.Clean(t.Value) + "\" " + what
		}
		rows = append(rows, []string{what, style.Count(t.Copies), style.Bytes(t.Bytes), style.Bytes(t.Wasted)})
	}
	p.Blank()
	p.Table(rows, []bool{false, true, true, true})
}

// Counts from which classes and shapes are worth a line. A few hundred classes that
// have no name, or belong to one object, come with any bundle of gems.
// Ruby itself gives up telling shapes apart at 8 variations of a class
// (https://github.com/ruby/ruby shape.h, SHAPE_MAX_VARIATIONS).
const (
	manyClasses = 1000
	manyShapes  = 8
)

var kindWords = map[string]string{"anonymous": "without a name", "of one object": "that hold methods of one object"}

func oddities(p *sheet.Sheet, h culprit.Heap) {
	for _, k := range h.ByKind {
		if (k.Key == "anonymous" || k.Key == "of one object") && k.Objects >= manyClasses {
			p.Blank()
			p.Para("", sheet.None, style.Count(k.Objects)+" classes "+kindWords[k.Key]+", which hold "+style.Bytes(k.Retained), 2, 0)
		}
	}
	for i, s := range h.Shapes {
		if s.Shapes <= manyShapes || i >= mostTexts {
			break
		}
		p.Blank()
		p.Para("", sheet.None, style.Clean(s.Class)+": "+style.Count(s.Objects)+" objects with "+style.Count(s.Shapes)+" sets of instance variables", 2, 0)
	}
}
