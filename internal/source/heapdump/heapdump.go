// Package heapdump is the door for dumps of a Ruby heap: what
// ObjectSpace.dump_all writes, one object a line as JSON, of any Ruby since 2.1.
//
// It owns the format (https://github.com/ruby/ruby ext/objspace/objspace_dump.c),
// reading it in parallel, and counting what it did not understand. It refuses to
// look into the contents of strings, to resolve addresses, and to judge.
package heapdump

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"sync"

	"culprit/internal/heap"
)

// Options for reading one dump.
type Options struct {
	Workers  int         // goroutines that parse, 0 for GOMAXPROCS
	Progress func(int64) // told of bytes read, may be nil
}

// BadLine is a line that was not understood.
type BadLine struct {
	Line int64
	Text string // its beginning
}

// Dump is a heap as it was dumped.
type Dump struct {
	Heap              *heap.Heap
	Lines, Understood int64
	Shapes            int64 // lines that describe shapes (Ruby 3.2 and later), which are no objects
	Bytes             int64
	Bad               []BadLine // the first three
	Early             error     // what ended the input early, nil when it was read to its end
}

// ErrNotDump means that not one line was an object.
var ErrNotDump = errors.New("not a heap dump")

const (
	blockSize = 4 << 20
	// longest bounds one line: roots of a big process are one line of many MB.
	longest = 1 << 30
	// mostObjects is what 32-bit numbers hold.
	mostObjects = math.MaxUint32 - 16
)

// Read reads a dump to its end. Of an input that breaks off, as a compressed file
// that is still being written, what was read is kept and Early says why.
func Read(ctx context.Context, in io.Reader, opt Options) (*Dump, error) {
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	type job struct {
		text []byte
		done chan *part
	}
	jobs, order := make(chan job, workers), make(chan chan *part, 2*workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				j.done <- parseBlock(j.text)
			}
		})
	}
	d := &Dump{Heap: &heap.Heap{From: []uint64{0}, Locations: []string{""}, Names: map[uint64]string{}, Large: map[uint32]uint64{}}}
	m := &merger{d: d, types: map[string]uint8{}, places: map[string]uint32{"": 0}}
	var merged sync.WaitGroup
	merged.Go(func() {
		for done := range order {
			m.take(<-done)
		}
	})
	err := blocks(ctx, in, func(text []byte) {
		d.Bytes += int64(len(text))
		if opt.Progress != nil {
			opt.Progress(int64(len(text)))
		}
		j := job{text, make(chan *part, 1)}
		order <- j.done
		jobs <- j
	})
	close(jobs)
	close(order)
	wg.Wait()
	merged.Wait()
	if d.Early = err; d.Heap.Len() > 0 && ctx.Err() == nil {
		err = nil
	}
	switch {
	case err != nil:
		return nil, err
	case m.err != nil:
		return nil, m.err
	case d.Heap.Len() == 0:
		return nil, fmt.Errorf("%w: understood none of %d lines; hint: give what ObjectSpace.dump_all wrote", ErrNotDump, d.Lines)
	}
	return d, nil
}

// blocks cuts the input at ends of lines. Each block is the receiver's to keep.
func blocks(ctx context.Context, in io.Reader, take func([]byte)) error {
	r := bufio.NewReaderSize(in, 1<<20)
	var rest []byte
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		block := make([]byte, len(rest), len(rest)+blockSize)
		copy(block, rest)
		n, err := io.ReadFull(r, block[len(rest):cap(block)])
		block = block[:len(rest)+n]
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			take(block)
			return fmt.Errorf("reading the dump: %w", err)
		}
		if ended {
			if len(block) > 0 {
				take(block)
			}
			return nil
		}
		cut := bytes.LastIndexByte(block, '\n') + 1
		if cut == 0 && len(block) > longest {
			return fmt.Errorf("%w: a line of more than %d MB", ErrNotDump, longest>>20)
		}
		rest = block[cut:]
		if cut > 0 {
			take(block[:cut:cut])
		}
	}
}

// maxBad is how many lines are kept that were not understood.
const maxBad = 3

func parseBlock(text []byte) *part {
	p := newPart()
	var o object
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n')
		line := text
		if n >= 0 {
			line, text = text[:n], text[n+1:]
		} else {
			text = nil
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		p.lines++
		if err := o.read(line); err != nil {
			if len(p.bad) < maxBad {
				p.bad = append(p.bad, BadLine{p.lines, string(line[:min(len(line), 120)])})
			}
			continue
		}
		p.understood++
		p.add(&o)
	}
	return p
}

// merger puts blocks together, in the order of the file.
type merger struct {
	d      *Dump
	types  map[string]uint8
	places map[string]uint32
	err    error
}

func (m *merger) take(p *part) {
	d, h := m.d, m.d.Heap
	for _, b := range p.bad {
		if len(d.Bad) < maxBad {
			d.Bad = append(d.Bad, BadLine{d.Lines + b.Line, b.Text})
		}
	}
	d.Lines += p.lines
	d.Understood += p.understood
	d.Shapes += p.shapes
	if len(h.Addr)+len(p.h.Addr) > mostObjects {
		m.err = fmt.Errorf("more than %d objects in one dump", uint64(mostObjects))
		return
	}
	base, refs := uint32(len(h.Addr)), uint64(len(h.Refs))
	types := m.number(p)
	h.Addr = append(h.Addr, p.h.Addr...)
	h.Class = append(h.Class, p.h.Class...)
	h.Size = append(h.Size, p.h.Size...)
	h.Gen = append(h.Gen, p.h.Gen...)
	for _, t := range p.h.Type {
		h.Type = append(h.Type, types[t])
	}
	places := m.locate(p)
	for _, l := range p.h.Loc {
		h.Loc = append(h.Loc, places[l])
	}
	h.Refs = append(h.Refs, p.h.Refs...)
	for _, f := range p.h.From[1:] {
		h.From = append(h.From, refs+f)
	}
	h.Roots = append(h.Roots, p.h.Roots...)
	maps.Copy(h.Names, p.h.Names)
	for id, n := range p.h.Large {
		h.Large[base+id] = n
	}
}

// number maps the types of a block to those of the dump.
func (m *merger) number(p *part) []uint8 {
	to := make([]uint8, len(p.h.Types))
	for i, t := range p.h.Types {
		n, ok := m.types[t]
		if !ok {
			n = uint8(min(len(m.d.Heap.Types), math.MaxUint8))
			if int(n) == len(m.d.Heap.Types) {
				m.d.Heap.Types = append(m.d.Heap.Types, t)
				m.types[t] = n
			}
		}
		to[i] = n
	}
	return to
}

func (m *merger) locate(p *part) []uint32 {
	to := make([]uint32, len(p.h.Locations))
	for i, l := range p.h.Locations {
		n, ok := m.places[l]
		if !ok {
			n = uint32(len(m.d.Heap.Locations))
			m.d.Heap.Locations = append(m.d.Heap.Locations, l)
			m.places[l] = n
		}
		to[i] = n
	}
	return to
}
