// Package inspection is the hall for one process: it joins what the kernel, Ruby and the
// allocator tell of its memory.
//
// It owns that every resident page is counted once. It refuses to read formats itself,
// and to advise.
package inspection

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// Target is a process or a core that is looked at.
type Target struct {
	PID  int
	Core string
	Mem  procmem.Mem
	Ruby *rubymem.Ruby

	close func() error
}

// tries is how often a heap that moves under the hand is looked for.
const tries = 3

// Live opens a process. root is "/proc".
func Live(root string, pid int) (*Target, error) {
	l, err := procmem.Open(root, pid)
	if err != nil {
		return nil, err
	}
	for range tries {
		var r *rubymem.Ruby
		if r, err = rubymem.Open(l); err == nil {
			return &Target{PID: pid, Mem: l, Ruby: r, close: l.Close}, nil
		}
		if !errors.Is(err, rubymem.ErrNoHeap) {
			break
		}
		if err = errors.Join(err, l.Refresh()); !errors.Is(err, rubymem.ErrNoHeap) {
			break
		}
	}
	return nil, errors.Join(fmt.Errorf("pid %d: %w", pid, err), l.Close())
}

// Core opens a core file.
func Core(path string) (*Target, error) {
	c, err := procmem.OpenCore(path)
	if err != nil {
		return nil, err
	}
	r, err := rubymem.Open(c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), c.Close())
	}
	return &Target{PID: int(culprit.Unknown), Core: path, Mem: c, Ruby: r, close: c.Close}, nil
}

// Close ends the reading.
func (t *Target) Close() error { return t.close() }

// Interpreter names the Ruby.
func (t *Target) Interpreter() livefacts.Ruby {
	return livefacts.Ruby{Version: t.Ruby.Version, Engine: "ruby"}
}

// Heap counts the objects.
func (t *Target) Heap(tool string) (livefacts.Heap, error) {
	c, err := t.Ruby.Census()
	if err != nil {
		return livefacts.Heap{}, err
	}
	return t.census(tool, c), nil
}

// HeapClosely counts the objects, by where and when they were made too if the program
// traces that, and finds the largest texts; values asks for their beginnings.
func (t *Target) HeapClosely(tool string, values bool) (livefacts.Heap, error) {
	c, d, err := t.Ruby.CensusWith(values)
	if err != nil {
		return livefacts.Heap{}, err
	}
	h := t.census(tool, c)
	h.Traced = d.Traced
	if d.Partly != nil {
		h.Warnings = append(h.Warnings, d.Partly.Error())
	}
	for _, s := range d.Sites {
		h.BySite = append(h.BySite, livefacts.Site{File: s.File, Line: s.Line, Method: s.Method, Objects: s.Objects, Bytes: culprit.Bytes(s.Bytes)})
	}
	for _, g := range d.Generations {
		h.ByGeneration = append(h.ByGeneration, livefacts.Generation{Number: g.Number, Objects: g.Objects, Bytes: culprit.Bytes(g.Bytes)})
	}
	for _, s := range d.Texts {
		h.Strings = append(h.Strings, livefacts.String{Address: fmt.Sprintf("%#x", s.Address), Length: culprit.Bytes(s.Length), Bytes: culprit.Bytes(s.Bytes), Value: s.Value})
	}
	return h, nil
}

func (t *Target) census(tool string, c rubymem.Census) livefacts.Heap {
	h := livefacts.Heap{
		Schema: livefacts.HeapSchema, Tool: tool, PID: t.PID, Core: t.Core, Ruby: t.Interpreter(),
		Objects: c.Objects, Slots: c.Slots, Pages: c.Pages, Bytes: culprit.Bytes(c.Bytes), ByType: c.ByType, Quality: livefacts.Exact,
	}
	for _, k := range c.ByClass {
		h.ByClass = append(h.ByClass, livefacts.Class{Key: k.Key, Objects: k.Objects, Bytes: culprit.Bytes(k.Bytes), Library: k.Library})
	}
	if c.Unread > 0 {
		h.Quality = livefacts.Estimated
		h.Warnings = append(h.Warnings, fmt.Sprintf("%d of %d pages changed while they were read and are not counted", c.Unread, c.Pages+c.Unread))
	}
	return h
}

// Stacks reads the stacks once.
func (t *Target) Stacks(tool string, fibers bool) (livefacts.Stacks, error) {
	s := livefacts.Stacks{Schema: livefacts.StacksSchema, Tool: tool, PID: t.PID, Core: t.Core, Ruby: t.Interpreter(), Samples: 1}
	threads, torn, err := t.Ruby.Sample()
	if err != nil {
		return s, err
	}
	s.Torn = torn
	if fibers {
		waiting, err := t.Ruby.Fibers()
		if err != nil {
			return s, err
		}
		threads = append(threads, waiting...)
	}
	for _, th := range threads {
		s.Threads = append(s.Threads, Thread(th))
	}
	slices.SortStableFunc(s.Threads, func(a, b livefacts.Thread) int { return cmp.Compare(a.TID, b.TID) })
	if torn > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the stacks of %d threads changed each time they were read, and are left out", torn))
	}
	return s, nil
}

// Thread is a thread in the words of the documents.
func Thread(th rubymem.Thread) livefacts.Thread {
	t := livefacts.Thread{TID: th.TID, Name: th.Name, Fiber: th.Fiber, Cut: th.Cut}
	for _, f := range th.Frames {
		t.Frames = append(t.Frames, livefacts.Frame{Label: f.Label, Path: f.Path, Line: f.Line, Method: f.Method})
	}
	t.Action = Action(t.Frames)
	return t
}
