package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"culprit/internal/present/style"
	"culprit/internal/source/heapredact"
	"culprit/internal/source/input"
)

type heapRedactOptions struct {
	hashFiles, force bool
}

func newHeapRedact(w World) *cobra.Command {
	o := &heapRedactOptions{}
	cmd := &cobra.Command{
		Use:   "redact [flags] IN OUT",
		Short: "A dump without the texts of the process, same graph",
		Long: `redact copies a dump without the texts that the process worked with: values of
strings and symbols go, and so does every field that is not known to be free of
them. Addresses, sizes, classes, places and references stay, so that all other
commands tell the same. Lines that are not understood are dropped and counted.
IN and OUT may be compressed (.gz, .zst); - is standard input or output.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap redact heap.json heap-redacted.json.zst`,
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args[0], args[1]) },
	}
	cmd.Flags().BoolVar(&o.hashFiles, "hash-files", false, "put digests in place of files' names too")
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite OUT")
	return cmd
}

func (o *heapRedactOptions) run(ctx context.Context, w World, in, out string) (err error) {
	files, problems := input.Expand([]string{in})
	for _, p := range problems {
		return &hintError{fmt.Errorf("reading %s: %w", in, p.Err), p.Hint}
	}
	if len(files) != 1 {
		return usage(fmt.Errorf("%s: %d files", in, len(files)), "give one heap dump at a time")
	}
	r, err := files[0].Open(ctx)
	if err != nil {
		return fmt.Errorf("reading %s: %w", in, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	bar := newProgress(w)
	bar.Stage("redacting " + style.Clean(files[0].Name))
	bar.Total(r.Size())
	defer bar.done()
	var c heapredact.Count
	write := func(to io.Writer) (err error) {
		c, err = heapredact.Copy(ctx, to, r, heapredact.Options{HashFiles: o.hashFiles, Progress: bar.Read})
		if err == nil && c.Lines == c.Dropped {
			err = fmt.Errorf("understood none of %d lines of %s; hint: give what ObjectSpace.dump_all wrote", c.Lines, in)
		}
		return err
	}
	if out == dash {
		err = write(w.Stdout)
	} else {
		err = heapredact.Create(out, o.force, write)
	}
	if errors.Is(err, heapredact.ErrThere) {
		return &hintError{err, "--force overwrites it"}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.Stderr, "%s lines, %s values taken out", style.Count(c.Lines), style.Count(c.Redacted))
	if c.Dropped > 0 {
		fmt.Fprintf(w.Stderr, "; %s lines were not understood and left out", style.Count(c.Dropped))
	}
	fmt.Fprintln(w.Stderr)
	return nil
}
