package cli

import "github.com/spf13/cobra"

func newDoctor(_ World) *cobra.Command {
	return &cobra.Command{Use: "doctor [flags] [PID|DIR|REPORT]", Short: "What a process, an app or a report shows by itself, and what to change first"}
}
