package lab

import "math"

// cast invents the application: its endpoints by popularity, and what is odd
// about each of them.
func (w *world) cast() {
	t, n := w.cfg.Traffic, w.cfg.Traffic.Endpoints
	weights := zipf(n, t.Zipf)
	for i := range n {
		e := endpoint{
			name: w.names.next("endpoint"), kind: "endpoint", weight: weights[i], pair: -1,
			median: math.Exp(math.Log(0.05) + w.rng.Float64()*math.Log(2/0.05)), sigma: 0.5,
			mem:   logNormal(w.rng, w.cfg.Memory.CallMem[0], 0.7),
			phase: w.rng.NormFloat64() * 2 * 3600, amp: w.cfg.Time.Diurnal * w.rng.Float64(),
		}
		if i >= 6 {
			w.character(&e)
		}
		narrow(w.rng, &e)
		w.eps = append(w.eps, e)
	}
	for range t.Pairs {
		a := w.rng.IntN(n)
		if b := w.rng.IntN(n); b != a && !w.eps[a].session && !w.eps[b].poller && w.eps[b].weight < 0.02 {
			w.eps[a].pair = int32(b)
			w.eps[a].weight = math.Min(w.eps[a].weight, 0.01)
		}
	}
	w.castLong()
	w.castJobs()
}

// character makes an endpoint slow, or bursty, or a poller, or active in one
// stretch only. The busiest six stay ordinary: they carry the load.
func (w *world) character(e *endpoint) {
	t, u := w.cfg.Traffic, w.rng.Float64()
	if u < t.Slow {
		e.run, e.mem = t.SlowRun, logNormal(w.rng, w.cfg.Memory.CallMem[1], 0.4)
		return
	}
	u -= t.Slow
	if u < t.Bursty {
		e.session, e.sticky = true, w.rng.Float64() < 0.5
		return
	}
	u -= t.Bursty
	if u < t.Pollers {
		e.poller = true
		return
	}
	u -= t.Pollers
	if u < t.Blocks {
		from := w.rng.Float64() * (w.cfg.Time.Span - w.cfg.Time.Block)
		e.block = [2]float64{from, from + w.cfg.Time.Block}
		e.weight = math.Max(e.weight, 0.005)
	}
}

// castLong adds the rare long innocents and the one that is always in flight.
func (w *world) castLong() {
	t := w.cfg.Traffic
	for range t.Long {
		e := endpoint{
			name: w.names.next("endpoint"), kind: "endpoint", pair: -1, run: t.LongRun,
			mem: logNormal(w.rng, w.cfg.Memory.CallMem[2], 0.4),
		}
		narrow(w.rng, &e)
		w.eps = append(w.eps, e)
		for at := w.rng.ExpFloat64() * t.LongEvery; at < w.cfg.Time.Span; at += w.rng.ExpFloat64() * t.LongEvery {
			w.todo.push(arrival{at: w.at(at), ep: int32(len(w.eps) - 1), proc: -1})
		}
	}
	if t.Always == 0 {
		return
	}
	w.eps = append(w.eps, endpoint{
		name: w.names.next("endpoint"), kind: "endpoint", pair: -1, always: true,
		run: [2]float64{t.SlowRun[0] * 2, t.SlowRun[1] * 2}, mem: w.cfg.Memory.CallMem[1],
	})
	for range t.Always {
		w.todo.push(arrival{at: w.at(w.rng.Float64() * 5), ep: int32(len(w.eps) - 1), proc: -1})
	}
}

// castJobs adds background work for the job processes.
func (w *world) castJobs() {
	if w.cfg.Fleet.Jobs == 0 {
		return
	}
	for range 12 {
		e := endpoint{
			name: w.names.next("job"), kind: "job", pair: -1,
			median: math.Exp(math.Log(0.2) + w.rng.Float64()*math.Log(40)), sigma: 0.6,
			mem: logNormal(w.rng, w.cfg.Memory.CallMem[0]*3, 0.7),
		}
		w.eps = append(w.eps, e)
		every := w.cfg.Time.Span / (20 + w.rng.Float64()*400)
		for at := w.rng.ExpFloat64() * every; at < w.cfg.Time.Span; at += w.rng.ExpFloat64() * every {
			w.todo.push(arrival{at: w.at(at), ep: int32(len(w.eps) - 1), proc: -1})
		}
	}
}

// pollers calls those endpoints in the first hundred-and-twentieth of each period.
func (w *world) pollers() {
	period := w.cfg.Time.Period
	for i := range w.eps {
		if !w.eps[i].poller {
			continue
		}
		w.eps[i].weight = 0
		clients := 1 + w.rng.IntN(8)
		for at := period; at < w.cfg.Time.Span; at += period {
			for range clients {
				w.todo.push(arrival{at: w.at(at + w.rng.Float64()*period/120), ep: int32(i), proc: -1})
			}
		}
	}
}
