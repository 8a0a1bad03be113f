package inspection

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/faults"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// Faults are the page faults of a process as they happen.
type Faults interface {
	// Threads tells which of Ruby's threads have which numbers.
	Threads(list map[int]uint64) error
	// Read visits the faults since the last call.
	Read(visit func(*faults.Sample)) error
	// Lost counts samples that found no room.
	Lost() (int64, error)
	// Stop ends the counting; what was seen can still be read.
	Stop() error
	Close() error
}

// Watching is what a watch over a process's growth needs.
type Watching struct {
	Tool   string
	Period int // one fault of this many is looked at
	FS     proc.FS
	Open   func(faults.Target) (Faults, error)
}

// HostFaults opens the faults of this machine's processes.
func HostFaults(t faults.Target) (Faults, error) { return faults.Open("/proc", t) }

// Growth watches which code makes a process larger.
type Growth struct {
	w      Watching
	target *Target
	live   *procmem.Live
	faults Faults

	begun  time.Time
	rss    culprit.Bytes
	before proc.Stat
	start  pages
	ticks  int

	samples int64
	stacks  []faultStack
	index   map[string]int32 // of stacks, by what they were read as lately
	told    map[string]int32 // of stacks, by what they are
	rubys   map[int]bool     // numbers of threads that are or were Ruby's
	last    map[uint64]int32 // the stack of the last sample of each page
	key     []byte
}

// faultStack is a stack that faults happened in.
type faultStack struct {
	thread   livefacts.Thread
	c        int // frames of C functions at its top
	unlocked bool
	native   bool  // the thread is none of Ruby's
	samples  int64 // all of them
}

// NewGrowth begins to watch. A core file has no faults.
func NewGrowth(t *Target, w Watching, now time.Time) (_ *Growth, err error) {
	live, ok := t.Mem.(*procmem.Live)
	if !ok {
		return nil, errors.New("only a live process has page faults")
	}
	g := &Growth{w: w, target: t, live: live, begun: now, index: map[string]int32{}, told: map[string]int32{}, rubys: map[int]bool{}, last: map[uint64]int32{}}
	places, err := t.Ruby.Places()
	if err != nil {
		return nil, err
	}
	if g.faults, err = w.Open(faults.Target{PID: t.PID, Period: w.Period, Places: faults.Places(places)}); err != nil {
		return nil, fmt.Errorf("pid %d: %w", t.PID, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.faults.Close())
		}
	}()
	if err := g.threads(); err != nil {
		return nil, err
	}
	// What was there when the watch began is no growth: faults that were seen before this
	// moment fall out by themselves.
	if g.start, err = present(live); err != nil {
		return nil, err
	}
	if g.before, err = w.FS.Stat(t.PID); err != nil {
		return nil, err
	}
	g.rss, err = w.FS.Resident(t.PID)
	return g, err
}

// threads tells the kernel which threads are Ruby's. One that begins between two calls is
// known as soon as it has Ruby's lock.
func (g *Growth) threads() error {
	list, err := g.target.Ruby.ThreadIDs()
	if err != nil {
		return err
	}
	for tid := range list {
		g.rubys[tid] = true
	}
	return g.faults.Threads(list)
}

// remembered is for how many ticks a stack is known by its addresses: code that is made
// anew again and again, as by eval, comes to lie where other code has been.
const remembered = 200

// Tick takes what was seen since the last call: 20 times a second is enough, and frames
// are still there that their code may free.
func (g *Growth) Tick() error {
	if g.ticks++; g.ticks%2 == 0 {
		if err := g.threads(); err != nil && !errors.Is(err, rubymem.ErrNoHeap) {
			return err
		}
	}
	if g.ticks%remembered == 0 {
		clear(g.index)
	}
	g.target.Ruby.Renew()
	return g.faults.Read(g.take)
}

// take counts a sample.
func (g *Growth) take(s *faults.Sample) {
	g.samples++
	i := g.stack(s)
	g.stacks[i].samples++
	g.last[s.Address/procmem.PageSize] = i
}

// stack finds the stack of a sample among those that were seen, or resolves it.
func (g *Growth) stack(s *faults.Sample) int32 {
	b := binary.LittleEndian.AppendUint64(g.key[:0], s.Thread)
	if s.Thread == 0 {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.TID))
	}
	if s.Unlocked {
		b = append(b, 1)
	}
	for _, f := range s.Frames {
		b = binary.LittleEndian.AppendUint64(b, f.PC)
		b = binary.LittleEndian.AppendUint64(b, f.ISeq)
		b = binary.LittleEndian.AppendUint64(b, f.Entry)
	}
	g.key = b
	if i, ok := g.index[string(b)]; ok {
		return i
	}
	f := g.resolve(s)
	name := fmt.Sprintf("%d %v %+v", s.Thread, f.unlocked, f.thread)
	i, ok := g.told[name]
	if !ok {
		i = int32(len(g.stacks))
		g.told[name] = i
		g.stacks = append(g.stacks, f)
	}
	g.index[string(b)] = i
	return i
}

// nativeThread is the name of threads that are none of Ruby's; newThread is that of one of
// Ruby's which was not known yet when it touched memory without the lock.
const (
	nativeThread = "native thread"
	newThread    = "thread that had just begun"
)

// resolve says what a stack is.
func (g *Growth) resolve(s *faults.Sample) faultStack {
	f := faultStack{unlocked: s.Unlocked || s.Thread == 0, native: s.Thread == 0}
	if f.native {
		f.thread = livefacts.Thread{TID: s.TID, Name: nativeThread}
		return f
	}
	raw := make([]rubymem.Raw, len(s.Frames))
	for i, fr := range s.Frames {
		raw[i] = rubymem.Raw(fr)
	}
	list := g.target.Ruby.Trace(raw)
	for f.c < len(list) && list[f.c].C {
		f.c++
	}
	f.thread = Thread(rubymem.Thread{TID: s.TID, Name: g.target.Ruby.ThreadName(s.Thread), Frames: list, Cut: s.Cut})
	return f
}

// Close ends the watch.
func (g *Growth) Close() error { return g.faults.Close() }
