package inspection

import (
	"errors"
	"fmt"
	"time"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/nativemem"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
)

// Native walks glibc's heap.
func (t *Target) Native(tool string) (livefacts.Native, error) {
	n := livefacts.Native{Schema: livefacts.NativeSchema, Tool: tool, PID: t.PID, Core: t.Core, Allocator: nativemem.Allocator(t.Mem.Maps())}
	h, err := readNative(t.Mem)
	if err != nil {
		return n, err
	}
	n.MmapBlocks, n.MmapBytes, n.Reclaimable = h.MmapChunks, culprit.Bytes(h.MmapBytes), culprit.Bytes(h.Releasable())
	n.Arenas = arenas(h)
	for _, s := range h.Histogram() {
		n.Sizes = append(n.Sizes, livefacts.Size{Size: culprit.Bytes(s.Size), Count: s.Count, Bytes: culprit.Bytes(s.Bytes)})
	}
	return n, nil
}

func arenas(h *nativemem.Heap) (list []livefacts.Arena) {
	for _, a := range h.Arenas {
		list = append(list, livefacts.Arena{
			Main: a.Main, System: culprit.Bytes(a.System), InUse: culprit.Bytes(a.InUse), Free: culprit.Bytes(a.Free), Reclaimable: culprit.Bytes(a.Releasable),
		})
	}
	return list
}

// Copying is what a copy of a process needs.
type Copying struct {
	Root  string // where procfs is mounted
	Spool string // a folder for a copy that memory has no room for
	Self  int    // this process
	FS    proc.FS
	Now   func() time.Time
}

// Leaks copies the process while it stands still, and looks for blocks that nothing
// points to after it goes on.
func (t *Target) Leaks(tool string, c Copying) (livefacts.Leaks, error) {
	d := livefacts.Leaks{Schema: livefacts.LeaksSchema, Tool: tool, PID: t.PID, Core: t.Core}
	m, registers, err := t.mirror(c, &d)
	if err != nil {
		return d, err
	}
	r, err := nativemem.Leaks(m, registers)
	if err = errors.Join(err, m.Close()); err != nil {
		return d, err
	}
	d.Blocks, d.Bytes, d.Considered, d.ConsideredBytes = r.Blocks, culprit.Bytes(r.Bytes), r.Considered, culprit.Bytes(r.ConsideredBytes)
	for _, g := range r.Groups {
		d.Groups = append(d.Groups, livefacts.LeakGroup{Size: culprit.Bytes(g.Size), Count: g.Count, Bytes: culprit.Bytes(g.Bytes), Signature: g.Signature})
	}
	if r.Unread > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s that can hold pointers could not be read: a block may be called leaked that is not", culprit.Bytes(r.Unread)))
	}
	return d, nil
}

// grown is what a plan may lack by the moment of the stop: it is made before.
const grown = 64 << 20

// mirror copies all that the process writes to. Room is made before it stands still.
func (t *Target) mirror(c Copying, d *livefacts.Leaks) (m *procmem.Mirror, registers []uint64, err error) {
	plan, err := procmem.NewPlan(t.Mem, nil)
	if err != nil {
		return nil, nil, err
	}
	dir := ""
	if free := roomLeft(c.FS, c.Self); free >= 0 && culprit.Bytes(plan.Bytes)+grown > free/2 {
		dir = c.Spool
		d.Warnings = append(d.Warnings, fmt.Sprintf("the copy of %s lies in a file in %s: memory has %s left", culprit.Bytes(plan.Bytes), c.Spool, free))
	}
	room, err := procmem.NewRoom(dir, plan.Bytes+grown)
	if err != nil {
		return nil, nil, fmt.Errorf("room for a copy of %s: %w", culprit.Bytes(plan.Bytes), err)
	}
	live, isLive := t.Mem.(*procmem.Live)
	if !isLive {
		m, err = procmem.Copy(t.Mem, plan, room)
		d.Warnings = append(d.Warnings, "registers of a core are not read: blocks that only they point to count as leaked")
		return m, nil, err
	}
	began := c.Now()
	frozen, err := procmem.Freeze(c.Root, t.PID)
	if err != nil {
		return nil, nil, err
	}
	// Whatever fails now, the process goes on.
	if err = live.Refresh(); err == nil {
		if plan, err = procmem.NewPlan(live, nil); err == nil {
			m, err = procmem.Copy(live, plan, room)
		}
	}
	err = errors.Join(err, frozen.Resume())
	d.PauseSeconds = c.Now().Sub(began).Seconds()
	if swapped, serr := swappedOut(live); serr != nil || swapped > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s are swapped out and were not read: blocks that only they point to are called leaked", culprit.Bytes(swapped)))
		err = errors.Join(err, serr)
	}
	return m, frozen.Registers, err
}

// swappedOut counts what a copy of all that the process writes to lacks.
func swappedOut(l *procmem.Live) (sum uint64, err error) {
	for _, m := range l.Maps() {
		if !m.Write || !m.Read {
			continue
		}
		n, err := l.Swapped(m.From, m.To)
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// roomLeft is what memory has for this process: that of the machine, and of the group
// that it is in. Unknown where neither is told.
func roomLeft(fs proc.FS, self int) culprit.Bytes {
	left := culprit.Bytes(culprit.Unknown)
	if m, err := fs.Meminfo(); err == nil {
		left = m.Available
	}
	if g, err := fs.Cgroup(self); err == nil && g.Limit >= 0 && g.Current >= 0 {
		if free := g.Limit - g.Current; left < 0 || free < left {
			left = max(free, 0)
		}
	}
	return left
}
