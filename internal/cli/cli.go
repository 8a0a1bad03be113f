// Package cli is the wiring: commands, flags, hints and exit codes. It connects
// doors to hall to court to windows.
//
// It owns what a user types and what a program gets back. It refuses to parse
// logs, to compute and to judge. Standard output is the result, standard error
// the talk; messages are lower case and carry a hint where one is known.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"culprit/internal/buildinfo"
)

// Exit codes.
const (
	ExitRan       = 0
	ExitFailed    = 1
	ExitUsage     = 2
	ExitNamed     = 10 // with --exit-code: a culprit is named
	ExitAbstained = 11 // with --exit-code: abstained, or suspected only
)

// World is what a run may touch.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(string) string
}

// exitError carries an exit code through cobra.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// hintError is an error with advice.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// Run executes one command line and returns the exit code.
func Run(ctx context.Context, args []string, w World) int {
	root := NewRoot(w)
	root.SetArgs(args)
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitRan
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		if exit.err != nil {
			complain(w.Stderr, exit.err)
		}
		return exit.code
	}
	complain(w.Stderr, err)
	return ExitFailed
}

func complain(stderr io.Writer, err error) {
	text, hint, _ := strings.Cut(err.Error(), "; hint: ")
	if h, ok := errors.AsType[*hintError](err); ok {
		hint = h.hint
	}
	fmt.Fprintf(stderr, "culprit: %s\n", text)
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
}

// NewRoot makes the command tree.
func NewRoot(w World) *cobra.Command {
	if w.Env == nil {
		w.Env = os.Getenv
	}
	root := &cobra.Command{
		Use:          "culprit",
		Short:        "Names the request, job or gem that ate a Ruby server's memory",
		Long:         "culprit names what ate a Ruby server's memory; it installs and restarts nothing.",
		Example:      `  culprit investigate /var/log/app/ procstat.lp`,
		SilenceUsage: true, SilenceErrors: true,
		Version: buildinfo.Version,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "see culprit --help; to judge files: culprit investigate PATH..."
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean culprit " + near[0] + "?"
			}
			return usage(fmt.Errorf("no command is named %q", args[0]), hint)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, "see "+cmd.CommandPath()+" --help")
	})
	root.AddCommand(newInvestigate(w), newGems(w), newBoot(w), newHeap(w), newInspect(w), newDoctor(w), newFormats(w))
	quietHelp(root)
	return root
}

// quietHelp leaves the help command out of its own list: the last line of the list says
// how to get help, and the list stays on one screen.
func quietHelp(root *cobra.Command) {
	const always = `(or .IsAvailableCommand (eq .Name "help"))`
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), always, `(and .IsAvailableCommand (ne .Name "help"))`))
}

func usage(err error, hint string) error {
	return &exitError{ExitUsage, &hintError{err, hint}}
}

func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(err, "see "+cmd.CommandPath()+" --help")
		}
		return nil
	}
}
