// Package heap writes what a heap dump holds, and what came and stayed between
// dumps: for a terminal, and as JSON (docs/format/heap.md).
//
// It owns the order in which a reader learns: how much, who holds it, what it is
// made of, where it was made. It refuses to read dumps and to reckon.
package heap

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

// How much the terminal shows; JSON has all.
const (
	mostSuspects = 3
	mostRows     = 8
	mostPath     = 12
)

// JSON writes v, a culprit.Heap, a culprit.HeapDiff or one of this package's forms, as
// indented JSON with a newline at its end.
func JSON[T culprit.Heap | culprit.HeapDiff | Query | Ways | Show | Info](w io.Writer, v T) error {
	body, err := json.MarshalIndent(whole.Of(v), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Write prints a heap.
func Write(w io.Writer, h culprit.Heap, o sheet.Options) error {
	p := sheet.New(o)
	t := h.Totals
	p.Para(style.Bytes(t.Bytes)+" ON RUBY'S HEAP  ", p.Paint.Bold, style.Clean(h.Dump)+": "+style.Count(t.Objects)+" objects with what they own outside of the heap", 2, 0)
	if t.UnreachableObjects > 0 {
		p.Para("  ", sheet.None, "nobody refers to "+style.Count(t.UnreachableObjects)+" of them ("+style.Bytes(t.UnreachableBytes)+"): garbage that was not collected yet", 2, 0)
	}
	suspects(&p, h.Suspects)
	groups(&p, "CLASS", h.ByClass)
	groups(&p, "MADE AT", h.ByLocation)
	groups(&p, "GEM", h.ByGem)
	ages(&p, h.ByGeneration)
	texts(&p, "COPIES OF ONE TEXT", h.Duplicates)
	texts(&p, "BIG STRING", h.BigStrings)
	oddities(&p, h)
	p.Blank()
	p.Para("", sheet.None, "RETAINED is what would be freed if all of a line went; objects inside of others count for both lines.", 0, 0)
	notes(&p, h.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func suspects(p *sheet.Sheet, list []culprit.HeapSuspect) {
	if len(list) == 0 {
		p.Blank()
		p.Para("", sheet.None, "No single object holds a tenth of it.", 0, 0)
		return
	}
	for _, s := range list[:min(len(list), mostSuspects)] {
		p.Blank()
		p.Para("HOLDS "+style.Bytes(s.Retained)+"  ", p.Paint.Bold,
			style.Clean(s.Describe)+", "+strconv.FormatFloat(100*s.Share, 'f', 0, 64)+" % of what is reachable", 2, 0)
		path(p, s.Path)
	}
}

// path shows the way to an object, its middle left out where it is long.
func path(p *sheet.Sheet, way []culprit.HeapNode) {
	for i, n := range way {
		if len(way) > mostPath && i >= mostPath/2 && i < len(way)-mostPath/2 {
			if i == mostPath/2 {
				p.Line("  ... "+strconv.Itoa(len(way)-mostPath)+" more", p.Paint.Dim)
			}
			continue
		}
		label := "  > "
		if i == 0 {
			label = "  "
		}
		p.Para(label, sheet.None, style.Clean(n.Describe)+" "+n.Address, 4, 2)
	}
}

func groups(p *sheet.Sheet, title string, list []culprit.HeapGroup) {
	rows := [][]string{{title, "OBJECTS", "BYTES", "RETAINED"}}
	for _, g := range list[:min(len(list), mostRows)] {
		rows = append(rows, []string{style.Clean(g.Key), style.Count(g.Objects), style.Bytes(g.Bytes), style.Bytes(g.Retained)})
	}
	p.Blank()
	p.Table(rows, []bool{false, true, true, true})
}

// WriteDiff prints what came and stayed.
func WriteDiff(w io.Writer, d culprit.HeapDiff, o sheet.Options) error {
	p := sheet.New(o)
	what := "new in " + last(d.Dumps)
	if len(d.Dumps) > 2 {
		what = "born between " + style.Clean(d.Dumps[0]) + " and " + style.Clean(d.Dumps[1]) + ", still there in " + last(d.Dumps)
	}
	p.Para(style.Bytes(d.Retained.Bytes)+" STAYED  ", p.Paint.Bold, style.Count(d.Retained.Objects)+" objects "+what, 2, 0)
	p.Para("  ", sheet.None, "gone since the first: "+style.Count(d.Gone.Objects)+" objects, "+style.Bytes(d.Gone.Bytes), 2, 0)
	for _, g := range d.Groups[:min(len(d.Groups), mostRows)] {
		p.Blank()
		born := "made at a place that was not traced"
		if g.Location != "" {
			born = "made at " + style.Clean(g.Location)
		}
		p.Para(style.Bytes(g.Bytes)+"  ", p.Paint.Bold, style.Count(g.Objects)+" "+style.Clean(g.Class)+" "+born, 2, 0)
		if g.Holder == nil {
			p.Para("  ", sheet.None, "no one object holds nine tenths of them", 2, 0)
			continue
		}
		p.Para("  held by ", sheet.None, style.Clean(g.Holder.Describe)+" "+g.Holder.Address, 4, 0)
	}
	notes(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func last(names []string) string {
	if len(names) == 0 {
		return "the last dump"
	}
	return style.Clean(names[len(names)-1])
}

func notes(p *sheet.Sheet, list []string) {
	if len(list) > 0 {
		p.Blank()
	}
	for _, n := range list {
		p.Para("note: ", p.Paint.Dim, style.Clean(n), 2, 0)
	}
}
