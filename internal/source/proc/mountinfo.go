package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"culprit"
)

// Mount is one line of /proc/PID/mountinfo.
type Mount struct {
	Device string // "0:25"
	Root   string // what of the file system is mounted, as seen from its own root
	Point  string // where, as the process sees it
	Type   string // "tmpfs", "cgroup2", ...
	Source string
	Super  string // options of the file system: "rw,memory"
}

// Mounts reads /proc/PID/mountinfo; a pid of 0 is this process itself.
//
// https://docs.kernel.org/filesystems/proc.html
func (f FS) Mounts(pid int) ([]Mount, error) {
	if pid == 0 {
		b, err := os.ReadFile(filepath.Join(f.Proc, "self", "mountinfo"))
		if err != nil {
			return nil, fmt.Errorf("reading what is mounted: %w", err)
		}
		return parseMounts(string(b))
	}
	text, err := f.read(pid, "mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(text)
}

// parseMounts reads lines of "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3
// /dev/root rw,errors=continue"; blanks within a name are written as \040.
func parseMounts(text string) ([]Mount, error) {
	var list []Mount
	for line := range strings.Lines(text) {
		front, back, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		a, b := strings.Fields(front), strings.Fields(back)
		if !ok || len(a) < 6 || len(b) < 1 {
			return nil, fmt.Errorf("%q is no mount", strings.TrimSpace(line))
		}
		m := Mount{Device: a[2], Root: unescape(a[3]), Point: unescape(a[4]), Type: b[0]}
		if len(b) > 1 {
			m.Source = unescape(b[1])
		}
		if len(b) > 2 {
			m.Super = b[2]
		}
		list = append(list, m)
	}
	return list, nil
}

// unescape undoes \040 and its like.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Use is how full a file system is.
type Use struct {
	Mount
	Size, Used culprit.Bytes
}

// Tmpfs tells how full the file systems in memory are that a process sees, each
// once: /dev/shm, /tmp, /run. Small ones are told too. What cannot be asked is in
// the second list, with the reason.
//
// https://docs.kernel.org/filesystems/tmpfs.html, statfs(2)
func (f FS) Tmpfs(pid int) (uses []Use, failed []string, err error) {
	mounts, err := f.Mounts(pid)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, m := range mounts {
		if m.Type != "tmpfs" && m.Type != "ramfs" || seen[m.Device] {
			continue
		}
		// Through the root of the process: it may be in another namespace than ours.
		size, used, err := statfs(filepath.Join(f.path(pid, "root"), m.Point))
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", m.Point, err))
			continue
		}
		seen[m.Device] = true
		uses = append(uses, Use{Mount: m, Size: size, Used: used})
	}
	return uses, failed, nil
}
