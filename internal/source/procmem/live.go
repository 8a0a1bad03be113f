package procmem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Live is the memory of a process that goes on.
type Live struct {
	PID int
	dir string
	mem *os.File
	pm  *os.File
	now atomic.Pointer[[]Mapping]

	mu    sync.Mutex
	files map[string]*os.File // of mappings, nil where one cannot be opened
}

// Open begins to read a process. root is "/proc".
func Open(root string, pid int) (*Live, error) {
	l := &Live{PID: pid, dir: filepath.Join(root, strconv.Itoa(pid)), files: map[string]*os.File{}}
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	var err error
	if l.mem, err = os.Open(filepath.Join(l.dir, "mem")); err != nil {
		return nil, l.explain(err)
	}
	if l.pm, err = os.Open(filepath.Join(l.dir, "pagemap")); err != nil {
		return nil, errors.Join(l.explain(err), l.mem.Close())
	}
	return l, nil
}

// rereads is how often a list of mappings that does not fit together is read again: the
// kernel gives it in pieces, between which a busy process maps and unmaps.
const rereads = 10

// Refresh reads the mappings anew.
func (l *Live) Refresh() (err error) {
	for range rereads {
		if err = l.refresh(); !errors.Is(err, errTornMaps) {
			return err
		}
	}
	return err
}

func (l *Live) refresh() error {
	f, err := os.Open(filepath.Join(l.dir, "maps"))
	if err != nil {
		return l.explain(err)
	}
	maps, err := ParseMaps(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return l.explain(err)
	}
	if len(maps) == 0 {
		return fmt.Errorf("pid %d: %w", l.PID, ErrGone) // a zombie, or a thread of the kernel
	}
	l.now.Store(&maps)
	return nil
}

func (l *Live) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("pid %d: %w (%w); hint: run as the same user or as root; in a container it takes CAP_SYS_PTRACE", l.PID, ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
		return fmt.Errorf("pid %d: %w (%w)", l.PID, ErrGone, err)
	}
	return fmt.Errorf("pid %d: %w", l.PID, err)
}

// Close ends the reading.
func (l *Live) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.mem.Close(), l.pm.Close())
	for _, f := range l.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	clear(l.files)
	return err
}

// Maps are the mappings of the last Refresh.
func (l *Live) Maps() []Mapping { return *l.now.Load() }

// Bits of an entry of pagemap (https://docs.kernel.org/admin-guide/mm/pagemap.html).
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
)

// ReadAt reads pages that are present from the process, and others of a mapped file from
// the file.
func (l *Live) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		at := uint64(off) + uint64(n)
		room := len(b) - n
		var entries [64]byte
		count := min(len(entries)/8, int((at%PageSize+uint64(room)+PageSize-1)/PageSize))
		if at >= 1<<62 {
			return n, failed(at, ErrUnmapped)
		}
		k, err := l.pm.ReadAt(entries[:8*count], int64(at/PageSize*8))
		if k < 8 {
			return n, failed(at, l.lost(err))
		}
		pages, present := alike(entries[:k&^7])
		room = min(room, pages*PageSize-int(at%PageSize))
		if present {
			k, err = l.mem.ReadAt(b[n:n+room], int64(at))
		} else {
			k, err = l.fromFile(b[n:n+room], at)
		}
		n += max(k, 0)
		if k < room {
			return n, failed(at+uint64(max(k, 0)), l.lost(err))
		}
	}
	return n, nil
}

// alike tells how many of the first pages are in memory, or how many are not.
func alike(entries []byte) (n int, present bool) {
	for o := 0; o < len(entries); o += 8 {
		here := binary.LittleEndian.Uint64(entries[o:])&pagePresent != 0
		if o > 0 && here != present {
			return n, present
		}
		present = here
		n++
	}
	return n, present
}

// lost tells why nothing could be read.
func (l *Live) lost(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		// Reading pagemap or mem of a process that has ended gives no byte and no error.
		if _, serr := os.Stat(filepath.Join(l.dir, "maps")); serr != nil || l.ended() {
			return ErrGone
		}
		return ErrUnmapped
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EFAULT):
		return fmt.Errorf("%w (%w)", ErrUnmapped, err)
	case errors.Is(err, ErrAbsent), errors.Is(err, ErrUnmapped):
		return err
	}
	return l.explain(err)
}

// ended tells whether a process has no memory any more.
func (l *Live) ended() bool {
	b, err := os.ReadFile(filepath.Join(l.dir, "maps"))
	return err != nil || len(b) == 0
}

// fromFile reads what the process would read on its next touch, without touching.
func (l *Live) fromFile(b []byte, at uint64) (int, error) {
	m, ok := Find(l.Maps(), at)
	if !ok {
		return 0, ErrUnmapped
	}
	if !m.File {
		return 0, ErrAbsent
	}
	f := l.file(m)
	if f == nil {
		return 0, fmt.Errorf("%w, and its file %s cannot be read", ErrAbsent, m.Path)
	}
	if left := m.To - at; uint64(len(b)) > left {
		b = b[:left]
	}
	n, err := f.ReadAt(b, int64(m.Offset+at-m.From))
	if err != nil && n < len(b) {
		// Behind the end of the file the last page is zero: that is what the process sees.
		if errors.Is(err, io.EOF) && len(b)-n < PageSize {
			clear(b[n:])
			return len(b), nil
		}
		return n, ErrAbsent
	}
	return n, nil
}

// file opens the file of a mapping: by the mapping itself, which finds deleted files and
// those of containers, or by its path in the root of the process.
func (l *Live) file(m Mapping) *os.File {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.files[m.Path]; ok {
		return f
	}
	f, err := os.Open(filepath.Join(l.dir, "map_files", fmt.Sprintf("%x-%x", m.From, m.To)))
	if err != nil {
		f, err = os.Open(filepath.Join(l.dir, "root", m.Path))
	}
	if err != nil {
		f = nil
	}
	l.files[m.Path] = f
	return f
}

// File opens the file of a mapping for reading; the caller closes nothing.
func (l *Live) File(m Mapping) (io.ReaderAt, bool) {
	f := l.file(m)
	return f, f != nil
}

// Present tells what is in memory: swapped pages are not.
func (l *Live) Present(from, to uint64, visit func(from, to uint64)) error {
	const most = 1 << 13 // entries a read
	entries := make([]byte, 8*min(most, (to-from)/PageSize+2))
	begin := uint64(0) // of the stretch that is open; 0 is none
	from &^= PageSize - 1
	for at := from; at < to; {
		want := min(uint64(len(entries)/8), (to-at+PageSize-1)/PageSize)
		k, err := l.pm.ReadAt(entries[:8*want], int64(at/PageSize*8))
		if k < 8 {
			return failed(at, l.lost(err))
		}
		for o := 0; o+8 <= k; o += 8 {
			here := binary.LittleEndian.Uint64(entries[o:])&pagePresent != 0
			if here && begin == 0 {
				begin = at
			} else if !here && begin != 0 {
				visit(begin, at)
				begin = 0
			}
			at += PageSize
		}
	}
	if begin != 0 {
		visit(begin, to)
	}
	return nil
}

// Swapped counts the bytes of [from, to) that are swapped out.
func (l *Live) Swapped(from, to uint64) (bytes uint64, err error) {
	entries := make([]byte, 8*(1<<13))
	for at := from &^ (PageSize - 1); at < to; {
		want := min(uint64(len(entries)/8), (to-at+PageSize-1)/PageSize)
		k, err := l.pm.ReadAt(entries[:8*want], int64(at/PageSize*8))
		if k < 8 {
			return bytes, failed(at, l.lost(err))
		}
		for o := 0; o+8 <= k; o += 8 {
			if binary.LittleEndian.Uint64(entries[o:])&pageSwapped != 0 {
				bytes += PageSize
			}
			at += PageSize
		}
	}
	return bytes, nil
}
