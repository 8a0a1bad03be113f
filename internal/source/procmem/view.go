package procmem

import (
	"bytes"
	"encoding/binary"
)

// View reads words and texts of a memory, and remembers the lines it has read. One
// goroutine may use it; what it remembers does not follow a process that goes on, so
// take a new one for each look, or Forget.
type View struct {
	Mem   Mem
	lines [viewLines]line
	maps  []Mapping
}

// What a view remembers: 1,024 lines of 1 KB. Neighbours in a struct share a line.
const (
	viewLines = 1 << 10
	lineBits  = 10
	lineSize  = 1 << lineBits
)

type line struct {
	at   uint64 // its address / lineSize + 1, 0 is none
	n    int    // bytes that could be read
	data []byte
}

// NewView makes a view.
func NewView(m Mem) *View { return &View{Mem: m, maps: m.Maps()} }

// Forget drops what is remembered.
func (v *View) Forget() {
	for i := range v.lines {
		v.lines[i].at = 0
	}
	v.maps = v.Mem.Maps()
}

// Maps are the mappings that the view began with.
func (v *View) Maps() []Mapping { return v.maps }

// Mapping gives the mapping of an address.
func (v *View) Mapping(at uint64) (Mapping, bool) { return Find(v.maps, at) }

// Writable tells whether an address lies in memory of the process that it writes to.
func (v *View) Writable(at uint64) bool {
	m, ok := Find(v.maps, at)
	return ok && m.Write && m.Read
}

// ReadAt reads through the lines.
func (v *View) ReadAt(b []byte, off int64) (int, error) {
	if len(b) > 4*lineSize {
		return v.Mem.ReadAt(b, off)
	}
	n := 0
	for n < len(b) {
		at := uint64(off) + uint64(n)
		l := v.fill(at >> lineBits)
		o := int(at & (lineSize - 1))
		if o >= l.n {
			// The line has a hole: what is asked for may still be there.
			k, err := v.Mem.ReadAt(b[n:], off+int64(n))
			return n + k, err
		}
		n += copy(b[n:], l.data[o:l.n])
	}
	return n, nil
}

func (v *View) fill(number uint64) *line {
	l := &v.lines[(number*0x9e3779b97f4a7c15)>>(64-10)]
	if l.at == number+1 {
		return l
	}
	if l.data == nil {
		l.data = make([]byte, lineSize)
	}
	l.n, _ = v.Mem.ReadAt(l.data, int64(number<<lineBits)) // what could be read of it counts
	l.at = number + 1
	return l
}

// Word reads 8 bytes.
func (v *View) Word(at uint64) (uint64, error) {
	l := v.fill(at >> lineBits)
	if o := int(at & (lineSize - 1)); o+8 <= l.n {
		return binary.LittleEndian.Uint64(l.data[o:]), nil
	}
	var b [8]byte
	if _, err := v.ReadAt(b[:], int64(at)); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// Uint32 reads 4 bytes.
func (v *View) Uint32(at uint64) (uint32, error) {
	var b [4]byte
	if _, err := v.ReadAt(b[:], int64(at)); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// Uint16 reads 2 bytes.
func (v *View) Uint16(at uint64) (uint16, error) {
	var b [2]byte
	if _, err := v.ReadAt(b[:], int64(at)); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(b[:]), nil
}

// Covers tells whether there are mappings of all n bytes from an address.
func (v *View) Covers(at, n uint64) bool {
	for n > 0 {
		m, ok := Find(v.maps, at)
		if !ok {
			return false
		}
		if m.To-at >= n {
			return true
		}
		n -= m.To - at
		at = m.To
	}
	return true
}

// Words reads n words. It gives an error unless all are there.
func (v *View) Words(at uint64, n int) ([]uint64, error) {
	b := make([]byte, 8*n)
	if _, err := v.ReadAt(b, int64(at)); err != nil {
		return nil, err
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return list, nil
}

// Text reads a text that ends with a zero byte, most bytes at most; without one it is
// cut there.
func (v *View) Text(at uint64, most int) (string, error) {
	b := make([]byte, 0, 64)
	for len(b) < most {
		l := v.fill(at >> lineBits)
		o := int(at & (lineSize - 1))
		if o >= l.n {
			return "", failed(at, ErrAbsent)
		}
		part := l.data[o:l.n]
		if i := bytes.IndexByte(part, 0); i >= 0 {
			b = append(b, part[:i]...)
			break
		}
		b = append(b, part...)
		at += uint64(len(part))
	}
	return string(b[:min(len(b), most)]), nil
}
