package lab

import (
	"math"

	"culprit/internal/casefile"
)

// arrival is something that reaches the fleet: a call, growth without a call,
// or the end of a process.
type arrival struct {
	at    int64
	what  uint8
	ep    int32 // endpoint; of a kill the incarnation
	proc  int32 // where, -1 = wherever the balancer puts it
	left  int32 // further calls of this session
	deed  int32 // number of the deed it does, 0 none
	ghost int32 // number of the ghost
	again bool  // already repeated
}

// What an arrival is.
const (
	aCall uint8 = iota
	aGhost
	aRestart // graceful
	aKill
)

// slot is one thread: until when it is busy, with which row and load.
type slot struct {
	end   int64
	row   int32
	load  int32
	fixed bool // a planned call: nothing slows it
}

// proc is one place of the fleet, where incarnations follow one another.
type proc struct {
	host      int
	job       bool
	slots     []slot
	inc       int32
	up        int64 // when it serves
	slowUntil int64
	slowBy    float64
	held      float64 // MB retained by harmful calls, for the killer
	high      float64
}

// incarnation is the life of one process and what weighed on it.
type incarnation struct {
	proc       int
	pid        int
	born, died int64
	old        bool // born before the recording
	loads      []load
	ramps      []ramp
}

// load is an ordinary call's memory.
type load struct {
	from, to   int64
	live, keep float32 // MB alive during, MB kept after
}

// ramp is a harmful call's: demand grows from from to peak and ends at end.
type ramp struct {
	from, peak, end int64
	demand, retain  float64
}

// serve places a call on a process and writes its row.
func (w *world) serve(a arrival) {
	e := &w.eps[a.ep]
	pi := w.balance(a, e.kind == "job")
	p := &w.procs[pi]
	s := freeSlot(p.slots)
	start := max(a.at, p.slots[s].end, p.up)
	if start >= w.end {
		return
	}
	d, row := w.duration(a, e, p, start)
	row.Start, row.End = start, start+d
	if !w.cfg.Sampling.Host {
		row.Unit = p.inc
	} else {
		row.Unit = int32(p.host)
	}
	inc := &w.incs[p.inc]
	inc.loads = append(inc.loads, load{from: start, to: start + d, live: float32(e.mem), keep: float32(w.keeps(e, row.Label))})
	p.slots[s] = slot{end: start + d, row: int32(len(w.rows)), load: int32(len(inc.loads) - 1), fixed: a.deed > 0}
	w.rows = append(w.rows, row)
	if a.deed > 0 && w.deeds[a.deed-1].harmful {
		w.harm(a, pi, s)
	}
	w.followUp(a, e, pi, start, d)
}

// keeps is what a call leaves behind, in MB.
func (w *world) keeps(e *endpoint, label uint32) float64 {
	if e.leak > 0 && (!e.leakBad || e.bad(label)) {
		return w.cfg.Memory.PerCall + e.leak*(0.9+0.2*w.rng.Float64())
	}
	return w.cfg.Memory.PerCall
}

// duration draws a call's length and the rest of its row. A planned call takes
// the time it was planned with; others are slowed by growth around them.
func (w *world) duration(a arrival, e *endpoint, p *proc, start int64) (int64, casefile.Row) {
	row := casefile.Row{User: uint32(1 + w.users.draw(w.rng)), Status: w.status(start)}
	if e.kind == "job" {
		row.Flags |= casefile.FlagJob
	}
	if a.deed > 0 {
		d := &w.deeds[a.deed-1]
		row.Label = e.label(w.rng, !d.waitsFor && w.cfg.Plants[d.plant].Param)
		if d.harmful && w.fate(d, &row) {
			return w.end - start, row // until it is killed
		}
		return micros(d.run), row
	}
	row.Label = e.label(w.rng, false)
	run := 0.0
	if e.run[1] > 0 {
		run = between(w.rng, e.run)
	} else {
		run = logNormal(w.rng, e.median, e.sigma)
	}
	return w.slowed(p, start, micros(run*w.cfg.Traffic.Stretch)), row
}

// slowed stretches work that begins at start while its process or host is slow.
func (w *world) slowed(p *proc, start, d int64) int64 {
	by, until := p.slowBy, p.slowUntil
	if start >= until {
		by, until = w.cfg.Traffic.HostSlowdown, w.hostSlow[p.host]
	}
	if start >= until || by <= 1 {
		return d
	}
	if room := until - start; float64(d)*by > float64(room) {
		return room + d - int64(float64(room)/by)
	}
	return int64(float64(d) * by)
}

// balance picks a process that is up and has a free thread.
func (w *world) balance(a arrival, job bool) int {
	pool := w.web
	if job {
		pool = w.jobs
	}
	if a.proc >= 0 {
		return int(a.proc)
	}
	first := w.rng.IntN(len(pool))
	if w.cfg.Fleet.Uneven && !job {
		first = w.uneven.draw(w.rng)
	}
	for i := range pool {
		pi := pool[(first+i)%len(pool)]
		p := &w.procs[pi]
		if p.up <= a.at && p.slots[freeSlot(p.slots)].end <= a.at {
			return pi
		}
	}
	return pool[first]
}

func freeSlot(slots []slot) int {
	best := 0
	for i := range slots {
		if slots[i].end < slots[best].end {
			best = i
		}
	}
	return best
}

// harm makes the process of a harmful call grow.
func (w *world) harm(a arrival, pi, s int) {
	d := &w.deeds[a.deed-1]
	plant := &w.cfg.Plants[d.plant]
	w.truth[d.plant].Harmful++
	p := &w.procs[pi]
	row := &w.rows[p.slots[s].row]
	peak := row.Start + micros(d.run*0.97)
	end := row.End
	if plant.Fate != "" {
		end = peak + micros(1+9*w.rng.Float64())
		w.todo.push(arrival{at: end, what: aKill, proc: int32(pi), ep: p.inc, deed: a.deed})
	}
	w.grow(pi, ramp{from: row.Start, peak: peak, end: end, demand: d.demand, retain: plant.Retain}, s)
}

// grow adds a ramp, slows everything else, and calls the killer when the
// process gets too big.
func (w *world) grow(pi int, r ramp, guilty int) {
	p := &w.procs[pi]
	inc := &w.incs[p.inc]
	inc.ramps = append(inc.ramps, r)
	w.growing = append(w.growing, stretch{host: p.host, from: r.from, to: r.peak})
	p.slowBy, p.slowUntil = between(w.rng, w.cfg.Traffic.Slowdown), r.peak
	w.hostSlow[p.host] = max(w.hostSlow[p.host], r.peak)
	for i := range p.slots {
		sl := &p.slots[i]
		if i == guilty || sl.end <= r.from || sl.fixed {
			continue
		}
		sl.end = r.from + w.slowed(p, r.from, sl.end-r.from)
		w.rows[sl.row].End = sl.end
		inc.loads[sl.load].to = sl.end
	}
	p.high = math.Max(p.high, p.held+r.demand)
	p.held += r.demand * r.retain
	if w.cfg.Fleet.KillAt > 0 && w.cfg.Memory.Base*2+p.high > w.cfg.Fleet.KillAt {
		w.todo.push(arrival{at: r.peak, what: aKill, proc: int32(pi), ep: p.inc})
		p.high = 0
	}
}

// followUp is what a call brings about: the rest of the session, the page after
// it, an impatient user's second try, the next poll.
func (w *world) followUp(a arrival, e *endpoint, pi int, start, d int64) {
	t := w.cfg.Traffic
	if e.always {
		w.todo.push(arrival{at: start + d + micros(0.3*w.rng.ExpFloat64()), ep: a.ep, proc: -1})
		return
	}
	if a.left > 0 {
		next := arrival{at: start + d + micros(w.sessionGap*w.rng.ExpFloat64()), ep: a.ep, proc: -1, left: a.left - 1}
		if e.sticky {
			next.proc = int32(pi)
		}
		w.todo.push(next)
	}
	if e.pair >= 0 && a.deed == 0 {
		w.todo.push(arrival{at: start + micros(0.5+4.5*w.rng.Float64()), ep: e.pair, proc: -1})
	}
	slow := a.deed == 0 && !a.again && seconds(d) > t.RetryAfter && e.run[1]*t.Stretch < t.RetryAfter
	if slow && w.rng.Float64() < t.Retry {
		w.todo.push(arrival{at: start + micros(10+20*w.rng.Float64()), ep: a.ep, proc: -1, again: true})
	}
}
