package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/heapquery"
	"culprit/internal/buildinfo"
	"culprit/internal/present/heap"
)

// heapLook are the flags of commands that look into one dump.
type heapLook struct {
	heapReading
	json, noColor, values bool
}

func (o *heapLook) register(cmd *cobra.Command) {
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	f.BoolVar(&o.values, "show-values", false, "show the texts of strings: they may be secrets")
}

type heapQueryOptions struct {
	heapLook
	sort, group string
	limit       int
}

func newHeapQuery(w World) *cobra.Command {
	o := &heapQueryOptions{}
	cmd := &cobra.Command{
		Use:   "query [flags] DUMP QUERY",
		Short: "Objects of a dump by class, size, age, place, ...",
		Long: `query finds objects: FIELD OP VALUE, put together by and, or, not and parentheses.
OP is =, !=, <, <=, >, >=, ~ and !~ (regular expressions), or in (A, B). In texts
* stands for anything. Sizes may have KB, MB, GB: 1,024 bytes and so on.

Fields: class, memsize, retained, generation (or none), references, line, address,
type, name, file, location, gem, method, reachable, old, embedded, frozen, fstring,
shared, wb_protected, broken, marked. Slower, as the dump's lines are read: value,
bytesize, capacity, length, size, encoding, struct, imemo_type, ivars, and others.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap query heap.json 'class=String and memsize>1MB and generation<100'
  culprit heap query --group location heap.json 'type=STRING and not frozen'`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args[0], args[1]) },
	}
	o.register(cmd)
	cmd.Flags().StringVar(&o.sort, "sort", "retained", "show the largest by `FIELD`")
	cmd.Flags().StringVar(&o.group, "group", "", "put together by `FIELD` instead")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "show so many; 0 for all")
	return cmd
}

func (o *heapQueryOptions) run(ctx context.Context, w World, path, query string) (err error) {
	// A query that cannot be understood is told before a long read.
	if err := heapquery.Check(query); err != nil {
		return usage(err, "culprit heap query --help shows the fields")
	}
	l, err := o.load(ctx, w, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	lines := inOrder(l)
	defer func() { err = errors.Join(err, lines.Close()) }()
	q, err := heapquery.Compile(query, l.View, lines)
	if err != nil {
		return usage(err, "culprit heap query --help shows the fields")
	}
	found, err := q.Run(ctx)
	if err != nil {
		return err
	}
	out := heap.Query{
		Schema: heap.QuerySchema, Tool: buildinfo.Tool(), Dump: l.Name, Query: query,
		Objects: found.Objects, Bytes: culprit.Bytes(found.Bytes), Retained: culprit.Bytes(found.Retained), Warnings: doubtful(l.Name, l.Meta),
	}
	if err := o.fill(&out, q, found, l); err != nil {
		return usage(err, "culprit heap query --help shows the fields")
	}
	if o.json {
		return heap.JSON(w.Stdout, out)
	}
	return heap.WriteQuery(w.Stdout, out, w.sheet(o.noColor))
}

func (o *heapQueryOptions) fill(out *heap.Query, q *heapquery.Query, found heapquery.Found, l *loaded) error {
	limit := o.limit
	if limit <= 0 {
		limit = len(found.IDs)
	}
	if o.group != "" {
		list, err := q.Group(found.IDs, o.group)
		if err != nil {
			return err
		}
		for _, g := range list[:min(len(list), limit)] {
			out.Groups = append(out.Groups, heap.Group{Key: g.Key, Objects: g.Objects, Bytes: culprit.Bytes(g.Bytes)})
		}
		return nil
	}
	if err := q.Sort(found.IDs, o.sort); err != nil {
		return err
	}
	out.Rows = l.objects(found.IDs, limit, o.values)
	return nil
}
