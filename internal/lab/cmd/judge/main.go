// Command judge measures how often the verdict is right, on simulated fleets
// with planted culprits and without any, beside the rules of thumb that people
// use today, and writes docs/JUDGE.md.
//
// It owns flags and the document's frame. It refuses to build worlds, to judge
// and to count: that is the lab's and the court's.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"

	"culprit/internal/lab"
	"culprit/internal/lab/court"
)

//go:embed judge.md
var frame string

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

type options struct {
	runs, parallel int
	seed           uint64
	only, write    string
	blind, list    bool
	mistakes       bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("judge", flag.ContinueOnError)
	f.IntVar(&o.runs, "runs", 20, "worlds per scenario; scenarios of minutes get five times as many, of days a quarter")
	f.IntVar(&o.parallel, "parallel", min(2, runtime.NumCPU()), "worlds at a time")
	f.Uint64Var(&o.seed, "seed", 1, "first seed")
	f.StringVar(&o.only, "scenarios", ".", "only scenarios whose name matches this regular expression")
	f.StringVar(&o.write, "write", "", "write the document to this file (docs/JUDGE.md)")
	f.BoolVar(&o.blind, "blind", false, "the rules of thumb only")
	f.BoolVar(&o.mistakes, "mistakes", false, "name the innocents convicted and the culprits acquitted")
	f.BoolVar(&o.list, "list", false, "list the scenarios")
	return o, f.Parse(args)
}

func run(args []string, out, progress io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("-scenarios: %w", err)
	}
	judges := lab.Rules()
	if !o.blind {
		judges = slices.Concat([]lab.Rule{court.Rule()}, judges)
	}
	table := lab.Table{Judges: judges, Blind: o.blind}
	for _, s := range lab.Scenarios() {
		if !only.MatchString(s.Name) {
			continue
		}
		if o.list {
			fmt.Fprintf(out, "%-34s %s\n", s.Name, s.About)
			continue
		}
		r := lab.Trial(s, judges, s.Runs(o.runs), o.seed, o.parallel)
		table.Results = append(table.Results, r)
		fmt.Fprintln(progress, r.Line())
		for _, m := range r.Mistakes {
			if o.mistakes {
				fmt.Fprintln(progress, "    "+m)
			}
		}
	}
	if o.list {
		return nil
	}
	if o.write == "" {
		return table.Write(out)
	}
	return document(o, table)
}

// document writes the frame and, in its place, the tables.
func document(o options, table lab.Table) (err error) {
	f, err := os.Create(o.write)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	fmt.Fprintf(f, "%s\nMade with `-runs %d -seed %d`.\n\n", frame, o.runs, o.seed)
	return table.Write(f)
}
