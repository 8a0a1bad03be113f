package lineup

import (
	"math"

	"culprit/internal/stat"
)

// pilot is the number of rounds that everybody takes part in. After them only
// those go on who can still matter.
const pilot = 99

// permuter runs the randomisation test of one family: pseudo-cases are drawn,
// the best score of each level is noted, and every suspect's own score is held
// against it (max-T).
type permuter struct {
	t      *table
	o      Options
	scores []float64
	at     []int8
	levels []int
	// beat counts rounds whose best is at least the suspect's score: uniform and
	// load-weighted draws; the larger p counts.
	beat, seen [2][]int
	omni       float64
	omniB      [2]int
	maxes      [2][]float64
	// low is the score below which p exceeds one half; such suspects are done.
	low    float64
	racing []int // suspects that may reach low in some draw
	asking []int // suspects whose own score reaches it
}

func newPermuter(t *table, o Options) *permuter {
	n := len(t.m.active)
	p := &permuter{t: t, o: o, scores: make([]float64, n), at: make([]int8, n), levels: make([]int, n), low: math.Inf(-1)}
	real := make([]int, len(t.m.l.Clusters))
	for k, s := range t.m.active {
		p.scores[k], p.at[k] = t.total(k, real)
		p.levels[k] = level(t.m.c, int(s))
		p.racing, p.asking = append(p.racing, k), append(p.asking, k)
	}
	p.beat = [2][]int{make([]int, n), make([]int, n)}
	p.seen = [2][]int{make([]int, n), make([]int, n)}
	p.omni = t.omnibus(real)
	return p
}

func (p *permuter) run() {
	for weighted := range 2 {
		rng := stat.Rand(p.o.Seed, uint64(p.t.f)*2+uint64(weighted)+11)
		p.maxes = [2][]float64{}
		p.low = math.Inf(-1)
		p.everybody()
		for round := range p.o.Rounds {
			if round == pilot {
				p.narrow()
			}
			p.round(p.t.m.draw(p.t.f, weighted == 1, rng), weighted)
		}
	}
}

func (p *permuter) everybody() {
	p.racing, p.asking = p.racing[:0], p.asking[:0]
	for k := range p.scores {
		p.racing, p.asking = append(p.racing, k), append(p.asking, k)
	}
}

func (p *permuter) round(pick []int, weighted int) {
	top := [2]float64{p.low, p.low}
	for _, k := range p.racing {
		v, _ := p.t.total(k, pick)
		top[p.levels[k]] = max(top[p.levels[k]], v)
	}
	// A narrowed suspect must stand out among everybody, not only among the
	// narrowed: its endpoint was tried too.
	top[1] = max(top[0], top[1])
	for _, k := range p.asking {
		p.seen[weighted][k]++
		if top[p.levels[k]] >= p.scores[k]-1e-12 {
			p.beat[weighted][k]++
		}
	}
	if p.t.omnibus(pick) >= p.omni {
		p.omniB[weighted]++
	}
	p.maxes[0] = append(p.maxes[0], top[0])
	p.maxes[1] = append(p.maxes[1], top[1])
}

// narrow keeps those who can still matter: suspects below the median of the
// best scores have p above one half whatever follows, and a suspect whose best
// possible draw stays below it never beats one above it. The counts of the
// others stay exact.
func (p *permuter) narrow() {
	p.low = min(stat.Median(p.maxes[0]), stat.Median(p.maxes[1]))
	var racing, asking []int
	for _, k := range p.asking {
		if p.scores[k] >= p.low {
			asking = append(asking, k)
		}
	}
	for _, k := range p.racing {
		if p.t.most(k) >= p.low {
			racing = append(racing, k)
		}
	}
	p.racing, p.asking = racing, asking
}

// p is (b+1)/(B+1) of the worse of both draws, over the rounds that the suspect
// took part in.
func (p *permuter) p(k int) float64 {
	worst := 0.0
	for weighted := range 2 {
		worst = max(worst, stat.PermutationP(p.beat[weighted][k], p.seen[weighted][k]))
	}
	return worst
}

func (p *permuter) omnibusP() float64 {
	return stat.PermutationP(max(p.omniB[0], p.omniB[1]), p.o.Rounds)
}

// most is the largest score that a suspect can have in any draw.
func (t *table) most(k int) float64 {
	best := math.Inf(-1)
	for q := range phis {
		var sum float64
		for ci := range t.m.l.Clusters {
			present := t.m.fam[t.f][ci].present
			if len(present[0]) < 2 {
				continue
			}
			for i := range present {
				at := k*t.events + t.base[ci] + i
				if t.anywhere[at] {
					sum += t.in[q][at]
				} else {
					sum += t.out[q][at]
				}
			}
		}
		best = max(best, sum)
	}
	return best
}
