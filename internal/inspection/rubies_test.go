//go:build rubies

package inspection_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"culprit/internal/lab/rubies"
)

// TestEveryRuby runs the tests of this package again for each Ruby, which stands first
// in PATH.
func TestEveryRuby(t *testing.T) {
	for _, r := range rubies.All(t) {
		t.Run(r.Version, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.skip=^TestEveryRuby", "-test.timeout=10m")
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(r.Wrapper(t))+string(filepath.ListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
