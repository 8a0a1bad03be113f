package heapindex

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// replace writes a file that has no name before it is whole: whatever ends the
// process, nothing is left.
func replace(path string, write func(*os.File) error) error {
	fd, err := unix.Open(filepath.Dir(path), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return replaceNamed(path, write) // a file system without such files
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() //nolint:errcheck // Sync has told
	if err := write(f); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replacing the index: %w", err)
	}
	if err := unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW); err != nil {
		return fmt.Errorf("naming the index: %w", err)
	}
	return nil
}
