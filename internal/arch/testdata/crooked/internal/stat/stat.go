// Package stat breaks the rules for code.
//
// It owns a crime in every block and refuses to mend its ways.
package stat

import (
	"errors"
	"log/slog"
	"regexp"
	clock "time"

	"culprit"

	"github.com/spf13/cobra"
)

// Guilty.
var (
	count int
	table = [3]int{1, 2, 3}
)

// Innocent.
var errNone, number = errors.New("none"), regexp.MustCompile(`\d+`)

func init() {
	slog.Info("now", "at", clock.Now(), "cmd", cobra.Command{}, "limit", culprit.Limit)
	count++
	table[0] = 2
}

func innocent(count int, table []int) error {
	count++
	table[0] = count
	if number == nil {
		// invariant: a compiled expression is never nil.
		panic("nil")
	}
	if count > 3 {
		panic("unmarked")
	}
	return errNone
}
