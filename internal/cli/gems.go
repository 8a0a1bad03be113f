package cli

import "github.com/spf13/cobra"

func newGems(_ World) *cobra.Command {
	return &cobra.Command{Use: "gems [flags] [Gemfile.lock|DIR]", Short: "Known causes of growing memory in the bundle and the settings"}
}
