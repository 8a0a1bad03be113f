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
	"culprit/internal/present/heapflame"
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

// reportAndExport reads a dump once for the report and for files; without files the
// report may stand in the index. told means that standard output is taken.
func (o *heapOptions) reportAndExport(ctx context.Context, w World, path string) (r culprit.Heap, told bool, err error) {
	taken := 0
	if o.json {
		taken++
	}
	if err := o.export.check(taken); err != nil {
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
