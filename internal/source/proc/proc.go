// Package proc is the door for a live process on Linux: /proc of the process, its
// cgroup, and the memory of the machine. One file of Go per file of the kernel.
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
	"syscall"
)

// FS is where the kernel's files are mounted: a container's /host/proc and a
// folder of a test are read by the same code.
type FS struct {
	Proc string // "/proc"
	Sys  string // "/sys"
}

// NewFS is the procfs at a mount point, with the sysfs of this machine.
func NewFS(mount string) FS { return FS{Proc: mount, Sys: "/sys"} }

// Host is the machine that this process runs on.
func Host() FS { return NewFS("/proc") }

// ErrGone means that a process ended, that its pid belongs to another one now, or
// that it became another program while it was read.
var ErrGone = errors.New("the process is gone")

// ErrDenied means that the kernel does not let this user read it.
var ErrDenied = errors.New("not allowed to read it")

// ErrNoProc means that there is no procfs: another system than Linux, or a
// container without one.
var ErrNoProc = errors.New("no procfs of Linux there")

// Check tells whether there is a procfs, as an error that wraps ErrNoProc.
func (f FS) Check() error {
	if _, err := os.Stat(filepath.Join(f.Proc, "meminfo")); err != nil {
		return fmt.Errorf("%s: %w; hint: a live process is looked at on Linux only, on the machine it runs on", f.Proc, ErrNoProc)
	}
	return nil
}

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
	if err := f.Check(); err != nil {
		return nil, err
	}
	return numbered(f.Proc)
}

// numbered lists the entries of a folder that are numbers, in order.
func numbered(dir string) ([]int, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	defer func() { _ = d.Close() }() // only read
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	var list []int
	for _, n := range names {
		if id, err := strconv.Atoi(n); err == nil && id > 0 {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list, nil
}
