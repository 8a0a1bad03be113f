package verdict_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/stat"
	"culprit/internal/verdict"
)

// shift is a server whose processes are watched, in which no endpoint is guilty.
type shift struct {
	rng    *rand.Rand
	weight []float64 // at work, share of the time, by endpoint
	lasts  []float64 // seconds
}

// newShift makes an app: a few busy endpoints, many rare ones, calls of tenths of a second
// to a quarter of a minute, at work for a third to nine tenths of the time in all.
func newShift(rng *rand.Rand) *shift {
	s := &shift{rng: rng}
	load, sum := 0.3+0.6*rng.Float64(), 0.0
	for i := range 8 + rng.IntN(20) {
		w := math.Exp(rng.NormFloat64()) / math.Pow(float64(i+1), 0.8)
		s.weight = append(s.weight, w)
		s.lasts = append(s.lasts, 0.1*math.Pow(150, rng.Float64()))
		sum += w
	}
	for i := range s.weight {
		s.weight[i] *= load / sum
	}
	return s
}

// day is who is at work at each tenth of a second, -1 nobody.
func (s *shift) day(seconds int) []int {
	at := make([]int, 0, seconds*10)
	// Work comes in stretches of one call; idle ones last as calls do in the mean.
	for len(at) < seconds*10 {
		who, lasts := -1, 1.0
		x := s.rng.Float64()
		for i, w := range s.calls() {
			if x -= w; x < 0 {
				who, lasts = i, s.lasts[i]
				break
			}
		}
		for range max(1, int(10*lasts*s.rng.ExpFloat64())) {
			at = append(at, who)
		}
	}
	return at[:seconds*10]
}

// calls are shares of stretches that give the shares of the time.
func (s *shift) calls() []float64 {
	idle := 1.0
	for _, w := range s.weight {
		idle -= w
	}
	sum := idle
	list := make([]float64, len(s.weight))
	for i, w := range s.weight {
		list[i] = w / s.lasts[i]
		sum += list[i]
	}
	for i := range list {
		list[i] /= sum
	}
	return list
}

// record watches a process for some minutes, in which something unseen grows it a few
// times. part is how much of the growth whoever is at work takes.
func (s *shift) record(pid int, part float64) (list []livefacts.Episode) {
	at := s.day(120 + s.rng.IntN(1200))
	quiet, n := map[int]int{}, 0
	next := 200 + int(s.rng.ExpFloat64()*1500)
	for k := 0; k < len(at); k += 10 {
		if k >= next {
			length := 30 + s.rng.IntN(150)
			if k+length+100 > len(at) {
				break
			}
			list = append(list, s.episode(pid, at[k:k+length+100], length, part, quiet, n))
			k += length + 100
			next = k + int(s.rng.ExpFloat64()*1500)
			continue
		}
		if n < 60 || k%50 == 0 {
			quiet[at[k]]++
			n++
		}
	}
	return list
}

// episode tells of a growth, as the recorder does: ten more seconds pass before it is over.
func (s *shift) episode(pid int, at []int, length int, part float64, quiet map[int]int, n int) livefacts.Episode {
	e := livefacts.Episode{Host: "web1", PID: pid, Samples: len(at), Quiet: n, Kind: "unknown", From: time.Unix(int64(s.rng.IntN(1<<30)), 0)}
	e.Bytes = culprit.Bytes(30+s.rng.IntN(300)) << 20
	who := map[int]*livefacts.Presence{}
	for k, i := range at {
		grew := k < length && s.rng.IntN(3) > 0
		if grew {
			e.Grew++
		}
		if i < 0 {
			continue
		}
		p := who[i]
		if p == nil {
			p = &livefacts.Presence{Name: fmt.Sprintf("E%02dController#show", i), Kind: "action", Usual: float64(quiet[i]) / math.Max(float64(n), 1)}
			who[i] = p
		}
		p.Samples++
		if grew {
			p.Grew++
		}
	}
	for _, p := range who {
		p.Share = part * float64(p.Grew) / math.Max(float64(e.Grew), 1)
		e.Who = append(e.Who, *p)
	}
	if part < 1 {
		e.Who = append(e.Who, livefacts.Presence{Name: "a thread that is not Ruby's", Kind: "code", Share: 1 - part})
	}
	slices.SortFunc(e.Who, func(a, b livefacts.Presence) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name))
	})
	return e
}

// recordings are the episodes of a few processes in one world.
func recordings(seed uint64, part float64) (list []livefacts.Episode) {
	rng := stat.Rand(seed, 5)
	s := newShift(rng)
	for pid := range 1 + rng.IntN(4) {
		list = append(list, s.record(100+pid, part)...)
	}
	return list
}

// TestNobodyCaught: where nobody is guilty, somebody is suspected or convicted in no more
// than 1 % of the worlds, though the growth is given to whoever is at work.
func TestNobodyCaught(t *testing.T) {
	const worlds = 1500
	for _, part := range []float64{1, 0.6} {
		named, told := 0, 0
		for seed := range uint64(worlds) {
			list := recordings(seed, part)
			if len(list) == 0 {
				continue
			}
			told++
			r := insufficient()
			if verdict.Witness(&r, list, nil); r.Verdict.Outcome != culprit.OutcomeInsufficient {
				named++
			}
		}
		if told < worlds/2 || stat.BinomTail(named, told, 0.01) < 0.01 {
			t.Errorf("with %.0f %% of the growth at those at work, somebody is named in %d of %d worlds", 100*part, named, told)
		}
	}
}

// TestWitnessLaws: names of hosts and of endpoints, the order of episodes, and an endpoint
// that does nothing do not change what is found.
func TestWitnessLaws(t *testing.T) {
	for seed := range uint64(300) {
		list := recordings(seed, 1)
		if seed%2 == 0 { // somebody is guilty in half of them
			for i := range list {
				guilty := livefacts.Presence{Name: "A#guilty", Kind: "action", Samples: list[i].Samples, Grew: list[i].Grew, Share: 0.9}
				list[i].Who = append([]livefacts.Presence{guilty}, list[i].Who...)
			}
		}
		judge := func(change func(e *livefacts.Episode), backwards bool) string {
			again := slices.Clone(list)
			for i := range again {
				again[i].Who = slices.Clone(again[i].Who)
				change(&again[i])
			}
			if backwards {
				slices.Reverse(again)
			}
			r := insufficient()
			verdict.Witness(&r, again, nil)
			return fmt.Sprint(r.Verdict.Outcome, len(r.Suspects))
		}
		want := judge(func(*livefacts.Episode) {}, false)
		for name, got := range map[string]string{
			"order": judge(func(*livefacts.Episode) {}, true),
			"hosts": judge(func(e *livefacts.Episode) { e.Host = "node-" + e.Host }, false),
			"names": judge(func(e *livefacts.Episode) {
				for k := range e.Who {
					e.Who[k].Name = "Z" + e.Who[k].Name
				}
			}, false),
			"idle": judge(func(e *livefacts.Episode) {
				e.Who = append(e.Who, livefacts.Presence{Name: "ZController#idle", Kind: "action"})
			}, false),
		} {
			if got != want {
				t.Errorf("seed %d, %s: %s, was %s", seed, name, got, want)
			}
		}
	}
}
