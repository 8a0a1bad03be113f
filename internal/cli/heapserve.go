package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/buildinfo"
	"culprit/internal/present/explorer"
)

type heapServeOptions struct {
	heapReading
	port   int
	values bool
}

func newHeapServe(w World) *cobra.Command {
	o := &heapServeOptions{}
	cmd := &cobra.Command{
		Use:   "serve [flags] DUMP...",
		Short: "Explore dumps in the browser",
		Long: `serve opens dumps to a browser of this machine: who holds what as a map, all objects
as a table that can be searched and sorted, each object with its surroundings, and of
two or three dumps what stayed. It prints the address, in which there is a secret: a
dump holds what the process works with. Ctrl-C ends it.

Exit: 0 ended, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap serve heap.json
  culprit heap serve before.json after.json later.json`,
		Args: usageArgs(cobra.RangeArgs(1, mostDumps)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args) },
	}
	o.flags(cmd)
	cmd.Flags().IntVar(&o.port, "port", 0, "listen on 127.0.0.1:`PORT` (any that is free)")
	cmd.Flags().BoolVar(&o.values, "show-values", false, "show the texts of strings: they may be secrets")
	return cmd
}

func (o *heapServeOptions) run(ctx context.Context, w World, paths []string) (err error) {
	site := &explorer.Site{Token: rand.Text(), Tool: buildinfo.Tool()}
	for _, path := range paths {
		l, err := o.load(ctx, w, path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		site.Dumps = append(site.Dumps, newExplored(l, o.values))
	}
	if len(paths) > 1 {
		d, l, err := o.heapDiff(ctx, w, paths)
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
		site.Diff = &d
	}
	return o.listen(ctx, w, site)
}

// grace is how long answers that are under way may take once it ends.
const grace = 2 * time.Second

func (o *heapServeOptions) listen(ctx context.Context, w World, site *explorer.Site) error {
	h, err := site.Handler()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	on, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
	if err != nil {
		return &hintError{fmt.Errorf("listening: %w", err), "--port takes another one; 0 takes any that is free"}
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(w.Stdout, "http://%s/%s/\n", on.Addr(), site.Token)
	fmt.Fprintln(w.Stderr, "note: open this address in a browser of this machine; Ctrl-C ends it")
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(on) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err = server.Shutdown(soon); errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// newExplored makes a dump one that can be asked.
func newExplored(l *loaded, values bool) *explored {
	r := l.report()
	if values {
		l.showValues(r.Duplicates)
		l.showValues(r.BigStrings)
	}
	return &explored{l: l, values: values, report: r, orders: map[string]*order{}}
}

// Name is the dump's file.
func (x *explored) Name() string { return x.l.Name }

// Report is that of the dump.
func (x *explored) Report() culprit.Heap { return x.report }

// Find gives the number of the object at an address.
func (x *explored) Find(address string) (uint32, error) {
	i, ok, err := x.l.addressed(address)
	if err == nil && !ok {
		err = fmt.Errorf("%q is no address", address)
	}
	return i, err
}

func (x *explored) node(i uint32) explorer.Node {
	v := x.l.View
	n := explorer.Node{ID: i, Label: "all that is reachable", Retained: culprit.Bytes(v.Retained(i)), Count: len(v.DominatedUnsorted(i)), Children: []explorer.Node{}}
	if i != v.Root() {
		n.Label, n.Address, n.Bytes = v.Describe(i), hexAddress(v.Address(i)), culprit.Bytes(v.Size(i))
	}
	return n
}

// within gives the number of an object, that of the machine for any too large.
func (x *explored) within(id uint32) uint32 { return min(id, x.l.View.Root()) }

// mostNodes bounds one answer, whatever depth and width were asked for.
const mostNodes = 4000

// Tree is who dominates whom from an object down.
func (x *explored) Tree(id uint32, depth, width int) (explorer.Node, error) {
	id = x.within(id)
	v := x.l.View
	if id != v.Root() && !v.Reachable(id) {
		return explorer.Node{}, errors.New("nobody refers to this object: it is in no tree")
	}
	left := mostNodes
	top := x.grow(id, depth, width, &left)
	for at := v.Dominator(id); at != holding.None; at = v.Dominator(at) {
		top.Above = append([]explorer.Node{x.node(at)}, top.Above...)
	}
	return top, nil
}

func (x *explored) grow(id uint32, depth, width int, left *int) explorer.Node {
	n := x.node(id)
	if depth == 0 {
		return n
	}
	list := x.l.View.Largest(id, width)
	for _, c := range list {
		if *left--; *left < 0 {
			break
		}
		n.Children = append(n.Children, x.grow(c, depth-1, width, left))
	}
	return n
}
