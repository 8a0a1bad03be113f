// Package heappage writes what a heap dump holds, and what came and stayed between
// dumps, as one HTML file: suspects in words with the way to them, tables, ages.
//
// It owns the title, the words for viewers that run no script, and how much of long
// lists a page carries. It refuses to lay out what the client lays out
// (web/src/heap), and to compute.
package heappage

import (
	_ "embed"
	"io"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/page"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

//go:embed plain.html
var plainText string

// How much a page carries; JSON has all. A dump may have a hundred thousand places.
const (
	mostRows  = 1000
	mostFacts = 20
)

type plain struct {
	Title, About string
	Facts        []string
	Warnings     []string
}

// cut shortens a list and notes how many are left out.
func cut[T any](list []T, name string, left map[string]int) []T {
	if n := len(list) - mostRows; n > 0 {
		left[name] = n
		return list[:mostRows]
	}
	return list
}

// Write writes h to w as one HTML file.
func Write(w io.Writer, h culprit.Heap) error {
	left := map[string]int{}
	h.ByClass, h.ByType, h.ByLocation = cut(h.ByClass, "by_class", left), cut(h.ByType, "by_type", left), cut(h.ByLocation, "by_location", left)
	h.ByGem, h.Unreachable, h.Shapes = cut(h.ByGem, "by_gem", left), cut(h.Unreachable, "unreachable", left), cut(h.Shapes, "shapes", left)
	h.Duplicates, h.BigStrings = cut(h.Duplicates, "duplicates", left), cut(h.BigStrings, "big_strings", left)
	data, err := page.Inline(struct {
		culprit.Heap
		Cut map[string]int `json:"cut"`
	}{whole.Of(h), left})
	if err != nil {
		return err
	}
	p := plain{
		Title: style.Bytes(h.Totals.Bytes) + " on Ruby's heap", About: h.Dump + ": " + style.Count(h.Totals.Objects) + " objects", Warnings: h.Warnings,
	}
	for _, s := range h.Suspects {
		p.Facts = append(p.Facts, style.Bytes(s.Retained)+", "+style.Share(s.Share)+" of what is reachable, held by "+s.Describe+" "+s.Address)
	}
	for _, g := range h.ByClass[:min(len(h.ByClass), mostFacts)] {
		p.Facts = append(p.Facts, style.Count(g.Objects)+" "+g.Key+": "+style.Bytes(g.Bytes)+", retaining "+style.Bytes(g.Retained))
	}
	return write(w, p, h.Dump, data)
}

// WriteDiff writes d to w as one HTML file.
func WriteDiff(w io.Writer, d culprit.HeapDiff) error {
	left := map[string]int{}
	d.Groups = cut(d.Groups, "groups", left)
	data, err := page.Inline(struct {
		culprit.HeapDiff
		Cut map[string]int `json:"cut"`
	}{whole.Of(d), left})
	if err != nil {
		return err
	}
	about := make([]string, len(d.Dumps))
	for i, name := range d.Dumps {
		about[i] = strconv.Itoa(i+1) + ". " + name
	}
	title := style.Bytes(d.Retained.Bytes) + " new"
	if len(d.Dumps) > 2 {
		title = style.Bytes(d.Retained.Bytes) + " stayed"
	}
	p := plain{Title: title, About: "Dumps: " + strings.Join(about, " "), Warnings: d.Warnings}
	for _, g := range d.Groups[:min(len(d.Groups), mostFacts)] {
		fact := style.Bytes(g.Bytes) + ": " + style.Count(g.Objects) + " " + g.Class
		if g.Location != "" {
			fact += " made at " + g.Location
		}
		if g.Holder != nil {
			fact += ", held by " + g.Holder.Describe + " " + g.Holder.Address
		}
		p.Facts = append(p.Facts, fact)
	}
	return write(w, p, "comparison of heap dumps", data)
}

func write(w io.Writer, p plain, what string, data []byte) error {
	text, err := page.Plainly(plainText, p)
	if err != nil {
		return err
	}
	return page.Write(w, page.Page{Client: page.Heap(), Title: p.Title + ": " + what + " - culprit", Data: data, Plain: text})
}
