package logs

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
)

// detectSize is how much of a file's head is looked at to recognise it.
const detectSize = 256 << 10

// maxStreamWorkers bounds the workers on a compressed file or pipe: one of them
// is always busy inflating, and more only wait for it.
const maxStreamWorkers = 3

func read(ctx context.Context, src Source, opt Options, newSink func() Sink) (Result, error) {
	return readBlocks(ctx, src, opt, newSink, blockSize)
}

// readBlocks is read with a block size of the caller's choice.
func readBlocks(ctx context.Context, src Source, opt Options, newSink func() Sink, size int) (Result, error) {
	head, err := headOf(&src)
	if err != nil && len(head) == 0 {
		return Result{}, fmt.Errorf("read log: %w", err)
	}
	if len(head) == 0 {
		return Result{Warnings: []string{"the file is empty"}}, nil
	}
	p, err := planFor(head, &opt)
	if err != nil {
		return Result{}, err
	}
	r := newReader(ctx, src, &opt, p, size)
	r.run(newSink)
	res := r.finish()
	if res.Understood > 0 || opt.Format != "" {
		res.Format = p.label()
	} else {
		res.Warnings = append(res.Warnings, "no known log format")
	}
	if untimed(&res) {
		res.Warnings = append(res.Warnings, "calls carry no time: neither the lines nor a wrapper around them have a stamp")
	}
	if r.err != nil {
		return res, fmt.Errorf("read log: %w", r.err)
	}
	return res, nil
}

// untimed reports whether calls were read but none could be placed in time.
func untimed(r *Result) bool { return r.Calls > 0 && r.First == 0 }

// headOf returns the head of a source. What it took off a stream is put back.
func headOf(src *Source) ([]byte, error) {
	buf := make([]byte, detectSize)
	if src.At != nil {
		n, err := src.At.ReadAt(buf[:min(int64(len(buf)), src.N)], 0)
		if err == io.EOF {
			err = nil
		}
		return buf[:n], err
	}
	n, err := io.ReadFull(src.R, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	rest := src.R
	if err != nil {
		rest = broken{err}
	}
	src.R = io.MultiReader(strings.NewReader(string(buf[:n])), rest)
	return buf[:n], err
}

// broken is a reader that goes on failing as the one before it did.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// reader reads one file: workers parse blocks, and whoever finishes the next
// one in file order settles it.
type reader struct {
	ctx     context.Context
	opt     *Options
	plan    *plan
	in      blocks
	workers int
	free    chan *block

	mu       sync.Mutex
	ready    map[int64]*block
	next     int64
	settling bool
	err      error

	// Only whoever settles touches these.
	joiner joiner
	serial []parser // of sequential formats, by entry of the plan
	res    Result

	watches []*watch
}

func newReader(ctx context.Context, src Source, opt *Options, p *plan, size int) *reader {
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	r := &reader{ctx: ctx, opt: opt, plan: p, ready: map[int64]*block{}}
	if src.At != nil {
		workers = min(workers, int(src.N/int64(size))+1)
		r.in = &at{r: src.At, n: src.N, size: int64(size)}
	} else {
		workers = min(workers, maxStreamWorkers)
		r.in = &stream{r: src.R}
	}
	r.workers = workers
	blocks := 1
	if workers > 1 {
		blocks = 2*workers + 1
	}
	r.free = make(chan *block, blocks)
	for range blocks {
		r.free <- &block{size: size, d: newDispatcher(p, opt)}
	}
	r.joiner.init()
	for i := range p.formats {
		var q parser
		if f := &p.formats[i]; f.sequential {
			q = f.open(opt)
		}
		r.serial = append(r.serial, q)
	}
	return r
}

// run parses the whole input. The caller's goroutine is the first worker.
func (r *reader) run(newSink func() Sink) {
	var wg sync.WaitGroup
	for range r.workers {
		r.watches = append(r.watches, &watch{to: newSink()})
	}
	for _, w := range r.watches[1:] {
		wg.Go(func() { r.work(w) })
	}
	r.work(r.watches[0])
	wg.Wait()
}

func (r *reader) work(out *watch) {
	for {
		b := <-r.free
		more, err := r.in.fill(b)
		if err == nil && more {
			err = r.ctx.Err()
		}
		if err != nil {
			r.fail(err)
		}
		if !more {
			r.free <- b
			return
		}
		b.d.parse(b, out)
		r.settle(b, out)
		if err != nil {
			return
		}
	}
}

// fail keeps the first error.
func (r *reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// settle hands b over and, unless another worker is at it, joins all blocks
// that are ready in file order.
func (r *reader) settle(b *block, out *watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready[b.seq] = b
	if r.settling {
		return
	}
	r.settling = true
	for {
		next := r.ready[r.next]
		if next == nil {
			break
		}
		delete(r.ready, r.next)
		r.next++
		r.mu.Unlock()
		r.join(next, out)
		r.free <- next
		r.mu.Lock()
	}
	r.settling = false
}

// join does what has to be done in file order.
func (r *reader) join(b *block, out *watch) {
	for i := range b.d.later {
		l := &b.d.later[i]
		if r.serial[l.entry].line(l.line, &l.m, out) || isFiller(l.line) {
			b.understood++
		} else {
			b.miss(l.line, l.number)
		}
	}
	r.joiner.settle(&b.d.stage, out)
	r.res.add(&b.tally)
	if r.opt.Progress != nil && len(b.data) > 0 {
		r.opt.Progress(b.base + int64(len(b.data)) - r.res.Bytes)
	}
	r.res.Bytes = max(r.res.Bytes, b.base+int64(len(b.data)))
}

// finish closes the parsers. Calls still open have no end.
func (r *reader) finish() Result {
	out := r.watches[0]
	for len(r.free) > 0 {
		b := <-r.free
		for _, p := range b.d.parsers {
			if p != nil {
				p.close(out)
			}
		}
	}
	for _, p := range r.serial {
		if p == nil {
			continue
		}
		p.close(out)
		if w, ok := p.(warner); ok {
			r.res.Warnings = append(r.res.Warnings, w.warnings()...)
		}
	}
	r.joiner.close(out)
	r.res.addWatches(r.watches)
	return r.res
}
