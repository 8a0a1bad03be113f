package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/heapframes"
	"culprit/internal/buildinfo"
	"culprit/internal/heapfacts"
	"culprit/internal/present/heap"
	"culprit/internal/present/heapflame"
	"culprit/internal/present/heappage"
	"culprit/internal/present/sheet"
)

// heapExport are the flags for tools that draw stacks.
type heapExport struct {
	pprof, folded, speedscope, dot string
	frames                         string
}

func (x *heapExport) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&x.pprof, "pprof", "", "write stacks for go tool pprof into `FILE` (- for standard output)")
	f.StringVar(&x.folded, "folded", "", "write folded stacks for flame graphs into `FILE`")
	f.StringVar(&x.speedscope, "speedscope", "", "write stacks for speedscope into `FILE`")
	f.StringVar(&x.dot, "dot", "", "write the largest stacks for graphviz into `FILE`")
	f.StringVar(&x.frames, "frames", "owners", "stacks are who holds an object (owners), or where it was made (sites)")
}

// small is the share below which frames of pictures are put together.
const small = 0.001

// outputs are the files that are wanted.
func (x *heapExport) outputs() (list []heapOutput) {
	folded := func(write func(io.Writer, heapfacts.Flame) error) func(io.Writer, heapfacts.Flame) error {
		return func(w io.Writer, f heapfacts.Flame) error { return write(w, heapframes.Fold(f, small)) }
	}
	for _, o := range []heapOutput{
		{x.pprof, heapflame.Pprof}, {x.folded, folded(heapflame.Folded)}, {x.speedscope, folded(heapflame.Speedscope)}, {x.dot, heapflame.Dot},
	} {
		if o.path != "" {
			list = append(list, o)
		}
	}
	return list
}

type heapOutput struct {
	path  string
	write func(io.Writer, heapfacts.Flame) error
}

// check reads the flags before anything long begins; taken tells how many others
// want standard output.
func (x *heapExport) check(taken int) error {
	if x.frames != "owners" && x.frames != "sites" {
		return usage(fmt.Errorf("--frames %s", x.frames), "owners or sites")
	}
	for _, o := range x.outputs() {
		if o.path == dash {
			taken++
		}
	}
	if taken > 1 {
		return usage(errors.New("two reports want standard output"), "only one of --json, --md and the files named - at a time")
	}
	return nil
}

// export writes the files that are wanted, and tells whether one of them is
// standard output.
func (x *heapExport) export(ctx context.Context, w World, l *loaded) (onStdout bool, err error) {
	list := x.outputs()
	if len(list) == 0 {
		return false, nil
	}
	var f heapfacts.Flame
	if x.frames == "sites" {
		f = heapframes.Sites(l.View)
	} else {
		f = heapframes.Owners(l.View)
	}
	f.Dump, f.Tool = l.Name, buildinfo.Tool()
	for _, o := range list {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if onTerminal, _ := terminal(w.Stdout); o.path == dash && onTerminal && o.path == x.pprof {
			return false, &hintError{errors.New("refusing to print a profile to a terminal"), "name a file, or pipe it on"}
		}
		if err := w.create(o.path, func(out io.Writer) error { return o.write(out, f) }); err != nil {
			return false, err
		}
		onStdout = onStdout || o.path == dash
	}
	return onStdout, nil
}

// heapForms are the forms in which a report on heaps is told.
type heapForms struct {
	json, md, noColor bool
	html              string
}

func (f *heapForms) forms(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&f.md, "md", false, "print Markdown, to paste into an issue")
	cmd.Flags().StringVar(&f.html, "html", "", "write the report as one HTML `FILE` (- for standard output)")
	cmd.Flags().BoolVar(&f.noColor, "no-color", false, "print without colours")
}

// taken is how many forms want standard output.
func (f *heapForms) taken() (n int) {
	for _, is := range []bool{f.json, f.md, f.html == dash} {
		if is {
			n++
		}
	}
	return n
}

// told is one report in all its forms.
type told struct {
	json, md, html func(io.Writer) error
	text           func(io.Writer, sheet.Options) error
}

// write tells a report in the forms that are wanted; full means that standard output
// has something else already.
func (f *heapForms) write(w World, t told, full bool) error {
	if onTerminal, _ := terminal(w.Stdout); f.html == dash && onTerminal {
		return &hintError{errors.New("refusing to print HTML to a terminal"), "name a file, or pipe it on"}
	}
	if f.html != "" {
		if err := w.create(f.html, t.html); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return t.json(w.Stdout)
	case f.md:
		return t.md(w.Stdout)
	case f.html == dash || full:
		return nil
	}
	err := t.text(w.Stdout, w.sheet(f.noColor))
	if err == nil && f.html != "" {
		_, err = fmt.Fprintf(w.Stderr, "report: %s\n", fileURL(f.html))
	}
	return err
}

func tellHeap(r culprit.Heap) told {
	return told{
		func(w io.Writer) error { return heap.JSON(w, r) }, func(w io.Writer) error { return heap.Markdown(w, r) }, func(w io.Writer) error { return heappage.Write(w, r) },
		func(w io.Writer, o sheet.Options) error { return heap.Write(w, r, o) },
	}
}

func tellDiff(r culprit.HeapDiff) told {
	return told{
		func(w io.Writer) error { return heap.JSON(w, r) }, func(w io.Writer) error { return heap.MarkdownDiff(w, r) }, func(w io.Writer) error { return heappage.WriteDiff(w, r) },
		func(w io.Writer, o sheet.Options) error { return heap.WriteDiff(w, r, o) },
	}
}

// reportAndExport reads a dump once for the report and for files; without files the
// report may stand in the index. told means that standard output is taken.
func (o *heapOptions) reportAndExport(ctx context.Context, w World, path string) (r culprit.Heap, told bool, err error) {
	if err := o.export.check(o.taken()); err != nil {
		return r, false, err
	}
	if len(o.export.outputs()) == 0 && !o.values {
		r, err = o.heapReport(ctx, w, path)
		return r, false, err
	}
	l, err := o.load(ctx, w, path)
	if err != nil {
		return r, false, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	told, err = o.export.export(ctx, w, l)
	if r = l.report(); o.values {
		l.showValues(r.Duplicates)
		l.showValues(r.BigStrings)
	}
	return r, told, err
}
