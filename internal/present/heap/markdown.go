package heap

import (
	"fmt"
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/mark"
	"culprit/internal/present/style"
)

// How much a text that is pasted into an issue shows.
const (
	mostPasted = 10
	mostWay    = 10
)

// Markdown writes a heap as the text of an issue.
func Markdown(w io.Writer, h culprit.Heap) error {
	var d doc
	t := h.Totals
	d.put("## ", style.Bytes(t.Bytes), " on Ruby's heap\n\n", mark.Code(h.Dump), ": ", style.Count(t.Objects), " objects with what they own outside of the heap.")
	if t.UnreachableObjects > 0 {
		d.put(" Nobody refers to ", style.Count(t.UnreachableObjects), " of them (", style.Bytes(t.UnreachableBytes), "): garbage that was not collected yet.")
	}
	d.put("\n")
	if len(h.Suspects) == 0 {
		d.put("\nNo single object holds a tenth of it.\n")
	}
	for _, s := range h.Suspects {
		d.put("\n### ", style.Bytes(s.Retained), " held by ", mark.Text(s.Describe), "\n\n", style.Share(s.Share), " of what is reachable. The machine reaches ", mark.Code(s.Address), " like this:\n\n")
		d.way(s.Path)
	}
	d.groups("Class", h.ByClass)
	d.groups("Made at", h.ByLocation)
	d.groups("Gem", h.ByGem)
	d.texts("Copies of one text, made at", h.Duplicates)
	d.texts("Largest strings, made at", h.BigStrings)
	d.warnings(h.Warnings)
	d.put("\nRetained is what would be freed if all of a line went. Sizes: 1 MB is 1,000,000 bytes. ", mark.Text(h.Tool), "\n")
	return d.write(w)
}

// MarkdownDiff writes what came and stayed as the text of an issue.
func MarkdownDiff(w io.Writer, r culprit.HeapDiff) error {
	var d doc
	names := make([]string, len(r.Dumps))
	for i, n := range r.Dumps {
		names[i] = mark.Code(n)
	}
	d.put("## ", style.Bytes(r.Retained.Bytes))
	if len(names) > 2 {
		d.put(" stayed\n\n", style.Count(r.Retained.Objects), " objects were born between ", names[0], " and ", names[1], " and are still there in ", names[2], ".")
	} else {
		d.put(" new\n\n", style.Count(r.Retained.Objects), " objects are in the second of ", strings.Join(names, ", "), " and not in the first.")
	}
	d.put(" Gone since the first: ", style.Count(r.Gone.Objects), " objects, ", style.Bytes(r.Gone.Bytes), ".\n")
	if len(r.Groups) > 0 {
		d.put("\n| Bytes | Objects | Class | Made at | Held by |\n| --: | --: | --- | --- | --- |\n")
	}
	for _, g := range r.Groups[:min(len(r.Groups), mostPasted)] {
		made, holder := "not traced", "no one object"
		if g.Location != "" {
			made = mark.Code(g.Location)
		}
		if g.Holder != nil {
			holder = mark.Text(g.Holder.Describe)
		}
		d.row(style.Bytes(g.Bytes), style.Count(g.Objects), mark.Code(g.Class), made, holder)
	}
	d.more(len(r.Groups) - mostPasted)
	for i, g := range r.Groups[:min(len(r.Groups), 3)] {
		if g.Holder != nil {
			d.put("\nThe machine reaches the holder of line ", style.Count(int64(i+1)), " like this:\n\n")
			d.way(g.Holder.Path)
		}
	}
	d.warnings(r.Warnings)
	d.put("\nSizes: 1 MB is 1,000,000 bytes. ", mark.Text(r.Tool), "\n")
	return d.write(w)
}

// doc gathers Markdown.
type doc struct{ strings.Builder }

func (d *doc) put(parts ...string) {
	for _, p := range parts {
		d.WriteString(p)
	}
}

func (d *doc) row(cells ...string) { d.put("| ", strings.Join(cells, " | "), " |\n") }

func (d *doc) more(n int) {
	if n > 0 {
		d.put("\n", style.Count(int64(n)), " more are in the JSON report.\n")
	}
}

func (d *doc) write(w io.Writer) error {
	if _, err := io.WriteString(w, d.String()); err != nil {
		return fmt.Errorf("writing the text: %w", err)
	}
	return nil
}

func (d *doc) way(path []culprit.HeapNode) {
	at := 0
	for i, n := range path {
		if over := len(path) - mostWay; over > 0 && i >= mostWay/2 && i < len(path)-mostWay/2 {
			if i == mostWay/2 {
				at++
				d.put(style.Count(int64(at)), ". ... ", style.Count(int64(over)), " more\n")
			}
			continue
		}
		at++
		d.put(style.Count(int64(at)), ". ", mark.Text(n.Describe))
		if n.Address != "" {
			d.put(" ", mark.Code(n.Address))
		}
		d.put("\n")
	}
}

func (d *doc) groups(title string, list []culprit.HeapGroup) {
	if len(list) == 0 {
		return
	}
	d.put("\n| ", title, " | Objects | Bytes | Retained |\n| --- | --: | --: | --: |\n")
	for _, g := range list[:min(len(list), mostPasted)] {
		d.row(mark.Code(g.Key), style.Count(g.Objects), style.Bytes(g.Bytes), style.Bytes(g.Retained))
	}
	d.more(len(list) - mostPasted)
}

func (d *doc) texts(title string, list []culprit.HeapString) {
	if len(list) == 0 {
		return
	}
	d.put("\n| ", title, " | Copies | Bytes | Wasted |\n| --- | --: | --: | --: |\n")
	for _, t := range list[:min(len(list), mostPasted)] {
		what := mark.Code(t.Address)
		if t.Location != "" {
			what = mark.Code(t.Location)
		}
		if t.Value != "" {
			what += ": " + mark.Text(t.Value)
		}
		d.row(what, style.Count(t.Copies), style.Bytes(t.Bytes), style.Bytes(t.Wasted))
	}
	d.more(len(list) - mostPasted)
}

func (d *doc) warnings(list []string) {
	if len(list) > 0 {
		d.put("\n")
	}
	for _, n := range list {
		d.put("- Doubt: ", mark.Text(n), "\n")
	}
}
