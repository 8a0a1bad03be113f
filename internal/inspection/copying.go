package inspection

import (
	"errors"
	"fmt"
	"time"

	"culprit"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
)

// Copying is what a copy of a process needs.
type Copying struct {
	Root  string // where procfs is mounted
	Spool string // a folder for a copy that memory has no room for
	Self  int    // this process
	FS    proc.FS
	Now   func() time.Time
}

// copied is a copy of all that a process writes to.
type copied struct {
	*procmem.Mirror
	registers []uint64      // of its threads, none of a core
	pause     float64       // seconds that it stood still
	swapped   culprit.Bytes // what was swapped out, and is not in the copy
	warnings  []string
}

// grown is what a plan may lack by the moment of the stop: it is made before.
const grown = 64 << 20

// copied copies the process. Room is made before it stands still.
func (t *Target) copied(c Copying) (m *copied, err error) {
	m = &copied{}
	plan, err := procmem.NewPlan(t.Mem, nil)
	if err != nil {
		return nil, err
	}
	dir := ""
	if free := roomLeft(c.FS, c.Self); free >= 0 && culprit.Bytes(plan.Bytes)+grown > free/2 {
		dir = c.Spool
		m.warnings = append(m.warnings, fmt.Sprintf("the copy of %s lies in a file in %s: memory has %s left", culprit.Bytes(plan.Bytes), c.Spool, free))
	}
	room, err := procmem.NewRoom(dir, plan.Bytes+grown)
	if err != nil {
		return nil, fmt.Errorf("room for a copy of %s: %w", culprit.Bytes(plan.Bytes), err)
	}
	defer func() {
		if err != nil {
			room.Close()
		}
	}()
	live, isLive := t.Mem.(*procmem.Live)
	if !isLive {
		m.Mirror, err = procmem.Copy(t.Mem, plan, room)
		return m, err
	}
	began := c.Now()
	frozen, err := procmem.Freeze(c.Root, t.PID)
	if err != nil {
		return nil, err
	}
	// Whatever fails now, the process goes on.
	if err = live.Refresh(); err == nil {
		if plan, err = procmem.NewPlan(live, nil); err == nil {
			m.Mirror, err = procmem.Copy(live, plan, room)
		}
	}
	err = errors.Join(err, frozen.Resume())
	m.pause, m.registers = c.Now().Sub(began).Seconds(), frozen.Registers
	swapped, serr := swappedOut(live)
	m.swapped = culprit.Bytes(swapped)
	if err = errors.Join(err, serr); err != nil {
		return nil, err
	}
	return m, nil
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
