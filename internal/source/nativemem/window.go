package nativemem

import (
	"encoding/binary"
	"fmt"

	"culprit/internal/source/procmem"
)

// windowSize is how much is read at once, in bytes.
const windowSize = 1 << 20

// window reads words of one large block after another.
type window struct {
	mem  procmem.Mem
	view *procmem.View // for words here and there
	copy interface {
		Slice(at uint64, most int) []byte
	} // nil unless the memory is a copy
	at     uint64
	data   []byte // what is there of the block
	buffer []byte
}

func newWindow(v *procmem.View) *window {
	w := &window{mem: v.Mem, view: v}
	w.copy, _ = v.Mem.(interface {
		Slice(at uint64, most int) []byte
	})
	if w.copy == nil {
		w.buffer = make([]byte, windowSize)
	}
	return w
}

// word reads 8 bytes at a multiple of 8; end bounds what is read ahead.
func (w *window) word(at, end uint64) (uint64, error) {
	if o := at - w.at; at >= w.at && o < uint64(len(w.data)) && uint64(len(w.data))-o >= 8 {
		return binary.LittleEndian.Uint64(w.data[o:]), nil
	}
	if err := w.fill(at, end); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(w.data), nil
}

// fill reads a block that begins at an address. What a hole cuts off is not read.
func (w *window) fill(at, end uint64) (err error) {
	if end < at || end-at < 8 {
		return fmt.Errorf("%w: a chunk at %#x is behind the end at %#x", ErrTorn, at, end)
	}
	most := int(min(end-at, windowSize))
	w.at, w.data = at, nil
	if w.copy != nil {
		if w.data = w.copy.Slice(at, most); len(w.data) < 8 {
			w.data = make([]byte, 8)
			if _, err = w.mem.ReadAt(w.data, int64(at)); err != nil {
				w.data = nil
			}
		}
	} else {
		n, rerr := w.mem.ReadAt(w.buffer[:most], int64(at))
		if w.data = w.buffer[:max(0, min(n, most))]; len(w.data) < 8 {
			w.data, err = nil, rerr
		}
	}
	if len(w.data) < 8 {
		return fmt.Errorf("reading the native heap at %#x: %w", at, orAbsent(err))
	}
	return nil
}

// orAbsent gives an error for a reading that ended early without one.
func orAbsent(err error) error {
	if err == nil {
		return procmem.ErrAbsent
	}
	return err
}
