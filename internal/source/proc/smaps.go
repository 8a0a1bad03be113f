package proc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"culprit"
)

// Memory is the account of one mapping, or of a whole process, in bytes.
type Memory struct {
	Size, RSS, PSS               culprit.Bytes
	SharedClean, SharedDirty     culprit.Bytes
	PrivateClean, PrivateDirty   culprit.Bytes
	Anonymous, AnonHuge, Swap    culprit.Bytes
	PSSAnon, PSSFile, PSSShmem   culprit.Bytes // of the whole process, Unknown on old kernels
	SwapPSS, Locked, ShmemMapped culprit.Bytes
}

// Private is what would be given back if the process ended (USS).
func (m Memory) Private() culprit.Bytes { return m.PrivateClean + m.PrivateDirty }

// Mapping is one region of a process's memory.
type Mapping struct {
	Start, End uint64
	Perms      string // "rw-p"
	Offset     uint64
	Inode      uint64
	Path       string // file, "[heap]", "[stack]", "[anon:...]", "" anonymous
	Memory
}

// Smaps reads /proc/PID/smaps: every mapping with its account. The kernel walks
// the page tables for it, which takes a process of many GB some 100 ms, without
// stopping it.
func (f FS) Smaps(pid int) ([]Mapping, error) {
	file, err := os.Open(f.path(pid, "smaps"))
	if err != nil {
		return nil, trouble(pid, "smaps", err)
	}
	defer func() { _ = file.Close() }() // only read
	list, err := parseSmaps(file)
	if err != nil {
		return nil, trouble(pid, "smaps", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("pid %d: no mappings: a kernel thread, or %w", pid, ErrGone)
	}
	return list, nil
}

// Rollup reads /proc/PID/smaps_rollup: the sum over all mappings, made by the
// kernel.
func (f FS) Rollup(pid int) (Memory, error) {
	file, err := os.Open(f.path(pid, "smaps_rollup"))
	if err != nil {
		return Memory{}, trouble(pid, "smaps_rollup", err)
	}
	defer func() { _ = file.Close() }() // only read
	list, err := parseSmaps(file)
	if err != nil {
		return Memory{}, trouble(pid, "smaps_rollup", err)
	}
	if len(list) != 1 {
		return Memory{}, fmt.Errorf("pid %d: no account: a kernel thread, or %w", pid, ErrGone)
	}
	return list[0].Memory, nil
}

// maxMappings bounds what a foreign kernel can make us keep; vm.max_map_count is
// 65,530 by default and rarely above a million.
const maxMappings = 4 << 20

// parseSmaps reads the format of smaps and smaps_rollup. A mapping without its
// account is an error: the process ended in the middle.
func parseSmaps(in io.Reader) ([]Mapping, error) {
	var list []Mapping
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	complete := true
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		key, rest, isKey := strings.Cut(line, ":")
		if isKey && !strings.ContainsAny(key, " -") {
			if len(list) == 0 {
				return nil, fmt.Errorf("line %d: %q before any mapping", n, key)
			}
			if err := list[len(list)-1].set(key, rest); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			complete = complete || key == "Rss"
			continue
		}
		if !complete {
			return nil, fmt.Errorf("line %d: a mapping without its account", n)
		}
		m, err := parseMapping(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(list) == maxMappings {
			return nil, errors.New("more mappings than a process can have")
		}
		m.PSSAnon, m.PSSFile, m.PSSShmem = culprit.Unknown, culprit.Unknown, culprit.Unknown
		list, complete = append(list, m), false
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !complete {
		return nil, fmt.Errorf("a mapping without its account: %w", ErrGone)
	}
	return list, nil
}

// parseMapping reads "55d0a1c00000-55d0a1e21000 rw-p 00000000 00:00 0  [heap]".
func parseMapping(line string) (Mapping, error) {
	var m Mapping
	f := strings.Fields(line)
	if len(f) < 5 {
		return m, fmt.Errorf("%d fields are no mapping", len(f))
	}
	from, to, ok := strings.Cut(f[0], "-")
	var errs [4]error
	m.Start, errs[0] = strconv.ParseUint(from, 16, 64)
	m.End, errs[1] = strconv.ParseUint(to, 16, 64)
	m.Offset, errs[2] = strconv.ParseUint(f[2], 16, 64)
	m.Inode, errs[3] = strconv.ParseUint(f[4], 10, 64)
	if err := errors.Join(errs[:]...); err != nil || !ok || m.End < m.Start {
		return m, fmt.Errorf("%q is no range of addresses", f[0])
	}
	m.Perms = f[1]
	rest := line
	for range 5 { // the path is what is left, and may hold blanks
		rest = strings.TrimLeft(rest, " ")
		if _, after, ok := strings.Cut(rest, " "); ok {
			rest = after
		} else {
			rest = ""
		}
	}
	m.Path = strings.TrimSpace(rest)
	return m, nil
}

// set takes one "Key: 12 kB" of an account; keys that nobody asks for are passed by.
func (m *Memory) set(key, rest string) error {
	to := m.field(key)
	if to == nil {
		return nil
	}
	number, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || unit != "kB" || n < 0 || n > 1<<53/1024 {
		return fmt.Errorf("%s: %q is no size", key, strings.TrimSpace(rest))
	}
	*to = culprit.Bytes(n) * culprit.KiB
	return nil
}

func (m *Memory) field(key string) *culprit.Bytes {
	switch key {
	case "Size":
		return &m.Size
	case "Rss":
		return &m.RSS
	case "Pss":
		return &m.PSS
	case "Pss_Anon":
		return &m.PSSAnon
	case "Pss_File":
		return &m.PSSFile
	case "Pss_Shmem":
		return &m.PSSShmem
	case "Shared_Clean":
		return &m.SharedClean
	case "Shared_Dirty":
		return &m.SharedDirty
	case "Private_Clean":
		return &m.PrivateClean
	case "Private_Dirty":
		return &m.PrivateDirty
	case "Anonymous":
		return &m.Anonymous
	case "AnonHugePages":
		return &m.AnonHuge
	case "Swap":
		return &m.Swap
	case "SwapPss":
		return &m.SwapPSS
	case "Locked":
		return &m.Locked
	case "ShmemPmdMapped":
		return &m.ShmemMapped
	}
	return nil
}
