package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/source/takedump"
)

type heapTakeOptions struct {
	run, force, noColor bool
	out                 string
	patience            time.Duration
}

func newHeapTake(w World) *cobra.Command {
	o := &heapTakeOptions{}
	cmd := &cobra.Command{
		Use:   "take [flags] PID",
		Short: "The least harmful way to take a dump of a process",
		Long: `take looks at a process from outside and prints how to get a dump of its heap with the
least harm, in lines to paste. With --run it takes the dump, where the process
offers a way that cannot hurt it: it has loaded rbtrace, or the initializer that
take prints. The dump is written by a fork, so that the process serves on.

A dump holds what the process works with, secrets too: it is readable by its owner
only, and culprit heap redact makes one that may be given away.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit heap take 4101
  culprit heap take --run -o before.json 4101`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.take(cmd.Context(), w, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.run, "run", false, "take the dump now")
	f.StringVarP(&o.out, "output", "o", "", "write the dump to `FILE` (heap-PID.json)")
	f.BoolVar(&o.force, "force", false, "overwrite FILE, and do not ask for room on the disk")
	f.DurationVar(&o.patience, "patience", time.Minute, "wait so long for the dump to begin, or to go on")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	return cmd
}

func (o *heapTakeOptions) take(ctx context.Context, w World, arg string) error {
	pid, err := strconv.Atoi(arg)
	if err != nil || pid <= 0 {
		return usage(fmt.Errorf("%q is no pid", arg), "ps -C ruby -o pid,rss,args lists Rubies; of a Puma cluster take a worker")
	}
	t, err := takedump.Look("/proc", pid)
	if err != nil {
		return err
	}
	if !t.Ruby {
		return &hintError{fmt.Errorf("pid %d is no Ruby: no libruby is mapped", pid), "of a Puma cluster take a worker, not the shell that started it"}
	}
	t.RbtraceHere, _ = exec.LookPath("rbtrace") // "" when it is not there
	if !o.run {
		return o.advise(w, t)
	}
	if o.out == "" {
		o.out = "heap-" + arg + ".json"
	}
	if err := o.mayRun(t); err != nil {
		return err
	}
	bar := newProgress(w)
	bar.Stage("dumping " + arg)
	err = t.Take(ctx, takedump.Options{Out: o.out, Progress: bar.Read, Patience: o.patience})
	bar.done()
	if errors.Is(err, takedump.ErrCannot) {
		return &hintError{fmt.Errorf("pid %d: %w", pid, err), "culprit heap take " + arg + " prints what it needs"}
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(o.out)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, "%s, %s\n", o.out, style.Bytes(culprit.Bytes(info.Size())))
	fmt.Fprintln(w.Stderr, "note: it holds what the process works with; culprit heap redact makes one that may be given away")
	return nil
}

// mayRun refuses what would overwrite a file or fill the disk.
func (o *heapTakeOptions) mayRun(t takedump.Target) error {
	if o.force {
		return nil
	}
	if _, err := os.Lstat(o.out); err == nil {
		return &hintError{fmt.Errorf("%s is there already", o.out), "--force overwrites it"}
	}
	if room := t.Room(); t.Free != culprit.Unknown && room != culprit.Unknown && t.Free < room {
		return &hintError{
			fmt.Errorf("%s is free in %s, and a dump of %s may take %s", style.Bytes(t.Free), t.Dumps, style.Bytes(t.RSS), style.Bytes(room)),
			"set CULPRIT_DUMP_DIR to a folder with room, or try anyway with --force",
		}
	}
	return nil
}

func (o *heapTakeOptions) advise(w World, t takedump.Target) error {
	p := sheet.New(w.sheet(o.noColor))
	pid := strconv.Itoa(t.PID)
	size := "its memory is not told"
	if t.RSS != culprit.Unknown {
		size = style.Bytes(t.RSS) + " of memory, " + strconv.Itoa(t.Threads) + " threads; a dump may take up to " + style.Bytes(t.Room())
	}
	p.Para("PID "+pid+"  ", p.Paint.Bold, "in "+style.Clean(t.Folder)+": "+size, 2, 0)
	p.Blank()
	switch {
	case t.Listens:
		p.Para("", sheet.None, "It has culprit's initializer loaded: it dumps from a fork and serves on meanwhile.", 0, 0)
		p.Command("", []string{"culprit heap take --run -o heap.json " + pid})
	case t.Rbtrace && t.RbtraceHere != "":
		p.Para("", sheet.None, "It has rbtrace loaded: rbtrace can have it dump from a fork.", 0, 0)
		p.Command("", []string{"culprit heap take --run -o heap.json " + pid})
	case t.Rbtrace:
		p.Para("", sheet.None, "It has rbtrace loaded, and there is no rbtrace command here. Where there is one:", 0, 0)
		p.Command("", []string{"rbtrace -p " + pid + " -e '" + takedump.Code("/tmp/heap-"+pid+".json") + "'"})
	case t.Rdbg != "":
		p.Para("", sheet.None, "It has a debugger open. It stops the process while you are in it, so be quick; type the line after the first:", 0, 0)
		p.Command("", []string{"rdbg --attach " + style.Clean(t.Rdbg), takedump.Code("/tmp/heap-" + pid + ".json"), "continue"})
	default:
		p.Para("", sheet.None, "It has nothing loaded that could be asked. Nothing is done to it: a signal that it does not expect would end it. For the next time, add this file and restart:", 0, 0)
	}
	if !t.Listens {
		if t.Rbtrace || t.Rdbg != "" {
			p.Blank()
			p.Para("", sheet.None, "For the next time, without either:", 0, 0)
		}
		p.Blank()
		p.Command("", strings.Split(strings.TrimSuffix(takedump.Snippet, "\n"), "\n"))
	}
	p.Blank()
	for _, note := range []string{
		"The fork shares memory with the process until one of them writes: leave room for what the process rewrites while the dump is written, a tenth of it or so.",
		"Places and ages of objects are known only if ObjectSpace.trace_object_allocations_start ran before they were made; it slows Ruby down.",
		"A Rails console is a process of its own: its heap is not this one's.",
		"A dump holds secrets; culprit heap redact takes texts out.",
	} {
		p.Para("- ", sheet.None, note, 2, 0)
	}
	_, err := p.WriteTo(w.Stdout)
	return err
}
