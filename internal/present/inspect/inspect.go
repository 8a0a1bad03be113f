// Package inspect writes what was read of a live Ruby from outside: for a terminal, and
// as JSON (docs/format/inspect.md).
//
// It owns the order in which a reader learns. It refuses to read and to reckon.
package inspect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

// HeapSchema is the name and version of Heap's JSON form.
const HeapSchema = "culprit.inspectheap/1"

// Heap is the census of a live heap.
type Heap struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	PID     int    `json:"pid"`
	Ruby    Ruby   `json:"ruby"`
	Objects int64  `json:"objects"`
	Slots   int64  `json:"slots"` // with and without an object
	Pages   int    `json:"pages"`
	// Bytes is the size of all slots; what objects own outside of them is not in it.
	Bytes culprit.Bytes `json:"bytes"`
	// ByType has Ruby's own names, as ObjectSpace.count_objects has them; FREE are slots
	// without an object.
	ByType   map[string]int64 `json:"by_type"`
	Quality  string           `json:"quality"` // "exact" or, where pages went while they were read, "estimated"
	Warnings []string         `json:"warnings"`
}

// Ruby is the interpreter of a process.
type Ruby struct {
	Version string `json:"version"` // minor: "3.1"
	Engine  string `json:"engine"`
}

// JSON writes h as indented JSON with a newline at its end.
func JSON(w io.Writer, h Heap) error {
	body, err := json.MarshalIndent(whole.Of(h), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the census: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the census: %w", err)
	}
	return nil
}

// Write prints a census.
func Write(w io.Writer, h Heap, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(style.Count(h.Objects)+" OBJECTS  ", p.Paint.Bold, "in "+style.Count(h.Slots)+" slots ("+style.Bytes(h.Bytes)+") of pid "+strconv.Itoa(h.PID)+", Ruby "+style.Clean(h.Ruby.Version), 2, 0)
	if h.Slots > 0 {
		p.Para("  ", sheet.None, strconv.FormatFloat(100*float64(h.Objects)/float64(h.Slots), 'f', 0, 64)+" % of the slots hold an object; the others are kept for new ones", 2, 0)
	}
	rows := [][]string{{"TYPE", "OBJECTS"}}
	names := slices.SortedFunc(maps.Keys(h.ByType), func(a, b string) int {
		return cmp.Or(cmp.Compare(h.ByType[b], h.ByType[a]), strings.Compare(a, b))
	})
	for _, name := range names {
		if name != "FREE" {
			rows = append(rows, []string{style.Clean(name), style.Count(h.ByType[name])})
		}
	}
	p.Blank()
	p.Table(rows, []bool{false, true})
	for i, warning := range h.Warnings {
		if i == 0 {
			p.Blank()
		}
		p.Para("note: ", p.Paint.Dim, style.Clean(warning), 2, 0)
	}
	_, err := p.WriteTo(w)
	return err
}
