//go:build !linux

package faults

import "fmt"

// Sampler watches the faults of a process. There is none here.
type Sampler struct{}

// Open is refused: only Linux has what it takes.
func Open(string, Target) (*Sampler, error) {
	return nil, fmt.Errorf("%w: only Linux runs programs at a fault; hint: culprit inspect record watches a process from outside", ErrUnavailable)
}

// Threads does nothing.
func (*Sampler) Threads(map[int]uint64) error { return ErrUnavailable }

// Read does nothing.
func (*Sampler) Read(func(*Sample)) error { return ErrUnavailable }

// Lost does nothing.
func (*Sampler) Lost() (int64, error) { return 0, ErrUnavailable }

// Stop does nothing.
func (*Sampler) Stop() error { return nil }

// Close does nothing.
func (*Sampler) Close() error { return nil }
