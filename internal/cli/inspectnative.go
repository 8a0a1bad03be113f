package cli

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"culprit/internal/buildinfo"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
	"culprit/internal/source/proc"
)

func newInspectNative(w World) *cobra.Command {
	o := &inspectOptions{}
	return o.flags(&cobra.Command{
		Use:   "native [flags] PID",
		Short: "The native heap: arenas, chunks, what malloc_trim gives back",
		Long: `native walks the heap of glibc's malloc from outside: its arenas, what of them is in use and
free, what malloc_trim would give back, and the chunks in use by size. Two of them, some
minutes apart, show which size grows. Other allocators are refused by their names.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect native 4101`,
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return o.with(args, func(t *inspection.Target) error {
				n, err := t.Native(buildinfo.Tool())
				if err != nil {
					return err
				}
				if o.json {
					return inspect.JSON(w.Stdout, n)
				}
				return inspect.Native(w.Stdout, n, w.sheet(o.noColor))
			})
		},
	}, livefacts.NativeSchema)
}

func newInspectLeaks(w World) *cobra.Command {
	o := &inspectOptions{}
	return o.flags(&cobra.Command{
		Use:   "leaks [flags] PID",
		Short: "Native blocks that nothing points to any more",
		Long: `leaks stops a process for the moment that a copy of its memory takes, and looks in the copy
for blocks of malloc that no pointer reaches: from variables, stacks, registers, Ruby's
heap, and blocks that are reached. What it finds nobody can free any more. A cache that
grows is reached, and is not found: inspect native shows its size of chunk.

The process goes on even if this command is killed. It takes as much memory as the process
has, or room in the folder for temporary files. Needs to be the same user, or root.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect leaks 4101`,
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return o.with(args, func(t *inspection.Target) error {
				d, err := t.Leaks(buildinfo.Tool(), inspection.Copying{Root: "/proc", Spool: os.TempDir(), Self: os.Getpid(), FS: proc.Host(), Now: time.Now})
				if err != nil {
					return err
				}
				if o.json {
					return inspect.JSON(w.Stdout, d)
				}
				return inspect.Leaks(w.Stdout, d, w.sheet(o.noColor))
			})
		},
	}, livefacts.LeaksSchema)
}
