package proc

import "strings"

// Environ is the environment that a process was started with, from
// /proc/PID/environ; what it set itself later does not show. Only its own user
// and root may read it.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Environ(pid int) (map[string]string, error) {
	text, err := f.read(pid, "environ")
	if err != nil {
		return nil, err
	}
	return parseEnviron(text), nil
}

// parseEnviron reads NAME=value, each ended by a zero byte. Of a name that stands
// twice, getenv(3) finds the first.
func parseEnviron(text string) map[string]string {
	env := map[string]string{}
	for entry := range strings.SplitSeq(text, "\x00") {
		k, v, ok := strings.Cut(entry, "=")
		if _, twice := env[k]; ok && k != "" && !twice {
			env[k] = v
		}
	}
	return env
}
