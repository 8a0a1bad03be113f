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
