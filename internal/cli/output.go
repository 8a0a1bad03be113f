package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"culprit"
	"culprit/internal/analysis/picture"
	"culprit/internal/ingest"
	"culprit/internal/present/html"
	"culprit/internal/present/markdown"
	"culprit/internal/present/report"
	"culprit/internal/present/style"
	termview "culprit/internal/present/term"
	"culprit/internal/verdict"
)

// maxExampled is how many suspects get examples.
const maxExampled = 8

// addExamples fills in calls of the suspects that matter and draws the picture.
func addExamples(ctx context.Context, d *ingest.Docket, r *verdict.Ruling) {
	var wanted []ingest.Wanted
	var at []int
	var named []picture.Named
	var cuts []picture.Cut
	for i := range r.Report.Suspects {
		s := &r.Report.Suspects[i]
		accused := s.Finding == culprit.Convicted || s.Finding == culprit.Suspected
		if r.Index[i] < 0 || (!accused && !s.Requested) || len(wanted) >= maxExampled {
			continue
		}
		w := ingest.Wanted{Suspect: r.Index[i]}
		for _, e := range r.Attributed[i] {
			ev := r.Episodes[e]
			w.During = append(w.During, ingest.Span{Unit: int32(ev.Unit), A: ev.A, B: ev.B, ID: e + 1})
			if accused {
				cuts = append(cuts, picture.Cut{Unit: ev.Unit, A: ev.A, B: ev.B, Bytes: ev.Bytes})
			}
		}
		wanted, at = append(wanted, w), append(at, i)
		named = append(named, picture.Named{Suspect: r.Index[i], Rank: s.Rank})
	}
	if len(wanted) > 0 {
		for k, ex := range d.Examples(ctx, wanted, r.Skew) {
			r.Report.Suspects[at[k]].Examples = ex
		}
	}
	if len(d.Case.Units) > 0 && d.Case.To > d.Case.From {
		r.Report.Picture = picture.Draw(d.Case, r.Grew, named, cuts)
	}
}

// write puts the report where it was asked for.
func (o *options) write(w World, r *verdict.Ruling) error {
	rep := r.Report
	onTerminal, width := terminal(w.Stdout)
	if o.html == dash && onTerminal {
		return &hintError{errors.New("refusing to print HTML to a terminal"), "name a file, or pipe it on"}
	}
	if o.html != "" {
		if err := w.create(o.html, func(f io.Writer) error { return html.Write(f, rep) }); err != nil {
			return err
		}
	}
	rep.Picture = nil
	if o.markdown != "" {
		if err := w.create(o.markdown, func(f io.Writer) error { return markdown.Write(f, rep) }); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return report.Write(w.Stdout, rep)
	case o.html == dash || o.markdown == dash:
		return nil
	}
	err := termview.Write(w.Stdout, rep, termview.Options{
		Width: width, Color: !o.noColor && style.Colour(w.Env, onTerminal), Full: o.full, Plain: style.Plain(w.Env),
		More: o.more,
	})
	if err == nil && o.html != "" {
		_, err = fmt.Fprintf(w.Stderr, "report: %s\n", fileURL(o.html))
	}
	return err
}

// dash stands for standard output.
const dash = "-"

// terminal tells whether out is one, and how wide the text on it may be.
func terminal(out io.Writer) (is bool, width int) {
	width = 80
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, width
	}
	if cols, _, err := term.GetSize(int(f.Fd())); err == nil {
		width = max(60, min(cols, 120))
	}
	return true, width
}

// fileURL is the address of a file, to be opened in a browser.
func fileURL(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// create writes one output to a file, or to standard output for "-".
func (w World) create(path string, write func(io.Writer) error) (err error) {
	if path == dash {
		return write(w.Stdout)
	}
	f, err := os.Create(path)
	if err != nil {
		return &hintError{fmt.Errorf("write report: %w", err), "the folder must exist and be writable"}
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("write %s: %w", path, cerr)
		}
	}()
	return write(f)
}
