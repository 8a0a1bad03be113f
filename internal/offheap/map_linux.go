package offheap

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const pageSize = 4096

// hugeFrom is the size from which a column asks for huge pages: a page fault of
// 4 KB costs as much as parsing a line.
const hugeFrom = 64 << 20

func pages(size int) int { return (size + pageSize - 1) &^ (pageSize - 1) }

// noFile is the descriptor of a column in memory.
const noFile = -1

func reserve(dir string, size int) (stretch, error) {
	size = pages(size)
	if dir == "" {
		raw, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
		if err == nil && size >= hugeFrom {
			_ = unix.Madvise(raw, unix.MADV_HUGEPAGE) // a wish
		}
		return stretch{raw, noFile}, err
	}
	fd, err := nameless(dir)
	if err != nil {
		return stretch{}, err
	}
	raw, err := mapFile(fd, size)
	if err != nil {
		return stretch{}, errors.Join(err, unix.Close(fd))
	}
	return stretch{raw, fd}, nil
}

func mapFile(fd, size int) ([]byte, error) {
	if err := room(fd, size); err != nil {
		return nil, err
	}
	return unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// room makes a file so long, with its blocks: a full disk is told here, and not by a
// fault where the column is written.
func room(fd, size int) error {
	err := unix.Fallocate(fd, 0, 0, int64(size))
	if errors.Is(err, unix.EOPNOTSUPP) {
		return unix.Ftruncate(fd, int64(size))
	}
	return err
}

// nameless opens a file that is gone with the process, whatever ends it.
func nameless(dir string) (int, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return fd, nil
	}
	f, err := os.CreateTemp(dir, ".culprit-*")
	if err != nil {
		return -1, fmt.Errorf("a temporary file: %w", err)
	}
	defer f.Close() //nolint:errcheck // a second descriptor goes on
	if err := os.Remove(f.Name()); err != nil {
		return -1, err
	}
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}

func extend(s stretch, size int) (stretch, error) {
	size = pages(size)
	if s.fd != noFile {
		if err := room(s.fd, size); err != nil {
			return s, err
		}
	}
	more, err := unix.Mremap(s.raw, size, unix.MREMAP_MAYMOVE)
	if err != nil {
		return s, err
	}
	if s.fd == noFile && size >= hugeFrom {
		_ = unix.Madvise(more, unix.MADV_HUGEPAGE)
	}
	return stretch{more, s.fd}, nil
}

func release(s stretch) {
	_ = unix.Munmap(s.raw)
	if s.fd != noFile {
		_ = unix.Close(s.fd) // nothing that anyone reads again
	}
}

// cool drops the pages of a shared mapping; what was written stays in the file.
func cool(s stretch) {
	if len(s.raw) > 0 {
		_ = unix.Madvise(s.raw, unix.MADV_DONTNEED) // a wish
	}
}

// File maps a file to read it. Whoever reads must be ready for the file to become
// shorter meanwhile: see Guard.
func File(f *os.File, size int) ([]byte, error) {
	raw, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	_ = unix.Madvise(raw, unix.MADV_SEQUENTIAL)
	return raw, nil
}

// Unmap ends what File began.
func Unmap(raw []byte) error { return unix.Munmap(raw) }

// Done tells the kernel that a part of a mapped file, which begins where a page does,
// is not needed again. It gives how much of it that was: whole pages.
func Done(part []byte) int {
	n := len(part) &^ (pageSize - 1)
	if n > 0 {
		_ = unix.Madvise(part[:n], unix.MADV_DONTNEED) // a wish
	}
	return n
}

// Soon tells the kernel that a part of a mapped file is read next, from its first
// byte to its last: one call in place of a fault for each few pages.
func Soon(part []byte) {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	skip := int(-at & (pageSize - 1))
	if n := (len(part) - skip) &^ (pageSize - 1); n > 0 {
		_ = unix.Madvise(part[skip:skip+n], unix.MADV_POPULATE_READ) // Linux 5.14 and later
	}
}
