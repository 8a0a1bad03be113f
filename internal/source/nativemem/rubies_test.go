//go:build rubies

package nativemem_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"culprit/internal/lab/rubies"
)

// TestEveryRuby reads the heap of each Ruby, which stands first in PATH: they come with
// glibc 2.31 to 2.43.
func TestEveryRuby(t *testing.T) {
	for _, r := range rubies.All(t) {
		t.Run(r.Version, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestRuby$", "-test.v", "-test.timeout=10m")
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(r.Wrapper(t))+string(filepath.ListSeparator)+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
