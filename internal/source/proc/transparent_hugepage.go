package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// HugePages tells how transparent huge pages are given out, from
// /sys/kernel/mm/transparent_hugepage/enabled: "always", "madvise", "never", or
// "" where the kernel has none.
//
// https://docs.kernel.org/admin-guide/mm/transhuge.html
func (f FS) HugePages() (string, error) {
	b, err := os.ReadFile(filepath.Join(f.Sys, "kernel", "mm", "transparent_hugepage", "enabled"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading how huge pages are given out: %w", err)
	}
	return parseChosen(string(b))
}

// parseChosen reads "always [madvise] never".
func parseChosen(text string) (string, error) {
	_, rest, _ := strings.Cut(text, "[")
	chosen, _, ok := strings.Cut(rest, "]")
	if !ok {
		return "", fmt.Errorf("transparent_hugepage/enabled: nothing is chosen in %q", strings.TrimSpace(text))
	}
	return chosen, nil
}
