package inspect

import (
	"io"
	"strconv"

	"culprit/internal/livefacts"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// How much of a growth is printed; JSON and --all have all.
const (
	mostLines   = 10
	mostWho     = 5
	mostCallers = 2
)

// Growth prints which lines touched new memory.
func Growth(w io.Writer, d livefacts.Growth, all bool, o sheet.Options) error {
	p := sheet.New(o)
	head := "in " + strconv.FormatFloat(d.Seconds, 'f', 0, 64) + " s of pid " + strconv.Itoa(d.PID) + ", Ruby " + style.Clean(d.Ruby.Version) +
		"; RSS " + signed(d.RSSAfter-d.RSSBefore) + ", from " + style.Bytes(d.RSSBefore) + " to " + style.Bytes(d.RSSAfter)
	p.Para(style.Bytes(d.New)+" NEW  ", p.Paint.Bold, head, 2, 0)
	if d.Samples == 0 {
		p.Para("  ", sheet.None, "no fault was looked at: it had "+style.Plural(d.Faults, "page fault", "page faults")+", and one of "+strconv.Itoa(d.Period)+" is looked at", 2, 0)
	} else {
		p.Para("  ", sheet.None, style.Bytes(d.Attributed)+" of it are told by line, estimated from "+style.Plural(d.Samples, "sample", "samples")+" of "+
			style.Count(d.Faults)+" page faults; those stand for "+style.Bytes(d.Faulted)+", with what was given back or was there before", 2, 0)
	}
	if d.Unlocked > 0 {
		p.Para("  ", sheet.None, style.Bytes(d.Unlocked)+" were touched without Ruby's lock, by C code that runs beside it"+native(d), 2, 0)
	}
	growthLines(&p, d, all)
	growthWho(&p, d, all)
	warnings(&p, d.Warnings)
	_, err := p.WriteTo(w)
	return err
}

func native(d livefacts.Growth) string {
	if d.Native == 0 {
		return ""
	}
	return "; of that " + style.Bytes(d.Native) + " by threads that are none of Ruby's"
}

func growthLines(p *sheet.Sheet, d livefacts.Growth, all bool) {
	left := 0
	for i, l := range d.Lines {
		if l.Bytes == 0 && !all || i >= mostLines && !all {
			left++
			continue
		}
		if i == 0 {
			p.Blank()
		}
		p.Para(style.Bytes(l.Bytes)+"  "+style.Share(l.Share)+"  ", p.Paint.Bold, lineName(l), 4, 0)
		shown := 0
		for _, f := range l.Stack {
			if f.Path == l.Path && f.Line == l.Line {
				continue // the line itself, and the C functions that it called
			}
			if shown++; shown > mostCallers {
				break
			}
			name := f.Label
			if f.Method != "" {
				name = f.Method
			}
			p.Line("      from "+style.Clean(name)+"  "+place(f.Path, f.Line, 28), p.Paint.Dim)
		}
	}
	if left > 0 && len(d.Lines) > left {
		p.Line("  ... "+style.Plural(int64(left), "more line", "more lines")+", or those that grew nothing; --all prints them", p.Paint.Dim)
	}
}

// place is a line of a file with a path of so many letters.
func place(path string, line, most int) string {
	return style.CutMiddle(style.Clean(path), most) + ":" + strconv.Itoa(line)
}

// lineName is a line with the method that it is in and what it called.
func lineName(l livefacts.GrowthLine) string {
	if l.Method == "" && l.Path == "" {
		return "native code without Ruby's lock, in threads that are none of Ruby's"
	}
	text := style.Clean(l.Method)
	if l.Call != "" {
		text += " -> " + style.Clean(l.Call)
	}
	text += "  " + place(l.Path, l.Line, 48)
	if l.Unlocked {
		text += "  (native code without Ruby's lock)"
	}
	return text
}

func growthWho(p *sheet.Sheet, d livefacts.Growth, all bool) {
	if len(d.Who) == 0 {
		return
	}
	p.Blank()
	rows := [][]string{{"BYTES", "SHARE", "WHO", ""}}
	for i, q := range d.Who {
		if i == mostWho && !all {
			break
		}
		rows = append(rows, []string{style.Bytes(q.Bytes), style.Share(q.Share), style.Clean(q.Name), q.Kind})
	}
	p.Table(rows, []bool{true, true, false, false})
}
