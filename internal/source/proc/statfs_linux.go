package proc

import (
	"syscall"

	"culprit"
)

// statfs asks the kernel how large a file system is and how much of it is used.
func statfs(path string) (size, used culprit.Bytes, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return culprit.Unknown, culprit.Unknown, err
	}
	block := culprit.Bytes(s.Bsize)
	return culprit.Bytes(s.Blocks) * block, culprit.Bytes(s.Blocks-min(s.Blocks, s.Bfree)) * block, nil
}
