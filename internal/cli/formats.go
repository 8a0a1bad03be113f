package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"culprit/internal/source/logs"
	"culprit/internal/source/metrics"
)

func newFormats(w World) *cobra.Command {
	return &cobra.Command{
		Use:   "formats",
		Short: "List the log and memory formats that can be read",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			t := tabwriter.NewWriter(w.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tKIND\tTESTED ON\tWHAT")
			for _, f := range logs.Formats() {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.Kind, f.Verified, f.Title)
			}
			for _, f := range metrics.Formats() {
				fmt.Fprintf(t, "%s\tmemory\t%s\t%s\n", f.Name, f.Verified, f.Title)
			}
			return t.Flush()
		},
	}
}

func knownFormat(name string) bool {
	for _, f := range logs.Formats() {
		if f.Name == name {
			return true
		}
	}
	for _, f := range metrics.Formats() {
		if f.Name == name {
			return true
		}
	}
	return false
}
