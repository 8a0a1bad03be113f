package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Thread is one thread of a process.
type Thread struct {
	TID  int
	Comm string // its name, cut to 15 bytes by the kernel
}

// Threads lists the threads of a process, from /proc/PID/task. Those that end
// meanwhile are left out. Any user may read them.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Threads(pid int) ([]Thread, error) {
	dir := f.path(pid, "task")
	ids, err := numbered(dir)
	if err != nil {
		return nil, trouble(pid, "task", err)
	}
	list := make([]Thread, 0, len(ids))
	for _, id := range ids {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(id), "comm"))
		if err != nil {
			if errors.Is(trouble(pid, "task", err), ErrGone) || errors.Is(err, fs.ErrPermission) {
				continue
			}
			return nil, fmt.Errorf("pid %d, thread %d: %w", pid, id, err)
		}
		list = append(list, Thread{TID: id, Comm: strings.TrimSuffix(string(b), "\n")})
	}
	return list, nil
}

// Faults counts the page faults of each thread of a process so far, from
// /proc/PID/task/TID/stat (minflt and majflt): memory becomes resident at a fault, and the
// kernel counts it for the thread that touched the page. Threads that end meanwhile are
// left out.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Faults(pid int) (map[int]int64, error) {
	dir := f.path(pid, "task")
	ids, err := numbered(dir)
	if err != nil {
		return nil, trouble(pid, "task", err)
	}
	faults := make(map[int]int64, len(ids))
	for _, id := range ids {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(id), "stat"))
		if err != nil {
			if errors.Is(trouble(pid, "task", err), ErrGone) {
				continue
			}
			return nil, trouble(pid, "task", err)
		}
		if faults[id], err = parseFaults(string(b)); err != nil {
			return nil, fmt.Errorf("pid %d, thread %d: %w", pid, id, err)
		}
	}
	return faults, nil
}

// parseFaults adds up the minor and the major faults in a line of stat.
func parseFaults(text string) (int64, error) {
	rest := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	// Fields are counted from 3, the state: minflt is the 10th, majflt the 12th.
	const minor, major = 7, 9
	if len(rest) <= major {
		return 0, fmt.Errorf("%d fields behind the name", len(rest))
	}
	a, err := strconv.ParseInt(rest[minor], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("minflt: %w", err)
	}
	b, err := strconv.ParseInt(rest[major], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("majflt: %w", err)
	}
	return a + b, nil
}
