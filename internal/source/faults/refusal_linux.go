package faults

import (
	"os"
	"syscall"
)

// refused says what the machine or the user lacks.
func refused(at step, err error) error { return here().explain(at, err) }

// here reads what this process may do. What cannot be read stays empty.
func here() (s surroundings) {
	text := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			return ""
		}
		return string(b)
	}
	s.status, s.uids = text("/proc/self/status"), text("/proc/self/uid_map")
	s.release, s.lockdown = text("/proc/sys/kernel/osrelease"), text("/sys/kernel/security/lockdown")
	// The machine's own pid namespace has a fixed number (include/linux/proc_ns.h,
	// PROC_PID_INIT_INO).
	const machine = 0xEFFFFFFC
	if info, err := os.Stat("/proc/self/ns/pid"); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			s.container = st.Ino != machine
		}
	}
	return s
}
