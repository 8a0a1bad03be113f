package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/boottree"
	"culprit/internal/buildinfo"
	"culprit/internal/present/boot"
	"culprit/internal/present/bootpage"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/source/rubyboot"
)

// ExitOverBudget is the exit code of a boot that has grown beyond its budget.
const ExitOverBudget = 10

// bootOptions are the flags of boot as typed.
type bootOptions struct {
	incidentFlags
	html                     string
	env, ruby                string
	groups, require          []string
	app, keepGoing           bool
	runs                     int
	timeout                  time.Duration
	cutOff                   string
	json, noColor            bool
	baseline, budget         string
	allowConnect, allowWrite []string
	mode                     string
	cutOffBytes, budgetBytes culprit.Bytes
	before                   *culprit.Boot
	interrupted              error // what ended a boot that is told all the same
}

func newBoot(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "boot",
		Short: "What booting the app costs, by require and gem",
		Long: `boot runs the app's own Ruby with a prelude that reads memory where each require
begins and ends. Nothing is added to the Gemfile. The boot can write nothing into
the app's folder and connect to nothing: the kernel holds it back.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(fmt.Errorf("no boot command is named %q", args[0]), "culprit boot mem, or culprit boot objects")
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newBootMode(w, "mem", "Memory of the process, by require and gem", `mem boots the app several times and says what each require added to the resident
memory of the process, by itself and with all that it requires. What several need
is charged to the first; the others are named. By default the gems of the bundle
are required as Bundler does; --app boots the whole app.`, `  culprit boot mem
  culprit boot mem --app --env production /srv/shop
  culprit boot mem --app --baseline main.json --budget 5MB`),
		newBootMode(w, "objects", "Objects on Ruby's heap, by gem, line and class", `objects boots the app twice a run and says how many objects each require made, and
which of them are left: by gem, file, line and class, compiled code included.`, `  culprit boot objects --app
  culprit boot objects --groups default,worker --json`),
	)
	return cmd
}

func newBootMode(w World, mode, short, long, example string) *cobra.Command {
	o := &bootOptions{mode: mode}
	cmd := &cobra.Command{
		Use: mode + " [flags] [DIR]", Short: short, Example: example,
		Long: long + `

Exit: 0 ran, 1 could not run, 2 bad usage, 10 over the --budget.`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), w, strings.Join(args, ""))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.app, "app", false, "boot the whole app, eager loaded: config/environment.rb, or config.ru")
	f.StringSliceVar(&o.groups, "groups", nil, "require these `GROUPS` of the Gemfile (default: default and the environment)")
	f.StringArrayVar(&o.require, "require", nil, "require `FILE` instead: a path, or a feature (repeatable)")
	f.StringVar(&o.env, "env", "", "`NAME` of the environment (default: RAILS_ENV, RACK_ENV or production)")
	f.StringVar(&o.ruby, "ruby", "", "`PATH` of the interpreter (default: ruby on PATH)")
	f.IntVar(&o.runs, "runs", 5, "boot `N` times and show the middle; 1 is quick and has no comparison with a plain boot")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "end a boot that takes longer")
	f.StringVar(&o.cutOff, "cut-off", "", "leave out requires below `SIZE` (default: 1 %, at least 300kB)")
	f.BoolVar(&o.json, "json", false, "print JSON (schema "+culprit.BootSchema+")")
	f.StringVar(&o.html, "html", "", "write a page with an icicle, a treemap and tables: `FILE` (- for standard output)")
	f.StringVar(&o.baseline, "baseline", "", "compare with the --json of an earlier boot in `FILE`")
	f.StringVar(&o.budget, "budget", "0", "how much larger than the baseline it may be: `SIZE`")
	f.StringArrayVar(&o.allowConnect, "allow-connect", nil, "let the boot connect to `HOST:PORT` (repeatable; any: to all)")
	f.StringArrayVar(&o.allowWrite, "allow-write", nil, "let the boot write below `DIR` (repeatable)")
	f.BoolVar(&o.keepGoing, "keep-going", false, "show what was loaded until the boot failed")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	o.register(cmd)
	return cmd
}

// check reads the flags before anything long begins.
func (o *bootOptions) check() error {
	err := o.incidentFlags.check()
	if err != nil {
		return err
	}
	if o.json && o.html == dash {
		return usage(errors.New("two reports want standard output"), "only one of --json and --html - at a time")
	}
	o.cutOffBytes = -1
	if o.cutOff != "" {
		if o.cutOffBytes, err = parseSize(o.cutOff); err != nil {
			return usage(fmt.Errorf("--cut-off: %w", err), "for example --cut-off 500kB")
		}
	}
	if o.budgetBytes, err = parseSize(o.budget); err != nil {
		return usage(fmt.Errorf("--budget: %w", err), "for example --budget 5MB")
	}
	switch {
	case o.runs < 1 || o.runs > 100:
		return usage(fmt.Errorf("--runs %d", o.runs), "between 1 and 100")
	case o.timeout <= 0:
		return usage(fmt.Errorf("--timeout %s", o.timeout), "for example --timeout 5m")
	case o.app && (len(o.require) > 0 || len(o.groups) > 0), len(o.require) > 0 && len(o.groups) > 0:
		return usage(errors.New("--app, --groups and --require are three ways to say what to boot"), "give one of them")
	case o.budgetBytes > 0 && o.baseline == "":
		return usage(errors.New("--budget needs --baseline"), "write one with culprit boot "+o.mode+" --json > baseline.json")
	case o.baseline == "":
		return nil
	}
	o.before, err = readBaseline(o.baseline, o.mode)
	return err
}

// readBaseline reads what boot --json wrote.
func readBaseline(path, mode string) (*culprit.Boot, error) {
	hint := "write one with culprit boot " + mode + " --json > baseline.json"
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &hintError{fmt.Errorf("--baseline: %w", err), hint}
	}
	var b culprit.Boot
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, &hintError{fmt.Errorf("--baseline %s: not the JSON of a boot: %w", path, err), hint}
	}
	if b.Schema != culprit.BootSchema {
		return nil, &hintError{fmt.Errorf("--baseline %s: its schema is %q, wanted %s", path, b.Schema, culprit.BootSchema), hint}
	}
	if b.Mode != mode {
		return nil, &hintError{fmt.Errorf("--baseline %s was made by boot %s, this is boot %s", path, b.Mode, mode), hint}
	}
	return &b, nil
}

func (o *bootOptions) run(ctx context.Context, w World, dir string) error {
	if err := o.check(); err != nil {
		return err
	}
	b, err := o.measure(ctx, w, dir)
	if err != nil {
		return err
	}
	b.Tool = buildinfo.Tool()
	if o.before != nil {
		b.Budget = boottree.Compare(b, *o.before, o.baseline, o.budgetBytes)
		b.Warnings = append(b.Warnings, unlike(b, *o.before)...)
	}
	if b.Circumstances, err = o.weigh(w, "boot", bootCharges(b)); err != nil {
		return err
	}
	if err := o.write(w, b); err != nil {
		return err
	}
	switch {
	case o.interrupted != nil:
		return o.interrupted
	case b.Budget != nil && b.Budget.Exceeded:
		return &exitError{ExitOverBudget, fmt.Errorf("the boot grew by %s since %s; allowed are %s",
			style.Bytes(b.Budget.GrewBytes), o.baseline, style.Bytes(o.budgetBytes))}
	}
	return nil
}

// unlike says what makes two boots hard to compare.
func unlike(now, before culprit.Boot) []string {
	var list []string
	for _, d := range []struct{ what, now, before string }{
		{"Ruby", now.Ruby, before.Ruby}, {"environment", now.Env, before.Env}, {"what was loaded", now.Entry, before.Entry},
	} {
		if d.now != d.before {
			list = append(list, fmt.Sprintf("the baseline differs in %s: %s, now %s", d.what, d.before, d.now))
		}
	}
	return list
}

// measure boots the app as often as it takes.
func (o *bootOptions) measure(ctx context.Context, w World, dir string) (b culprit.Boot, err error) {
	s, err := rubyboot.Open(rubyboot.Config{
		Dir: dir, Ruby: o.ruby, Env: o.env, Groups: o.groups, Require: o.require, App: o.app,
		Timeout: o.timeout, AllowConnect: o.allowConnect, AllowWrite: o.allowWrite,
	})
	if err != nil {
		return b, err
	}
	defer func() {
		if cerr := s.Close(); err == nil && cerr != nil {
			err = cerr
		}
	}()
	bar := newBootProgress(w, o.boots())
	defer bar.done()
	first, err := o.once(ctx, s, bar, o.runs == 1)
	if o.runs == 1 || err != nil {
		if err != nil && o.keepGoing && ctx.Err() == nil && len(first.Tree) > 0 {
			why, _, _ := strings.Cut(err.Error(), "; hint: ")
			first.Warnings = append(first.Warnings, "this is what was loaded until the boot failed: "+why)
			o.interrupted, err = err, nil
		}
		return first, err
	}
	// The first boot has brought every file into the page cache, which the kernel
	// maps ahead from: it is like no other and does not count.
	var boots []culprit.Boot
	var plain []int64
	for i := range o.runs {
		b, err := o.once(ctx, s, bar, i == o.runs-1)
		if err != nil {
			return b, fmt.Errorf("boot %d, after others that went well: %w", i+2, err)
		}
		boots = append(boots, b)
		if i < mostPlain {
			rec, err := bar.boot(ctx, s, rubyboot.Plain, false)
			if err != nil {
				return b, fmt.Errorf("a boot without measuring: %w", err)
			}
			plain = append(plain, rec.TimeNS)
		}
	}
	b = boottree.Median(boots)
	boottree.Against(&b, plain)
	return b, nil
}

// mostPlain is how many boots are made without measuring.
const mostPlain = 3

// boots is how many boots there will be, for the progress.
func (o *bootOptions) boots() int {
	each := 1
	if o.mode == "objects" {
		each = 2
	}
	if o.runs == 1 {
		return each
	}
	return each*(o.runs+1) + min(o.runs, mostPlain)
}

// once makes one run: a boot, or two of them where objects are counted.
func (o *bootOptions) once(ctx context.Context, s *rubyboot.Session, bar *bootProgress, fork bool) (culprit.Boot, error) {
	if o.mode == "mem" {
		rec, err := bar.boot(ctx, s, rubyboot.Mem, fork)
		return boottree.Mem(rec), err
	}
	allocated, err := bar.boot(ctx, s, rubyboot.Allocated, false)
	if err != nil {
		return boottree.Objects(allocated, culprit.BootRecording{}), err
	}
	retained, err := bar.boot(ctx, s, rubyboot.Retained, false)
	return boottree.Objects(allocated, retained), err
}

// write prints the boot as it was asked for.
func (o *bootOptions) write(w World, b culprit.Boot) error {
	if o.html != "" {
		if err := w.create(o.html, func(out io.Writer) error { return bootpage.Write(out, b) }); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return boot.JSON(w.Stdout, b)
	case o.html == dash:
		return nil
	case o.html != "":
		defer fmt.Fprintf(w.Stderr, "page: %s\n", fileURL(o.html))
	}
	onTerminal, width := terminal(w.Stdout)
	return boot.Write(w.Stdout, b, boot.Options{
		Options: sheet.Options{Width: width, Color: !o.noColor && style.Colour(w.Env, onTerminal), Plain: style.Plain(w.Env)},
		CutOff:  o.cutOffBytes,
	})
}
