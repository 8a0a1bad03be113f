package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/buildinfo"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
	"culprit/internal/source/proc"
)

type inspectDumpOptions struct {
	inspectOptions
	reading heapReading
	out     string
	force   bool
}

func newInspectDump(w World) *cobra.Command {
	o := &inspectDumpOptions{}
	cmd := o.flags(&cobra.Command{
		Use:   "dump [flags] PID",
		Short: "A heap dump of a live Ruby, taken from outside",
		Long: `dump writes the heap of a live Ruby in the form of ObjectSpace.dump_all, for culprit heap
and for whatever else reads that, and beside it what culprit heap would compute of it. The
process stands still for the moment that a copy of its memory takes, and goes on while the
copy is read; it goes on even if this command is killed. Nothing is loaded into it. It
takes as much memory as the process has, or room in the folder for temporary files.

Objects of C libraries tell only inside which objects they hold, and how large they are:
each word of theirs that is the address of an object counts as a reference, and the block
that they lie in as their size. Where objects were made is known if the program traces it.

A dump holds what the process works with, secrets too: it is readable by its owner only,
and culprit heap redact makes one that may be given away.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect dump 4101 -o heap.json
  culprit heap heap.json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(args, func(t *inspection.Target) error { return o.dump(cmd.Context(), w, t) })
		},
	}, livefacts.DumpSchema)
	o.reading.flags(cmd)
	cmd.Flags().StringVarP(&o.out, "output", "o", "", "write the dump to `FILE` (heap-PID.json)")
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite FILE")
	return cmd
}

func (o *inspectDumpOptions) dump(ctx context.Context, w World, t *inspection.Target) error {
	if o.out == "" {
		if o.out = fmt.Sprintf("heap-%d.json", t.PID); t.Core != "" {
			o.out = filepath.Base(t.Core) + ".json"
		}
	}
	if err := o.mayWrite(); err != nil {
		return err
	}
	d, err := o.write(ctx, w, t)
	if err != nil {
		return err
	}
	if !o.reading.noIndex {
		l, err := o.reading.load(ctx, w, o.out)
		if err == nil {
			err = l.Close()
		}
		if err != nil { // the dump is whole all the same
			d.Warnings = append(d.Warnings, "culprit heap will have to read it first: "+err.Error())
		}
	}
	if o.json {
		return inspect.JSON(w.Stdout, d)
	}
	return inspect.Dump(w.Stdout, d, w.sheet(o.noColor))
}

// mayWrite refuses what a dump cannot take the place of, before the process is stopped
// for it. A link is followed.
func (o *inspectDumpOptions) mayWrite() error {
	if o.out == "-" {
		return usage(errors.New("-o -: a dump needs a file"), "culprit heap reads it more than once")
	}
	if path, err := filepath.EvalSymlinks(o.out); err == nil {
		o.out = path
	}
	info, err := os.Lstat(o.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return usage(fmt.Errorf("-o %s: it is no regular file", o.out), "give the name of a file to write")
	case !o.force:
		return &hintError{fmt.Errorf("%s is there already", o.out), "--force overwrites it"}
	}
	return nil
}

// write writes the dump beside its place, and moves it there when it is whole.
func (o *inspectDumpOptions) write(ctx context.Context, w World, t *inspection.Target) (d livefacts.Dump, err error) {
	dir := filepath.Dir(o.out)
	f, err := os.CreateTemp(dir, ".culprit-dump-*") // its owner alone may read it
	if err != nil {
		return d, &hintError{fmt.Errorf("writing %s: %w", o.out, err), "the folder must exist and be writable"}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	spool := o.reading.tmp
	if spool == "" {
		spool = dir
	}
	bar := newProgress(w)
	bar.Stage("dumping")
	d, err = t.Dump(ctx, buildinfo.Tool(), f, inspection.Copying{Root: "/proc", Spool: spool, Self: os.Getpid(), FS: proc.Host(), Now: time.Now})
	bar.done()
	info, serr := f.Stat()
	if err = errors.Join(err, serr, f.Close()); err != nil {
		return d, err
	}
	d.File, d.FileBytes = o.out, culprit.Bytes(info.Size())
	if err := os.Rename(f.Name(), o.out); err != nil {
		return d, fmt.Errorf("writing %s: %w", o.out, err)
	}
	return d, nil
}
