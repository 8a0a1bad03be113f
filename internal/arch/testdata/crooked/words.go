// Package culprit is too short and refuses nothing.
package culprit

import "os"

// Colour is an enum: one name.
type Colour int

// The colours.
const (
	Red Colour = iota
	Green
	Blue
)

// Limit is a constant of its own.
const Limit = 1

// Open touches a file.
func Open() *os.File { return os.Stdin }
