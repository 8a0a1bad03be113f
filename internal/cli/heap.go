package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/buildinfo"
	graph "culprit/internal/heap"
	"culprit/internal/source/heapdump"
)

// heapOptions are the flags of heap as typed.
type heapOptions struct {
	heapReading
	heapForms
	export heapExport
	values bool
}

func newHeap(w World) *cobra.Command {
	o := &heapOptions{}
	cmd := &cobra.Command{
		Use:   "heap [flags] DUMP",
		Short: "What a heap dump holds, and who holds it",
		Long: `heap reads what ObjectSpace.dump_all wrote (.gz and .zst too, - for standard
input) and says what holds the memory by retained size: the objects at which it
gathers with the way to them, and sums by class, place and gem.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap heap.json
  culprit heap --json heap.json.gz
  culprit heap diff before.json after.json later.json`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args[0]) },
	}
	diff := &cobra.Command{
		Use:   "diff [flags] A B [C]",
		Short: "What came and stayed between dumps of one process",
		Long: `diff says what is new in B since A. With a third dump it says what was born between
A and B and is still there in C: what stays is what leaks. Objects are put together
by class and by the place that made them, with the object that holds them.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap diff before.json after.json later.json`,
		Args:    usageArgs(cobra.RangeArgs(2, 3)),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.diff(cmd.Context(), w, args) },
	}
	for _, c := range []*cobra.Command{cmd, diff} {
		o.flags(c)
		o.forms(c)
	}
	cmd.Flags().BoolVar(&o.values, "show-values", false, "show the texts of strings: they may be secrets")
	cmd.AddCommand(diff, newHeapPath(w), newHeapQuery(w), newHeapShow(w), newHeapInfo(w), newHeapRedact(w), newHeapTake(w), newHeapServe(w))
	o.export.register(cmd)
	return cmd
}

func (o *heapOptions) run(ctx context.Context, w World, path string) error {
	r, full, err := o.reportAndExport(ctx, w, path)
	if err != nil {
		return err
	}
	return o.write(w, tellHeap(r), full)
}

func (o *heapOptions) diff(ctx context.Context, w World, paths []string) error {
	if err := o.export.check(o.taken()); err != nil {
		return err
	}
	r, l, err := o.heapDiff(ctx, w, paths)
	if err != nil {
		return err
	}
	defer l.pool.Close()
	return o.write(w, tellDiff(r), false)
}

// heapDiff compares dumps. What it gives beside the result is the last of them.
func (o *heapReading) heapDiff(ctx context.Context, w World, paths []string) (r culprit.HeapDiff, l *loaded, err error) {
	d, space := holding.NewDiffer(len(paths)), &graph.Space{}
	var warnings, names []string
	for i, path := range paths {
		if l, err = o.next(ctx, w, path, d, heapdump.Options{Space: space, Identity: i < len(paths)-1}); err != nil {
			return r, nil, err
		}
		names, warnings = append(names, l.Name), append(warnings, doubtful(l.Name, l.Meta)...)
		if i < len(paths)-1 {
			if err := l.file.Close(); err != nil {
				return r, nil, err
			}
		}
	}
	if r, l.View, err = d.Report(); err != nil {
		return r, nil, errors.Join(err, l.Close())
	}
	r.Tool, r.Dumps = buildinfo.Tool(), names
	r.Warnings = append(warnings, r.Warnings...)
	return r, l, nil
}

// next reads one of the dumps that are compared.
func (o *heapReading) next(ctx context.Context, w World, path string, d *holding.Differ, opt heapdump.Options) (*loaded, error) {
	h, err := o.openHeap(w, path)
	if err != nil {
		return nil, err
	}
	l := &loaded{Name: h.name, file: h, pool: h.pool()}
	opt.Pool = l.pool
	dump, err := h.read(ctx, opt)
	if err == nil {
		l.Meta, l.Text = meta(dump), h.lines(ctx, dump.Heap)
		err = d.Add(dump.Heap)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
