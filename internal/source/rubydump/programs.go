package rubydump

import (
	"encoding/binary"

	"culprit/internal/source/procmem"
)

// stretch is memory from an address up to another.
type stretch struct{ from, to uint64 }

// programs lists where programs and libraries have their variables: in writable mappings
// of their files, and in nameless memory right behind as far as the file says (the size in
// memory of its segments, https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html):
// what the kernel happened to put behind that is somebody else's.
func (d *dumper) programs() (list []stretch) {
	all := d.view.Maps()
	first := map[string]uint64{} // where the file begins
	for i, m := range all {
		if m.File && m.Offset == 0 {
			if _, known := first[m.Path]; !known {
				first[m.Path] = m.From
			}
		}
		switch {
		case !m.Write || !m.Read || m.Share:
		case m.File:
			list = append(list, stretch{m.From, m.To})
		case m.Path == "" && i > 0 && all[i-1].File && all[i-1].To == m.From:
			if base, known := first[all[i-1].Path]; known {
				if end := min(d.programEnd(base), m.To); end > m.From {
					list = append(list, stretch{m.From, end})
				}
			}
		}
	}
	return list
}

// Of ELF's headers.
const (
	elfHeader  = 64
	elfTable   = 32 // where the headers of segments are, two bytes of size and of number
	elfSize    = 54
	elfSegment = 56
	loadable   = 1
	mostLoads  = 64
)

// programEnd is the first address behind a program that begins at base, 0 where there is
// a file that is none.
func (d *dumper) programEnd(base uint64) (end uint64) {
	head := make([]byte, elfHeader)
	if _, err := d.view.ReadAt(head, int64(base)); err != nil {
		d.lost()
		return 0
	}
	if string(head[:4]) != "\x7fELF" {
		return 0
	}
	table, size, n := word64(head, elfTable), uint64(binary.LittleEndian.Uint16(head[elfSize:])), uint64(binary.LittleEndian.Uint16(head[elfSegment:]))
	if size < 56 || n > mostLoads {
		d.lost()
		return 0
	}
	bias, known := uint64(0), false
	for i := range n {
		segment := make([]byte, 56)
		if _, err := d.view.ReadAt(segment, int64(base+table+i*size)); err != nil {
			d.lost()
			return 0
		}
		if binary.LittleEndian.Uint32(segment) != loadable {
			continue
		}
		at := word64(segment, 16)
		if !known {
			bias, known = base-at&^(procmem.PageSize-1), true
		}
		end = max(end, bias+at+word64(segment, 40))
	}
	return end
}
