package cli

import (
	"bytes"
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/buildinfo"
	graph "culprit/internal/heap"
	"culprit/internal/present/heap"
	"culprit/internal/present/style"
)

func newHeapInfo(w World) *cobra.Command {
	o := &heapLook{}
	cmd := &cobra.Command{
		Use:   "info [flags] DUMP",
		Short: "What a dump is: objects, roots, tracing, Ruby, index",
		Long: `info tells what a dump holds as a whole and what it can be asked: how much was
understood, whether allocations were traced, which Ruby writes such fields.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap info heap.json`,
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.info(cmd.Context(), w, args[0]) },
	}
	o.register(cmd)
	return cmd
}

func (o *heapLook) info(ctx context.Context, w World, path string) (err error) {
	l, err := o.load(ctx, w, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	out := l.info()
	if o.json {
		return heap.JSON(w.Stdout, out)
	}
	return heap.WriteInfo(w.Stdout, out, w.sheet(o.noColor))
}

func (l *loaded) info() heap.Info {
	h, v := l.View.H, l.View
	x := heap.Info{
		Schema: heap.InfoSchema, Tool: buildinfo.Tool(), Dump: l.Name, FileBytes: culprit.Bytes(l.file.in.Size), Compression: l.file.in.Compression,
		Lines: l.Meta.Lines, Understood: l.Meta.Understood, Objects: int64(v.Len()), References: int64(v.G.Edges()), Shapes: l.Meta.Shapes,
		Classes: int64(len(v.G.Classes) - 1), Warnings: doubtful(l.Name, l.Meta), Index: l.indexState(), Ruby: l.ruby(),
	}
	traced := 0
	for i := range uint32(v.Len()) {
		x.Bytes += culprit.Bytes(v.Size(i))
		g := int64(v.Generation(i))
		if g < 0 {
			continue
		}
		traced++
		if x.Oldest == nil {
			first, last := g, g
			x.Oldest, x.Newest = &first, &last
		}
		*x.Oldest, *x.Newest = min(*x.Oldest, g), max(*x.Newest, g)
	}
	x.Traced = float64(traced) / float64(max(v.Len(), 1))
	for _, r := range h.Roots {
		x.Roots = append(x.Roots, heap.Root{Category: r.Category, References: int64(len(r.Refs))})
	}
	return x
}

func (l *loaded) indexState() string {
	switch info, err := os.Stat(l.file.indexPath()); {
	case !l.file.indexed():
		return "none is kept"
	case l.idx != nil:
		return "used, " + style.Bytes(culprit.Bytes(l.idx.Bytes()))
	case err == nil:
		return "written now, " + style.Bytes(culprit.Bytes(info.Size()))
	}
	return "could not be written"
}

// ruby tells which versions write what this dump has: shape_id came with 3.2, slot_size
// with 3.2's dumps of 3.3 (https://github.com/ruby/ruby ext/objspace/objspace_dump.c);
// docs/format/heapdump.md has all fields.
func (l *loaded) ruby() string {
	const looked = 200
	shape, slot := false, false
	for i := range uint32(min(looked, l.View.Len())) {
		if l.View.H.Type[i] != graph.TypeString && l.View.H.Type[i] != graph.TypeObject && l.View.H.Type[i] != graph.TypeArray {
			continue
		}
		line, err := l.Text.Line(i)
		if err != nil {
			return ""
		}
		shape = shape || bytes.Contains(line, []byte(`"shape_id":`))
		slot = slot || bytes.Contains(line, []byte(`"slot_size":`))
	}
	switch {
	case slot:
		return "3.2 or later (slot sizes)"
	case shape:
		return "3.2 or later (shapes)"
	}
	return "3.1 or earlier (no shapes, no slot sizes)"
}
