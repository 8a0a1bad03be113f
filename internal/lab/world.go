package lab

import (
	"math"
	"math/rand/v2"

	"culprit/internal/casefile"
	"culprit/internal/stat"
)

const mib = 1 << 20

// world is a recording in the making.
type world struct {
	cfg   Config
	rng   *rand.Rand
	names *names
	start int64
	end   int64

	eps     []endpoint
	todo    queue
	deeds   []deed
	truth   []Planted
	shadows []string
	near    []string  // companions of culprits
	bumps   []float64 // load, by stretch of the span
	bursts  []stretch // of errors

	procs      []proc
	web, jobs  []int
	uneven     wheel
	users      wheel
	incs       []incarnation
	hostSlow   []int64
	growing    []stretch
	others     [][]ramp // per host, processes nobody watches
	sessionGap float64
	deploys    []int64

	rows []casefile.Row
	rss  [][]float32 // MB per process and cell
	cell int64       // microseconds
}

// stretch is a span of time, of one host where that matters.
type stretch struct {
	host     int
	from, to int64
}

// Build makes the world that follows from a configuration and a seed.
func Build(cfg Config, seed uint64) World {
	w := newWorld(cfg, seed)
	w.cast()
	w.plant()
	roster := enroll(w.eps)
	w.pollers()
	w.boot()
	w.haunt()
	w.restarts()
	w.run()
	w.remembers()
	return w.finish(roster)
}

func newWorld(cfg Config, seed uint64) *world {
	w := &world{cfg: cfg, rng: stat.Rand(seed, 1), start: cfg.Time.Start}
	w.names = newNames(w.rng)
	w.end = w.start + micros(cfg.Time.Span)
	w.users = newWheel(zipf(400, 0.8))
	w.sessionGap = math.Min(15, cfg.Time.Span/60)
	w.hostSlow = make([]int64, cfg.Fleet.Hosts)
	w.others = make([][]ramp, cfg.Fleet.Hosts)
	w.cell = micros(math.Min(10, math.Max(1, cfg.Sampling.Every/10)))
	w.weather()
	return w
}

// weather is what changes with time for everybody: load and bursts of errors.
func (w *world) weather() {
	w.bumps = make([]float64, 145)
	level := 0.0
	for i := range w.bumps {
		level = 0.7*level + 0.25*w.rng.NormFloat64()
		w.bumps[i] = math.Exp(level)
	}
	for range 1 + w.rng.IntN(3) {
		at := w.at(w.rng.Float64() * w.cfg.Time.Span)
		w.bursts = append(w.bursts, stretch{from: at, to: at + micros(w.cfg.Time.Span*0.01)})
	}
}

func micros(s float64) int64   { return int64(s * 1e6) }
func seconds(us int64) float64 { return float64(us) * 1e-6 }

// at is an instant so many seconds into the recording.
func (w *world) at(s float64) int64 { return w.start + micros(s) }

// load is the traffic at an instant relative to the mean, phase in seconds.
func (w *world) load(at int64, phase, amp float64) float64 {
	day := 2 * math.Pi * (seconds(at%(86400*second)) - 8*3600 + phase) / 86400
	x := seconds(at-w.start) / w.cfg.Time.Span * float64(len(w.bumps)-1)
	i := min(max(int(x), 0), len(w.bumps)-2)
	bump := w.bumps[i] + (x-float64(i))*(w.bumps[i+1]-w.bumps[i])
	return (1 + amp*math.Sin(day)) * bump
}

// status is mostly 200; errors come in bursts.
func (w *world) status(at int64) uint16 {
	share := 0.002
	for _, b := range w.bursts {
		if b.from <= at && at < b.to {
			share = 0.3
		}
	}
	if w.rng.Float64() < share {
		return 500
	}
	return 200
}

// boot starts the fleet.
func (w *world) boot() {
	f := w.cfg.Fleet
	var shares []float64
	add := func(host int, job bool) {
		p := proc{host: host, job: job, slots: make([]slot, f.Threads)}
		if job {
			w.jobs = append(w.jobs, len(w.procs))
		} else {
			w.web = append(w.web, len(w.procs))
		}
		w.procs = append(w.procs, p)
		born := w.start - micros(3600+w.rng.Float64()*36000)
		if w.cfg.Time.Booted {
			born = w.start + micros(2*w.rng.Float64())
		}
		w.begin(len(w.procs)-1, born, !w.cfg.Time.Booted)
	}
	for h := range f.Hosts {
		for i := range f.Workers {
			add(h, false)
			shares = append(shares, 1/float64(i+1))
		}
		for range f.Jobs {
			add(h, true)
		}
	}
	w.uneven = newWheel(shares)
}

// begin starts an incarnation.
func (w *world) begin(pi int, born int64, old bool) {
	p := &w.procs[pi]
	p.inc, p.up = int32(len(w.incs)), max(born, w.start)
	p.held, p.high, p.slowUntil = 0, 0, 0
	clear(p.slots)
	w.incs = append(w.incs, incarnation{proc: pi, pid: 1000 + w.rng.IntN(30000), born: born, died: w.end, old: old})
}

// restarts schedules deploys and the periodic end of each process.
func (w *world) restarts() {
	f, span := w.cfg.Fleet, w.cfg.Time.Span
	for range f.Deploys {
		at := span * (0.1 + 0.8*w.rng.Float64())
		w.deploys = append(w.deploys, w.at(at))
		for pi := range w.procs {
			w.todo.push(arrival{at: w.at(at + 20*w.rng.Float64()), what: aRestart, proc: int32(pi)})
		}
	}
	if f.RestartEvery == 0 {
		return
	}
	for pi := range w.procs {
		for at := w.rng.Float64() * f.RestartEvery; at < span; at += f.RestartEvery {
			w.todo.push(arrival{at: w.at(at), what: aRestart, proc: int32(pi)})
		}
	}
}

// run lets the time pass: the base stream and whatever is due before it.
func (w *world) run() {
	weights := make([]float64, len(w.eps))
	for i := range w.eps {
		weights[i] = w.eps[i].weight
		if w.eps[i].session {
			weights[i] /= 5
		}
	}
	wh := newWheel(weights)
	most := w.cfg.Traffic.RPS * 2.5
	for at := float64(0); ; {
		at += w.rng.ExpFloat64() / most
		now := w.at(at)
		for len(w.todo) > 0 && (w.todo[0].at <= now || now >= w.end) {
			w.happen(w.todo.pop())
		}
		if now >= w.end {
			return
		}
		ep := wh.draw(w.rng)
		e := &w.eps[ep]
		if w.rng.Float64()*2.5 > w.load(now, e.phase, e.amp) || !e.active(seconds(now-w.start)) {
			continue
		}
		a := arrival{at: now, ep: int32(ep), proc: -1}
		if e.session {
			a.left = int32(w.rng.ExpFloat64() * 4)
		}
		w.serve(a)
	}
}

// active tells whether an endpoint is in its only stretch, if it has one.
func (e *endpoint) active(s float64) bool {
	return e.block[1] == 0 || e.block[0] <= s && s < e.block[1]
}

// happen does what is due.
func (w *world) happen(a arrival) {
	if a.at >= w.end {
		return
	}
	switch a.what {
	case aCall:
		w.serve(a)
	case aGhost:
		w.haunting(a)
	case aRestart:
		w.restart(a)
	case aKill:
		if w.procs[a.proc].inc == a.ep {
			w.kill(a)
		}
	}
}

// restart ends a process in good order: what runs may end within 30 s.
func (w *world) restart(a arrival) {
	p := &w.procs[a.proc]
	if p.up > a.at {
		return
	}
	died := a.at
	for _, s := range p.slots {
		died = max(died, min(s.end, a.at+30*second))
	}
	w.die(int(a.proc), died, false)
}

// kill ends a process at once. A trace-less death takes along the lines of
// everything that was running.
func (w *world) kill(a arrival) {
	lost := a.deed > 0 && w.cfg.Plants[w.deeds[a.deed-1].plant].Fate == "lost"
	w.die(int(a.proc), a.at, lost)
}

func (w *world) die(pi int, at int64, lost bool) {
	p := &w.procs[pi]
	for _, s := range p.slots {
		if s.end <= at {
			continue
		}
		row := &w.rows[s.row]
		row.End = at
		row.Flags |= casefile.FlagOpen
		if lost {
			row.Flags |= flagDrop
		}
	}
	w.incs[p.inc].died = at
	w.begin(pi, at+micros(w.cfg.Fleet.Down), false)
}
