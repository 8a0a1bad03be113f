package proc

import "strings"

// Cmdline is the command of a process from /proc/PID/cmdline, as it shows itself:
// Puma writes what it is there. Any user may read it. A kernel thread and a
// process that has ended without being waited for have none.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Cmdline(pid int) ([]string, error) {
	text, err := f.read(pid, "cmdline")
	if err != nil {
		return nil, err
	}
	return parseCmdline(text), nil
}

// parseCmdline splits at zero bytes. What a program writes over its command is
// filled up with zero bytes or blanks.
func parseCmdline(text string) []string {
	text = strings.TrimRight(text, "\x00 ")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
