package procmem

import (
	"errors"
	"fmt"
	"slices"

	"culprit/internal/offheap"
)

// Mirror is a copy of what a process writes to, as it was in one moment when the process
// stood still. What cannot change (code, constants of files) is read from what it was
// copied of.
type Mirror struct {
	maps  []Mapping
	parts []part // by address
	back  Mem
	pool  *offheap.Pool
	data  []byte
	// Bytes were copied; Lost could not be.
	Bytes, Lost uint64
}

type part struct {
	from, to uint64
	data     []byte
}

// Plan says what a mirror will copy.
type Plan struct {
	stretches [][2]uint64
	Bytes     uint64
}

// NewPlan looks up which pages of memory that a process writes to are there. want chooses
// mappings, nil all.
func NewPlan(m Mem, want func(Mapping) bool) (Plan, error) {
	var p Plan
	for _, mp := range m.Maps() {
		if !mp.Read || !mp.Write || want != nil && !want(mp) {
			continue
		}
		if mp.Path == "[vvar]" || mp.Share && mp.File {
			continue // the kernel's, and files that others write to
		}
		err := m.Present(mp.From, mp.To, func(from, to uint64) {
			p.stretches = append(p.stretches, [2]uint64{from, to})
			p.Bytes += to - from
		})
		if err != nil {
			return Plan{}, err
		}
	}
	return p, nil
}

// Copy makes the mirror. It takes plan.Bytes of pool, which should be made before the
// process is stopped: see Room.
func Copy(m Mem, plan Plan, room *Room) (*Mirror, error) {
	w := &Mirror{maps: slices.Clone(m.Maps()), back: m, pool: room.pool, data: room.data}
	if uint64(len(room.data)) < plan.Bytes {
		return nil, fmt.Errorf("a mirror of %d bytes has room for %d", plan.Bytes, len(room.data))
	}
	o := uint64(0)
	for _, s := range plan.stretches {
		p := part{from: s[0], to: s[1], data: w.data[o : o+s[1]-s[0]]}
		o += s[1] - s[0]
		w.parts = append(w.parts, p)
	}
	if err := w.fill(m); err != nil {
		return nil, err
	}
	return w, nil
}

// fill copies all parts, of a live process with few calls.
func (w *Mirror) fill(m Mem) error {
	if l, ok := m.(*Live); ok {
		err := copyBoth(l.PID, w.parts)
		if err == nil {
			w.count()
			return nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return l.explain(err)
		}
	}
	for i, p := range w.parts {
		n, err := m.ReadAt(p.data, int64(p.from))
		if err != nil {
			if errors.Is(err, ErrGone) {
				return err
			}
			w.Lost += uint64(len(p.data) - n)
			w.parts[i].data, w.parts[i].to = p.data[:n], p.from+uint64(n)
		}
	}
	w.count()
	return nil
}

// worthTwo is how many bytes are worth a second thread: the process that is copied stands
// still, so that its processor has nothing else to do.
const worthTwo = 16 << 20

// copyBoth copies the halves of a copy at once.
func copyBoth(pid int, parts []part) error {
	first, second := halves(parts)
	if len(second) == 0 {
		return copyLive(pid, first)
	}
	other := make(chan error, 1)
	go func() { other <- copyLive(pid, second) }()
	err := copyLive(pid, first)
	return errors.Join(err, <-other)
}

// halves cuts parts into two lists of as many bytes; the second is empty where that is not
// worth it.
func halves(parts []part) (first, second []part) {
	sum := 0
	for _, p := range parts {
		sum += len(p.data)
	}
	if sum < worthTwo {
		return parts, nil
	}
	left := sum / 2
	for i, p := range parts {
		if len(p.data) <= left {
			left -= len(p.data)
			continue
		}
		if left == 0 {
			return parts[:i], parts[i:]
		}
		first = append(slices.Clone(parts[:i]), part{p.from, p.from + uint64(left), p.data[:left]})
		return first, append([]part{{p.from + uint64(left), p.to, p.data[left:]}}, parts[i+1:]...)
	}
	return parts, nil
}

func (w *Mirror) count() {
	for _, p := range w.parts {
		w.Bytes += uint64(len(p.data))
	}
}

// Room is memory for a mirror.
type Room struct {
	pool *offheap.Pool
	data []byte
}

// NewRoom makes room for n bytes: in memory, or where dir is given in a file there that
// has no name.
func NewRoom(dir string, n uint64) (r *Room, err error) {
	defer offheap.Catch(&err)
	pool := offheap.New(dir)
	r = &Room{pool: pool, data: offheap.Make[byte](pool, int(n))}
	for i := 0; i < len(r.data); i += PageSize {
		r.data[i] = 1 // its pages are made now, not while a process waits
	}
	return r, nil
}

// Close gives room back that no mirror was made in.
func (r *Room) Close() { r.pool.Close() }

// Close gives the memory of a mirror back.
func (w *Mirror) Close() error {
	w.pool.Close()
	return nil
}

// Maps are those of the moment.
func (w *Mirror) Maps() []Mapping { return w.maps }

// Slice is the memory itself without a copy, up to where it goes on, most bytes at most;
// nil where it was not copied.
func (w *Mirror) Slice(at uint64, most int) []byte {
	i, ok := w.part(at)
	if !ok {
		return nil
	}
	b := w.parts[i].data[at-w.parts[i].from:]
	return b[:min(len(b), most)]
}

func (w *Mirror) part(at uint64) (int, bool) {
	return slices.BinarySearchFunc(w.parts, at, func(p part, at uint64) int {
		switch {
		case p.to <= at:
			return -1
		case p.from > at:
			return 1
		}
		return 0
	})
}

// ReadAt reads the copy.
func (w *Mirror) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		at := uint64(off) + uint64(n)
		part := w.Slice(at, len(b)-n)
		if part == nil {
			break
		}
		n += copy(b[n:], part)
	}
	if n == len(b) {
		return n, nil
	}
	at := uint64(off) + uint64(n)
	m, ok := Find(w.maps, at)
	switch {
	case !ok:
		return n, failed(at, ErrUnmapped)
	case m.Write && m.Read:
		return n, failed(at, ErrAbsent)
	}
	k, err := w.back.ReadAt(b[n:min(len(b), n+int(m.To-at))], int64(at))
	if n += k; err == nil && n < len(b) {
		k, err = w.ReadAt(b[n:], off+int64(n))
		n += k
	}
	return n, err
}

// Present tells what was copied.
func (w *Mirror) Present(from, to uint64, visit func(from, to uint64)) error {
	i, _ := w.part(from)
	for ; i < len(w.parts) && w.parts[i].from < to; i++ {
		if a, b := max(from, w.parts[i].from), min(to, w.parts[i].to); a < b {
			visit(a, b)
		}
	}
	return nil
}
