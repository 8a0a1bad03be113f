package proc

import "strings"

// Comm is the name of a process's first thread, from /proc/PID/comm; the kernel
// keeps 15 bytes.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Comm(pid int) (string, error) {
	text, err := f.read(pid, "comm")
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(text, "\n"), nil
}
