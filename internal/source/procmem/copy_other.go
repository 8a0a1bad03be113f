//go:build !linux

package procmem

import "errors"

func copyLive(int, []part) error { return errors.ErrUnsupported }
