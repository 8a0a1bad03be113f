//go:build !linux

package procmem

import "errors"

// Frozen is a process that stands still.
type Frozen struct{ Registers []uint64 }

// Freeze is not supported on this system.
func Freeze(string, int) (*Frozen, error) { return nil, errors.ErrUnsupported }

// Resume lets the process go on.
func (*Frozen) Resume() error { return nil }
