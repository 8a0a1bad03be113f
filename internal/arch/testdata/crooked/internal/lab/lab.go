// Package lab lies outside of the plan and may do what it likes.
package lab

import (
	"os"

	"culprit/internal/verdict"
)

var state int

func init() {
	state = verdict.Answer
	os.Exit(state)
}
