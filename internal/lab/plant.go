package lab

import (
	"math"

	"culprit/internal/casefile"
)

// deed is what a planned call does.
type deed struct {
	plant    int
	harmful  bool
	run      float64 // seconds
	demand   float64 // MB
	waitsFor bool    // only waits for somebody else
}

// plant turns the culprits of the configuration into endpoints and arrivals.
func (w *world) plant() {
	for i := range w.cfg.Plants {
		p := &w.cfg.Plants[i]
		ep := w.scene(p)
		e := &w.eps[ep]
		truth := Planted{Name: e.name, Kind: e.kind, Bytes: p.Median * math.Exp(p.Sigma*p.Sigma/2) * mib}
		if p.Leak > 0 {
			e.leak, e.leakBad, truth.Bytes = p.Leak, p.Param, p.Leak*mib
			if p.Param {
				truth.Key, truth.Value = w.addBadValue(e, 0.15)
			}
			w.truth = append(w.truth, truth)
			continue
		}
		if p.Param {
			truth.Key, truth.Value = w.addBadValue(e, 0)
		}
		companion, waiter := int32(-1), int32(-1)
		if p.Companion > 0 {
			companion = w.companion(p)
			w.near = append(w.near, w.eps[companion].name)
		}
		if p.Waiter {
			waiter = w.extra("endpoint", 0, 0)
			w.shadows = append(w.shadows, w.eps[waiter].name)
		}
		w.truth = append(w.truth, truth)
		w.schedule(i, ep, companion, waiter)
	}
}

// scene finds or makes the endpoint of a plant.
func (w *world) scene(p *Plant) int32 {
	switch p.Where {
	case "frequent":
		for {
			ep := w.rng.IntN(min(6, w.cfg.Traffic.Endpoints))
			if e := &w.eps[ep]; w.unplanted(e.name) {
				return int32(ep)
			}
		}
	case "job":
		return w.extra("job", 0, 3)
	}
	ep := w.extra("endpoint", p.Share, 1)
	w.eps[ep].median, w.eps[ep].sigma = 0.8, 0.5
	narrow(w.rng, &w.eps[ep])
	return ep
}

func (w *world) unplanted(name string) bool {
	for _, t := range w.truth {
		if t.Name == name {
			return false
		}
	}
	return true
}

// extra adds an endpoint with a share of the traffic (0 = only planned calls).
func (w *world) extra(kind string, share, mem float64) int32 {
	total := 0.0
	for i := range w.eps {
		total += w.eps[i].weight
	}
	w.eps = append(w.eps, endpoint{
		name: w.names.next(kind), kind: kind, pair: -1, median: 0.3, sigma: 0.5,
		weight: share * total / (1 - share), mem: mem * w.cfg.Memory.CallMem[0],
	})
	return int32(len(w.eps) - 1)
}

// addBadValue gives an endpoint a parameter of which one value does harm; share
// of its everyday calls have it.
func (w *world) addBadValue(e *endpoint, share float64) (key, value string) {
	key, value = "param:view", "full"
	e.dims = append(e.dims, dim{key: key, values: []string{"list", "brief", value}, wheel: newWheel([]float64{0.7 - share, 0.3, share})})
	return key, value
}

// companion makes the endpoint that is visited shortly before the culprit; unless
// it is faithful it has a life of its own.
func (w *world) companion(p *Plant) int32 {
	calls := float64(p.K) / p.Pi
	share := 3 * calls / (w.cfg.Traffic.RPS * w.cfg.Time.Span)
	if p.Faithful {
		share = 0
	}
	return w.extra("endpoint", math.Min(share, 0.05), 1)
}

// schedule spreads the calls of a plant over the recording.
func (w *world) schedule(plant int, ep, companion, waiter int32) {
	p := &w.cfg.Plants[plant]
	from, to := w.stage(p.Run[1])
	harmless := int(math.Round(float64(p.K) * (1 - p.Pi) / p.Pi))
	if p.Where == "frequent" && !p.Param {
		harmless = 0 // its everyday traffic is
	}
	for k := range p.K + harmless {
		d := deed{plant: plant, harmful: k < p.K}
		at := from + w.rng.Float64()*(to-from)
		w.call(d, at, ep, companion, waiter)
		if d.harmful && w.rng.Float64() < p.Retry {
			w.call(d, at+20+w.rng.Float64()*20, ep, companion, waiter)
		}
	}
}

// call plans one call of a plant with those who go with it.
func (w *world) call(d deed, at float64, ep, companion, waiter int32) {
	p := &w.cfg.Plants[d.plant]
	d.run = between(w.rng, p.Run)
	if d.harmful {
		d.demand = logNormal(w.rng, p.Median, p.Sigma)
	} else {
		d.run *= 0.1 + 0.4*w.rng.Float64()
	}
	w.todo.push(arrival{at: w.at(at), ep: ep, proc: -1, deed: w.remember(d)})
	if companion >= 0 && w.rng.Float64() < p.Companion {
		w.todo.push(arrival{at: w.at(at - 3 - 12*w.rng.Float64()), ep: companion, proc: -1})
	}
	if waiter >= 0 {
		waits := deed{plant: d.plant, run: d.run + 1.5*w.rng.Float64(), waitsFor: true}
		w.todo.push(arrival{at: w.at(at - w.rng.Float64()), ep: waiter, proc: -1, deed: w.remember(waits)})
	}
}

// remember files a deed; its number in an arrival is one up, 0 means none.
func (w *world) remember(d deed) int32 {
	w.deeds = append(w.deeds, d)
	return int32(len(w.deeds))
}

// stage is the part of the recording in which things are planted: not in the
// first minutes of a boot, and early enough to end.
func (w *world) stage(longest float64) (from, to float64) {
	span := w.cfg.Time.Span
	from = 0.03 * span
	if w.cfg.Time.Booted {
		from = 0.1 * span
	}
	return from, math.Max(from+1, span-math.Max(longest, 0.02*span))
}

// flagDrop marks rows whose line never reached the log. Internal to the build.
const flagDrop uint16 = 1 << 15

// fate marks the row of a harmful call that is about to be killed.
func (w *world) fate(d *deed, row *casefile.Row) (killed bool) {
	switch w.cfg.Plants[d.plant].Fate {
	case "lost":
		row.Flags |= flagDrop
		return true
	case "open":
		return true
	}
	w.truth[d.plant].Logged++
	return false
}
