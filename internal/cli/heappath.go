package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/buildinfo"
	"culprit/internal/present/heap"
)

type heapPathOptions struct {
	heapLook
	limit int
}

func newHeapPath(w World) *cobra.Command {
	o := &heapPathOptions{}
	cmd := &cobra.Command{
		Use:   "path [flags] DUMP ADDRESS|CLASS",
		Short: "What keeps an object, or objects of a class, alive",
		Long: `path shows a shortest way from the machine's roots to an object. Of a class it puts
the ways of all its objects together where they lead through the same classes and
places, most objects first; of one that has none, or a module, it shows the way to
itself.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap path heap.json 0x7f3c2a1b0c28
  culprit heap path heap.json Order`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args[0], args[1]) },
	}
	o.register(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", 5, "show so many ways; 0 for all")
	return cmd
}

func (o *heapPathOptions) run(ctx context.Context, w World, path, arg string) (err error) {
	l, err := o.load(ctx, w, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	out := heap.Ways{Schema: heap.WaysSchema, Tool: buildinfo.Tool(), Dump: l.Name, Of: arg, Warnings: doubtful(l.Name, l.Meta)}
	ids, err := l.named(arg)
	if err != nil {
		return err
	}
	out.Objects = int64(len(ids))
	out.Ways = l.ways(ids)
	if o.limit > 0 {
		out.Ways = out.Ways[:min(len(out.Ways), o.limit)]
	}
	if o.json {
		return heap.JSON(w.Stdout, out)
	}
	return heap.WriteWays(w.Stdout, out, w.sheet(o.noColor))
}

// named finds the object at an address, or all objects of a class.
func (l *loaded) named(arg string) ([]uint32, error) {
	if i, ok, err := l.addressed(arg); err != nil || ok {
		return []uint32{i}, err
	}
	var ids []uint32
	for i := range uint32(l.View.Len()) {
		if l.View.Class(i) == arg {
			ids = append(ids, i)
		}
	}
	if len(ids) == 0 {
		// The class or module itself, perhaps: it may hold much and have no objects.
		for i := range l.View.H.Modules {
			if l.View.Name(i) == arg {
				ids = append(ids, i)
			}
		}
		slices.Sort(ids)
	}
	if len(ids) == 0 {
		return nil, &hintError{fmt.Errorf("%s has no object of class %s", l.Name, arg), "culprit heap --json lists all classes under by_class"}
	}
	return ids, nil
}

// ways puts the ways to objects together by the classes and places on them.
func (l *loaded) ways(ids []uint32) []heap.Way {
	at, list := map[string]int{}, []heap.Way{}
	for _, i := range ids {
		way := l.View.Way(i)
		if way == nil {
			continue
		}
		key := l.kind(way)
		k, ok := at[key]
		if !ok {
			k = len(list)
			at[key] = k
			list = append(list, heap.Way{Path: l.View.Path(i)})
		}
		list[k].Objects++
		list[k].Retained += culprit.Bytes(l.View.Retained(i))
	}
	slices.SortStableFunc(list, func(a, b heap.Way) int {
		return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(b.Retained, a.Retained))
	})
	return list
}

// kind is what ways have in common: classes by their names, other objects by their
// class and where they were made.
func (l *loaded) kind(way []uint32) string {
	var b strings.Builder
	for _, i := range way {
		if i == l.View.Root() {
			continue
		}
		fmt.Fprintf(&b, "%d %d %s\n", l.View.ClassKey(i), l.View.SiteKey(i), l.View.Name(i))
	}
	return b.String()
}

func newHeapShow(w World) *cobra.Command {
	o := &heapLook{}
	cmd := &cobra.Command{
		Use:   "show [flags] DUMP ADDRESS",
		Short: "One object: fields, who refers to it, what it holds",
		Long: `show prints one object with the fields of its line in the dump, who refers to it, what
it refers to, what it holds alone, and what it retains by class.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap show heap.json 0x7f3c2a1b0c28`,
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.show(cmd.Context(), w, args[0], args[1]) },
	}
	o.register(cmd)
	return cmd
}

// mostShown bounds lists of neighbours.
const mostShown = 100

func (o *heapLook) show(ctx context.Context, w World, path, arg string) (err error) {
	l, err := o.load(ctx, w, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	i, ok, err := l.addressed(arg)
	if err != nil {
		return err
	}
	if !ok {
		return usage(fmt.Errorf("%q is no address", arg), "culprit heap path shows objects by their class")
	}
	out := l.shown(i, o.values)
	if o.json {
		return heap.JSON(w.Stdout, out)
	}
	return heap.WriteShow(w.Stdout, out, w.sheet(o.noColor))
}

// shown is an object with its surroundings.
func (l *loaded) shown(i uint32, values bool) heap.Show {
	v := l.View
	out := heap.Show{Schema: heap.ShowSchema, Tool: buildinfo.Tool(), Dump: l.Name, Object: l.object(i, values), Warnings: doubtful(l.Name, l.Meta)}
	if i != v.Root() {
		line, err := l.Text.Line(i)
		if err != nil {
			out.Warnings = append(out.Warnings, err.Error())
		}
		out.Fields = fields(line, values)
	}
	refs, from, holds := v.References(i), v.Referrers(i), v.Dominated(i)
	out.ReferenceCount, out.References = len(refs), l.objects(refs, mostShown, values)
	out.ReferrerCount, out.Referrers = len(from), l.objects(from, mostShown, values)
	out.DominatedCount, out.Dominated = len(holds), l.objects(holds, mostShown, values)
	out.RetainedBy, out.Path = l.retains(i), v.Path(i)
	return out
}
