package proc

import (
	"fmt"
	"os"

	"culprit"
)

// Rollup reads /proc/PID/smaps_rollup (Linux 4.14): the sum over all mappings,
// made by the kernel. Pss_Anon, Pss_File and Pss_Shmem came with 5.4; members that
// an older kernel does not tell are Unknown.
//
// https://docs.kernel.org/ABI/testing/procfs-smaps_rollup.html
func (f FS) Rollup(pid int) (Memory, error) {
	before, err := f.begin(pid)
	if err != nil {
		return Memory{}, err
	}
	file, err := os.Open(f.path(pid, "smaps_rollup"))
	if err != nil {
		return Memory{}, trouble(pid, "smaps_rollup", err)
	}
	defer func() { _ = file.Close() }() // only read
	a, err := parseSmaps(file, false)
	if gone := f.steady(before); gone != nil {
		return Memory{}, gone
	}
	if err != nil {
		return Memory{}, trouble(pid, "smaps_rollup", err)
	}
	if len(a.Mappings) != 1 {
		return Memory{}, fmt.Errorf("pid %d: %w", pid, ErrKernelThread)
	}
	m := a.Mappings[0].Memory
	if m.PSSAnon == 0 && m.PSSFile == 0 && m.PSSShmem == 0 && m.PSS > 0 {
		m.PSSAnon, m.PSSFile, m.PSSShmem = culprit.Unknown, culprit.Unknown, culprit.Unknown
	}
	return m, nil
}
