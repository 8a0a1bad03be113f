// Package boot writes what booting an app costs: for a terminal, and as JSON
// (docs/format/boot.md).
//
// It owns the order in which a reader learns: how much, whose it is, where it is
// required, what forked workers share. It refuses to measure, to charge and to
// judge.
package boot

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

// Options are how the terminal wants it.
type Options struct {
	sheet.Options
	// CutOff leaves requires out that weigh less, with all they require; negative
	// for one percent, at least 300 kB.
	CutOff culprit.Bytes
}

// How many rows the tables of the terminal have; JSON has all.
const (
	mostGems   = 10
	mostGroups = 6
	mostBy     = 2
	mostNotes  = 8
)

// leastCutOff is what is left out when nothing else was asked for.
const leastCutOff culprit.Bytes = 300_000

// JSON writes b as indented JSON with a newline at its end.
func JSON(w io.Writer, b culprit.Boot) error {
	body, err := json.MarshalIndent(whole.Of(b), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Write prints b for a terminal.
func Write(w io.Writer, b culprit.Boot, o Options) error {
	p := sheet.New(o.Options)
	head(&p, b)
	budget(&p, b.Budget)
	gems(&p, b)
	if b.Mode == "objects" {
		groups(&p, "LINE", b.Locations)
		groups(&p, "CLASS", b.Classes)
	}
	tree(&p, b, o.CutOff)
	fork(&p, b.Fork)
	notes(&p, b.Warnings)
	_, err := p.WriteTo(w)
	return err
}

// head says how much, of what, and how sure that is.
func head(p *sheet.Sheet, b culprit.Boot) {
	what := " TO BOOT  "
	if b.Mode == "objects" {
		what = " LEFT BY THE BOOT  "
	}
	p.Para(style.Bytes(b.TotalBytes)+what, p.Paint.Bold, style.Clean(b.App+": "+b.Entry), 2, 2)
	with := style.Clean(b.Env) + ", Ruby " + style.Clean(b.Ruby)
	if b.Mode == "objects" {
		p.Para("  ", sheet.None, "objects on Ruby's heap: "+style.Count(b.RetainedObjects)+" of "+style.Count(b.AllocatedObjects)+
			" that were made, "+style.Bytes(b.RetainedBytes)+" of "+style.Bytes(b.AllocatedBytes), 2, 0)
		p.Para("  ", sheet.None, with, 2, 0)
	} else {
		if b.BaseBytes != culprit.Unknown {
			with += "; " + style.Bytes(b.BaseBytes) + " before the first require"
		}
		p.Para("  ", sheet.None, with, 2, 0)
	}
	p.Para("  ", sheet.None, runs(b), 2, 0)
	for _, c := range b.Circumstances {
		p.Para("  In this incident: ", p.Paint.Bold, style.Clean(c.Text), 2, 3)
	}
}

// runs says how well the figures repeat, and what measuring costs in time.
func runs(b culprit.Boot) string {
	if len(b.Runs) == 0 {
		return "one run"
	}
	low, high, fast, slow := b.Runs[0].TotalBytes, b.Runs[0].TotalBytes, b.Runs[0].TimeMS, b.Runs[0].TimeMS
	for _, r := range b.Runs {
		low, high = min(low, r.TotalBytes), max(high, r.TotalBytes)
		fast, slow = min(fast, r.TimeMS), max(slow, r.TimeMS)
	}
	text := "one run; "
	if len(b.Runs) > 1 {
		text = fmt.Sprintf("the middle of %d runs, which lie within %s; ", len(b.Runs), style.Bytes(high-low))
	}
	text += style.Seconds(fast / 1000)
	if took := style.Seconds(slow / 1000); took != style.Seconds(fast/1000) {
		text += " to " + took
	}
	if b.Overhead > 0 {
		text += ", " + strconv.FormatFloat(b.Overhead, 'f', 2, 64) + " times a boot without measuring"
	}
	return text
}

func budget(p *sheet.Sheet, b *culprit.BootBudget) {
	if b == nil {
		return
	}
	p.Blank()
	label, in := "WITHIN BUDGET  ", p.Paint.Green
	if b.Exceeded {
		label, in = "OVER BUDGET  ", p.Paint.Red
	}
	p.Para(label, in, signed(b.GrewBytes)+" since "+style.Clean(b.Baseline)+" ("+style.Bytes(b.BaselineBytes)+"), allowed: "+style.Bytes(b.BudgetBytes), 2, 0)
	var most []string
	for _, c := range b.Changes {
		if c.Bytes > 0 && len(most) < mostGroups {
			most = append(most, style.Clean(c.Key)+" "+signed(c.Bytes))
		}
	}
	if len(most) > 0 && b.GrewBytes > 0 {
		p.Para("  most by ", p.Paint.Dim, strings.Join(most, ", "), 2, 3)
	}
}

func signed(b culprit.Bytes) string {
	if b > 0 {
		return "+" + style.Bytes(b)
	}
	return style.Bytes(b)
}

func gems(p *sheet.Sheet, b culprit.Boot) {
	if len(b.Gems) == 0 {
		return
	}
	objects := b.Mode == "objects"
	rows := [][]string{{"GEM", "MEMORY", "TIME", "FILES"}}
	right := []bool{false, true, true, true}
	if objects {
		rows, right = [][]string{{"GEM", "LEFT", "OBJECTS", "FILES"}}, []bool{false, true, true, true}
	}
	for _, g := range b.Gems[:min(len(b.Gems), mostGems)] {
		row := []string{gemName(g), style.Bytes(g.Bytes), style.Seconds(max(g.TimeMS, 0) / 1000), style.Count(int64(g.Files))}
		if objects {
			row[2] = style.Count(g.RetainedObjects)
		}
		rows = append(rows, row)
	}
	p.Blank()
	p.Table(rows, right)
	if more := len(b.Gems) - mostGems; more > 0 {
		p.Line("  "+style.Plural(int64(more), "more gem", "more gems")+" in --json", p.Paint.Dim)
	}
}

// gemName names a gem; the app and Ruby's own library are none.
func gemName(g culprit.BootGem) string {
	name := strings.TrimSpace(style.Clean(g.Name) + " " + style.Clean(g.Version))
	switch g.Name {
	case "app":
		return "the app itself"
	case "ruby":
		return name + ", its own library"
	}
	return name
}

func groups(p *sheet.Sheet, what string, list []culprit.BootGroup) {
	if len(list) == 0 {
		return
	}
	rows := [][]string{{what, "LEFT", "OBJECTS"}}
	for _, g := range list[:min(len(list), mostGroups)] {
		rows = append(rows, []string{style.Clean(g.Key), style.Bytes(g.Bytes), style.Count(g.Objects)})
	}
	p.Blank()
	p.Table(rows, []bool{false, true, true})
}

func notes(p *sheet.Sheet, list []string) {
	if len(list) == 0 {
		return
	}
	p.Blank()
	for _, w := range list[:min(len(list), mostNotes)] {
		p.Para("note: ", p.Paint.Yellow, style.Clean(w), 6, 4)
	}
	if more := len(list) - mostNotes; more > 0 {
		p.Line(style.Plural(int64(more), "more note", "more notes")+" in --json", p.Paint.Dim)
	}
}
