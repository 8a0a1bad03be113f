package procmem

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Core is the memory of a process that has died, or that gcore has written down.
type Core struct {
	maps     []Mapping
	segments []segment
	file     *os.File
	files    map[string]*os.File
	// Threads are those that the file tells of.
	Threads int
}

// segment is memory that a core file has.
type segment struct {
	from, to uint64 // to the end of what stands in the file
	at       int64
}

// mostNote and mostNotes bound what a file can make this process read.
const (
	mostNote  = 64 << 20
	mostFiles = 1 << 20
)

// ErrNotCore means a file that is no core of a 64-bit little-endian Linux.
var ErrNotCore = errors.New("not a core file of a 64-bit Linux process")

// OpenCore reads a core file: its segments, and the files that were mapped (NT_FILE),
// which are read where they are for what the core does not hold.
func OpenCore(path string) (*Core, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &Core{file: f, files: map[string]*os.File{}}
	if err := c.read(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
}

// Close ends the reading.
func (c *Core) Close() error {
	err := c.file.Close()
	for _, f := range c.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func (c *Core) read(f io.ReaderAt) error {
	e, err := elf.NewFile(f)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrNotCore, err)
	}
	if e.Type != elf.ET_CORE || e.Class != elf.ELFCLASS64 || e.Data != elf.ELFDATA2LSB {
		return ErrNotCore
	}
	var named []Mapping
	for _, p := range e.Progs {
		switch p.Type {
		case elf.PT_NOTE:
			if p.Filesz > mostNote {
				return fmt.Errorf("%w: notes of %d bytes", ErrNotCore, p.Filesz)
			}
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("%w: its notes end early (%w)", ErrNotCore, err)
			}
			files, threads := notes(b)
			named = append(named, files...)
			c.Threads += threads
		case elf.PT_LOAD:
			if p.Vaddr+p.Memsz <= p.Vaddr || p.Filesz > p.Memsz || p.Off > 1<<62 {
				continue
			}
			c.maps = append(c.maps, Mapping{
				From: p.Vaddr, To: p.Vaddr + p.Memsz,
				Read: p.Flags&elf.PF_R != 0, Write: p.Flags&elf.PF_W != 0, Execute: p.Flags&elf.PF_X != 0,
			})
			if p.Filesz > 0 {
				c.segments = append(c.segments, segment{p.Vaddr, p.Vaddr + p.Filesz, int64(p.Off)})
			}
		}
	}
	c.settle(named)
	if len(c.maps) == 0 {
		return fmt.Errorf("%w: it holds no memory", ErrNotCore)
	}
	return nil
}

// settle sorts segments, and names those of files. The kernel writes one segment for each
// mapping; what overlaps another is dropped.
func (c *Core) settle(named []Mapping) {
	byFrom := func(a, b Mapping) int { return cmpUint(a.From, b.From) }
	slices.SortFunc(c.maps, byFrom)
	slices.SortFunc(named, byFrom)
	slices.SortFunc(c.segments, func(a, b segment) int { return cmpUint(a.from, b.from) })
	end := uint64(0)
	c.maps = slices.DeleteFunc(c.maps, func(m Mapping) bool {
		if m.From < end {
			return true
		}
		end = m.To
		return false
	})
	end = 0
	c.segments = slices.DeleteFunc(c.segments, func(s segment) bool {
		if s.from < end {
			return true
		}
		end = s.to
		return false
	})
	i := 0
	for k := range c.maps {
		m := &c.maps[k]
		for i < len(named) && named[i].To <= m.From {
			i++
		}
		if i < len(named) && named[i].From <= m.From {
			m.Path, m.File, m.Offset = named[i].Path, true, named[i].Offset+m.From-named[i].From
		}
	}
	c.adopt(named)
}

// adopt adds mappings of files that the core has nothing of: gcore leaves out what can be
// read in the file.
func (c *Core) adopt(named []Mapping) {
	var more []Mapping
	for _, n := range named {
		covered := slices.ContainsFunc(c.maps, func(m Mapping) bool { return m.From < n.To && m.To > n.From })
		if k := len(more); !covered && (k == 0 || more[k-1].To <= n.From) {
			n.Read = true
			more = append(more, n)
		}
	}
	c.maps = append(c.maps, more...)
	slices.SortFunc(c.maps, func(a, b Mapping) int { return cmpUint(a.From, b.From) })
}

func cmpUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Types of notes (linux/elf.h).
const (
	noteThread = 1
	noteFiles  = 0x46494c45
)

// notes reads the notes of a core: its threads are counted, its files are named.
func notes(b []byte) (files []Mapping, threads int) {
	for len(b) >= 12 {
		name, desc, kind := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		b = b[12:]
		skip, size := (uint64(name)+3)&^3, uint64(desc)
		if skip+size > uint64(len(b)) {
			return files, threads
		}
		body := b[skip : skip+size]
		switch kind {
		case noteThread:
			threads++
		case noteFiles:
			files = append(files, noteOfFiles(body)...)
		}
		b = b[min(uint64(len(b)), (skip+size+3)&^3):]
	}
	return files, threads
}

// noteOfFiles reads NT_FILE: a count, the size of a page, triples of addresses and
// offsets in pages, then the names.
func noteOfFiles(b []byte) (files []Mapping) {
	if len(b) < 16 {
		return nil
	}
	count, page := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if count > mostFiles || count*24+16 > uint64(len(b)) || page == 0 || page > 1<<30 {
		return nil
	}
	names := b[16+24*count:]
	for i := range count {
		t := b[16+24*i:]
		m := Mapping{From: binary.LittleEndian.Uint64(t), To: binary.LittleEndian.Uint64(t[8:]), Offset: binary.LittleEndian.Uint64(t[16:]) * page, File: true}
		end := slices.Index(names, 0)
		if end < 0 {
			return files
		}
		m.Path = string(names[:end])
		names = names[end+1:]
		if m.From < m.To {
			files = append(files, m)
		}
	}
	return files
}

// Maps are the mappings.
func (c *Core) Maps() []Mapping { return c.maps }

// ReadAt reads what the core holds, and else the file that was mapped.
func (c *Core) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		at := uint64(off) + uint64(n)
		k, err := c.some(b[n:], at)
		n += k
		if err != nil {
			return n, failed(at, err)
		}
	}
	return n, nil
}

// some reads from one segment or one file.
func (c *Core) some(b []byte, at uint64) (int, error) {
	i, found := slices.BinarySearchFunc(c.segments, at, func(s segment, at uint64) int {
		switch {
		case s.to <= at:
			return -1
		case s.from > at:
			return 1
		}
		return 0
	})
	if found {
		s := c.segments[i]
		b = b[:min(uint64(len(b)), s.to-at)]
		n, err := c.file.ReadAt(b, s.at+int64(at-s.from))
		if n < len(b) {
			return n, fmt.Errorf("the core file is cut short: %w", err)
		}
		return n, nil
	}
	m, ok := Find(c.maps, at)
	if !ok {
		return 0, ErrUnmapped
	}
	b = b[:min(uint64(len(b)), m.To-at)]
	if i < len(c.segments) && c.segments[i].from > at {
		b = b[:min(uint64(len(b)), c.segments[i].from-at)]
	}
	f := c.mapped(m)
	if f == nil {
		return 0, ErrAbsent
	}
	n, err := f.ReadAt(b, int64(m.Offset+at-m.From))
	if n == 0 {
		return 0, fmt.Errorf("%w (%w)", ErrAbsent, err)
	}
	return n, nil
}

// mapped opens a file that was mapped. Memory that the process wrote to is never read of
// a file.
func (c *Core) mapped(m Mapping) *os.File {
	if !m.File || m.Write {
		return nil
	}
	f, ok := c.files[m.Path]
	if !ok {
		var err error
		if f, err = os.Open(m.Path); err != nil {
			f = nil
		}
		c.files[m.Path] = f
	}
	return f
}

// Present tells what the core holds.
func (c *Core) Present(from, to uint64, visit func(from, to uint64)) error {
	for _, s := range c.segments {
		if a, b := max(from, s.from), min(to, s.to); a < b {
			visit(a, b)
		}
	}
	return nil
}
