// Package proc is the door for a live process on Linux: /proc of the process, its
// cgroup, and the memory of the machine. One file per kernel file.
//
// It owns the kernel's formats, their units (all amounts leave in bytes), and
// that a process which ends in the middle of a read is an error and never a small
// sum. It refuses to say what the memory is, and to touch the process: it only
// reads files that the kernel writes.
//
// Formats: https://docs.kernel.org/filesystems/proc.html and
// https://docs.kernel.org/admin-guide/cgroup-v2.html
package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// FS is where the kernel's files are mounted: a container's /host/proc and a
// folder of a test are read by the same code.
type FS struct {
	Proc string // "/proc"
	Sys  string // "/sys"
}

// Host is the machine that this process runs on.
func Host() FS { return FS{Proc: "/proc", Sys: "/sys"} }

// ErrGone means that a process ended, or that its pid belongs to another one now.
var ErrGone = errors.New("the process is gone")

// ErrDenied means that the kernel does not let this user read it.
var ErrDenied = errors.New("not allowed to read it")

func (f FS) path(pid int, name string) string {
	return filepath.Join(f.Proc, strconv.Itoa(pid), name)
}

// read reads a whole file of a process.
func (f FS) read(pid int, name string) (string, error) {
	b, err := os.ReadFile(f.path(pid, name))
	if err != nil {
		return "", trouble(pid, name, err)
	}
	return string(b), nil
}

// trouble gives an error of the kernel the words of this package.
func trouble(pid int, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
		return fmt.Errorf("pid %d: %w", pid, ErrGone)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("pid %d, %s: %w; hint: run culprit as the user of the process, or as root", pid, name, ErrDenied)
	}
	return fmt.Errorf("pid %d, %s: %w", pid, name, err)
}

// PIDs lists the processes there are, in order.
func (f FS) PIDs() ([]int, error) {
	d, err := os.Open(f.Proc)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w; hint: culprit doctor PID needs Linux", f.Proc, err)
	}
	defer func() { _ = d.Close() }() // only read
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Proc, err)
	}
	var pids []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// Cmdline is the command of a process, as it shows itself: Puma writes what it is
// there. A kernel thread has none.
func (f FS) Cmdline(pid int) ([]string, error) {
	text, err := f.read(pid, "cmdline")
	if err != nil {
		return nil, err
	}
	text = strings.TrimRight(text, "\x00 ")
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\x00"), nil
}

// Environ is the environment that a process was started with; what it set itself
// later does not show.
func (f FS) Environ(pid int) (map[string]string, error) {
	text, err := f.read(pid, "environ")
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for entry := range strings.SplitSeq(text, "\x00") {
		if k, v, ok := strings.Cut(entry, "="); ok {
			env[k] = v
		}
	}
	return env, nil
}
