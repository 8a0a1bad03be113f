// Package doctor writes what a process, an app or a report shows by itself: for a
// terminal, and as JSON (docs/format/doctor.md).
//
// It owns the order: what to change first, then what cannot be told, then the
// figures. It refuses to judge and to compute.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

// JSON writes d as indented JSON with a newline at its end.
func JSON(w io.Writer, d culprit.Doctor) error {
	body, err := json.MarshalIndent(whole.Of(d), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Write prints d for a terminal.
func Write(w io.Writer, d culprit.Doctor, o sheet.Options) error {
	p := sheet.New(o)
	head(&p, d)
	var calm []string
	standing := map[string]string{}
	for _, c := range d.Circumstances {
		standing[c.ID] = c.Text
	}
	for _, g := range d.Diagnoses {
		if g.Finding == "not_it" {
			calm = append(calm, style.Clean(g.What))
			continue
		}
		diagnosis(&p, g, standing[g.ID])
	}
	if d.Capacity != nil {
		p.Blank()
		p.Para("Fits: ", p.Paint.Bold, style.Clean(d.Capacity.Text), 6, 0)
	}
	for i, c := range calm {
		if i == 0 {
			p.Blank()
		}
		p.Para("  not it: ", p.Paint.Green, c, 10, 0)
	}
	for _, warning := range d.Warnings {
		p.Para("  note: ", p.Paint.Yellow, style.Clean(warning), 8, 0)
	}
	readiness(&p, d.Readiness)
	facts(&p, d.Facts)
	_, err := p.WriteTo(w)
	return err
}

func head(p *sheet.Sheet, d culprit.Doctor) {
	n := map[string]int{}
	for _, g := range d.Diagnoses {
		n[g.Finding]++
	}
	label, in, text := "NOTHING TO CHANGE", p.Paint.Green, ""
	switch {
	case d.Subject == "":
		label, text = lacking(d.Readiness)
	case n["it"]+n["likely"] > 0:
		label, in = "TO CHANGE", p.Paint.Yellow
		for _, g := range d.Diagnoses {
			if g.Finding == "it" || g.Finding == "likely" {
				text = style.Clean(g.Title)
				break
			}
		}
	case n["cannot_tell"] > 0:
		label, in = "NOTHING PRESSING", p.Paint.Green
		text = style.Plural(int64(n["cannot_tell"]), "thing", "things") + " that a single look cannot tell"
	}
	if text != "" {
		label += ": "
	}
	p.Para(label, in, text, 2, 0)
	p.Para("  ", sheet.None, style.Clean(d.Name), 2, 0)
}

// lacking sums up what logs alone show.
func lacking(list []culprit.Readiness) (label, text string) {
	n := map[string]int64{}
	for _, r := range list {
		n[r.Status]++
	}
	switch {
	case n["missing"] > 0:
		return "NOT READY", "the logs lack " + style.Plural(n["missing"], "fact", "facts") + " that a verdict needs"
	case n["cannot_tell"] > 0:
		return "NOTHING MISSING", "in what was looked at"
	}
	return "READY", "the logs carry what a verdict needs"
}

func diagnosis(p *sheet.Sheet, g culprit.Diagnosis, standing string) {
	label, in := map[string]string{"it": "IT IS", "likely": "LIKELY", "cannot_tell": "CANNOT TELL"}[g.Finding], p.Paint.Yellow
	if g.Finding == "cannot_tell" {
		in = p.Paint.Dim
	}
	p.Blank()
	p.Para(label+"  ", in, p.Paint.Bold(style.Clean(g.Title)), 2, 0)
	p.Para("  ", sheet.None, style.Clean(g.What), 2, 0)
	if standing != "" {
		p.Para("  here: ", p.Paint.Bold, style.Clean(standing), 8, 0)
	}
	if g.Change != "" {
		p.Para("  change: ", p.Paint.Cyan, style.Clean(g.Change), 10, 0)
	}
	if g.Saves.Estimate != nil || g.Saves.Low != nil || g.Saves.High != nil {
		p.Para("  saves: ", p.Paint.Dim, style.Interval(g.Saves), 9, 0)
	}
	p.Para("  confirm: ", p.Paint.Dim, style.Clean(g.Confirm), 11, 0)
}

// readiness tells what the logs lack, with the lines to add, each block once.
func readiness(p *sheet.Sheet, list []culprit.Readiness) {
	if len(list) == 0 {
		return
	}
	p.Heading("Are the logs ready for a verdict?")
	names := map[string][]string{}
	for _, r := range list {
		name := strings.ReplaceAll(r.Fact, "_", " ")
		names[r.Status] = append(names[r.Status], name)
		if r.Status == "missing" {
			p.Para("  missing: ", p.Paint.Yellow, style.Clean(name+": "+r.Why), 11, 0)
		}
	}
	if found := names["present"]; len(found) > 0 {
		p.Para("  present: ", p.Paint.Green, strings.Join(found, ", "), 11, 0)
	}
	if open := names["cannot_tell"]; len(open) > 0 {
		p.Para("  not known: ", p.Paint.Dim, strings.Join(open, ", ")+"; --log FILE looks at real lines", 13, 0)
	}
	told := map[string]bool{}
	for _, r := range list {
		if r.Add == "" || told[r.Add] {
			continue
		}
		told[r.Add] = true
		p.Blank()
		p.Para("  Add to "+r.Where+":", p.Paint.Cyan, "", 2, 0)
		for line := range strings.SplitSeq(r.Add, "\n") {
			p.Lines = append(p.Lines, "    "+style.Clean(line)) // to be copied: never cut
		}
	}
}

func facts(p *sheet.Sheet, list []culprit.DoctorFact) {
	if len(list) == 0 {
		return
	}
	p.Heading("What was looked at")
	rows := [][]string{{"fact", "value", "", "where"}}
	for _, f := range list {
		quality := ""
		if f.Quality != "exact" {
			quality = f.Quality
		}
		rows = append(rows, []string{factName(f.Name), style.Clean(f.Value), quality, style.Clean(f.Source)})
	}
	p.Table(rows, []bool{false, false, false, false})
}

// factName is what a reader calls a fact; those that are not listed read well as
// they are.
func factName(name string) string {
	switch name {
	case "main_heap_bytes":
		return "in the main heap"
	case "arena_heaps":
		return "heaps of threads"
	case "arenas":
		return "arenas of these"
	case "arena_bytes":
		return "in heaps of threads"
	case "stacks_bytes":
		return "in stacks of threads"
	case "run_time_code_bytes":
		return "in code made at run time"
	case "files_bytes":
		return "in files and libraries"
	case "shared_memory_bytes":
		return "in shared memory"
	case "other_anonymous_bytes":
		return "in other memory"
	case "ruby_pages_at_most_bytes":
		return "of it Ruby's pages, at most"
	case "worker_private_most_bytes":
		return "private, most of a worker"
	}
	return strings.TrimSuffix(strings.ReplaceAll(name, "_", " "), " bytes")
}
