package logs

import (
	"culprit"
)

// maxOpenWork bounds how many begun calls one parser remembers. The oldest is
// given up as an open call when there are more: in a log that never tells of
// ends, memory stays bounded (about 20 MB).
const maxOpenWork = 50_000

// begun is a call whose first line was read and whose last was not yet.
type begun struct {
	kind   culprit.CallKind
	start  int64 // microseconds
	pid    int
	tid    string
	host   string
	id     string // request or job id
	name   string
	queue  string
	user   string
	mem    int64 // bytes, culprit.Unknown
	allocs int64 // objects, culprit.Unknown
	offset int64
	serial uint64
}

// openWork pairs begin and end lines by a key of the format's choosing.
type openWork struct {
	at     map[string]begun
	order  []ordered // oldest first, with holes for what has ended
	serial uint64
	call   culprit.Call
	// endless marks formats whose logs normally have no end lines (cron): what
	// stays open is reported with an unknown end instead of as unfinished.
	endless bool
}

type ordered struct {
	key    string
	serial uint64
}

// begin remembers b under key. A call of the same key that never ended is
// emitted as open first: the same job was started again, or a pid was reused.
func (w *openWork) begin(key string, b begun, out Sink) {
	if w.at == nil {
		w.at = make(map[string]begun)
	}
	if old, ok := w.at[key]; ok {
		w.emitOpen(old, out)
		delete(w.at, key)
	}
	w.serial++
	b.serial = w.serial
	w.at[key] = b
	w.order = append(w.order, ordered{key, b.serial})
	if len(w.at) > maxOpenWork {
		w.dropOldest(out)
	}
	if len(w.order) > 2*maxOpenWork+1000 {
		w.compact()
	}
}

// dropOldest gives up the call that has been open longest.
func (w *openWork) dropOldest(out Sink) {
	for len(w.order) > 0 {
		o := w.order[0]
		w.order = w.order[1:]
		if b, ok := w.at[o.key]; ok && b.serial == o.serial {
			w.emitOpen(b, out)
			delete(w.at, o.key)
			return
		}
	}
}

// compact drops the holes of the order list.
func (w *openWork) compact() {
	kept := make([]ordered, 0, len(w.at))
	for _, o := range w.order {
		if b, ok := w.at[o.key]; ok && b.serial == o.serial {
			kept = append(kept, o)
		}
	}
	w.order = kept
}

// end takes the call of key out.
func (w *openWork) end(key string) (begun, bool) {
	b, ok := w.at[key]
	if ok {
		delete(w.at, key)
	}
	return b, ok
}

// closeAll emits what is still open, oldest first.
func (w *openWork) closeAll(out Sink) {
	w.compact()
	for _, o := range w.order {
		w.emitOpen(w.at[o.key], out)
		delete(w.at, o.key)
	}
	w.order = nil
}

// emitOpen emits a call without an end.
func (w *openWork) emitOpen(b begun, out Sink) {
	if b.start == 0 {
		return
	}
	c := &w.call
	c.Reset()
	b.fill(c)
	c.Stamp = culprit.StampStart
	c.Open = !w.endless
	out.Call(c)
}

// fill copies what the first line told into c.
func (b *begun) fill(c *culprit.Call) {
	c.Kind, c.Start, c.PID, c.Offset = b.kind, b.start, b.pid, b.offset
	c.TID, c.Host, c.RequestID = []byte(b.tid), []byte(b.host), []byte(b.id)
	c.Name, c.Queue, c.User = []byte(b.name), []byte(b.queue), []byte(b.user)
	c.MemBytes, c.Allocations = b.mem, b.allocs
}

// endCall completes c from its end at the instant at (0 unknown), a duration
// (Unknown when the line has none) and the begun line when there was one.
func endCall(c *culprit.Call, b *begun, at, duration int64) {
	c.Stamp, c.End, c.Duration = culprit.StampEnd, at, duration
	if b != nil && b.start != 0 {
		c.Stamp, c.Start = culprit.StampBoth, b.start
	}
	switch {
	case c.Start == 0 && at != 0 && duration >= 0:
		c.Start = at - duration
	case c.Start != 0 && at != 0 && duration < 0 && at >= c.Start:
		c.Duration = at - c.Start
	case c.Start != 0 && duration >= 0 && c.End < c.Start+duration:
		// Stamps of whole seconds: the duration is the finer measure.
		c.End = c.Start + duration
	}
}
