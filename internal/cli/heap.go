package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/buildinfo"
	"culprit/internal/present/heap"
	"culprit/internal/present/style"
	"culprit/internal/source/heapdump"
	"culprit/internal/source/input"
)

// heapOptions are the flags of heap as typed.
type heapOptions struct {
	json, noColor bool
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
		c.Flags().BoolVar(&o.json, "json", false, "print JSON")
		c.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	}
	cmd.AddCommand(diff)
	return cmd
}

func (o *heapOptions) run(ctx context.Context, w World, path string) error {
	d, name, err := readDump(ctx, path)
	if err != nil {
		return err
	}
	r := holding.Look(d.Heap).Report()
	r.Tool, r.Dump = buildinfo.Tool(), name
	r.Totals.Lines, r.Totals.Understood = d.Lines, d.Understood
	r.Warnings = append(notUnderstood(name, d), r.Warnings...)
	if o.json {
		return heap.JSON(w.Stdout, r)
	}
	return heap.Write(w.Stdout, r, w.sheet(o.noColor))
}

func (o *heapOptions) diff(ctx context.Context, w World, paths []string) error {
	var warnings, names []string
	dumps := make([]*heapdump.Dump, 3)
	for i, path := range paths {
		d, name, err := readDump(ctx, path)
		if err != nil {
			return err
		}
		dumps[i] = d
		names = append(names, name)
		warnings = append(warnings, notUnderstood(name, d)...)
	}
	var r culprit.HeapDiff
	if dumps[2] == nil {
		r = holding.Diff(dumps[0].Heap, dumps[1].Heap, nil)
	} else {
		r = holding.Diff(dumps[0].Heap, dumps[1].Heap, dumps[2].Heap)
	}
	r.Tool, r.Dumps = buildinfo.Tool(), names
	r.Warnings = append(warnings, r.Warnings...)
	if o.json {
		return heap.JSON(w.Stdout, r)
	}
	return heap.WriteDiff(w.Stdout, r, w.sheet(o.noColor))
}

// readDump reads one dump, compressed or not.
func readDump(ctx context.Context, path string) (d *heapdump.Dump, name string, err error) {
	files, problems := input.Expand([]string{path})
	for _, p := range problems {
		return nil, "", &hintError{fmt.Errorf("reading %s: %w", path, p.Err), p.Hint}
	}
	if len(files) != 1 {
		return nil, "", usage(fmt.Errorf("%s: %d files", path, len(files)), "give one heap dump at a time")
	}
	r, err := files[0].Open(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	d, err = heapdump.Read(ctx, r, heapdump.Options{})
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", path, err)
	}
	return d, files[0].Name, nil
}

// notUnderstood says what of a dump is missing: lines that were skipped, and an end
// that came early. The text of lines may hold what users typed, so it is not shown.
func notUnderstood(name string, d *heapdump.Dump) (list []string) {
	if d.Early != nil {
		list = append(list, fmt.Sprintf("%s breaks off, what comes later is not counted: %v", name, d.Early))
	}
	if d.Understood == d.Lines {
		return list
	}
	return append(list, fmt.Sprintf("understood %s of %s lines of %s; the first that was not is line %d", style.Count(d.Understood), style.Count(d.Lines), name, d.Bad[0].Line))
}
