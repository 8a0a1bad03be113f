package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// CPUs counts the processors that are on line, from
// /sys/devices/system/cpu/online. A container may have fewer: Cgroup.CPUs.
//
// https://docs.kernel.org/admin-guide/cputopology.html
func (f FS) CPUs() (int, error) {
	b, err := os.ReadFile(filepath.Join(f.Sys, "devices", "system", "cpu", "online"))
	if err != nil {
		return 0, fmt.Errorf("counting the processors: %w", err)
	}
	n, err := parseCPUs(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("counting the processors: %w", err)
	}
	return n, nil
}

// parseCPUs counts "0-3,6".
func parseCPUs(text string) (int, error) {
	n := 0
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a || b > 1<<20 || n > 1<<20 {
			return 0, fmt.Errorf("%q is no list of processors", text)
		}
		n += b - a + 1
	}
	return n, nil
}
