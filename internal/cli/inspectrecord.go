package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culprit/internal/buildinfo"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
	"culprit/internal/present/whole"
	"culprit/internal/recorder"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

type recordOptions struct {
	allPuma bool
	out     string
	length  time.Duration
	hertz   float64
	noColor bool
}

func newInspectRecord(w World) *cobra.Command {
	o := &recordOptions{}
	cmd := &cobra.Command{
		Use:   "record [flags] -o CASE PID...",
		Short: "Sit beside processes, and catch who grows them",
		Long: `record looks at the RSS of processes once a second. While one grows it reads its stacks,
10 times a second, and where its bytes go. What it has seen of each growth is printed, and
written into the folder CASE, which culprit investigate reads beside logs. It ends with
Ctrl-C, or after --for.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect record --all-puma -o tonight
  culprit investigate tonight log/production.log`,
		Args: usageArgs(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), w, args) },
	}
	cmd.Flags().BoolVar(&o.allPuma, "all-puma", false, "all workers of Puma on this machine, new ones too")
	cmd.Flags().StringVarP(&o.out, "output", "o", "", "`folder` for what is recorded; made when it is not there")
	cmd.Flags().DurationVar(&o.length, "for", 0, "end after this time; 0 for Ctrl-C")
	cmd.Flags().Float64Var(&o.hertz, "rate", 10, "stacks read a second while a process grows, 1 to 50")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	return cmd
}

// recording is a run of record.
type recording struct {
	*recordOptions
	w       World
	host    string
	watched map[int]*recorder.Watch
	wanted  []int
	refused map[int]bool
	tries   map[int]int // of processes whose heap was not found: it may be growing just then
	series  *csv.Writer
	count   int
}

func (o *recordOptions) run(ctx context.Context, w World, args []string) (err error) {
	r := &recording{recordOptions: o, w: w, watched: map[int]*recorder.Watch{}, refused: map[int]bool{}, tries: map[int]int{}}
	if o.out == "" {
		return usage(errors.New("no folder to record into"), "give one with -o")
	}
	if o.hertz < 1 || o.hertz > 50 {
		return usage(fmt.Errorf("a rate of %v", o.hertz), "1 to 50 a second")
	}
	if r.wanted, err = pids(args); err != nil {
		return err
	}
	if len(r.wanted) == 0 && !o.allPuma {
		return usage(errors.New("no pid"), "give some, or --all-puma")
	}
	if r.host, err = os.Hostname(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(o.out, "memory.csv"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if at, serr := f.Seek(0, 2); serr == nil && at == 0 {
		if _, err := f.WriteString("time,host,pid,bytes\n"); err != nil {
			return err
		}
	}
	r.series = csv.NewWriter(f)
	return r.loop(ctx)
}

func pids(args []string) (list []int, err error) {
	for _, a := range args {
		pid, err := strconv.Atoi(a)
		if err != nil || pid <= 0 {
			return nil, usage(fmt.Errorf("%q is no pid", a), "ps -C ruby -o pid,rss,args lists Rubies; of a Puma cluster take a worker")
		}
		list = append(list, pid)
	}
	return list, nil
}

// loop watches until it is told to end.
func (r *recording) loop(ctx context.Context) error {
	if r.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.length)
		defer cancel()
	}
	defer func() {
		for _, w := range r.watched {
			_ = w.Close() // only read
		}
	}()
	if err := r.adopt(time.Now()); err != nil {
		return err
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	sample := time.NewTicker(time.Duration(float64(time.Second) / r.hertz))
	defer sample.Stop()
	for {
		samples := sample.C
		if !r.growing() {
			samples = nil // nothing to wake up for
		}
		select {
		case <-ctx.Done():
			return r.end(time.Now())
		case now := <-second.C:
			if err := r.second(now); err != nil {
				return err
			}
			if len(r.watched) == 0 && len(r.tries) == 0 && !r.allPuma {
				return nil // all have ended
			}
		case <-samples:
			for pid, w := range r.watched {
				if err := w.Sample(time.Now()); err != nil && !errors.Is(err, procmem.ErrGone) {
					r.say("pid %d: a sample failed: %v", pid, err)
				}
			}
		}
	}
}

// growing tells whether any process grows.
func (r *recording) growing() bool {
	for _, w := range r.watched {
		if w.Growing() {
			return true
		}
	}
	return false
}

// end tells what is not settled yet.
func (r *recording) end(now time.Time) error {
	for _, w := range r.watched {
		for _, d := range w.End(now) {
			if err := r.keep(d); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *recording) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.w.Stderr, "culprit: "+format+"\n", args...) // nobody to tell
}

// mostTries is how often a process is tried whose heap is not found, once a second: a
// server that boots moves it about for some.
const mostTries = 10

// adopt opens processes that are wanted and not watched yet. One that cannot be read is
// told once.
func (r *recording) adopt(now time.Time) error {
	wanted := r.wanted
	if r.allPuma {
		wanted = append(slices.Clip(wanted), servers(proc.Host())...)
	}
	for _, pid := range wanted {
		if r.watched[pid] != nil || r.refused[pid] {
			continue
		}
		w, err := recorder.Open(recorder.Watch{PID: pid, Host: r.host, Tool: buildinfo.Tool(), FS: proc.Host(), Root: "/proc"}, now)
		if err != nil {
			if r.tries[pid]++; errors.Is(err, rubymem.ErrNoHeap) && r.tries[pid] < mostTries {
				continue
			}
			if !r.allPuma {
				return err
			}
			r.refused[pid] = true
			delete(r.tries, pid)
			r.say("%v", err)
			continue
		}
		r.watched[pid] = w
		delete(r.tries, pid)
		r.say("watching pid %d", pid)
	}
	return nil
}

// servers lists the processes of Puma that serve requests.
func servers(fs proc.FS) (list []int) {
	all, err := fs.PIDs()
	if err != nil {
		return nil
	}
	masters := map[int]bool{}
	for _, pid := range all {
		args, err := fs.Cmdline(pid)
		if err != nil || len(args) == 0 || !strings.HasPrefix(args[0], "puma") {
			continue // it ended, or is another
		}
		if st, err := fs.Stat(pid); err == nil && strings.Contains(args[0], "cluster worker") {
			masters[st.PPID] = true
		}
		list = append(list, pid)
	}
	out := list[:0]
	for _, pid := range list {
		if !masters[pid] {
			out = append(out, pid)
		}
	}
	return out
}

// second looks at all once.
func (r *recording) second(now time.Time) error {
	if r.allPuma && now.Unix()%10 == 0 || len(r.tries) > 0 {
		if err := r.adopt(now); err != nil {
			return err
		}
	}
	for pid, w := range r.watched {
		done, err := w.Second(now)
		for _, d := range done {
			if err := r.keep(d); err != nil {
				return err
			}
		}
		if err != nil {
			r.say("pid %d is not watched any more: %v", pid, err)
			delete(r.watched, pid)
			r.refused[pid] = slices.Contains(r.wanted, pid) // another may get its number
			_ = w.Close()                                   // only read
			continue
		}
		last := w.Points()[len(w.Points())-1]
		row := []string{time.UnixMicro(last.At).UTC().Format("2006-01-02T15:04:05.000Z"), r.host, strconv.Itoa(pid), strconv.FormatInt(last.Mem, 10)}
		if err := r.series.Write(row); err != nil {
			return err
		}
	}
	r.series.Flush()
	return r.series.Error()
}

// keep writes an episode and tells it.
func (r *recording) keep(d livefacts.Episode) error {
	r.count++
	body, err := json.MarshalIndent(whole.Of(d), "", "  ")
	if err != nil {
		return err
	}
	name := fmt.Sprintf("episode-%s-%d.json", d.From.Format("20060102T150405Z"), d.PID)
	if err := os.WriteFile(filepath.Join(r.out, name), append(body, '\n'), 0o600); err != nil {
		return err
	}
	return inspect.Episode(r.w.Stdout, d, r.w.sheet(r.noColor))
}
