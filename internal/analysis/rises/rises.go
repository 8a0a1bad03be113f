// Package rises holds the instants at which a watched process grew against its calls: who
// was in flight whenever it grew, more often than chance gives.
//
// It owns the tests for growth that comes in many small rises, made by calls too short to
// be seen by samples of stacks. It refuses to read, and to name a culprit.
package rises

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// Rise is growth of a process between two readings, microseconds.
type Rise struct {
	From, To int64
	Bytes    int64
}

// Watch is a time in which one unit was read many times a second.
type Watch struct {
	Unit     int32
	From, To int64
	Rises    []Rise
}

// Entry is what the rises say of one suspect.
type Entry struct {
	Suspect int32
	Calls   int
	// Share is the part of the growth at which it was in flight; Expected is that of other
	// moments of the same process.
	Share, Expected float64
	// P is the larger of two p-values. By moments: the rises are moved in time against all
	// calls, and the best of all suspects counts. By names: the names of calls are dealt
	// anew, so that growth which any request brings is nobody's.
	P float64
	// Bytes are the growth that it covers.
	Bytes int64
	// Twin is a suspect that explains the same rises as well, -1 none.
	Twin int32
}

const (
	millisecond = 1000
	// longest is the duration from which samples of stacks see a call at work: ten of them.
	longest = 1000 * millisecond
	// cell is the grain of time: stamps of logs are that exact at best.
	cell = 10 * millisecond
	// fewest calls of a suspect: each may have come at a rise by chance.
	fewest = 10
	// rounds of both tests: p-values down to 0.0005, a tenth of what convicts.
	rounds = 1999
	// slack widens calls: a reading takes time, and the kernel counts late.
	slack = 20 * millisecond
)

// call is one of a suspect in a watch, cut to what calls of its suspect usually last:
// whatever grows a process delays who is in flight, and what is late is no evidence.
type call struct {
	suspect  int32
	from, to int32 // cells of the watch
}

// scene is a watch on a grid.
type scene struct {
	cells int
	rises []span
	calls []call
	// busy[suspect][k] is how many cells before k have a call of it.
	busy map[int32][]int32
}

type span struct {
	from, to int32
	bytes    int64
}

// Run tests who was there. Entries are those that cover any growth, the most first.
func Run(c *casefile.Case, watches []Watch, seed uint64) []Entry {
	return run(c, watches, seed, rounds)
}

func run(c *casefile.Case, watches []Watch, seed uint64, rounds int) []Entry {
	scenes := stage(c, inOrder(watches))
	if len(scenes) == 0 {
		return nil
	}
	counts, total := map[int32]int{}, int64(0)
	for _, s := range scenes {
		for _, k := range s.calls {
			counts[k.suspect]++
		}
		for _, r := range s.rises {
			total += r.bytes
		}
	}
	var who []int32
	for s, n := range counts {
		if n >= fewest {
			who = append(who, s)
		}
	}
	slices.Sort(who)
	if total <= 0 || len(who) == 0 {
		return nil
	}
	return test(scenes, who, counts, total, seed, rounds)
}

// inOrder sorts watches by what was measured, so that draws of chance do not hang on names
// or on the order of files.
func inOrder(watches []Watch) []Watch {
	sum := func(w Watch) (n int64) {
		for _, r := range w.Rises {
			n += r.Bytes
		}
		return n
	}
	list := slices.Clone(watches)
	slices.SortStableFunc(list, func(a, b Watch) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(len(a.Rises), len(b.Rises)), cmp.Compare(sum(a), sum(b)))
	})
	return list
}

// test gives every suspect its entry.
func test(scenes []*scene, who []int32, counts map[int32]int, total int64, seed uint64, rounds int) (list []Entry) {
	seen := make([]int64, len(who))
	for i, s := range who {
		for _, sc := range scenes {
			seen[i] += sc.covered(s, 0)
		}
	}
	mean, worst := moved(scenes, who, total, rounds, stat.Rand(seed, 91))
	for i, s := range who {
		excess := float64(seen[i])/float64(total) - mean[i]
		beat := 0
		for _, w := range worst {
			if w >= excess {
				beat++
			}
		}
		e := Entry{
			Suspect: s, Calls: counts[s], Share: float64(seen[i]) / float64(total), Expected: mean[i], Bytes: seen[i],
			P: stat.PermutationP(beat, rounds), Twin: -1,
		}
		if e.P <= 0.05 { // the other test is of use only then
			e.P = max(e.P, named(scenes, s, rounds, stat.Rand(seed, 92)))
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.Share-b.Expected, a.Share-a.Expected))
	})
	for i := range list {
		list[i].Twin = twin(scenes, list, i)
	}
	return list
}

// moved shifts the rises of every watch by a time of its own, round its ends: what rises
// have among themselves, and calls among themselves, stays. mean is what each suspect
// covers then, worst the largest excess of any in each round.
func moved(scenes []*scene, who []int32, total int64, rounds int, rng *rand.Rand) (mean, worst []float64) {
	share := make([][]float64, rounds)
	mean = make([]float64, len(who))
	for b := range share {
		share[b] = make([]float64, len(who))
		by := make([]int32, len(scenes))
		for k, sc := range scenes {
			by[k] = int32(rng.IntN(sc.cells))
		}
		for i, s := range who {
			var sum int64
			for k, sc := range scenes {
				sum += sc.covered(s, by[k])
			}
			share[b][i] = float64(sum) / float64(total)
			mean[i] += share[b][i] / float64(rounds)
		}
	}
	worst = make([]float64, rounds)
	for b := range share {
		for i := range who {
			worst[b] = max(worst[b], share[b][i]-mean[i])
		}
	}
	return mean, worst
}

// named deals the names of the calls anew within each watch: the growth at the calls of
// one suspect against that at as many calls of anybody.
func named(scenes []*scene, s int32, rounds int, rng *rand.Rand) float64 {
	grown := make([][]int64, len(scenes))
	mine := make([]int, len(scenes))
	var seen int64
	for k, sc := range scenes {
		for _, c := range sc.calls {
			g := sc.at(c)
			grown[k] = append(grown[k], g)
			if c.suspect == s {
				mine[k]++
				seen += g
			}
		}
	}
	beat := 0
	for range rounds {
		var sum int64
		for k := range scenes {
			for i := range mine[k] { // the first of a shuffle
				j := i + rng.IntN(len(grown[k])-i)
				grown[k][i], grown[k][j] = grown[k][j], grown[k][i]
				sum += grown[k][i]
			}
		}
		if sum >= seen {
			beat++
		}
	}
	return stat.PermutationP(beat, rounds)
}

// twin is another with small p that explains what this one does not: where the growth at
// which only one of the two was in flight is not three times as much for this one, the two
// cannot be told apart.
func twin(scenes []*scene, list []Entry, i int) int32 {
	for k, e := range list {
		if k == i || e.P > 0.05 {
			continue
		}
		var here, there int64
		for _, sc := range scenes {
			a, b := sc.apart(list[i].Suspect, e.Suspect)
			here, there = here+a, there+b
		}
		if here < 3*there {
			return e.Suspect
		}
	}
	return -1
}
