package cli

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"culprit/internal/analysis/residence"
	"culprit/internal/buildinfo"
	"culprit/internal/livefacts"
	"culprit/internal/present/inspect"
)

func newInspectDiff(w World) *cobra.Command {
	o := &inspectOptions{}
	cmd := &cobra.Command{
		Use:   "diff [flags] A B",
		Short: "What grew between two looks",
		Long: `diff compares two files that inspect, inspect heap or inspect native have written with
--json, of one process at two times: which categories, classes or sizes of chunks became
more.

Exit: 0 ran, 1 could not run, 2 bad usage.`,
		Example: `  culprit inspect heap --json 4101 > a.json; sleep 600
  culprit inspect heap --json 4101 > b.json; culprit inspect diff a.json b.json`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error { return o.diff(w, args[0], args[1]) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON (schema "+livefacts.ChangeSchema+")")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "print without colours")
	return cmd
}

func (o *inspectOptions) diff(w World, before, after string) error {
	schema, err := schemaOf(before)
	if err != nil {
		return err
	}
	other, err := schemaOf(after)
	if err != nil {
		return err
	}
	if schema != other {
		return usage(fmt.Errorf("%s is of %s, %s of %s", before, schema, after, other), "give two of one kind")
	}
	d := livefacts.Change{Schema: livefacts.ChangeSchema, Tool: buildinfo.Tool(), Before: before, After: after, Of: schema}
	switch schema {
	case livefacts.HeapSchema:
		d.Rows, err = compared(before, after, residence.Heaps)
	case livefacts.InspectSchema:
		d.Rows, err = compared(before, after, residence.Inspections)
	case livefacts.NativeSchema:
		d.Rows, err = compared(before, after, residence.Natives)
	default:
		return usage(fmt.Errorf("%s is of %q", before, schema), "diff takes what inspect, inspect heap and inspect native print with --json")
	}
	if err != nil {
		return err
	}
	if o.json {
		return inspect.JSON(w.Stdout, d)
	}
	return inspect.Change(w.Stdout, d, w.sheet(o.noColor))
}

// schemaOf tells what a document is.
func schemaOf(path string) (string, error) {
	head, err := document[struct {
		Schema string `json:"schema"`
	}](path)
	return head.Schema, err
}

func document[T any](path string) (doc T, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return doc, err
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return doc, fmt.Errorf("%s: %w; hint: diff takes what inspect prints with --json", path, err)
	}
	return doc, nil
}

func compared[T any](before, after string, diff func(a, b T) []livefacts.Delta) ([]livefacts.Delta, error) {
	a, err := document[T](before)
	if err != nil {
		return nil, err
	}
	b, err := document[T](after)
	if err != nil {
		return nil, err
	}
	return diff(a, b), nil
}
