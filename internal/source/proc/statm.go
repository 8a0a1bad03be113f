package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"culprit"
)

// Resident reads the resident set of a process from /proc/PID/statm: the cheapest way to
// look at it once a second. The kernel counts in batches for each thread, so it can be
// off by some hundred KB (mm/memory.c, sync_mm_rss).
func (f FS) Resident(pid int) (culprit.Bytes, error) {
	text, err := f.read(pid, "statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("pid %d: statm: %w", pid, ErrGone)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 40)
	if err != nil {
		return 0, fmt.Errorf("pid %d: statm: %w", pid, err)
	}
	return culprit.Bytes(pages) * culprit.Bytes(os.Getpagesize()), nil
}
