//go:build rubies

package rubydump_test

import (
	"testing"

	"culprit/internal/lab/rubies"
)

// TestEveryRuby runs the tests of this package again for each Ruby.
func TestEveryRuby(t *testing.T) { rubies.Rerun(t) }
