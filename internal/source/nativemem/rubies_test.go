//go:build rubies

package nativemem_test

import (
	"testing"

	"culprit/internal/lab/rubies"
)

// TestEveryRuby reads the heap of each Ruby: they come with glibc 2.31 to 2.43.
func TestEveryRuby(t *testing.T) { rubies.Rerun(t, "-test.run=^TestRuby$") }
