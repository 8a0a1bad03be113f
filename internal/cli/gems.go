package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/app"
	"culprit/internal/buildinfo"
	"culprit/internal/gemcheck"
	"culprit/internal/gemcheck/checks"
	"culprit/internal/present/gems"
	"culprit/internal/present/sheet"
	"culprit/internal/present/style"
	"culprit/internal/source/appdir"
)

// gemsOptions are the flags of gems as typed.
type gemsOptions struct {
	incidentFlags
	json, all, exitCode bool
	noGit, noColor      bool
	sarif               string
	db                  []string
}

func newGems(w World) *cobra.Command {
	o := &gemsOptions{}
	cmd := &cobra.Command{
		Use:   "gems [flags] [Gemfile.lock|DIR]",
		Short: "Known causes of growing memory in the bundle and the settings",
		Long: `gems holds a knowledge base of gems, Rubies and settings that grow memory
against an app: its Gemfile.lock, its code, its configuration. For each known
cause that concerns it: applies, not reachable, or cannot tell, with the lines
that show it. Without an argument it looks at the folder it is started in.

"Applies" means that the app can meet it, not that it ate the memory: give the
report of an incident with --incident, and what is too small is acquitted.
It needs no network, runs nothing of the app and writes nothing into it.

Exit: 0 ran, 1 could not run, 2 bad usage. With --exit-code: 10 something
applies, 11 something cannot be told, 0 neither.`,
		Example: `  culprit gems
  culprit gems --json app/Gemfile.lock
  culprit gems --incident report.json --report report.html app/
  culprit gems explain rgeo-invalid-reason`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), w, append(args, ".")[0])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print the findings as JSON (schema "+culprit.GemsSchema+")")
	f.StringVar(&o.sarif, "sarif", "", "write the findings as SARIF 2.1.0 `FILE` (- for standard output)")
	f.BoolVar(&o.all, "all", false, "tell also what is not reachable, one by one")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with the result: 10 something applies, 11 something cannot be told, 0 neither")
	f.BoolVar(&o.noGit, "no-git", false, "do not ask git when versions came into the lockfile")
	f.BoolVar(&o.noColor, "no-color", false, "print without colours")
	cmd.PersistentFlags().StringArrayVar(&o.db, "db", nil, "add findings of one's own from `DIR` (repeatable)")
	o.register(cmd)
	cmd.AddCommand(newGemsExplain(w, o), newGemsList(w, o))
	return cmd
}

func (o *gemsOptions) run(ctx context.Context, w World, path string) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.json && o.sarif == dash {
		return usage(errors.New("two reports want standard output"), "only one of --json and --sarif - at a time")
	}
	docs, err := o.documents()
	if err != nil {
		return err
	}
	a, err := readApp(ctx, path, o.noGit)
	if err != nil {
		return err
	}
	g := gemcheck.Check(docs, a)
	g.Tool = buildinfo.Tool()
	if g.Circumstances, err = o.weigh(w, "gems", gemCharges(g)); err != nil {
		return err
	}
	if err := o.write(w, g); err != nil {
		return err
	}
	return o.exit(g)
}

// readApp reads a folder, or a lockfile alone.
func readApp(ctx context.Context, path string, noGit bool) (*app.App, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &hintError{err, "give a Gemfile.lock, or the folder that holds one"}
	}
	if !info.IsDir() {
		if !inApp(path) {
			return appdir.ReadLock(path)
		}
		path = filepath.Dir(path)
	}
	a, err := appdir.Read(ctx, path, appdir.Options{NoHistory: noGit})
	if err != nil {
		return nil, err
	}
	if a.Lock == nil && !a.CodeRead && len(a.Env) == 0 && a.Puma.File == "" {
		return nil, &hintError{fmt.Errorf("%s: no Gemfile.lock and no app", path), "give the folder of a Rails app, or a Gemfile.lock"}
	}
	if a.Lock == nil {
		a.Warnings = append(a.Warnings, "there is no Gemfile.lock: only Ruby and settings were looked at")
	}
	return a, nil
}

// inApp tells whether a lockfile is that of an app whose code stands beside it:
// then its folder is looked at as a whole.
func inApp(path string) bool {
	if base := filepath.Base(path); base != "Gemfile.lock" && base != "gems.locked" {
		return false
	}
	for _, name := range []string{"app", "config", "config.ru", "lib"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), name)); err == nil {
			return true
		}
	}
	return false
}

// documents are the knowledge base with what --db adds.
func (o *gemsOptions) documents() ([]gemcheck.Document, error) {
	docs, err := checks.Load()
	if err != nil {
		return nil, err
	}
	for _, dir := range o.db {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, &hintError{fmt.Errorf("--db %s: no such folder", dir), "it holds findings as docs/format/finding.md has them, or advisories in YAML"}
		}
		own, err := gemcheck.Load(os.DirFS(dir))
		if err != nil {
			return nil, &hintError{fmt.Errorf("--db %s: %w", dir, err), "docs/format/finding.md says what a finding needs"}
		}
		if len(own) == 0 {
			return nil, &hintError{fmt.Errorf("--db %s: no findings there", dir), "files end in .md, or .yml for advisories"}
		}
		docs = gemcheck.Merge(docs, own)
	}
	return docs, nil
}

func (o *gemsOptions) write(w World, g culprit.Gems) error {
	if o.sarif != "" {
		if err := w.create(o.sarif, func(f io.Writer) error { return gems.SARIF(f, g) }); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return gems.JSON(w.Stdout, g)
	case o.sarif == dash:
		return nil
	}
	return gems.Write(w.Stdout, g, gems.Options{Options: w.sheet(o.noColor), All: o.all})
}

// sheet is how standard output wants its text.
func (w World) sheet(noColor bool) sheet.Options {
	on, width := terminal(w.Stdout)
	return sheet.Options{Width: width, Color: !noColor && style.Colour(w.Env, on), Plain: style.Plain(w.Env)}
}

func (o *gemsOptions) exit(g culprit.Gems) error {
	if !o.exitCode {
		return nil
	}
	worst := ExitRan
	for _, f := range g.Findings {
		switch f.Verdict {
		case culprit.Applies:
			return &exitError{code: ExitNamed}
		case culprit.CannotTell:
			worst = ExitAbstained
		case culprit.NotReachable:
		}
	}
	if worst == ExitRan {
		return nil
	}
	return &exitError{code: worst}
}

func newGemsExplain(w World, o *gemsOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Tell one known cause: when it happens, who measured it, what to do",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			docs, err := o.documents()
			if err != nil {
				return err
			}
			for i := range docs {
				if docs[i].ID == args[0] {
					return gems.Explain(w.Stdout, entryOf(docs[i]), w.sheet(false))
				}
			}
			hint := "culprit gems list shows all"
			if near := nearest(docs, args[0]); near != "" {
				hint = "did you mean " + near + "?"
			}
			return usage(fmt.Errorf("no known cause is named %q", args[0]), hint)
		},
	}
}

func newGemsList(w World, o *gemsOptions) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all known causes",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			docs, err := o.documents()
			if err != nil {
				return err
			}
			slices.SortFunc(docs, func(a, b gemcheck.Document) int { return cmp.Compare(a.ID, b.ID) })
			list := make([]gems.Entry, len(docs))
			for i := range docs {
				list[i] = entryOf(docs[i])
			}
			if asJSON {
				return gems.JSONList(w.Stdout, list)
			}
			return gems.List(w.Stdout, list, w.sheet(false))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	return cmd
}

// entryOf turns a document into what a window can tell.
func entryOf(d gemcheck.Document) gems.Entry {
	e := gems.Entry{
		ID: d.ID, Title: d.Title, Subject: d.Subject, Kind: d.Kind, Affected: d.Affected, Fixed: d.Fixed,
		Advice: d.Advice, Text: d.Text, Evidence: []culprit.Evidence{},
	}
	if e.Affected == nil {
		e.Affected = []string{}
	}
	if d.Condition != nil {
		e.When = d.Condition.Says
	}
	if d.Cost != nil {
		e.Cost = &culprit.Cost{Low: culprit.Bytes(d.Cost.Bytes[0]), High: culprit.Bytes(d.Cost.Bytes[1]), Per: d.Cost.Per, Source: d.Cost.Source}
	}
	for _, s := range d.Evidence {
		e.Evidence = append(e.Evidence, culprit.Evidence{Text: s.Says, URL: s.URL})
	}
	if !d.Checked.IsZero() {
		e.Checked = d.Checked.Format("2006-01-02")
	}
	return e
}

// nearest finds an ID that shares most of its words with what was typed.
func nearest(docs []gemcheck.Document, typed string) string {
	best, most := "", 0
	for _, d := range docs {
		shared := 0
		for _, word := range strings.FieldsFunc(typed, func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == filepath.Separator }) {
			if len(word) > 2 && strings.Contains(d.ID, strings.ToLower(word)) {
				shared += len(word)
			}
		}
		if shared > most {
			best, most = d.ID, shared
		}
	}
	return best
}
