package logs

import "culprit"

// openCall is a call whose end has not been seen.
type openCall struct {
	call   culprit.Call
	key    uint64
	byID   bool
	begun  bool  // its first line was seen
	routed bool  // its Processing line was seen
	params bool  // its Parameters line was seen
	dirty  bool  // slices point into the current block
	gone   bool  // emitted
	work   int64 // stamp of Processing: what Completed counts its duration from
	failed int64 // stamp of a blank FATAL line: the exception itself follows
	skew   int64 // to add to zone-less stamps of this call
	older  *openCall
	newer  *openCall
}

// maxOpen bounds the calls that wait for their end. A log without any
// Completed lines would otherwise be kept whole.
const maxOpen = 1 << 16

// maxLane bounds the calls that wait in one process.
const maxLane = 64

// joiner pairs the lines of calls, in file order.
type joiner struct {
	ids   map[uint64]*openCall
	lanes map[uint64]*lane
	// routes maps a method and path without numbers to the action it led to
	routes map[uint64]uint64
	free   []*openCall
	dirty  []*openCall
	// all open calls by age
	oldest, newest *openCall
	open           int
	skew           int64 // of the last call that told it
	begun          int64 // start of the last request that told it
}

func (j *joiner) init() {
	j.ids = map[uint64]*openCall{}
	j.lanes = map[uint64]*lane{}
	j.routes = map[uint64]uint64{}
}

// settle joins the events of the next block.
func (j *joiner) settle(s *stage, out Sink) {
	for i := range s.events {
		e := &s.events[i]
		if e.byID {
			j.byID(e, out)
		} else {
			j.byLane(e, out)
		}
	}
	for _, c := range j.dirty {
		if !c.gone && c.dirty {
			c.detach()
		}
	}
	j.dirty = j.dirty[:0]
}

// close emits what is still open, oldest first.
func (j *joiner) close(out Sink) {
	for j.oldest != nil {
		j.abandon(j.oldest, out)
	}
}

func (j *joiner) byID(e *event, out Sink) {
	c := j.ids[e.key]
	if c == nil && e.kind == evFail {
		// Rails tags the text of an exception even where it tags nothing else.
		j.failLane(e, out)
		return
	}
	if e.kind == evBegin && c != nil && c.begun {
		j.abandon(c, out)
		c = nil
	}
	if c == nil {
		if e.kind == evMark {
			return // of a call that the log does not tell about
		}
		c = j.add(e, out)
		j.ids[e.key] = c
	}
	j.apply(c, e, out)
}

// add opens a call for e.
func (j *joiner) add(e *event, out Sink) *openCall {
	if j.open >= maxOpen {
		j.abandon(j.oldest, out)
	}
	var c *openCall
	if n := len(j.free); n > 0 {
		c = j.free[n-1]
		j.free = j.free[:n-1]
	} else {
		c = new(openCall)
	}
	p := c.call.Params
	*c = openCall{key: e.key, byID: e.byID, older: j.newest, skew: j.skew}
	c.call.Params = p
	c.call.Reset()
	c.call.Kind = e.work
	c.call.Offset = e.offset
	if j.newest != nil {
		j.newest.newer = c
	} else {
		j.oldest = c
	}
	j.newest = c
	j.open++
	return c
}

// drop takes c off the lists.
func (j *joiner) drop(c *openCall) {
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		j.oldest = c.newer
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		j.newest = c.older
	}
	if c.byID {
		delete(j.ids, c.key)
	} else if l := j.lanes[c.key]; l != nil {
		l.remove(c)
	}
	c.gone = true
	j.open--
	j.free = append(j.free, c)
}

// abandon emits a call whose end never came.
func (j *joiner) abandon(c *openCall, out Sink) {
	if c.failed != 0 {
		j.end(c, &event{duration: culprit.Unknown, allocations: culprit.Unknown, memory: culprit.Unknown, offset: c.call.Offset}, out)
		return
	}
	c.call.Open = true
	c.call.Stamp = culprit.StampStart
	if c.call.Start == 0 {
		c.call.Start = c.work
	}
	out.Call(&c.call)
	j.drop(c)
}

// apply copies what one line told to its call.
func (j *joiner) apply(c *openCall, e *event, out Sink) {
	if !c.dirty {
		c.dirty = true
		j.dirty = append(j.dirty, c)
	}
	k := &c.call
	c.identify(e)
	switch e.kind {
	case evBegin:
		j.begin(c, e)
	case evRoute:
		c.routed = true
		c.work = c.at(e)
		k.Controller, k.Action, k.Format = e.a, e.b, e.c
	case evParams:
		c.params = true
		k.Params = append(k.Params[:0], e.params...)
		k.Operation = e.a
	}
	if e.marks != 0 {
		k.Streamed = k.Streamed || e.marks&markStreamed != 0
		k.Enqueues = k.Enqueues || e.marks&markEnqueues != 0
		k.Failed = k.Failed || e.marks&markFailed != 0
	}
	switch {
	case e.kind == evEnd:
		j.end(c, e, out)
	case e.kind == evFail && !c.routed && c.byID && e.status == 0 && e.at != 0 && c.failed == 0:
		c.failed = c.at(e) // the next line says what it was
	case e.kind == evFail && !c.routed:
		j.end(c, e, out)
	}
}

// identify fills in what any line may tell.
func (c *openCall) identify(e *event) {
	k := &c.call
	if k.PID == 0 {
		k.PID = e.pid
	}
	if len(k.TID) == 0 {
		k.TID = e.tid
	}
	if len(k.Host) == 0 {
		k.Host = e.host
	}
	if len(k.RequestID) == 0 {
		k.RequestID = e.id
	}
}

// at returns the stamp of e in the clock of its call.
func (c *openCall) at(e *event) int64 {
	if e.zoneless && e.at != 0 {
		return e.at + c.skew
	}
	return e.at
}

func (j *joiner) begin(c *openCall, e *event) {
	k := &c.call
	c.begun = true
	if e.work == culprit.CallJob {
		k.Name, k.Queue = e.a, e.b
		if k.Start = c.at(e); k.Start == 0 {
			k.Start = j.begun // a log without stamps: the request before it tells the second
		}
		c.work, c.routed = k.Start, true
		return
	}
	if e.zoneless && e.at != 0 && e.start != 0 {
		j.skew = skewOf(e.at, e.start)
		c.skew = j.skew
	}
	k.Method, k.Path, k.Client = e.a, e.b, e.c
	if k.Start = c.at(e); k.Start == 0 {
		k.Start = e.start
	}
	if k.Start != 0 {
		j.begun = k.Start
	}
}

// skewOf returns what to add to a Logger's zone-less stamp, given the same
// instant with its zone to the second: whole quarters of an hour.
func skewOf(local, zoned int64) int64 {
	const quarter = 15 * usMinute
	d := zoned - local
	half := quarter / 2
	if d < 0 {
		half = -half
	}
	return (d + half) / quarter * quarter
}

// end completes a call and emits it.
func (j *joiner) end(c *openCall, e *event, out Sink) {
	k := &c.call
	if e.full != nil {
		c.take(e.full)
	}
	k.Status, k.Duration = e.status, e.duration
	k.Allocations, k.MemBytes = e.allocations, e.memory
	if k.End = c.at(e); k.End == 0 {
		k.End = c.failed
	}
	k.Offset = e.offset
	if e.work == culprit.CallJob && len(k.Name) == 0 {
		k.Name, k.Queue = e.a, e.b
	}
	began := k.Start != 0
	ended := k.End != 0
	if !began {
		k.Start = c.work
		began = c.work != 0
	}
	switch {
	case began && ended:
		k.Stamp = culprit.StampBoth
	case began:
		k.Stamp = culprit.StampStart
		if k.Duration >= 0 {
			k.End = k.Start + k.Duration
		}
	case ended:
		k.Stamp = culprit.StampEnd
		if k.Duration >= 0 {
			k.Start = k.End - k.Duration
		}
	}
	out.Call(k)
	j.drop(c)
}

// take copies a call that its last line told whole; what only the first line
// knows, its time and perhaps path and parameters, stays.
func (c *openCall) take(full *culprit.Call) {
	k := &c.call
	old := *k
	params := k.Params
	*k = *full
	k.Start = old.Start
	k.Params = append(params[:0:cap(params)], full.Params...)
	if len(full.Params) == 0 {
		k.Params = params
	}
	if len(k.Path) == 0 {
		k.Method, k.Path = old.Method, old.Path
	}
	if len(k.Client) == 0 {
		k.Client = old.Client
	}
	if len(k.Name) == 0 {
		k.Name, k.Queue = old.Name, old.Queue
	}
	k.Ambiguous = k.Ambiguous || old.Ambiguous
}

// detach copies the bytes of a call that outlives its block.
func (c *openCall) detach() {
	k := &c.call
	n := 0
	fields := [...]*[]byte{
		&k.TID, &k.Host, &k.RequestID, &k.Method, &k.Path, &k.Controller, &k.Action, &k.Name,
		&k.Queue, &k.Format, &k.Operation, &k.User, &k.Client, &k.Upstream,
	}
	for _, f := range fields {
		n += len(*f)
	}
	for _, p := range k.Params {
		n += len(p.Key) + len(p.Value)
	}
	buf := make([]byte, 0, n)
	keep := func(f *[]byte) {
		at := len(buf)
		buf = append(buf, *f...)
		*f = buf[at:len(buf):len(buf)]
	}
	for _, f := range fields {
		keep(f)
	}
	for i := range k.Params {
		keep(&k.Params[i].Key)
		keep(&k.Params[i].Value)
	}
	c.dirty = false
}
