package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"culprit"
)

// Meminfo is the memory of the machine; Unknown where the kernel does not say.
type Meminfo struct {
	Total, Free, Available     culprit.Bytes
	Cached, Buffers, Shmem     culprit.Bytes // Cached includes Shmem: tmpfs and shared memory
	SwapTotal, SwapFree        culprit.Bytes
	AnonPages, AnonHugePages   culprit.Bytes
	SlabReclaimable, Unevicted culprit.Bytes
}

// Meminfo reads /proc/meminfo.
func (f FS) Meminfo() (Meminfo, error) {
	b, err := os.ReadFile(filepath.Join(f.Proc, "meminfo"))
	if err != nil {
		return Meminfo{}, fmt.Errorf("reading the machine's memory: %w", err)
	}
	return parseMeminfo(string(b))
}

func parseMeminfo(text string) (Meminfo, error) {
	const none = culprit.Unknown
	m := Meminfo{none, none, none, none, none, none, none, none, none, none, none, none}
	fields := map[string]*culprit.Bytes{
		"MemTotal": &m.Total, "MemFree": &m.Free, "MemAvailable": &m.Available, "Cached": &m.Cached, "Buffers": &m.Buffers,
		"Shmem": &m.Shmem, "SwapTotal": &m.SwapTotal, "SwapFree": &m.SwapFree, "AnonPages": &m.AnonPages,
		"AnonHugePages": &m.AnonHugePages, "SReclaimable": &m.SlabReclaimable, "Unevictable": &m.Unevicted,
	}
	for line := range strings.Lines(text) {
		key, rest, ok := strings.Cut(line, ":")
		to := fields[key]
		if !ok || to == nil {
			continue
		}
		number, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || unit != "kB" || n < 0 || n > 1<<53/1024 {
			return m, fmt.Errorf("meminfo: %s: %q is no size", key, strings.TrimSpace(rest))
		}
		*to = culprit.Bytes(n) * culprit.KiB
	}
	if m.Total == none {
		return m, errors.New("meminfo: no MemTotal")
	}
	return m, nil
}

// CPUs counts the processors that are on line, 0 unknown.
func (f FS) CPUs() int {
	b, err := os.ReadFile(filepath.Join(f.Sys, "devices", "system", "cpu", "online"))
	if err != nil {
		return 0
	}
	return parseCPUs(strings.TrimSpace(string(b)))
}

// parseCPUs counts "0-3,6".
func parseCPUs(text string) int {
	n := 0
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		if err != nil {
			return 0
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(to); err != nil || b < a || b > 1<<20 {
				return 0
			}
		}
		n += b - a + 1
	}
	return n
}

// HugePages tells how transparent huge pages are given out: "always", "madvise",
// "never", or "" unknown.
func (f FS) HugePages() string {
	b, err := os.ReadFile(filepath.Join(f.Sys, "kernel", "mm", "transparent_hugepage", "enabled"))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "[")
	chosen, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	return chosen
}
