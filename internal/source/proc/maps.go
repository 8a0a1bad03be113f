package proc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Mapping is one region of a process's memory.
type Mapping struct {
	Start, End uint64
	Perms      string // "rw-p"
	Offset     uint64
	Device     string // "fe:01"
	Inode      uint64
	// Path is a file, "[heap]", "[stack]", "[anon:...]" where the program named it
	// (Linux 5.17), or "" anonymous. A file that is deleted ends in " (deleted)".
	Path string
	Memory
}

// Maps reads /proc/PID/maps: the mappings without their account, which costs the
// kernel next to nothing. Memory of each is zero.
//
// https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
func (f FS) Maps(pid int) ([]Mapping, error) {
	before, err := f.begin(pid)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(f.path(pid, "maps"))
	if err != nil {
		return nil, trouble(pid, "maps", err)
	}
	defer func() { _ = file.Close() }() // only read
	var list []Mapping
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for lines.Scan() {
		m, err := parseMapping(lines.Bytes(), func(b []byte) string { return string(b) })
		if err != nil {
			return nil, fmt.Errorf("pid %d, maps: line %d: %w", pid, len(list)+1, err)
		}
		list = append(list, m)
	}
	if gone := f.steady(before); gone != nil {
		return nil, gone
	}
	if err := lines.Err(); err != nil {
		return nil, trouble(pid, "maps", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("pid %d: %w", pid, ErrKernelThread)
	}
	return list, nil
}

// parseMapping reads "55d0a1c00000-55d0a1e21000 rw-p 00000000 00:00 0  [heap]".
func parseMapping(line []byte, text func([]byte) string) (Mapping, error) {
	var m Mapping
	var field [5][]byte
	rest := line
	for i := range field { // the path is what is left, and may hold blanks
		rest = bytes.TrimLeft(rest, " ")
		field[i], rest, _ = bytes.Cut(rest, []byte(" "))
		if len(field[i]) == 0 {
			return m, fmt.Errorf("%d fields are no mapping", i)
		}
	}
	from, to, ok := bytes.Cut(field[0], []byte("-"))
	var errs [4]error
	m.Start, errs[0] = strconv.ParseUint(string(from), 16, 64)
	m.End, errs[1] = strconv.ParseUint(string(to), 16, 64)
	m.Offset, errs[2] = strconv.ParseUint(string(field[2]), 16, 64)
	m.Inode, errs[3] = strconv.ParseUint(string(field[4]), 10, 64)
	if err := errors.Join(errs[:]...); err != nil || !ok || m.End < m.Start {
		return m, fmt.Errorf("%q is no range of addresses", field[0])
	}
	m.Perms, m.Device = text(field[1]), text(field[3])
	m.Path = text(bytes.TrimSpace(rest))
	return m, nil
}
