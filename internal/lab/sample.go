package lab

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// finish looks at the world as a recording would and makes the case.
func (w *world) finish(roster *casefile.Roster) World {
	s := w.cfg.Sampling
	rng := stat.Rand(w.rng.Uint64(), 3)
	c := &casefile.Case{From: w.start, To: w.end, Level: culprit.LevelProcess, Roster: roster, LogLoss: -1, SkewSeconds: 1}
	if s.TellSkew {
		c.SkewSeconds = s.Skew
	}
	hosts := w.hostUnits(rng)
	if s.Host {
		c.Level, c.Units = culprit.LevelHost, hosts
	} else {
		c.Units = w.processUnits(rng)
		if s.HostSeries {
			c.HostUsed = hosts
		}
	}
	c.Happenings = w.happenings()
	rows := w.logged(rng)
	c.Calls = int64(len(rows))
	c.Rows = func(yield func([]casefile.Row) bool) {
		for block := range slices.Chunk(rows, 4096) {
			if !yield(block) {
				return
			}
		}
	}
	return World{Case: c, Truth: Truth{Culprits: w.truth, Shadows: w.shadows, Companions: w.near, Minor: w.minor()}}
}

// minorLeast is the memory of a call, in MB, from which its endpoint is listed as
// growing a little in truth.
const minorLeast = 16

// minor lists the innocents who are not quite weightless.
func (w *world) minor() []string {
	var out []string
	for i := range w.eps {
		if e := &w.eps[i]; 1.2*e.mem >= minorLeast && w.unplanted(e.name) {
			out = append(out, e.name)
		}
	}
	return out
}

func hostName(h int) string { return fmt.Sprintf("web%d", h+1) }

// logged is what reached the log, as the log's clock has it.
func (w *world) logged(rng *rand.Rand) []casefile.Row {
	skew := w.skews(rng)
	out := w.rows[:0]
	for _, r := range w.rows {
		if r.Flags&flagDrop != 0 || rng.Float64() < w.cfg.Sampling.Lost {
			continue
		}
		host := int(r.Unit)
		if !w.cfg.Sampling.Host {
			host = w.procs[w.incs[r.Unit].proc].host
		}
		if r.End > w.end && r.Flags&casefile.FlagOpen == 0 {
			r.Flags |= casefile.FlagOpen
			r.End = w.end
		}
		r.Start, r.End = r.Start+skew[host], r.End+skew[host]
		r.Source, r.Offset = uint16(host), int64(len(out))*180
		out = append(out, r)
	}
	return out
}

func (w *world) skews(rng *rand.Rand) []int64 {
	out := make([]int64, w.cfg.Fleet.Hosts)
	all := micros(w.cfg.Sampling.Skew * (2*rng.Float64() - 1))
	for h := range out {
		out[h] = all
		if w.cfg.Sampling.SkewByHost {
			out[h] = micros(w.cfg.Sampling.Skew * (2*rng.Float64() - 1))
		}
	}
	return out
}

// ticks are the instants at which a host's series were read.
func (w *world) ticks(host int, rng *rand.Rand) []int64 {
	s := w.cfg.Sampling
	every := micros(s.Every)
	var out []int64
	for at := w.start + int64(rng.Float64()*float64(every)); at < w.end; at += every {
		if rng.Float64() < s.Missing {
			continue
		}
		if s.Gap > 0 && rng.Float64() < w.gapChance(host, at) {
			at += micros(between(rng, [2]float64{1, s.Gap - s.Every}))
			at -= at % (second / 10)
			if at >= w.end {
				break
			}
		}
		out = append(out, at+int64(rng.IntN(5000)))
	}
	return out
}

// gapChance is higher while something on the host grows: it is busy.
func (w *world) gapChance(host int, at int64) float64 {
	for _, g := range w.growing {
		if g.host == host && g.from <= at && at < g.to {
			return 0.08
		}
	}
	return 0.004
}

// processUnits reads every incarnation.
func (w *world) processUnits(rng *rand.Rand) []casefile.Unit {
	ticks := make([][]int64, w.cfg.Fleet.Hosts)
	for h := range ticks {
		ticks[h] = w.ticks(h, rng)
	}
	units := make([]casefile.Unit, len(w.incs))
	for i := range w.incs {
		inc := &w.incs[i]
		p := &w.procs[inc.proc]
		u := casefile.Unit{Kind: w.cfg.Memory.Kind, Fleet: "web"}
		u.Process = culprit.Process{Host: hostName(p.host), PID: inc.pid, Role: "worker"}
		if p.job {
			u.Fleet, u.Process.Role = "jobs", "job"
		}
		if !inc.old {
			u.Born = inc.born
			u.Process.Start = time.UnixMicro(inc.born).UTC()
		}
		if inc.died < w.end {
			u.Died = inc.died
		}
		for _, at := range ticks[p.host] {
			if inc.born <= at && at < inc.died {
				u.Points = append(u.Points, casefile.Point{At: at, Mem: w.read(inc.proc, at, rng)})
			}
		}
		units[i] = u
	}
	return units
}

// read is one reading of a process in bytes, whole pages. It shows the cell
// before, so that growth is never seen before it happens.
func (w *world) read(pi int, at int64, rng *rand.Rand) int64 {
	c := w.cellOf(at)
	mb := float64(w.rss[pi][max(0, c-1)])
	if mb == 0 {
		mb = float64(w.rss[pi][c])
	}
	mb += w.cfg.Sampling.Noise * rng.NormFloat64()
	return int64(math.Max(mb, 8)*256) * 4096
}

// hostUnits reads the memory in use per host: its processes with shared pages
// counted once, the system, and what nobody watches.
func (w *world) hostUnits(rng *rand.Rand) []casefile.Unit {
	s := w.cfg.Sampling
	if s.Every < 5 && !s.Host {
		s.Every = 5
	}
	seen := *w
	seen.cfg.Sampling = s
	units := make([]casefile.Unit, w.cfg.Fleet.Hosts)
	for h := range units {
		u := casefile.Unit{Kind: culprit.HostUsed, Fleet: "hosts"}
		u.Process = culprit.Process{Host: hostName(h), Role: "host"}
		slow := 0.0
		for _, at := range seen.ticks(h, rng) {
			slow = 0.95*slow + 0.3*rng.NormFloat64()
			mb := 1500 + w.onHost(h, at) + s.HostNoise*(slow+0.15*rng.NormFloat64())
			u.Points = append(u.Points, casefile.Point{At: at, Mem: int64(mb*256) * 4096})
		}
		units[h] = u
	}
	return units
}

// onHost sums up a host in MB.
func (w *world) onHost(h int, at int64) float64 {
	c, sum, n := max(0, w.cellOf(at)-1), 0.0, 0
	for i := range w.procs {
		if w.procs[i].host == h && w.rss[i][c] > 0 {
			sum += float64(w.rss[i][c])
			n++
		}
	}
	sum -= w.cfg.Memory.SharedPerHost * float64(max(0, n-1))
	for _, r := range w.others[h] {
		done := math.Min(1, math.Max(0, seconds(at-r.from)/seconds(r.peak-r.from)))
		if at > r.end {
			done *= r.retain
		}
		sum += r.demand * done
	}
	return sum
}

// happenings are what else the logs tell: deploys and boots.
func (w *world) happenings() []culprit.Happening {
	var out []culprit.Happening
	for i, at := range w.deploys {
		out = append(out, culprit.Happening{Kind: culprit.HappeningDeploy, At: at, Name: fmt.Sprintf("release-%d", i+2)})
	}
	for i := range w.incs {
		if inc := &w.incs[i]; !inc.old && inc.born < w.end {
			out = append(out, culprit.Happening{
				Kind: culprit.HappeningBoot, At: inc.born, Host: hostName(w.procs[inc.proc].host), PID: inc.pid,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b culprit.Happening) int { return int(min(max(a.At-b.At, -1), 1)) })
	return out
}
