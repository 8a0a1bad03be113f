package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"culprit"
)

// Meminfo is the memory of the machine; Unknown where the kernel does not say.
type Meminfo struct {
	Total, Free, Available   culprit.Bytes
	Cached, Buffers, Shmem   culprit.Bytes // Cached includes Shmem: tmpfs and shared memory
	SwapTotal, SwapFree      culprit.Bytes
	SwapCached               culprit.Bytes
	AnonPages, AnonHugePages culprit.Bytes
	SlabReclaimable, Slab    culprit.Bytes
	Unevictable, Mapped      culprit.Bytes
	HugeTLB, PageTables      culprit.Bytes
}

// Meminfo reads /proc/meminfo. Within a container it is that of the machine.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Meminfo() (Meminfo, error) {
	b, err := os.ReadFile(filepath.Join(f.Proc, "meminfo"))
	if err != nil {
		return Meminfo{}, fmt.Errorf("reading the machine's memory: %w", err)
	}
	return parseMeminfo(string(b))
}

func parseMeminfo(text string) (Meminfo, error) {
	var m Meminfo
	fields := map[string]*culprit.Bytes{
		"MemTotal": &m.Total, "MemFree": &m.Free, "MemAvailable": &m.Available, "Cached": &m.Cached, "Buffers": &m.Buffers,
		"Shmem": &m.Shmem, "SwapTotal": &m.SwapTotal, "SwapFree": &m.SwapFree, "SwapCached": &m.SwapCached,
		"AnonPages": &m.AnonPages, "AnonHugePages": &m.AnonHugePages, "SReclaimable": &m.SlabReclaimable, "Slab": &m.Slab,
		"Unevictable": &m.Unevictable, "Mapped": &m.Mapped, "Hugetlb": &m.HugeTLB, "PageTables": &m.PageTables,
	}
	for _, to := range fields {
		*to = culprit.Unknown
	}
	for line := range strings.Lines(text) {
		key, rest, ok := strings.Cut(line, ":")
		to := fields[key]
		if !ok || to == nil {
			continue
		}
		var err error
		if *to, err = kilobytes(rest); err != nil {
			return m, fmt.Errorf("meminfo: %s: %w", key, err)
		}
	}
	if m.Total == culprit.Unknown {
		return m, errors.New("meminfo: no MemTotal")
	}
	return m, nil
}
