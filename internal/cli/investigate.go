package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/buildinfo"
	"culprit/internal/gemcheck"
	"culprit/internal/gemcheck/checks"
	"culprit/internal/ingest"
	"culprit/internal/source/input"
	"culprit/internal/verdict"
)

// options are the flags of investigate as typed.
type options struct {
	formats             []string
	hostFrom            string
	from, to, tz        string
	suspects            []string
	deploys, crontab    string
	app                 string
	influx, prometheus  []string
	json, full          bool
	html, markdown      string
	exitCode            bool
	anonymize, showVals bool
	noColor             bool
	seed                uint64
	more                string // command for --full, for the last line
}

func newInvestigate(w World) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "investigate [flags] PATH...",
		Short: "From logs and memory series on disk to a verdict",
		Long: `investigate reads logs and memory series (files, folders, globs, "-" for
standard input; plain, .gz, .zst, .bz2, .xz) and says who made memory grow, how
many bytes a call, how sure that is, who is acquitted and why, and what the data
cannot tell. Formats are recognised by content; "culprit formats" lists them.

Heap dumps of one process (ObjectSpace.dump_all) may stand among them, one to three
in the order in which they were taken: they confirm or contradict the verdict.

Exit: 0 ran, 1 could not run, 2 bad usage. With --exit-code: 10 a culprit is
named, 11 abstained or suspected only, 0 healthy.`,
		Example: `  culprit investigate web1.production.log.gz web2.production.log.gz procstat.lp
  culprit investigate --html report.html --tz Europe/Paris /var/log/app/
  culprit investigate --suspect export --json logs/ memory.csv > report.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return investigate(cmd.Context(), w, o, args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.formats, "format", nil, "read PATH as format NAME (`PATH=NAME`, repeatable)")
	f.StringVar(&o.hostFrom, "host-from", "", "find the host in a path with `REGEXP`, first group or all")
	f.StringVar(&o.from, "from", "", "look at this `TIME` and later")
	f.StringVar(&o.to, "to", "", "look at this `TIME` and earlier")
	f.StringVar(&o.tz, "tz", "", "time `ZONE` of stamps that carry none (default UTC)")
	f.StringArrayVar(&o.suspects, "suspect", nil, "always report on `NAME`: endpoint, path, job or a word (repeatable)")
	f.StringVar(&o.deploys, "deploys", "", "`FILE` of deploys, a line each: time text")
	f.StringVar(&o.crontab, "crontab", "", "`FILE` of cron entries")
	f.StringVar(&o.app, "app", "", "hold the app in `DIR` against the verdict: gems, settings, code")
	f.StringArrayVar(&o.influx, "influx", nil, "pull memory from InfluxDB at `URL` (repeatable)")
	f.StringArrayVar(&o.prometheus, "prometheus", nil, "pull memory from Prometheus at `URL` (repeatable)")
	f.BoolVar(&o.json, "json", false, "print the report as JSON (schema "+culprit.Schema+")")
	f.StringVar(&o.html, "html", "", "write the report as one HTML `FILE` (- for standard output)")
	f.StringVar(&o.markdown, "markdown", "", "write the report as Markdown `FILE` for a ticket (- for standard output)")
	f.BoolVar(&o.full, "full", false, "print everything, not only the first screen")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with the verdict: 10 named, 11 abstained or suspected, 0 healthy")
	f.BoolVar(&o.anonymize, "anonymize", true, "hide ids, free text, users, addresses and e-mails")
	f.BoolVar(&o.showVals, "show-values", false, "show values of parameters, users and addresses")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the permutations")
	_ = f.MarkHidden("seed")
	return cmd
}

func investigate(ctx context.Context, w World, o *options, args []string) error {
	if len(args) == 0 {
		return usage(errors.New("no input given"), "give logs and memory series: culprit investigate PATH...")
	}
	opt, err := o.resolve()
	if err != nil {
		return err
	}
	o.more = more(args)
	files, problems := input.Expand(args)
	if len(files) == 0 {
		return nothing(problems)
	}
	if opt.Formats, err = formatsOf(o.formats, files); err != nil {
		return err
	}
	charges, err := o.appCharges(ctx)
	if err != nil {
		return err
	}
	files, dumps := apart(ctx, files)
	files, episodes, err := witnesses(ctx, files)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usage(errors.New("heap dumps alone: no log, no memory series"), "culprit heap looks into dumps; logs and memory say who asked for what they hold")
	}
	bar := newProgress(w)
	opt.Progress = bar
	docket, err := ingest.Build(ctx, files, problems, opt)
	bar.done()
	if err != nil {
		return err
	}
	defer func() { _ = docket.Close() }() // temporary files only
	if err := understood(docket); err != nil {
		return err
	}
	w.mentionUnused(docket.Inputs, args)
	r := judge(ctx, docket, o)
	if err := docket.Fault(); err != nil {
		return err
	}
	r.Report.Circumstances = verdict.Weigh(r.Report, charges)
	verdict.Witness(&r.Report, episodes, docket.Case)
	if err := o.hearDumps(ctx, w, dumps, &r.Report); err != nil {
		return err
	}
	if err := o.write(w, r); err != nil {
		return err
	}
	return o.exit(r.Report.Verdict.Outcome)
}

// appCharges reads the app of --app, before anything long begins: what its bundle
// and its settings are known for. A date on which a version came in is told
// beside it and never convicts.
func (o *options) appCharges(ctx context.Context) ([]verdict.Charge, error) {
	if o.app == "" {
		return nil, nil
	}
	docs, err := checks.Load()
	if err != nil {
		return nil, err
	}
	a, err := readApp(ctx, o.app, false)
	if err != nil {
		return nil, fmt.Errorf("--app: %w", err)
	}
	return gemCharges(gemcheck.Check(docs, a)), nil
}

// more is the command that shows everything, cut where it would not fit a line.
func more(args []string) string {
	s := "culprit investigate --full"
	for i, a := range args {
		if len(s)+len(a) > 64 && i < len(args) {
			return s + " ..."
		}
		s += " " + a
	}
	return s
}

func (o *options) resolve() (ingest.Options, error) {
	opt := ingest.Options{Deploys: o.deploys, Crontab: o.crontab, Influx: o.influx, Prometheus: o.prometheus}
	var err error
	if o.tz != "" {
		if opt.Location, err = time.LoadLocation(o.tz); err != nil {
			return opt, usage(fmt.Errorf("--tz %s: %w", o.tz, err), "use a name like Europe/Paris or UTC")
		}
	}
	if opt.From, err = parseTime(o.from, opt.Location); err != nil {
		return opt, usage(fmt.Errorf("--from: %w", err), "write it as 2006-01-02T15:04:05Z or 2006-01-02 15:04")
	}
	if opt.To, err = parseTime(o.to, opt.Location); err != nil {
		return opt, usage(fmt.Errorf("--to: %w", err), "write it as 2006-01-02T15:04:05Z or 2006-01-02 15:04")
	}
	if !opt.To.IsZero() && opt.To.Before(opt.From) {
		return opt, usage(fmt.Errorf("--to %s is before --from %s", o.to, o.from), "swap them")
	}
	prints := 0
	for _, on := range []bool{o.json, o.html == dash, o.markdown == dash} {
		if on {
			prints++
		}
	}
	if prints > 1 {
		return opt, usage(errors.New("two reports want standard output"), "only one of --json, --html - and --markdown - at a time")
	}
	if o.hostFrom != "" {
		if opt.HostFrom, err = regexp.Compile(o.hostFrom); err != nil {
			return opt, usage(fmt.Errorf("--host-from: %w", err), `for example --host-from '(web\d+)'`)
		}
	}
	return opt, nil
}

func parseTime(s string, loc *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if loc == nil {
		loc = time.UTC
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

// formatsOf maps --format PATH=NAME to the files it was meant for.
func formatsOf(specs []string, files []input.File) (map[string]string, error) {
	m := map[string]string{}
	for _, s := range specs {
		i := strings.LastIndexByte(s, '=')
		if i <= 0 || i == len(s)-1 {
			return nil, usage(fmt.Errorf("--format %q is not PATH=NAME", s), "for example --format app.log=rails")
		}
		path, name := s[:i], s[i+1:]
		if !knownFormat(name) {
			return nil, usage(fmt.Errorf("--format %s: no format is named %q", path, name), "culprit formats lists them")
		}
		hit := false
		for _, f := range files {
			if f.Path == path || f.Name == path || strings.HasSuffix(f.Path, "/"+path) {
				m[f.Path] = name
				hit = true
			}
		}
		if !hit {
			return nil, usage(fmt.Errorf("--format %s: no such input", path), "PATH must be one of the inputs")
		}
	}
	return m, nil
}

func nothing(problems []input.Problem) error {
	if len(problems) == 0 {
		return &hintError{errors.New("no files found"), "give logs and memory series, or folders that hold them"}
	}
	var lines []string
	hint := ""
	for _, p := range problems {
		lines = append(lines, p.Path+": "+p.Err.Error())
		if hint == "" {
			hint = p.Hint
		}
	}
	if hint == "" {
		hint = "check the paths"
	}
	return &hintError{errors.New(strings.Join(lines, "; ")), hint}
}

// understood fails when not one input could be used.
func understood(d *ingest.Docket) error {
	var lines []string
	for _, in := range d.Inputs {
		if in.Understood > 0 {
			return nil
		}
		lines = append(lines, in.Path+": "+strings.Join(in.Warnings, ", "))
	}
	const most = 5
	if n := len(lines); n > most {
		lines = append(lines[:most], fmt.Sprintf("and %d more", n-most))
	}
	text, hint, _ := strings.Cut(strings.Join(lines, "\n  "), "; hint: ")
	if hint == "" {
		hint = "culprit formats lists what can be read"
	}
	return &hintError{fmt.Errorf("nothing to investigate\n  %s", text), strings.SplitN(hint, "\n", 2)[0]}
}

// mentionUnused tells of inputs that were named and did not count, in a run that
// goes on with the others. What else lay in a folder is told by --full only.
func (w World) mentionUnused(inputs []culprit.Input, named []string) {
	for _, in := range inputs {
		if in.Understood > 0 || !slices.Contains(named, in.Path) {
			continue
		}
		why := "not understood"
		if len(in.Warnings) > 0 {
			why = in.Warnings[0]
		}
		complain(w.Stderr, fmt.Errorf("%s is not used: %s", in.Path, why))
	}
}

// judge hands the case to the court and completes the report with examples and
// the picture.
func judge(ctx context.Context, d *ingest.Docket, o *options) *verdict.Ruling {
	var told []verdict.Told
	for _, t := range d.Told {
		told = append(told, verdict.Told(t))
	}
	r := verdict.Judge(d.Case, verdict.Facts{
		Coverage: d.Coverage, Inputs: d.Inputs, Warnings: d.Warnings, PlainRPC: d.PlainRPC,
		Enqueuers: d.Enqueuers, Streamers: d.Streamers, Requested: o.suspects, Told: told, Seed: o.seed,
		ShowValues: o.showVals || !o.anonymize,
	})
	r.Report.Tool = buildinfo.Tool()
	addExamples(ctx, d, r)
	if !o.showVals && o.anonymize {
		anonymize(&r.Report)
	}
	return r
}

func (o *options) exit(out culprit.Outcome) error {
	if !o.exitCode {
		return nil
	}
	switch out {
	case culprit.OutcomeCulprit:
		return &exitError{code: ExitNamed}
	case culprit.OutcomeHealthy:
		return nil
	}
	return &exitError{code: ExitAbstained}
}
