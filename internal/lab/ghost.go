package lab

import "math"

// haunt schedules the growth that no call causes.
func (w *world) haunt() {
	for g := range w.cfg.Ghosts {
		gh := &w.cfg.Ghosts[g]
		home := int32(w.rng.IntN(w.cfg.Fleet.Hosts * w.cfg.Fleet.Workers))
		if n := len(w.web); n > 0 {
			home = int32(w.web[int(home)%n])
		}
		for _, at := range w.hauntings(gh) {
			a := arrival{at: w.at(at), what: aGhost, ghost: int32(g), proc: -1}
			if gh.When == "thread" || gh.When == "other" {
				a.proc = home
			}
			w.todo.push(a)
		}
	}
}

// hauntings draws the instants of a ghost, in seconds.
func (w *world) hauntings(g *Ghost) []float64 {
	from, to := w.stage(g.Run[1])
	period := w.cfg.Time.Period
	stage := math.Min(2400, w.cfg.Time.Span/8)
	incident := from + w.rng.Float64()*math.Max(0, to-from-stage)
	var out []float64
	for k := range g.K {
		switch g.When {
		case "load":
			out = append(out, w.atLoad(from, to))
		case "cron":
			n := math.Floor((to-from)/period - 1)
			at := math.Ceil(from/period) + math.Floor(w.rng.Float64()*math.Max(1, n))
			out = append(out, at*period+w.rng.Float64()*period/180)
		case "incident":
			out = append(out, incident+w.rng.Float64()*stage)
		case "thread":
			out = append(out, from+(float64(k)+0.5)*(to-from)/float64(g.K))
		default:
			out = append(out, from+w.rng.Float64()*(to-from))
		}
	}
	return out
}

// atLoad draws an instant in proportion to the sixth power of the load.
func (w *world) atLoad(from, to float64) float64 {
	const tries = 200
	at, weights := make([]float64, tries), make([]float64, tries)
	for i := range at {
		at[i] = from + w.rng.Float64()*(to-from)
		weights[i] = math.Pow(w.load(w.at(at[i]), 0, w.cfg.Time.Diurnal/2), 6)
	}
	return at[newWheel(weights).draw(w.rng)]
}

// haunting makes a process, or the host beside the processes, grow.
func (w *world) haunting(a arrival) {
	g := &w.cfg.Ghosts[a.ghost]
	pi := a.proc
	if pi < 0 {
		pi = int32(w.web[w.rng.IntN(len(w.web))])
	}
	p := &w.procs[pi]
	from := max(a.at, p.up)
	run := between(w.rng, g.Run)
	r := ramp{from: from, peak: from + micros(run), demand: logNormal(w.rng, g.Median, g.Sigma), retain: g.Retain}
	r.end = r.peak + micros(run*0.05)
	if g.When == "other" {
		w.others[p.host] = append(w.others[p.host], r)
		return
	}
	w.grow(int(pi), r, -1)
}
