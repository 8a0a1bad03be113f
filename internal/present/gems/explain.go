package gems

import (
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
)

// Entry is one document of the knowledge base, as a reader wants it.
type Entry struct {
	ID       string             `json:"id"`
	Title    string             `json:"title"`
	Subject  string             `json:"subject"`
	Kind     string             `json:"kind"`
	Affected []string           `json:"affected"`
	Fixed    string             `json:"fixed"`
	When     string             `json:"when"` // the condition, "" always
	Cost     *culprit.Cost      `json:"cost"`
	Evidence []culprit.Evidence `json:"evidence"`
	Advice   string             `json:"advice"`
	Checked  string             `json:"checked"` // 2026-11-27, "" unknown
	Text     string             `json:"text"`    // Markdown
}

// Explain prints one entry.
func Explain(w io.Writer, e Entry, o sheet.Options) error {
	p := sheet.New(o)
	p.Para("", sheet.None, p.Paint.Bold(style.Clean(e.Title)), 0, 0)
	p.Blank()
	put := func(label, text string) {
		if text != "" {
			p.Para(style.Pad(label, 10), p.Paint.Dim, style.Clean(text), 10, 0)
		}
	}
	put("about", e.Subject)
	put("kind", strings.ReplaceAll(e.Kind, "_", " "))
	put("affected", versions(e.Affected))
	put("fixed", e.Fixed)
	put("when", or(e.When, "always"))
	if e.Cost != nil {
		put("costs", costs(*e.Cost)+" (measured: "+e.Cost.Source+")")
	}
	put("do", e.Advice)
	for part := range strings.SplitSeq(e.Text, "\n\n") {
		p.Blank()
		p.Para("", sheet.None, style.Clean(strings.Join(strings.Fields(part), " ")), 0, 0)
	}
	p.Blank()
	for _, v := range e.Evidence {
		p.Para("- ", sheet.None, style.Clean(v.Text), 2, 0)
		p.Lines = append(p.Lines, "  "+p.Paint.Cyan(style.Clean(v.URL)))
	}
	if e.Checked != "" {
		p.Blank()
		p.Line("read last on "+e.Checked, p.Paint.Dim)
	}
	_, err := p.WriteTo(w)
	return err
}

// List prints all entries, one a line.
func List(w io.Writer, list []Entry, o sheet.Options) error {
	p := sheet.New(o)
	rows := [][]string{{"ID", "KIND", "AFFECTED"}}
	for _, e := range list {
		rows = append(rows, []string{e.ID, strings.ReplaceAll(e.Kind, "_", " "), strings.TrimSpace(e.Subject + " " + versions(e.Affected))})
	}
	p.Table(rows, []bool{false, false, false})
	p.Blank()
	p.Line(style.Plural(int64(len(list)), "known cause", "known causes")+"; culprit gems explain ID tells one", p.Paint.Dim)
	_, err := p.WriteTo(w)
	return err
}

// JSONList writes all entries as JSON.
func JSONList(w io.Writer, list []Entry) error { return encode(w, list) }

func versions(list []string) string { return strings.Join(list, " or ") }

func costs(c culprit.Cost) string {
	if c.Low == c.High {
		return style.Bytes(c.High) + " a " + c.Per
	}
	return style.BytesRange(float64(c.Low), float64(c.High)) + " a " + c.Per
}
