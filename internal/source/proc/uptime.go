package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks a second in what the kernel tells programs (USER_HZ), the same on all
// machines that Ruby runs on.
const ticks = 100

// Uptime is the time since the machine booted, from /proc/uptime.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Uptime() (time.Duration, error) {
	b, err := os.ReadFile(filepath.Join(f.Proc, "uptime"))
	if err != nil {
		return 0, fmt.Errorf("reading the machine's uptime: %w", err)
	}
	return parseUptime(string(b))
}

func parseUptime(text string) (time.Duration, error) {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	s, err := strconv.ParseFloat(word, 64)
	if err != nil || s < 0 || s > 1e9 {
		return 0, fmt.Errorf("uptime: %q is no number of seconds", word)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// Age is how long a process has run, given the machine's uptime.
func (s Stat) Age(uptime time.Duration) time.Duration {
	const tick = time.Second / ticks
	if s.Start > uint64(uptime/tick) {
		return 0
	}
	return uptime - time.Duration(s.Start)*tick
}
