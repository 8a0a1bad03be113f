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
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

// JSON writes a document as indented JSON with a newline at its end.
func JSON[T any](w io.Writer, doc T) error {
	body, err := json.MarshalIndent(whole.Of(doc), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the inspection: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the inspection: %w", err)
	}
	return nil
}

// subject names a process or a core.
func subject(pid int, core string) string {
	if core != "" {
		return style.Clean(core)
	}
	return "pid " + strconv.Itoa(pid)
}

// Screen prints where the bytes are.
func Screen(w io.Writer, d livefacts.Inspect, o sheet.Options) error {
	p := sheet.New(o)
	head := "of " + subject(d.PID, d.Core) + ", Ruby " + style.Clean(d.Ruby.Version) + ", " + style.Clean(d.Allocator) + " malloc"
	if d.Threads >= 0 {
		head += ", " + style.Plural(int64(d.Threads), "thread", "threads")
	}
	p.Para(style.Bytes(d.RSS)+" RSS  ", p.Paint.Bold, head, 2, 0)
	if d.PSS >= 0 && d.PSS < d.RSS {
		p.Para("  ", sheet.None, style.Bytes(d.PSS)+" are its own share (PSS): the rest is shared with other processes", 2, 0)
	}
	p.Blank()
	rows := [][]string{{"BYTES", "SHARE", "WHAT", ""}}
	for _, c := range d.Categories {
		bytes, part := "not known", ""
		if c.Quality != livefacts.Refused {
			bytes = style.Bytes(c.Bytes)
			part = percent(c.Bytes, d.RSS)
		}
		rows = append(rows, []string{bytes, part, style.Clean(c.Name), style.Clean(c.Quality)})
	}
	p.Table(rows, []bool{true, true, false, false})
	if d.Reclaimable >= 0 {
		p.Blank()
		p.Para("  ", sheet.None, "malloc_trim would give back "+style.Bytes(d.Reclaimable)+", of "+strconv.Itoa(len(d.Arenas))+" arenas", 2, 0)
	}
	if list := libraries(d); list != "" {
		p.Para("  ", sheet.None, "objects of C libraries point to "+list, 2, 0)
	}
	if g := d.GC; g["heap_available_slots"] > 0 {
		p.Para("  ", sheet.None, fmt.Sprintf("GC: %s live and %s free slots, %s old objects, %s collections, %s of them major",
			count(g["heap_live_slots"]), count(g["heap_free_slots"]), count(g["old_objects"]), count(g["count"]), count(g["major_gc_count"])), 6, 0)
	}
	advice(&p, d.Advice)
	warnings(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// mostLibraries is how many are printed; JSON has all.
const mostLibraries = 5

// libraries tells of those that own most.
func libraries(d livefacts.Inspect) string {
	var list []string
	for _, l := range d.Libraries[:min(len(d.Libraries), mostLibraries)] {
		list = append(list, style.Bytes(l.Bytes)+" ("+style.Clean(l.Name)+")")
	}
	return strings.Join(list, ", ")
}

func advice(p *sheet.Sheet, list []string) {
	for i, a := range list {
		if i == 0 {
			p.Blank()
		}
		p.Para("next: ", p.Paint.Bold, style.Clean(a), 6, 0)
	}
}

func warnings(p *sheet.Sheet, list []string) {
	for i, warning := range list {
		if i == 0 {
			p.Blank()
		}
		p.Para("note: ", p.Paint.Dim, style.Clean(warning), 6, 0)
	}
}

func percent(part, all culprit.Bytes) string {
	if all <= 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(part)/float64(all), 'f', 0, 64) + " %"
}

func count(n uint64) string { return style.Count(int64(min(n, 1<<62))) }

// mostClasses is how many classes are printed; JSON has all.
const mostClasses = 15

// Heap prints a census.
func Heap(w io.Writer, h livefacts.Heap, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(style.Count(h.Objects)+" OBJECTS  ", p.Paint.Bold, "in "+style.Count(h.Slots)+" slots ("+style.Bytes(h.Bytes)+") of "+subject(h.PID, h.Core)+", Ruby "+style.Clean(h.Ruby.Version), 2, 0)
	if h.Slots > 0 {
		p.Para("  ", sheet.None, strconv.FormatFloat(100*float64(h.Objects)/float64(h.Slots), 'f', 0, 64)+" % of the slots hold an object; the others are kept for new ones", 2, 0)
	}
	p.Blank()
	rows := [][]string{{"BYTES", "OBJECTS", "CLASS", "LIBRARY"}}
	for _, c := range h.ByClass[:min(len(h.ByClass), mostClasses)] {
		library := ""
		if c.Library != "" {
			library = filepath.Base(c.Library)
		}
		rows = append(rows, []string{style.Bytes(c.Bytes), style.Count(c.Objects), style.Clean(c.Key), style.Clean(library)})
	}
	p.Table(rows, []bool{true, true, false, false})
	rows = [][]string{{"TYPE", "OBJECTS"}}
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
	births(&p, h)
	texts(&p, h.Strings)
	warnings(&p, h.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// mostFrames is how many frames of a thread are printed; JSON and --all have all.
const mostFrames = 12

// Stacks prints what threads are in.
func Stacks(w io.Writer, s livefacts.Stacks, all bool, o sheet.Options) error {
	p := sheet.New(o)
	p.Para(strconv.Itoa(len(s.Threads))+" THREADS  ", p.Paint.Bold, "of "+subject(s.PID, s.Core)+", Ruby "+style.Clean(s.Ruby.Version), 2, 0)
	for _, t := range s.Threads {
		p.Blank()
		p.Line(threadName(t), p.Paint.Bold)
		serves(&p, t.Requests)
		frames := t.Frames
		if !all && len(frames) > mostFrames {
			frames = frames[:mostFrames]
		}
		for _, f := range frames {
			name := f.Label
			if f.Method != "" && !strings.HasPrefix(f.Label, "block") && !strings.HasPrefix(f.Label, "rescue") {
				name = f.Method
			}
			p.Line("  "+style.Clean(name)+"  "+style.CutMiddle(style.Clean(f.Path), 48)+":"+strconv.Itoa(f.Line), sheet.None)
		}
		if left := len(t.Frames) - len(frames); left > 0 {
			p.Line("  ... "+strconv.Itoa(left)+" more; --all prints them", p.Paint.Dim)
		}
		if t.Cut {
			p.Line("  the stack could not be read to its end", p.Paint.Dim)
		}
	}
	unplaced(&p, s.Unplaced)
	warnings(&p, s.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func threadName(t livefacts.Thread) string {
	name := "thread"
	if t.Fiber {
		name = "waiting fiber of thread"
	}
	if t.TID > 0 {
		name += " " + strconv.Itoa(t.TID)
	}
	if t.Name != "" {
		name += " " + style.Clean(t.Name)
	}
	if t.Action != "" {
		name += "  in " + style.Clean(t.Action)
	}
	return name
}
