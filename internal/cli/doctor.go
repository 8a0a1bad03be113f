package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/buildinfo"
	"culprit/internal/present/doctor"
	"culprit/internal/source/proc"
	"culprit/internal/source/saved"
)

// doctorOptions are the flags of doctor as typed.
type doctorOptions struct {
	incidentFlags
	json, exitCode, noColor bool
	memory, app             string
	logs                    []string
}

func newDoctor(w World) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor [flags] [PID|DIR|REPORT]",
		Short: "What a process, an app or a report shows by itself",
		Long: `doctor goes through a decision table: what the memory is, what to change first,
what it would save, what would confirm it. It looks at a live process from outside
(/proc: mappings, environment, cgroup), at an app's folder, or at a report of
culprit investigate (JSON or HTML). Without an argument it looks for Puma.

It reads and changes nothing. A single look cannot prove a leak: what it cannot
tell, it says. For an app, and for logs given with --log, it also lists which facts
a verdict would lack, with the exact lines to add.

Exit: 0 ran, 1 could not run, 2 bad usage. With --exit-code: 10 there is something
to change, 0 there is not.`,
		Example: `  culprit doctor 4101
  culprit doctor --memory 8GB 4101
  culprit doctor app/ --log log/production.log
  culprit doctor report.json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), w, strings.Join(args, ""))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print the result as JSON (schema "+culprit.DoctorSchema+")")
	f.StringVar(&o.memory, "memory", "", "memory there is, `SIZE` as 8GB or 512MiB, instead of the limit found")
	f.StringVar(&o.app, "app", "", "the app's folder `DIR`, beside a PID or a report")
	f.StringArrayVar(&o.logs, "log", nil, "see which facts the calls of log `FILE` carry (repeatable)")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with the result: 10 something to change, 0 nothing")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	o.register(cmd)
	return cmd
}

func (o *doctorOptions) run(ctx context.Context, w World, arg string) error {
	if err := o.check(); err != nil {
		return err
	}
	s := diagnose.Subject{Memory: culprit.Unknown, Peak: culprit.Unknown}
	var err error
	if o.incident != "" {
		r, err := saved.Open(o.incident)
		if err != nil {
			return fmt.Errorf("--incident: %w", err)
		}
		if r.Coverage.Level == culprit.LevelProcess && r.Coverage.PeakBytes > 0 {
			s.Peak = r.Coverage.PeakBytes
		}
	}
	if o.memory != "" {
		if s.Memory, err = parseSize(o.memory); err != nil {
			return usage(fmt.Errorf("--memory: %w", err), "write it as 8GB or 512MiB")
		}
	}
	name, err := o.subject(ctx, w, arg, &s)
	if err != nil {
		return err
	}
	if o.app != "" {
		if s.App, err = readApp(ctx, o.app, true); err != nil {
			return fmt.Errorf("--app: %w", err)
		}
	}
	samples, warnings, err := sampleLogs(ctx, o.logs)
	if err != nil {
		return err
	}
	d := diagnose.Diagnose(s)
	d.Tool, d.Name, d.Readiness = buildinfo.Tool(), name, diagnose.Ready(s.App, samples)
	d.Warnings = append(d.Warnings, warnings...)
	if s.App != nil {
		d.Warnings = append(d.Warnings, s.App.Warnings...)
	}
	if d.Circumstances, err = o.weigh(w, "doctor", doctorCharges(d)); err != nil {
		return err
	}
	if o.json {
		err = doctor.JSON(w.Stdout, d)
	} else {
		err = doctor.Write(w.Stdout, d, w.sheet(o.noColor))
	}
	if err != nil || !o.exitCode {
		return err
	}
	for _, g := range d.Diagnoses {
		if g.Finding == "it" || g.Finding == "likely" {
			return &exitError{code: ExitNamed}
		}
	}
	return nil
}

// subject finds out what the argument is, reads it, and names it.
func (o *doctorOptions) subject(ctx context.Context, w World, arg string, s *diagnose.Subject) (string, error) {
	host := proc.Host()
	if arg == "" {
		if len(o.logs) > 0 || o.app != "" {
			return "the logs", nil
		}
		pid, err := onlyPuma(w, host)
		if err != nil {
			return "", err
		}
		arg = strconv.Itoa(pid)
	}
	info, err := os.Stat(arg)
	if pid, bad := strconv.Atoi(arg); bad == nil && pid > 0 {
		if err == nil {
			return "", usage(fmt.Errorf("%s is a number, and a file here", arg), "write ./"+arg+" for the file")
		}
		return o.process(host, pid, s)
	}
	if err != nil {
		return "", &hintError{err, "give a PID, an app's folder, or a report of culprit investigate"}
	}
	if info.IsDir() {
		s.App, err = readApp(ctx, arg, true)
		return arg, err
	}
	r, err := saved.Open(arg)
	if err != nil {
		if errors.Is(err, saved.ErrNotReport) {
			return "", &hintError{fmt.Errorf("%s is no report of culprit investigate", arg), "give a PID, an app's folder, or a report; for a log: culprit doctor --log " + arg}
		}
		return "", err
	}
	s.Report = &r
	return arg, nil
}

func (o *doctorOptions) process(host proc.FS, pid int, s *diagnose.Subject) (string, error) {
	p, err := lookAt(host, pid)
	if err != nil {
		return "", err
	}
	s.Process = p
	return strings.TrimSpace(fmt.Sprintf("pid %d %s", pid, p.Title)), nil
}
