package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"culprit/internal/analysis/residence"
	"culprit/internal/buildinfo"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
	"culprit/internal/source/proc"
)

type inspectOptions struct {
	json, noColor, fibers, all bool
	core                       string
	logs                       []string
}

// flags gives a command of inspect the flags that all have.
func (o *inspectOptions) flags(cmd *cobra.Command, schema string) *cobra.Command {
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (schema "+schema+")")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	cmd.Flags().StringVar(&o.core, "core", "", "read a core `file` in place of a process")
	return cmd
}

func newInspect(w World) *cobra.Command {
	o := &inspectOptions{}
	cmd := o.flags(&cobra.Command{
		Use:   "inspect [flags] PID",
		Short: "Inside a live Ruby, from outside",
		Long: `inspect reads the memory of a live Ruby from outside: nothing is loaded into it, nothing
is stopped, and no symbols are needed. It tells where the bytes are: Ruby objects, native
memory, what malloc keeps free, stacks, files; and what follows. It knows Ruby 2.7, 3.1,
3.3 and 3.4 on 64-bit Linux, and refuses any other by its name. It needs to be the same
user, or root.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect 4101
  culprit inspect --core core.4101`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.core == "" {
				return cmd.Help()
			}
			return o.run(w, args)
		},
	}, livefacts.InspectSchema)
	cmd.AddCommand(newInspectHeap(w), newInspectStacks(w), newInspectNative(w), newInspectLeaks(w), newInspectDump(w), newInspectGrowth(w), newInspectDiff(w), newInspectRecord(w))
	return cmd
}

// with opens what is looked at, and closes it.
func (o *inspectOptions) with(args []string, use func(*inspection.Target) error) (err error) {
	var t *inspection.Target
	switch {
	case o.core != "" && len(args) > 0:
		return usage(errors.New("a pid and a core file"), "give one of them")
	case o.core != "":
		t, err = inspection.Core(o.core)
	case len(args) == 0:
		return usage(errors.New("no pid"), "ps -C ruby -o pid,rss,args lists Rubies; of a Puma cluster take a worker")
	default:
		pid, perr := strconv.Atoi(args[0])
		if perr != nil || pid <= 0 {
			return usage(fmt.Errorf("%q is no pid", args[0]), "ps -C ruby -o pid,rss,args lists Rubies; of a Puma cluster take a worker")
		}
		t, err = inspection.Live("/proc", pid)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	return use(t)
}

func (o *inspectOptions) run(w World, args []string) error {
	return o.with(args, func(t *inspection.Target) error {
		d, err := t.Inspect(buildinfo.Tool(), proc.Host())
		if err != nil {
			return err
		}
		if d.Libraries, err = t.Libraries(); err != nil {
			d.Warnings = append(d.Warnings, "libraries: "+err.Error())
		}
		d.Advice = residence.Advice(d)
		if o.json {
			return inspect.JSON(w.Stdout, d)
		}
		return inspect.Screen(w.Stdout, d, w.sheet(o.noColor))
	})
}

func newInspectHeap(w World) *cobra.Command {
	o, values := &inspectOptions{}, false
	cmd := o.flags(&cobra.Command{
		Use:   "heap [flags] PID",
		Short: "The objects of a live Ruby by class and by type",
		Long: `heap counts the objects of a live Ruby by type, as ObjectSpace.count_objects would from
inside, and by class, with the library for data of C extensions. If the program runs
ObjectSpace.trace_object_allocations_start, they are counted by where and when they were
made too. The largest strings are listed; how they begin is told with --values only, as
that may be a secret. The process goes on meanwhile.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect heap 4101`,
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return o.with(args, func(t *inspection.Target) error {
				h, err := t.HeapClosely(buildinfo.Tool(), values)
				if err != nil {
					return err
				}
				if o.json {
					return inspect.JSON(w.Stdout, h)
				}
				return inspect.Heap(w.Stdout, h, w.sheet(o.noColor))
			})
		},
	}, livefacts.HeapSchema)
	cmd.Flags().BoolVar(&values, "values", false, "tell how the largest strings begin")
	return cmd
}

func newInspectStacks(w World) *cobra.Command {
	o, sampled := &inspectOptions{}, &sampleOptions{}
	cmd := o.flags(&cobra.Command{
		Use:   "stacks [flags] PID",
		Short: "What each thread of a live Ruby is in",
		Long: `stacks reads the backtraces of all threads of a live Ruby, as Thread#backtrace would from
inside, with the action or job that each is in. The process goes on meanwhile; a stack
that changes while it is read is left out, and said so. With --record they are read many
times, and written as folded stacks, or for speedscope and go tool pprof.

With --log the end of a log is read for requests that have begun and not ended, and each
is given to the thread that is in its action: it tells the path, and since when.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect stacks 4101
  culprit inspect stacks 4101 --log log/production.log
  culprit inspect stacks 4101 --record 30s --speedscope stacks.json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(args, func(t *inspection.Target) error {
				if sampled.length > 0 {
					return sampled.record(cmd.Context(), w, t)
				}
				s, err := t.Stacks(buildinfo.Tool(), o.fibers)
				if err != nil {
					return err
				}
				open, warnings, err := openRequests(cmd.Context(), o.logs, t.PID)
				if err != nil {
					return err
				}
				s.Warnings = append(s.Warnings, warnings...)
				inspection.Serve(&s, open)
				if o.json {
					return inspect.JSON(w.Stdout, s)
				}
				return inspect.Stacks(w.Stdout, s, o.all, w.sheet(o.noColor))
			})
		},
	}, livefacts.StacksSchema)
	cmd.Flags().StringArrayVar(&o.logs, "log", nil, "log of the app, to tell which request each thread serves; repeatable")
	cmd.Flags().BoolVar(&o.fibers, "fibers", false, "fibers that wait, too")
	cmd.Flags().BoolVar(&o.all, "all", false, "print all frames")
	cmd.Flags().DurationVar(&sampled.length, "record", 0, "read the stacks for this long: 30s")
	cmd.Flags().Float64Var(&sampled.hertz, "rate", 20, "with --record: times a second, 1 to 200")
	cmd.Flags().BoolVar(&sampled.running, "running", false, "with --record: only the thread that has Ruby's lock")
	sampled.files.flags(cmd, "with --record: ")
	return cmd
}
