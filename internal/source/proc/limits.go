package proc

import (
	"fmt"
	"strconv"
	"strings"
)

// Limit is one line of /proc/PID/limits (setrlimit(2)).
type Limit struct {
	Name       string // "Max address space"
	Soft, Hard int64  // -1 unlimited
	Unit       string // "bytes", "files", "" none
}

// Limits reads /proc/PID/limits.
//
// https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html
func (f FS) Limits(pid int) ([]Limit, error) {
	text, err := f.read(pid, "limits")
	if err != nil {
		return nil, err
	}
	list, err := parseLimits(text)
	if err != nil {
		return nil, fmt.Errorf("pid %d, limits: %w", pid, err)
	}
	return list, nil
}

// parseLimits reads columns that begin where those of the first line do.
func parseLimits(text string) ([]Limit, error) {
	head, rest, _ := strings.Cut(text, "\n")
	soft, hard, unit := strings.Index(head, "Soft Limit"), strings.Index(head, "Hard Limit"), strings.Index(head, "Units")
	if soft < 0 || hard < soft || unit < hard {
		return nil, fmt.Errorf("%q is no head of limits", head)
	}
	var list []Limit
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, "\n")
		if len(line) < hard {
			return nil, fmt.Errorf("%q is no limit", line)
		}
		l := Limit{Name: strings.TrimSpace(line[:soft])}
		last := line[hard:]
		if len(line) > unit {
			last, l.Unit = line[hard:unit], strings.TrimSpace(line[unit:])
		}
		var err error
		if l.Soft, err = limit(line[soft:hard]); err != nil {
			return nil, err
		}
		if l.Hard, err = limit(last); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func limit(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if text == "unlimited" {
		return -1, nil
	}
	// Some are as large as an unsigned number can be.
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no limit", text)
	}
	return int64(min(n, 1<<63-1)), nil
}
