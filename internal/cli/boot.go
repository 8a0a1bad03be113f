package cli

import "github.com/spf13/cobra"

func newBoot(_ World) *cobra.Command {
	return &cobra.Command{Use: "boot", Short: "What booting the app costs, by require and gem"}
}
