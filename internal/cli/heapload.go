package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"github.com/spf13/cobra"

	"culprit"
	"culprit/internal/analysis/holding"
	"culprit/internal/buildinfo"
	"culprit/internal/heap"
	"culprit/internal/offheap"
	"culprit/internal/present/style"
	"culprit/internal/source/heapdump"
	"culprit/internal/source/heapindex"
	"culprit/internal/source/input"
	"culprit/internal/source/proc"
)

// heapReading is how dumps are read: the flags that all commands on dumps share.
type heapReading struct {
	noIndex bool
	tmp     string
}

func (o *heapReading) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.noIndex, "no-index", false, "neither use nor write DUMP"+heapindex.Suffix)
	cmd.Flags().StringVar(&o.tmp, "tmp", "", "folder for what memory cannot hold (the dump's)")
}

// heapFile is a dump on disk, or standard input.
type heapFile struct {
	w    World
	o    *heapReading
	in   input.File
	name string
	raw  *os.File // to sign the index with; nil for standard input
	src  heapindex.Source
}

// openHeap finds the file of a dump.
func (o *heapReading) openHeap(w World, path string) (*heapFile, error) {
	files, problems := input.Expand([]string{path})
	for _, p := range problems {
		return nil, &hintError{fmt.Errorf("reading %s: %w", path, p.Err), p.Hint}
	}
	if len(files) != 1 {
		return nil, usage(fmt.Errorf("%s: %d files", path, len(files)), "give one heap dump at a time")
	}
	h := &heapFile{w: w, o: o, in: files[0], name: files[0].Name}
	if info, err := os.Stat(h.in.Path); h.in.Stdin || err != nil || !info.Mode().IsRegular() {
		return h, nil
	}
	f, err := os.Open(h.in.Path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if h.src, err = heapindex.Of(f); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), f.Close())
	}
	h.raw = f
	return h, nil
}

func (h *heapFile) Close() error {
	if h.raw == nil {
		return nil
	}
	return h.raw.Close()
}

// indexed tells whether an index may stand beside the dump.
func (h *heapFile) indexed() bool { return h.raw != nil && !h.o.noIndex }

func (h *heapFile) indexPath() string { return h.in.Path + heapindex.Suffix }

// index opens the index beside the dump; nil when there is none that can be used.
func (h *heapFile) index() *heapindex.File {
	if !h.indexed() {
		return nil
	}
	x, err := heapindex.Open(h.indexPath(), h.src)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			h.say(fmt.Errorf("%s: %w; it is made anew", h.indexPath(), err))
		}
		return nil
	}
	return x
}

func (h *heapFile) say(err error) { fmt.Fprintln(h.w.Stderr, "note: "+style.Clean(err.Error())) }

// loaded is a dump that can be looked at.
type loaded struct {
	View *holding.View
	Meta heapindex.Meta
	Name string
	Text holding.Text
	pool *offheap.Pool
	idx  *heapindex.File
	file *heapFile
	// untold: that texts could not be read was told.
	untold sync.Once
}

// Close gives back the dump's memory and files.
func (l *loaded) Close() error {
	l.pool.Close()
	var err error
	if l.idx != nil {
		err = l.idx.Close()
	}
	return errors.Join(err, l.file.Close())
}

// load gives the view of a dump, from its index where there is one.
func (o *heapReading) load(ctx context.Context, w World, path string) (*loaded, error) {
	h, err := o.openHeap(w, path)
	if err != nil {
		return nil, err
	}
	l, err := h.load(ctx)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return l, nil
}

func (h *heapFile) load(ctx context.Context) (*loaded, error) {
	l := &loaded{Name: h.name, file: h, pool: h.pool()}
	if x := h.index(); x != nil {
		whole, err := x.Load(l.pool)
		if err == nil {
			l.idx, l.Meta = x, whole.Meta
			l.View = holding.Restore(whole.Heap, whole.Graph, whole.Tree)
			l.Text = h.lines(ctx, whole.Heap)
			return l, nil
		}
		h.say(fmt.Errorf("%s: %w; it is made anew", h.indexPath(), errors.Join(err, x.Close())))
	}
	if err := h.fresh(ctx, l); err != nil {
		l.pool.Close()
		return nil, err
	}
	return l, nil
}

// fresh reads the dump, and leaves an index for the next time.
func (h *heapFile) fresh(ctx context.Context, l *loaded) error {
	d, err := h.read(ctx, heapdump.Options{Pool: l.pool})
	if err != nil {
		return err
	}
	l.Meta = meta(d)
	if l.View, err = holding.Look(d.Heap); err != nil {
		return fmt.Errorf("looking at %s: %w", h.name, err)
	}
	l.Meta.Lost = l.View.G.Lost
	l.Text = h.lines(ctx, d.Heap)
	if !h.indexed() || d.Early != nil {
		return nil
	}
	r := l.report()
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	err = heapindex.Save(ctx, h.indexPath(), h.src, &heapindex.Index{Meta: l.Meta, Heap: d.Heap, Graph: l.View.G, Tree: l.View.T, Report: text})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		h.say(fmt.Errorf("no index was left: %w; hint: --no-index keeps culprit from trying", err))
	}
	return nil
}

func meta(d *heapdump.Dump) heapindex.Meta {
	m := heapindex.Meta{Lines: d.Lines, Understood: d.Understood, Shapes: d.Shapes, Bytes: d.Bytes, Tool: buildinfo.Tool()}
	if len(d.Bad) > 0 {
		m.FirstBad = d.Bad[0].Line
	}
	if d.Early != nil {
		m.Early = d.Early.Error()
	}
	return m
}

// report is that of the dump, computed now.
func (l *loaded) report() culprit.Heap {
	r := l.View.Report()
	r.Tool, r.Dump = buildinfo.Tool(), l.Name
	r.Totals.Lines, r.Totals.Understood = l.Meta.Lines, l.Meta.Understood
	r.Warnings = append(doubtful(l.Name, l.Meta), r.Warnings...)
	return r
}

// heapReport is the report on a dump, from its index where it stands there.
func (o *heapReading) heapReport(ctx context.Context, w World, path string) (r culprit.Heap, err error) {
	h, err := o.openHeap(w, path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if x := h.index(); x != nil {
		text, readErr := x.Report()
		fits := readErr == nil && x.Meta().Tool == buildinfo.Tool() && json.Unmarshal(text, &r) == nil
		if err := x.Close(); fits {
			r.Dump = h.name
			return r, err
		}
	}
	l, err := h.load(ctx)
	if err != nil {
		return r, err
	}
	defer l.pool.Close()
	return l.report(), nil
}

// read reads the dump.
func (h *heapFile) read(ctx context.Context, opt heapdump.Options) (d *heapdump.Dump, err error) {
	r, err := h.in.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", h.name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	bar := newProgress(h.w)
	bar.Stage("reading " + style.Clean(h.name))
	defer bar.done()
	opt.Progress = bar.Read
	if f, ok := r.ReaderAt().(*os.File); ok {
		bar.Total(r.Size())
		d, err = heapdump.ReadFile(ctx, f, opt)
	} else {
		// Of compressed dumps what was taken from disk counts: that is known before.
		bar.Total(h.in.Size)
		before := int64(0)
		opt.Progress = func(int64) {
			now := r.BytesIn()
			bar.Read(now - before)
			before = now
		}
		d, err = heapdump.Read(ctx, r, opt)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", h.name, err)
	}
	return d, nil
}

// lines gives the dump's lines again.
func (h *heapFile) lines(ctx context.Context, of *heap.Heap) holding.Text {
	return heapdump.Lines{Heap: of, Open: func(at int64) (io.ReadCloser, error) {
		r, err := h.in.Open(ctx)
		if err != nil {
			return nil, err
		}
		if f := r.ReaderAt(); f != nil {
			return both{io.NewSectionReader(f, at, r.Size()-at), r}, nil
		}
		if _, err := io.CopyN(io.Discard, r, at); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		return r, nil
	}}
}

type both struct {
	io.Reader
	io.Closer
}

// doubtful says what of a dump is missing: lines that were skipped, and an end that
// came early. The text of lines may hold what users typed, so it is not shown.
func doubtful(name string, m heapindex.Meta) (list []string) {
	if m.Early != "" {
		list = append(list, fmt.Sprintf("%s breaks off, what comes later is not counted: %s", name, m.Early))
	}
	if m.Understood == m.Lines {
		return list
	}
	return append(list, fmt.Sprintf("understood %s of %s lines of %s; the first that was not is line %d", style.Count(m.Understood), style.Count(m.Lines), name, m.FirstBad))
}

// An object takes up to perObject bytes while dominators are computed, and a line has
// usually perLine; so many times the size of a compressed dump is what it holds.
const (
	perObject  = 90
	perLine    = 300
	compressed = 18
)

// pool is where columns go: memory, or disk where memory may not do.
func (h *heapFile) pool() *offheap.Pool {
	size := max(h.in.Size, 0)
	if h.in.Compression != "" {
		size *= compressed
	}
	need := size / perLine * perObject
	if limit := memoryLimit(); limit <= 0 || need < limit/2 {
		return offheap.New("")
	}
	dir := h.o.tmp
	if dir == "" {
		if dir = filepath.Dir(h.in.Path); h.in.Stdin {
			dir = os.TempDir()
		}
	}
	return offheap.New(dir)
}

// memoryLimit is what this process may use, in bytes: the least of the machine's free
// memory, the cgroup's limit and GOMEMLIMIT; 0 when nothing is known.
func memoryLimit() int64 {
	limit := debug.SetMemoryLimit(-1)
	host := proc.Host()
	if m, err := host.Meminfo(); err == nil && m.Available > 0 {
		limit = min(limit, int64(m.Available))
	}
	if g, err := host.Cgroup(os.Getpid()); err == nil && g.Limit > 0 {
		limit = min(limit, int64(g.Limit))
	}
	return limit
}
