package procmem

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// longest is how long a process stands still at most: a watchdog lets it go on.
const longest = 30 * time.Second

// Frozen is a process whose threads stand still. When this process ends, even by SIGKILL,
// the kernel lets it go on (PTRACE_SEIZE, https://man7.org/linux/man-pages/man2/ptrace.2.html),
// and no parent sees a signal.
type Frozen struct {
	// Registers of all threads: what only they point to is in use.
	Registers []uint64
	once      sync.Once
	stop      chan struct{}
	done      chan error
}

// Freeze stops all threads of a process. root is "/proc".
func Freeze(root string, pid int) (*Frozen, error) {
	f := &Frozen{stop: make(chan struct{}), done: make(chan error, 1)}
	ready := make(chan error)
	go f.hold(filepath.Join(root, strconv.Itoa(pid), "task"), ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("stopping pid %d: %w", pid, err)
	}
	return f, nil
}

// Resume lets the process go on. It is safe to call again.
func (f *Frozen) Resume() error {
	var err error
	f.once.Do(func() {
		close(f.stop)
		err = <-f.done
	})
	return err
}

// hold is one thread of this process from the first stop to the last release: ptrace
// belongs to a thread.
func (f *Frozen) hold(tasks string, ready chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	held, err := stopAll(tasks)
	if err != nil {
		ready <- errors.Join(err, release(held))
		return
	}
	for tid := range held {
		f.Registers = append(f.Registers, registers(tid)...)
	}
	ready <- nil
	watchdog := time.NewTimer(longest)
	defer watchdog.Stop()
	select {
	case <-f.stop:
		f.done <- release(held)
	case <-watchdog.C:
		f.done <- errors.Join(release(held), fmt.Errorf("the process stood still for %v and was let go: what was read after that may not fit together", longest))
	}
}

// stopAll stops threads until a list of them has no new one.
func stopAll(tasks string) (held map[int]unix.Signal, err error) {
	held = map[int]unix.Signal{}
	for fresh := true; fresh; {
		fresh = false
		entries, err := os.ReadDir(tasks)
		if err != nil {
			return held, fmt.Errorf("%w (%w)", ErrGone, err)
		}
		for _, e := range entries {
			tid, err := strconv.Atoi(e.Name())
			if _, has := held[tid]; err != nil || has {
				continue
			}
			pending, ok, err := stopOne(tid)
			if err != nil {
				return held, err
			}
			if ok {
				held[tid], fresh = pending, true
			}
		}
	}
	if len(held) == 0 {
		return held, ErrGone
	}
	return held, nil
}

// stopOne stops a thread; ok is false where it ended meanwhile. A signal that was on its
// way to it is given back when it goes on.
func stopOne(tid int) (pending unix.Signal, ok bool, err error) {
	if err := unix.PtraceSeize(tid); err != nil {
		switch {
		case errors.Is(err, unix.ESRCH):
			return 0, false, nil
		case errors.Is(err, unix.EPERM):
			return 0, false, fmt.Errorf("%w (%w); hint: run as root; a process under another tracer (gdb, strace) cannot be stopped", ErrDenied, err)
		}
		return 0, false, err
	}
	if err := unix.PtraceInterrupt(tid); err != nil {
		return 0, false, err
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(tid, &status, unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, false, err
		}
		if status.Stopped() && int(status)>>16 != unix.PTRACE_EVENT_STOP && status.StopSignal() != unix.SIGTRAP {
			pending = status.StopSignal()
		}
		return pending, status.Stopped(), nil
	}
}

// release lets threads go on.
func release(held map[int]unix.Signal) (err error) {
	for tid, pending := range held {
		_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_DETACH, uintptr(tid), 0, uintptr(pending), 0, 0)
		if errno != 0 && errno != unix.ESRCH {
			err = errors.Join(err, fmt.Errorf("letting thread %d go on: %w", tid, errno))
		}
	}
	return err
}

// ntPrstatus is the set of general registers (linux/elf.h).
const ntPrstatus = 1

// registers are the general ones of a thread that stands still, in the kernel's order.
func registers(tid int) []uint64 {
	words := make([]uint64, 64)
	v := unix.Iovec{Base: (*byte)(unsafe.Pointer(&words[0]))}
	v.SetLen(8 * len(words))
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(tid), ntPrstatus, uintptr(unsafe.Pointer(&v)), 0, 0)
	if errno != 0 {
		return nil
	}
	return words[:v.Len/8]
}
