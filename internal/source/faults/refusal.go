package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
)

// step is what the kernel was asked for.
type step string

const (
	stepMap     step = "memory shared with the kernel"
	stepProgram step = "a program of the kernel"
	stepEvent   step = "a counter of page faults"
)

// surroundings is what this process may do, and where it runs. A field that could not be
// read is empty.
type surroundings struct {
	status   string // of this process: /proc/self/status
	uids     string // its user namespace: /proc/self/uid_map
	release  string // of the kernel: /proc/sys/kernel/osrelease
	lockdown string // /sys/kernel/security/lockdown
	// container is set where the first process of this pid namespace is not the machine's.
	container bool
}

// Capabilities (include/uapi/linux/capability.h).
const (
	capSysAdmin = 21
	capPerfmon  = 38
	capBPF      = 39
)

// lacking lists the capabilities that this process has not got, of those it takes.
func (s surroundings) lacking() (list []string, known bool) {
	for line := range strings.Lines(s.status) {
		hex, ok := strings.CutPrefix(line, "CapEff:")
		if !ok {
			continue
		}
		bits, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		if err != nil {
			return nil, false
		}
		if bits&(1<<capSysAdmin) != 0 {
			return nil, true
		}
		if bits&(1<<capBPF) == 0 {
			list = append(list, "CAP_BPF")
		}
		if bits&(1<<capPerfmon) == 0 {
			list = append(list, "CAP_PERFMON")
		}
		return list, true
	}
	return nil, false
}

// filtered tells whether a filter of system calls stands before this process.
func (s surroundings) filtered() bool {
	for line := range strings.Lines(s.status) {
		if mode, ok := strings.CutPrefix(line, "Seccomp:"); ok {
			return strings.TrimSpace(mode) == "2"
		}
	}
	return false
}

// foreignRoot tells whether the capabilities of this process count in a user namespace
// only: the kernel asks for the machine's.
func (s surroundings) foreignRoot() bool {
	f := strings.Fields(s.uids)
	return len(f) != 0 && (len(f) != 3 || f[0] != "0" || f[1] != "0" || f[2] != "4294967295")
}

// old tells whether the kernel is older than what it takes: 5.8 has the ring buffer.
func (s surroundings) old() bool {
	var major, minor int
	if n, err := fmt.Sscanf(s.release, "%d.%d", &major, &minor); n != 2 || err != nil {
		return false
	}
	return major < 5 || major == 5 && minor < 8
}

// explain says what is missing.
func (s surroundings) explain(at step, err error) error {
	missing, hint := s.missing(at, err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok && denied(err) {
		err = errno // what the library adds is of locked memory, which was seen to
	}
	return fmt.Errorf("%w: %s (%s: %w); hint: %s", ErrUnavailable, missing, at, err, hint)
}

// denied tells whether the kernel has what it takes and does not give it.
func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

const (
	otherwise = "culprit inspect record does without"
	askRoot   = "run as root, or with CAP_BPF and CAP_PERFMON; " + otherwise
)

func (s surroundings) missing(at step, err error) (missing, hint string) {
	where := ""
	if s.container {
		where = " in this container"
	}
	lacking, known := s.lacking()
	switch {
	case errors.Is(err, syscall.ENOSYS):
		if s.filtered() {
			return "a filter of system calls hides bpf() or perf_event_open()" + where, "run culprit on the host, or with --security-opt seccomp=unconfined; " + otherwise
		}
		return "this kernel was built without bpf() or perf_event_open()", otherwise
	case s.old():
		return "Linux " + strings.TrimSpace(s.release) + " is older than 5.8", otherwise
	case !denied(err):
		if at == stepEvent {
			return "this kernel counts no page faults" + where, otherwise
		}
		return "the kernel does not take what it is given", otherwise
	case len(lacking) > 0:
		return strings.Join(lacking, " and ") + " not held" + where, askRoot
	case s.foreignRoot():
		return "root of a user namespace is not the machine's root" + where, "run culprit as root on the host; " + otherwise
	case strings.Contains(s.lockdown, "[confidentiality]"):
		return "the kernel is locked down (confidentiality)", otherwise
	case s.filtered():
		return "a filter of system calls forbids it" + where, "run culprit on the host, or with --security-opt seccomp=unconfined; " + otherwise
	case !known:
		return "not permitted" + where, askRoot
	}
	return "not permitted" + where + ", though no capability is missing: a security module may forbid it", "run culprit as root on the host; " + otherwise
}
