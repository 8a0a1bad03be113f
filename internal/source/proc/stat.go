package proc

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Stat is what /proc/PID/stat says of a process. PID and Start together are its
// identity: pids are used again.
//
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
type Stat struct {
	PID     int
	Comm    string
	State   byte // 'R', 'S', 'D', 'Z', ...
	PPID    int
	Threads int
	Start   uint64 // clock ticks since the machine booted
	Faults  uint64 // page faults of all its threads, minor and major
	// stack is where the first thread's stack begins: another one after exec. 0 for
	// a foreign process.
	stack uint64
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

// Ended tells whether a process has no memory any more: it waits for its parent
// to take notice.
func (s Stat) Ended() bool { return s.State == 'Z' || s.State == 'X' || s.State == 'x' }

// Same tells whether two looks saw the same process running the same program.
func (s Stat) Same(o Stat) bool {
	return s.PID == o.PID && s.Start == o.Start && s.stack == o.stack
}

// steady tells whether what was read since before is of one process that still
// lives. Of one that ends, the kernel hands out what it had and then the end of
// the file, which looks like a complete answer.
func (f FS) steady(before Stat) error {
	after, err := f.Stat(before.PID)
	if err != nil {
		return err
	}
	if after.Ended() || !after.Same(before) {
		return fmt.Errorf("pid %d ended while it was read: %w", before.PID, ErrGone)
	}
	return nil
}

// begin is the first look at a process that steady compares with.
func (f FS) begin(pid int) (Stat, error) {
	s, err := f.Stat(pid)
	if err == nil && s.Ended() {
		err = fmt.Errorf("pid %d has ended, and its parent has not taken notice: %w", pid, ErrGone)
	}
	return s, err
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
	// Fields are counted from 3, the state.
	const state, ppid, minor, major, threads, start, stack = 0, 1, 7, 9, 17, 19, 25
	if len(rest) <= start || len(rest[state]) != 1 {
		return Stat{}, fmt.Errorf("%d fields behind the name", len(rest))
	}
	s.State = rest[state][0]
	var errs [7]error
	s.PID, errs[0] = strconv.Atoi(strings.TrimSpace(text[:open]))
	s.PPID, errs[1] = strconv.Atoi(rest[ppid])
	s.Threads, errs[2] = strconv.Atoi(rest[threads])
	s.Start, errs[3] = strconv.ParseUint(rest[start], 10, 64)
	minors, err := strconv.ParseUint(rest[minor], 10, 63)
	errs[4] = err
	majors, err := strconv.ParseUint(rest[major], 10, 63)
	errs[5] = err
	s.Faults = minors + majors
	if len(rest) > stack {
		s.stack, errs[6] = strconv.ParseUint(rest[stack], 10, 64)
	}
	return s, errors.Join(errs[:]...)
}

// Processes is a look at all processes, by pid. Those that end meanwhile are left
// out; other users' are seen too, unless the procfs is mounted to hide them.
func (f FS) Processes() ([]Stat, error) {
	pids, err := f.PIDs()
	if err != nil {
		return nil, err
	}
	list := make([]Stat, 0, len(pids))
	for _, pid := range pids {
		s, err := f.Stat(pid)
		if err != nil {
			if errors.Is(err, ErrGone) || errors.Is(err, ErrDenied) {
				continue
			}
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
