package logs

import (
	"slices"

	"culprit"
)

// lane holds the open calls of one process or thread whose lines carry no
// request id: they can only be told apart by order and by time.
type lane struct {
	open   []*openCall // oldest first
	routes bool        // Processing lines were seen
}

// nearWork is how far Completed less its duration may be from its Processing
// line: the logger's own delay.
const nearWork = 20_000

// clearlyOff is how much further off the second best candidate must be.
const clearlyOff = 5

func (l *lane) remove(c *openCall) {
	for i, o := range l.open {
		if o == c {
			l.open = append(l.open[:i], l.open[i+1:]...)
			return
		}
	}
}

// byLane joins an event of a process or thread.
func (j *joiner) byLane(e *event, out Sink) {
	l := j.lanes[e.key]
	if l == nil {
		l = new(lane)
		j.lanes[e.key] = l
	}
	var c *openCall
	switch e.kind {
	case evBegin:
		if len(e.tid) > 0 {
			// A thread does one thing at a time.
			for len(l.open) > 0 {
				j.abandon(l.open[0], out)
			}
		}
	case evRoute:
		c = j.forRoute(l, e)
	case evParams:
		c = l.latest(func(o *openCall) bool { return o.routed && !o.params })
	case evEnd:
		c = l.forEnd(e)
	case evFail:
		c = l.latest(func(o *openCall) bool { return !o.routed && o.begun })
	default:
		c = l.latest(func(o *openCall) bool { return o.routed })
	}
	if c == nil {
		if e.kind == evMark || e.kind == evFail || e.kind == evParams {
			return
		}
		if len(l.open) >= maxLane {
			l.open[0].call.Ambiguous = true
			j.abandon(l.open[0], out)
		}
		c = j.add(e, out)
		l.open = append(l.open, c)
	}
	j.apply(c, e, out)
}

// latest returns the youngest open call that fits.
func (l *lane) latest(fits func(*openCall) bool) *openCall {
	for i := len(l.open) - 1; i >= 0; i-- {
		if fits(l.open[i]) {
			return l.open[i]
		}
	}
	return nil
}

// failLane ends the call of an untagged log whose exception carries a tag: the
// last one begun that no controller has. The tag's own key says nothing.
func (j *joiner) failLane(e *event, out Sink) {
	l := j.lanes[e.lane]
	if l == nil || e.pid != 0 {
		return
	}
	if c := l.latest(func(o *openCall) bool { return !o.routed && o.begun }); c != nil && c == l.open[len(l.open)-1] {
		j.apply(c, e, out)
	}
}

// together is how close two Started lines have to be for their Processing lines
// to come in the same order; else the younger one's comes first.
const together = 5_000

// forRoute finds the call that a Processing line belongs to: the last one begun
// that waits for it. Older ones are most likely no controllers' work at all
// (mounted engines, cable); one of the last tenth of a second makes it doubtful,
// unless only one of them has a path that led to this action before.
func (j *joiner) forRoute(l *lane, e *event) *openCall {
	l.routes = true
	target := hash(e.b, hash(e.a, 2))
	var found, youngest, known *openCall
	doubt, fits := false, 0
	for i := len(l.open) - 1; i >= 0; i-- {
		o := l.open[i]
		if o.routed || !o.begun {
			continue
		}
		if youngest != nil {
			apart := youngest.call.Start - o.call.Start
			if e.at == 0 || o.call.Start == 0 || apart > 20*together {
				doubt = doubt || e.at == 0
				break
			}
			doubt = true
			if apart <= together {
				found = o
			}
		} else {
			found, youngest = o, o
		}
		if j.routes[routeOf(&o.call)] == target {
			known = o
			fits++
		}
	}
	switch {
	case found == nil:
	case !doubt:
		if len(j.routes) < maxRoutes {
			j.routes[routeOf(&found.call)] = target
		}
	case fits == 1:
		return known
	default:
		found.call.Ambiguous = true
	}
	return found
}

// maxRoutes bounds the routes that are remembered.
const maxRoutes = 1 << 14

// routeOf hashes a method and a path without its numbers.
func routeOf(c *culprit.Call) uint64 {
	h := hash(c.Method, 3)
	for p := c.Path; len(p) > 0; {
		var seg []byte
		seg, p, _ = cut(p[1:], '/')
		if slices.ContainsFunc(seg, digit) {
			seg = nil
		}
		h = hash(seg, h)
		if len(p) > 0 {
			p = c.Path[len(c.Path)-len(p)-1:]
		}
	}
	return h
}

// forEnd finds the call that a Completed line belongs to: the one whose
// Processing line stands a duration earlier.
func (l *lane) forEnd(e *event) *openCall {
	var best, only *openCall
	bestOff, nextOff := int64(1)<<62, int64(1)<<62
	n := 0
	for _, o := range l.open {
		if !o.routed {
			continue
		}
		n++
		only = o // the youngest in the end
		if e.at == 0 || o.work == 0 || e.duration < 0 {
			continue
		}
		off := o.at(e) - e.duration - o.work
		if off < 0 {
			off = -off
		}
		if off < bestOff {
			best, bestOff, nextOff = o, off, bestOff
		} else if off < nextOff {
			nextOff = off
		}
	}
	switch {
	case n == 0 && l.routes:
		return nil // its Started line is not in this log
	case n == 0:
		return l.latest(func(o *openCall) bool { return o.begun })
	case n == 1:
		return only
	case best == nil:
		l.doubt()
		return only
	}
	if bestOff > nearWork+e.duration/100 || nextOff < clearlyOff*max(bestOff, 1000) {
		best.call.Ambiguous = true
	}
	return best
}

// doubt marks every call that the next line could have belonged to.
func (l *lane) doubt() {
	for _, o := range l.open {
		if o.routed {
			o.call.Ambiguous = true
		}
	}
}
