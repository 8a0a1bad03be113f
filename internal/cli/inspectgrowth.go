package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"culprit/internal/buildinfo"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
	"culprit/internal/source/proc"
)

type growthOptions struct {
	inspectOptions
	length time.Duration
	period int
	files  flameFiles
}

// growthTicks is how often a second faults are fetched: code that was freed meanwhile has
// no name any more.
const growthTicks = 20

func newInspectGrowth(w World) *cobra.Command {
	o := &growthOptions{}
	cmd := &cobra.Command{
		Use:   "growth [flags] PID",
		Short: "Which lines of Ruby make a process larger",
		Long: `growth watches the page faults of a live Ruby: when it touches memory that it did not have,
the kernel looks which lines of Ruby it is in. One fault of --period is looked at. At the
end those count whose pages are new and still there, so memory that was given back meanwhile
is nobody's growth. The process goes on, and nothing is loaded into it. Ctrl-C ends earlier.

It takes Linux 5.8 or later, and root or CAP_BPF with CAP_PERFMON; most containers refuse
it. culprit inspect record does without.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect growth 4101
  culprit inspect growth 4101 --for 5m --speedscope growth.json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (schema "+livefacts.GrowthSchema+")")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	cmd.Flags().BoolVar(&o.all, "all", false, "print all lines")
	cmd.Flags().DurationVar(&o.length, "for", 30*time.Second, "watch for this long")
	cmd.Flags().IntVar(&o.period, "period", 64, "look at one fault of this many, 1 to 4096")
	o.files.flags(cmd, "")
	return cmd
}

func (o *growthOptions) run(ctx context.Context, w World, args []string) error {
	if o.period < 1 || o.period > 4096 {
		return usage(fmt.Errorf("a period of %d", o.period), "1 to 4096 faults")
	}
	if o.length <= 0 {
		return usage(fmt.Errorf("%v is no time", o.length), "--for takes 30s or 5m")
	}
	if err := o.files.check(); err != nil {
		return err
	}
	return o.with(args, func(t *inspection.Target) error { return o.watch(ctx, w, t) })
}

// watch watches for a while, and writes what was seen.
func (o *growthOptions) watch(ctx context.Context, w World, t *inspection.Target) (err error) {
	g, err := inspection.NewGrowth(t, inspection.Watching{Tool: buildinfo.Tool(), Period: o.period, FS: proc.Host(), Open: inspection.HostFaults}, time.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, o.length)
	defer cancel()
	tick := time.NewTicker(time.Second / growthTicks)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := g.Tick(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	d, tree, err := g.End(time.Now())
	if err != nil {
		return err
	}
	if err := o.files.write(w, tree); err != nil {
		return err
	}
	if o.json {
		return inspect.JSON(w.Stdout, d)
	}
	return inspect.Growth(w.Stdout, d, o.all, w.sheet(o.noColor))
}
