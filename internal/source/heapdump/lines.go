package heapdump

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"

	"culprit/internal/heap"
)

// Lines gives the lines of a dump again, one at a time: its heap keeps where each
// 64th begins.
type Lines struct {
	Heap *heap.Heap
	// Open gives the dump from a position on, decompressed.
	Open func(at int64) (io.ReadCloser, error)
}

// Line is the line of object i as it stands in the dump, without its end.
func (l Lines) Line(i uint32) (line []byte, err error) {
	marks := l.Heap.Marks
	k := sort.Search(len(marks), func(k int) bool { return marks[k].Object > i }) - 1
	if k < 0 || i >= uint32(l.Heap.Len()) {
		return nil, fmt.Errorf("object %d is not in the dump", i)
	}
	in, err := l.Open(int64(marks[k].At))
	if err != nil {
		return nil, fmt.Errorf("reading the dump again: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	r := bufio.NewReaderSize(in, 32<<10)
	var o object
	for at := marks[k].Object; ; {
		line, err = r.ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
		if o.read(line) == nil && o.root == nil && string(o.typ) != "SHAPE" && string(o.typ) != "NONE" {
			if at == i {
				return line, nil
			}
			at++
		}
		if err != nil {
			return nil, fmt.Errorf("reading the dump again: %w", errors.Join(err, errors.New("object is gone")))
		}
	}
}
