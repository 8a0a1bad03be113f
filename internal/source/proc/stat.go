package proc

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Stat is what /proc/PID/stat says of a process. PID and Start together are its
// identity: pids are used again.
type Stat struct {
	PID     int
	Comm    string
	State   byte // 'R', 'S', 'D', 'Z', ...
	PPID    int
	Threads int
	Start   uint64 // clock ticks since the machine booted
}

// Stat reads /proc/PID/stat.
func (f FS) Stat(pid int) (Stat, error) {
	text, err := f.read(pid, "stat")
	if err != nil {
		return Stat{}, err
	}
	s, err := parseStat(text)
	if err != nil {
		return s, fmt.Errorf("pid %d, stat: %w", pid, err)
	}
	return s, nil
}

// parseStat reads one line: the name of the command stands in brackets and may
// hold anything, brackets too.
func parseStat(text string) (Stat, error) {
	open, closing := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || closing < open {
		return Stat{}, errors.New("no name in brackets")
	}
	s := Stat{Comm: text[open+1 : closing]}
	rest := strings.Fields(text[closing+1:])
	// Fields are counted from 3, the state (proc_pid_stat(5)).
	const state, ppid, threads, start = 0, 1, 17, 19
	if len(rest) <= start || len(rest[state]) != 1 {
		return Stat{}, fmt.Errorf("%d fields behind the name", len(rest))
	}
	s.State = rest[state][0]
	var errs [4]error
	s.PID, errs[0] = strconv.Atoi(strings.TrimSpace(text[:open]))
	s.PPID, errs[1] = strconv.Atoi(rest[ppid])
	s.Threads, errs[2] = strconv.Atoi(rest[threads])
	s.Start, errs[3] = strconv.ParseUint(rest[start], 10, 64)
	return s, errors.Join(errs[:]...)
}
