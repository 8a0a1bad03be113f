package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/buildinfo"
	"culprit/internal/present/inspect"
	"culprit/internal/source/rubymem"
)

type inspectOptions struct{ json, noColor bool }

func newInspect(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Inside a live Ruby, from outside",
		Long: `inspect reads the memory of a live Ruby from outside: nothing is loaded into it, nothing
is stopped, and no symbols are needed. It knows Ruby 2.7, 3.1, 3.3 and 3.4 on 64-bit
Linux, and refuses any other by its name. It needs to be the same user, or root.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInspectHeap(w))
	return cmd
}

func newInspectHeap(w World) *cobra.Command {
	o := &inspectOptions{}
	cmd := &cobra.Command{
		Use:   "heap [flags] PID",
		Short: "How many objects of which type a live Ruby holds",
		Long: `heap counts the objects of a live Ruby by type, as ObjectSpace.count_objects would from
inside, and the slots that are kept free. The process goes on meanwhile.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect heap 4101`,
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, args []string) error { return o.heap(w, args[0]) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (schema "+inspect.HeapSchema+")")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	return cmd
}

// tries is how often a heap that moves under the hand is looked for.
const tries = 3

func (o *inspectOptions) heap(w World, arg string) error {
	pid, err := strconv.Atoi(arg)
	if err != nil || pid <= 0 {
		return usage(fmt.Errorf("%q is no pid", arg), "ps -C ruby -o pid,rss,args lists Rubies; of a Puma cluster take a worker")
	}
	var p *rubymem.Process
	var c rubymem.Census
	for range tries {
		if p, err = rubymem.Open("/proc", pid); err != nil {
			return err
		}
		c, err = p.Census()
		if err = errors.Join(err, p.Close()); err == nil || !errors.Is(err, rubymem.ErrNoHeap) {
			break
		}
	}
	if err != nil {
		return err
	}
	out := inspect.Heap{
		Schema: inspect.HeapSchema, Tool: buildinfo.Tool(), PID: pid, Ruby: inspect.Ruby{Version: p.Version, Engine: "ruby"},
		Objects: c.Objects, Slots: c.Slots, Pages: c.Pages, Bytes: culprit.Bytes(c.Bytes), ByType: c.ByType, Quality: "exact",
	}
	if c.Unread > 0 {
		out.Quality = "estimated"
		out.Warnings = append(out.Warnings, fmt.Sprintf("%d of %d pages changed while they were read and are not counted", c.Unread, c.Pages+c.Unread))
	}
	if o.json {
		return inspect.JSON(w.Stdout, out)
	}
	return inspect.Write(w.Stdout, out, w.sheet(o.noColor))
}
