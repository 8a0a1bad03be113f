package lineup

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

func trailing(w uint64) int { return bits.TrailingZeros64(w) }

func medianBytes(events []growth.Event) int64 {
	xs := make([]float64, len(events))
	for i, e := range events {
		xs[i] = float64(e.Bytes)
	}
	return int64(stat.Median(xs))
}

// covered is the share of an episode's growth that must have happened while a
// suspect was in flight (c0 of the method, 4.1).
const covered = 0.8

// phis are the shares of episodes that a suspect may have caused. Never 1: logs
// lose lines.
var phis = [...]float64{.15, .3, .5, .7, .85, .97}

// matrix holds who was present in which window.
type matrix struct {
	c   *casefile.Case
	set windowSet
	x   *exposure
	l   *Lineup
	// active are the suspects seen in any window; rows below are by active index.
	active []int32
	slotOf []int32
	// fam[f][cluster].present[event][window] is a bit per active suspect.
	fam [families][]clusterBits
}

type clusterBits struct {
	present [][][]uint64 // [event in cluster][window] -> words
	weights []float64    // load weights of the windows, summing to 1
}

func newMatrix(c *casefile.Case, set windowSet, x *exposure, l *Lineup) *matrix {
	m := &matrix{c: c, set: set, x: x, l: l, slotOf: make([]int32, len(c.Roster.Suspects))}
	m.calls()
	m.findActive()
	for f := range families {
		for ci, cl := range l.Clusters {
			m.fam[f] = append(m.fam[f], m.cluster(f, ci, cl))
		}
	}
	return m
}

// calls adds the counts of labels up to suspects.
func (m *matrix) calls() {
	for label, set := range m.c.Roster.Labels {
		for _, s := range set {
			m.l.Evidence[s].Calls += m.x.calls[label]
			m.l.Evidence[s].Informative += m.x.informative[label]
			m.l.Evidence[s].Logged += m.x.logged[label]
			m.l.Evidence[s].Unfinished += m.x.open[label]
		}
	}
	for i := range m.l.Evidence {
		m.l.Evidence[i].Suspect = i
		m.l.Evidence[i].P = [families]float64{1, 1, 1}
	}
	for e, id := range m.x.gone {
		seen := map[int32]bool{}
		m.x.seen.each(id, func(label uint32) {
			for _, s := range m.c.Roster.Labels[label] {
				if !seen[s] {
					seen[s] = true
					m.l.Evidence[s].Generous = append(m.l.Evidence[s].Generous, e)
				}
			}
		})
	}
}

func (m *matrix) findActive() {
	labels := make([]bool, len(m.c.Roster.Labels))
	for id := range m.x.cells {
		m.x.seen.each(int32(id), func(label uint32) { labels[label] = true })
	}
	for i := range m.slotOf {
		m.slotOf[i] = -1
	}
	for label, on := range labels {
		if !on {
			continue
		}
		for _, s := range m.c.Roster.Labels[label] {
			if m.slotOf[s] < 0 && !m.redundant(int(s)) {
				m.slotOf[s] = int32(len(m.active))
				m.active = append(m.active, s)
			}
		}
	}
}

// redundant narrowed suspects are their endpoint over again: nine in ten of its
// calls have the value. They would only repeat its evidence on another level.
func (m *matrix) redundant(s int) bool {
	p := m.c.Roster.Suspects[s].Parent
	return p >= 0 && m.l.Evidence[s].Calls*10 >= m.l.Evidence[p].Calls*9
}

func (m *matrix) cluster(f Family, ci int, cl []int) clusterBits {
	words := (len(m.active) + 63) / 64
	cov := make([]float64, len(m.active))
	mark := make([]int32, len(m.active))
	stampNo := int32(0)
	windows := len(m.set[ci][f])
	cb := clusterBits{present: make([][][]uint64, len(cl)), weights: make([]float64, windows)}
	length := make([]float64, windows)
	for i, e := range cl {
		segs := m.l.Events[e].Segments
		cb.present[i] = make([][]uint64, windows)
		for j := range windows {
			clear(cov)
			row := make([]uint64, words)
			for s, seg := range segs {
				stampNo++
				id := m.cell(ci, f, j, i, s)
				cb.weights[j] += float64(m.x.busy[id])
				length[j] += float64(max(seg.B-seg.A, 1))
				m.x.seen.each(id, func(label uint32) {
					for _, sus := range m.c.Roster.Labels[label] {
						k := m.slotOf[sus]
						if k < 0 || mark[k] == stampNo {
							continue
						}
						mark[k] = stampNo
						cov[k] += seg.Share
						if cov[k] >= covered {
							row[k>>6] |= 1 << (k & 63)
						}
					}
				})
			}
			cb.present[i][j] = row
		}
	}
	if m.c.Units[m.l.Events[cl[0]].Unit].Fleet != "web" {
		// Uneven accept() is a matter of web servers. A job worker is busy because of
		// its suspect: weighing by load would be weighing by guilt.
		clear(cb.weights)
	}
	sum := 0.0
	for j := range cb.weights {
		// Mean calls in flight in the window, and a half (method, 4.4).
		cb.weights[j] = 0.5 + cb.weights[j]/max(length[j], 1)
		sum += cb.weights[j]
	}
	for j := range cb.weights {
		cb.weights[j] /= sum
	}
	return cb
}

func (m *matrix) cell(ci int, f Family, j, i, s int) int32 {
	if j == 0 {
		f = Time
	}
	return m.x.cellOf[cellKey{int32(ci), int32(f), int32(j), int32(i), int32(s)}]
}

func has(row []uint64, k int) bool { return row[k>>6]&(1<<(k&63)) != 0 }

// score computes scores, p-values and power of all suspects.
func (m *matrix) score(o Options) {
	m.l.PresentIn = make([][]int32, len(m.l.Events))
	for ci, cl := range m.l.Clusters {
		for i, e := range cl {
			for k, s := range m.active {
				if has(m.fam[Time][ci].present[i][0], k) {
					m.l.Evidence[s].Present = append(m.l.Evidence[s].Present, e)
					m.l.PresentIn[e] = append(m.l.PresentIn[e], s)
				}
			}
		}
	}
	for f := range families {
		if m.l.Has[f] && !o.Presence {
			m.family(f, o)
		}
	}
	for i := range m.l.Evidence {
		slices.Sort(m.l.Evidence[i].Present)
	}
}

// table holds the log scores of one family: for suspect k, cluster c and window
// j the sum over the cluster's episodes, per phi, is a count lookup.
type table struct {
	m *matrix
	f Family
	// in, out[phi][k][event] are log f when present and when absent.
	events  int
	base    []int // first event number of a cluster
	in, out [len(phis)][]float64
	pce     []float64 // [k*events+event]
	// anywhere[k*events+event]: present in some window of that episode.
	anywhere []bool
}

func (m *matrix) family(f Family, o Options) {
	t := m.table(f)
	p := newPermuter(t, o)
	p.run()
	worst := min(1, p.omnibusP()*float64(o.Tries))
	if f == Time || worst > m.l.Omnibus || m.l.Omnibus == 1 {
		m.l.Omnibus = worst
	}
	need := [2]float64{stat.Quantile(p.maxes[0], 0.99), stat.Quantile(p.maxes[1], 0.99)}
	for k, s := range m.active {
		e := &m.l.Evidence[s]
		e.Score[f] = p.scores[k]
		e.P[f] = min(1, p.p(k)*float64(tries(f, o)))
		if f == Time {
			e.Phi = phis[p.at[k]]
			e.Chance = t.chance(k)
			e.Power = t.injected(k) > need[level(m.c, int(s))]
		}
	}
}

// tries is the correction of a family. The hour family is a veto with few
// windows: corrected, it could never agree.
func tries(f Family, o Options) int {
	if f == Hour {
		return 1
	}
	return o.Tries
}

// level of a suspect: 0 the endpoint itself, 1 narrowed by a dimension. Each
// level has its own maximum and half of alpha (method, 4.8).
func level(c *casefile.Case, s int) int {
	if c.Roster.Suspects[s].Parent >= 0 {
		return 1
	}
	return 0
}

// draw chooses a pseudo-case per cluster.
func (m *matrix) draw(f Family, weighted bool, rng *rand.Rand) []int {
	pick := make([]int, len(m.l.Clusters))
	for ci := range pick {
		w := m.fam[f][ci].weights
		if !weighted {
			pick[ci] = rng.IntN(len(w))
			continue
		}
		u := rng.Float64()
		for j, x := range w {
			u -= x
			if u < 0 || j == len(w)-1 {
				pick[ci] = j
				break
			}
		}
	}
	return pick
}

func (m *matrix) table(f Family) *table {
	t := &table{m: m, f: f}
	for _, cl := range m.l.Clusters {
		t.base = append(t.base, t.events)
		t.events += len(cl)
	}
	n := len(m.active)
	t.pce = make([]float64, n*t.events)
	t.anywhere = make([]bool, n*t.events)
	count := make([]int, t.events)
	for k := range n {
		total, windows := 0, 0
		for ci := range m.l.Clusters {
			for i, rows := range m.fam[f][ci].present {
				c := 0
				for _, row := range rows {
					if has(row, k) {
						c++
					}
				}
				count[t.base[ci]+i] = c
				total += c
				windows += len(rows)
			}
		}
		pbar := (float64(total) + .5) / float64(windows+1)
		for ci := range m.l.Clusters {
			for i, rows := range m.fam[f][ci].present {
				e := t.base[ci] + i
				t.anywhere[k*t.events+e] = count[e] > 0
				t.pce[k*t.events+e] = min((float64(count[e])+5*pbar)/float64(len(rows)+5), .999)
			}
		}
	}
	for q, phi := range phis {
		t.in[q] = make([]float64, n*t.events)
		t.out[q] = make([]float64, n*t.events)
		for i, p := range t.pce {
			t.in[q][i] = math.Log((phi + (1-phi)*p) / p)
			t.out[q][i] = math.Log(1 - phi)
		}
	}
	return t
}

// total is T of the method, 4.3, with the phi that gives it.
func (t *table) total(k int, pick []int) (float64, int8) {
	var sum [len(phis)]float64
	for ci, j := range pick {
		present := t.m.fam[t.f][ci].present
		if len(present[0]) < 2 {
			continue // no look-alike, no evidence
		}
		for i := range present {
			at := k*t.events + t.base[ci] + i
			if has(present[i][j], k) {
				for q := range phis {
					sum[q] += t.in[q][at]
				}
			} else {
				for q := range phis {
					sum[q] += t.out[q][at]
				}
			}
		}
	}
	best := 0
	for q := range sum {
		if sum[q] > sum[best] {
			best = q
		}
	}
	return sum[best], int8(best)
}

// omnibus is the sum over clusters of how unusual the most unusual suspect in
// flight was.
func (t *table) omnibus(pick []int) float64 {
	var sum float64
	for ci, j := range pick {
		present := t.m.fam[t.f][ci].present
		if len(present[0]) < 2 {
			continue
		}
		var top float64
		for w, word := range present[0][j] {
			for ; word != 0; word &= word - 1 {
				k := w<<6 + trailing(word)
				top = max(top, -math.Log(t.pce[k*t.events+t.base[ci]]))
			}
		}
		sum += top
	}
	return sum
}

func (t *table) chance(k int) float64 {
	return stat.Mean(t.pce[k*t.events : (k+1)*t.events])
}

// injected is the score a suspect would have, had it caused 60 % of the
// episodes: those where it is most often present by chance, to its disadvantage.
func (t *table) injected(k int) float64 {
	idx := make([]int, t.events)
	for i := range idx {
		idx[i] = i
	}
	pce := t.pce[k*t.events : (k+1)*t.events]
	slices.SortFunc(idx, func(a, b int) int {
		switch {
		case pce[a] > pce[b]:
			return -1
		case pce[a] < pce[b]:
			return 1
		}
		return 0
	})
	with := (t.events*6 + 9) / 10
	best := math.Inf(-1)
	for q := range phis {
		var sum float64
		for i, e := range idx {
			if i < with {
				sum += t.in[q][k*t.events+e]
			} else {
				sum += t.out[q][k*t.events+e]
			}
		}
		best = max(best, sum)
	}
	return best
}
