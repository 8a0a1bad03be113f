package heapdump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"culprit/internal/heap"
	"culprit/internal/offheap"
)

// job is a stretch of whole lines on its way: cut, parsed, put together in order.
type job struct {
	text   []byte
	from   int64
	worker int
	block  *block
	buffer []byte // of text, to be used again; nil for a mapped file
	done   chan struct{}
	err    error
}

// run is one dump being read.
type run struct {
	opt    Options
	m      *merger
	jobs   chan *job
	order  chan *job
	blocks chan *block
	free   chan []byte
	at     int64
	// file is what a mapped file holds, gone how much of it is not needed again.
	file []byte
	gone int

	parsing, merging sync.WaitGroup
}

func newRun(opt Options) *run {
	n := opt.Workers
	r := &run{
		opt: opt, jobs: make(chan *job, n), order: make(chan *job, 2*n+2), blocks: make(chan *block, n+2), free: make(chan []byte, n+2),
		m: newMerger(heap.New(opt.Pool, opt.Space), n),
	}
	for range n + 2 {
		r.blocks <- &block{}
		r.free <- nil
	}
	for k := range n {
		r.parsing.Go(func() {
			debug.SetPanicOnFault(true)
			w := newWorker(r.m.d.Heap.Space)
			w.identity = opt.Identity
			for j := range r.jobs {
				j.worker = k
				j.parse(w)
				close(j.done)
			}
		})
	}
	r.merging.Go(r.merge)
	return r
}

// parse reads a stretch. A mapped file that became shorter meanwhile faults.
func (j *job) parse(w *worker) {
	defer func() {
		switch f := recover().(type) {
		case nil:
		case heap.TooFar:
			j.err = f
		case interface{ Addr() uintptr }:
			j.err = errors.New("the file became shorter while it was read")
		default:
			panic(f) // invariant: not the input's fault, passed on
		}
	}()
	if j.buffer == nil {
		offheap.Soon(j.text)
	}
	w.parse(j.block, j.text, j.from)
}

// submit hands a stretch to the next worker that is free.
func (r *run) submit(text, buffer []byte) {
	j := &job{text: text, from: r.at, buffer: buffer, block: <-r.blocks, done: make(chan struct{})}
	r.at += int64(len(text))
	r.order <- j
	r.jobs <- j
}

func (r *run) merge() {
	for j := range r.order {
		<-j.done
		if j.err != nil {
			r.m.err = errors.Join(r.m.err, j.err)
		} else {
			r.m.take(j)
		}
		if j.buffer != nil {
			r.free <- j.buffer
		} else {
			r.gone += offheap.Done(r.file[r.gone : j.from+int64(len(j.text))])
		}
		r.blocks <- j.block
		if r.opt.Progress != nil {
			r.opt.Progress(int64(len(j.text)))
		}
	}
}

func (r *run) finish(err error) error {
	close(r.jobs)
	close(r.order)
	r.parsing.Wait()
	r.merging.Wait()
	r.m.d.Bytes = r.at
	return err
}

// mapped cuts a mapped file.
func (r *run) mapped(ctx context.Context, text []byte) error {
	r.file = text
	r.m.d.Heap.Expect(len(text) / usualLine)
	for at := 0; at < len(text) && ctx.Err() == nil; {
		to := min(at+blockSize, len(text))
		if to < len(text) {
			if n := bytes.LastIndexByte(text[at:to], '\n'); n >= 0 {
				to = at + n + 1
			} else if n := bytes.IndexByte(text[to:], '\n'); n >= 0 {
				to += n + 1
			} else {
				to = len(text)
			}
		}
		if to-at > longest {
			return tooLong()
		}
		r.submit(text[at:to:to], nil)
		at = to
	}
	return ctx.Err()
}

// usualLine is the length of most dumps' lines, so that columns need not grow: with
// places of allocation they are longer, without they are shorter.
const usualLine = 250

func tooLong() error { return fmt.Errorf("%w: a line of more than %d MB", ErrNotDump, longest>>20) }

// stream cuts what can be read once only.
func (r *run) stream(ctx context.Context, in io.Reader) error {
	var rest []byte
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		buffer := <-r.free
		if need := len(rest) + blockSize; cap(buffer) < need {
			buffer = make([]byte, need)
		}
		buffer = buffer[:cap(buffer)]
		n := copy(buffer, rest)
		read, err := io.ReadFull(in, buffer[n:n+blockSize])
		text := buffer[:n+read]
		switch ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); {
		case err != nil && !ended:
			r.submit(text, buffer)
			return fmt.Errorf("reading the dump: %w", err)
		case ended && len(text) > 0:
			r.submit(text, buffer)
			return nil
		case ended:
			return nil
		}
		cut := bytes.LastIndexByte(text, '\n') + 1
		if cut == 0 && len(text) > longest {
			return tooLong()
		}
		rest = append(rest[:0], text[cut:]...)
		if cut > 0 {
			r.submit(text[:cut:cut], buffer)
		} else {
			r.free <- buffer
		}
	}
}
