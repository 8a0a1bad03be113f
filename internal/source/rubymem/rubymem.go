// Package rubymem is the door to the memory of a live Ruby, from outside: it stops
// nothing, injects nothing and needs no symbols.
//
// It owns finding Ruby's heap by its own invariants, reading it, and refusing what does
// not hold together. It refuses to guess: a version that it does not know, or a heap
// that cannot be found, is an error with its name, and no number.
package rubymem

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Errors that callers tell apart.
var (
	ErrNotRuby = errors.New("no Ruby: neither libruby nor ruby is mapped")
	ErrVersion = errors.New("a version of Ruby whose heap is not known")
	ErrNoHeap  = errors.New("no heap of Ruby was found in it")
)

// region is one mapping.
type region struct {
	from, to       uint64
	write, private bool
	path           string
}

// Process is a live Ruby that can be read.
type Process struct {
	PID     int
	Version string // "3.1"
	mem     io.ReaderAt
	close   func() error
	regions []region
	lay     layout
}

// Open finds out which Ruby a process is. root is "/proc".
func Open(root string, pid int) (*Process, error) {
	dir := filepath.Join(root, strconv.Itoa(pid))
	regions, err := maps(filepath.Join(dir, "maps"))
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w; hint: run as the same user, or as root", pid, err)
	}
	p := &Process{PID: pid, regions: regions}
	if p.Version, err = version(regions); err != nil {
		return nil, fmt.Errorf("pid %d: %w", pid, err)
	}
	for _, l := range layouts() {
		if l.version == p.Version {
			p.lay = l
		}
	}
	if p.lay.version == "" {
		return nil, fmt.Errorf("pid %d: %w: %s", pid, ErrVersion, p.Version)
	}
	f, err := os.Open(filepath.Join(dir, "mem"))
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w; hint: run as the same user, or as root", pid, err)
	}
	p.mem, p.close = f, f.Close
	return p, nil
}

// Close ends the reading.
func (p *Process) Close() error { return p.close() }

func maps(path string) (list []region, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		r := region{write: strings.HasPrefix(fields[1], "rw"), private: strings.HasSuffix(fields[1], "p"), path: strings.Join(fields[5:], " ")}
		if r.from, err = strconv.ParseUint(from, 16, 64); err != nil {
			return nil, err
		}
		if r.to, err = strconv.ParseUint(to, 16, 64); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, lines.Err()
}

var rubyFile = regexp.MustCompile(`/(?:libruby(?:-static)?[.-]?|ruby)([0-9]+\.[0-9]+)?(?:\.so\.?([0-9]+\.[0-9]+)?[0-9.]*)?$`)

// version reads the minor version from the names of what is mapped: Debian's
// libruby-3.1.so.3.1, a build's libruby.so.3.3.8 or ruby3.1.
func version(regions []region) (string, error) {
	found := false
	for _, r := range regions {
		m := rubyFile.FindStringSubmatch(r.path)
		if m == nil {
			continue
		}
		found = true
		for _, v := range m[1:] {
			if v != "" {
				return v, nil
			}
		}
	}
	if !found {
		return "", ErrNotRuby
	}
	return "", fmt.Errorf("%w: its files do not tell which", ErrVersion)
}

// word reads a word of memory; ok is false for what is not mapped.
func (p *Process) word(at uint64) (uint64, bool) {
	var b [8]byte
	if _, err := p.mem.ReadAt(b[:], int64(at)); err != nil {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), true
}

func (p *Process) half(at uint64) (uint16, bool) {
	var b [2]byte
	if _, err := p.mem.ReadAt(b[:], int64(at)); err != nil {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b[:]), true
}

// writable tells whether an address lies in memory that a program writes to.
func (p *Process) writable(a uint64) bool {
	lo, hi := 0, len(p.regions)
	for lo < hi {
		if mid := (lo + hi) / 2; p.regions[mid].to <= a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(p.regions) && p.regions[lo].from <= a && p.regions[lo].write
}
