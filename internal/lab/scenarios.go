package lab

import (
	"fmt"

	"culprit"
)

// Scenario is a named sort of world.
type Scenario struct {
	Name  string // "short/step/proc-1s/k=10"
	About string // one line for the table
	// Null: nobody in the log did it, every conviction is false.
	Null bool
	// Weak: the data cannot support a conviction; not convicting is right.
	Weak    bool
	Config  Config
	Outcome culprit.Outcome
	Accept  []culprit.Outcome
}

// Build makes the scenario's world for a seed.
func (s Scenario) Build(seed uint64) World {
	w := Build(s.Config, seed)
	w.Truth.Outcome, w.Truth.Accept = s.Outcome, s.Accept
	return w
}

// abstains are outcomes that blame nobody wrongly.
var abstains = []culprit.Outcome{culprit.OutcomeSuspected, culprit.OutcomeInsufficient}

// Scenarios lists every scenario, culprits first.
func Scenarios() []Scenario {
	var out []Scenario
	out = append(out, shortSteps()...)
	out = append(out, longSteps()...)
	out = append(out, hardOnes()...)
	out = append(out, leaks()...)
	return append(out, nulls()...)
}

// guilty is a scenario with a culprit; alter changes the preset.
func guilty(name, about string, c Config, alter func(*Config)) Scenario {
	if alter != nil {
		alter(&c)
	}
	return Scenario{Name: name, About: about, Config: c, Outcome: culprit.OutcomeCulprit, Accept: abstains}
}

// weak is a culprit whom the data cannot convict.
func weak(s Scenario) Scenario {
	s.Weak = true
	return s
}

func plants(p ...Plant) func(*Config) { return func(c *Config) { c.Plants = p } }

func atHost(every float64, c Config) Config {
	c.Sampling.Host, c.Sampling.Every = true, every
	return c
}

func atProc(every float64, c Config) Config {
	c.Sampling.Every = every
	return c
}

// shortSteps are recordings of 6 to 10 minutes that begin with the boot.
func shortSteps() []Scenario {
	var out []Scenario
	for _, k := range []int{1, 2, 3, 5, 10} {
		s := guilty(fmt.Sprintf("short/proc-1s/k=%d", k), "8 min at 1 s, steps of 40-350 MB", Short(), plants(Stepper(k)))
		s.Weak = k < 3
		out = append(out, s)
	}
	for _, k := range []int{5, 10} {
		s := guilty(fmt.Sprintf("short/host-1s/k=%d", k), "the same, host memory only", atHost(1, Short()), plants(Stepper(k)))
		s.Weak = k < 10
		out = append(out, s)
	}
	two := func(c *Config) { c.Plants = []Plant{Stepper(7), Stepper(7)} }
	param := Stepper(9)
	param.Where, param.Param = "frequent", true
	slow := Stepper(10)
	slow.Run = [2]float64{20, 70}
	sure := Stepper(10)
	sure.Pi, sure.Retain = 1, 1
	open := Stepper(8)
	open.Fate = "open"
	return append(out,
		guilty("short/two", "two culprits, 7 steps each", Short(), two),
		guilty("short/param", "one parameter value of a busy endpoint", Short(), plants(param)),
		guilty("short/slow-run", "guilty calls last 20-70 s", Short(), plants(slow)),
		guilty("short/every-call", "every call does harm and keeps all of it", Short(), plants(sure)),
		guilty("short/unfinished", "harmful calls are killed: begun, never completed", Short(), plants(open)),
		guilty("short/10s", "8 min at 10 s", atProc(10, Short()), plants(Stepper(10))),
	)
}

// longSteps are half days with monsters of 3 GB.
func longSteps() []Scenario {
	var out []Scenario
	for _, k := range []int{1, 2, 3, 5, 10} {
		s := guilty(fmt.Sprintf("long/proc-10s/k=%d", k), "12 h, 3 GB a harmful call", Long(), plants(Monster(k)))
		s.Weak = k < 3
		out = append(out, s)
	}
	for _, every := range []float64{1, 60} {
		out = append(out, guilty(fmt.Sprintf("long/proc-%.0fs/k=5", every), "the same, other interval", atProc(every, Long()), plants(Monster(5))))
	}
	for _, every := range []float64{10, 30, 60} {
		for _, k := range []int{3, 5, 10} {
			if every != 60 && k == 3 {
				continue
			}
			s := guilty(fmt.Sprintf("long/host-%.0fs/k=%d", every, k), "host memory only", atHost(every, Long()), plants(Monster(k)))
			s.Weak = k < 5
			out = append(out, s)
		}
	}
	week := Days(7, 60)
	week.Traffic.RPS = 1.5
	return append(out, guilty("week/proc-60s/k=8", "7 days at 60 s", week, plants(Monster(8))))
}

// hardOnes are the traps.
func hardOnes() []Scenario {
	short := Monster(8)
	short.Pi, short.Run = 0.02, [2]float64{2, 8}
	busy := func(p Plant) func(*Config) {
		return func(c *Config) { c.Plants, c.Traffic.RPS, c.Time.Span = []Plant{p}, 16, 8*3600 }
	}
	six := Monster(6)
	frequent, param := Monster(8), Monster(8)
	frequent.Where, param.Where, param.Param = "frequent", "frequent", true
	tied := Monster(8)
	tied.Companion, tied.Faithful = 1, true
	skewed := Monster(6)
	skewed.Run = [2]float64{8, 25}
	open, lost := Monster(8), Monster(8)
	open.Fate, lost.Fate, lost.Pi = "open", "lost", 0.3
	flood := Monster(92)
	flood.Pi, flood.Retry = 1, 0
	job := Monster(8)
	job.Where, job.Waiter, job.Companion = "job", false, 0
	skew := func(byHost bool) func(*Config) {
		return func(c *Config) {
			c.Plants = []Plant{skewed}
			c.Sampling.Skew, c.Sampling.SkewByHost, c.Sampling.TellSkew = 30, byHost, true
		}
	}
	never := guilty("hard/never-logged", "killed without a trace: nobody can be named, nor the culprit acquitted", Long(), plants(lost))
	never.Outcome, never.Accept, never.Weak = culprit.OutcomeNotRequests, append([]culprit.Outcome{culprit.OutcomeCulprit}, abstains...), true
	return []Scenario{
		guilty("hard/short-runs", "runs of 2-8 s, 2 % of the calls harm, 16 rps", Long(), busy(short)),
		guilty("hard/short-runs/host-60s", "the same, host memory only", atHost(60, Long()), busy(short)),
		guilty("hard/two", "two culprits, 6 each", Long(), plants(six, six)),
		guilty("hard/two/host-30s", "the same, host memory only", atHost(30, Long()), plants(six, six)),
		guilty("hard/frequent", "8 bad calls among thousands of a busy endpoint", Long(), plants(frequent)),
		guilty("hard/param", "one parameter value of a busy endpoint", Long(), plants(param)),
		guilty("hard/param/host-30s", "the same, host memory only", atHost(30, Long()), plants(param)),
		guilty("hard/overlap", "a slow innocent endpoint is always in flight", Long(), func(c *Config) {
			c.Plants, c.Traffic.Always = []Plant{Monster(6)}, 20
		}),
		guilty("hard/correlated", "a companion before each call, a page that waits for it", Long(), plants(tied)),
		guilty("hard/correlated/host-30s", "the same, host memory only", atHost(30, Long()), plants(tied)),
		guilty("hard/skew", "clocks off by up to 30 s, runs of 8-25 s", Long(), skew(false)),
		guilty("hard/skew-by-host", "the same, each host on its own", Long(), skew(true)),
		guilty("hard/skew/host-30s", "off by up to 30 s, host memory only", atHost(30, Long()), skew(false)),
		guilty("hard/uneven", "accept() favours one worker", Long(), func(c *Config) {
			c.Plants, c.Fleet.Uneven = []Plant{Monster(6)}, true
		}),
		guilty("hard/unfinished", "harmful calls are killed: begun, never completed", Long(), plants(open)),
		never,
		guilty("hard/saturated", "92 calls of a monster, memory never given back", Long(), func(c *Config) {
			c.Plants, c.Memory.Release, c.Fleet.KillAt = []Plant{flood}, 0, 0
		}),
		guilty("hard/job", "a background job, beside web requests", Long(), func(c *Config) {
			c.Plants, c.Fleet.Jobs = []Plant{job}, 1
		}),
		guilty("hard/job/host-30s", "the same, host memory only", atHost(30, Long()), func(c *Config) {
			c.Plants, c.Fleet.Jobs = []Plant{job}, 1
		}),
	}
}

// leaks are slow: every call keeps a little.
func leaks() []Scenario {
	leak := func(mb, share float64) Plant { return Plant{Where: "rare", Leak: mb, Share: share} }
	brief := Short()
	brief.Time.Span, brief.Traffic.Slowdown, brief.Memory.Warm = 330, [2]float64{1, 1}, 12
	native, heap := leak(1.4, 0.1), leak(1.7, 0.1)
	param := leak(8, 0.1)
	param.Param = true
	hidden := brief
	hidden.Time.Span, hidden.Memory.HiddenHeapStep, hidden.Sampling.Noise = 360, 24, 1.5
	return []Scenario{
		guilty("leak/short/native", "1.4 MB a call, 330 calls in 5 min on 8 processes", brief, plants(native)),
		weak(guilty("leak/short/heap", "1.7 MB a call hidden by the heap's steps", hidden, plants(heap))),
		weak(guilty("leak/3d/1MB", "72 h at 30 s, 0.5 % of the calls keep 1 MB", Days(3, 30), plants(leak(1, 0.005)))),
		guilty("leak/3d/3MB", "72 h at 30 s, 0.5 % of the calls keep 3 MB", Days(3, 30), plants(leak(3, 0.005))),
		guilty("leak/3d/param", "one value's calls (0.3 %) keep 8 MB", Days(3, 30), plants(param)),
		weak(guilty("leak/3d/3MB/host-60s", "72 h, host memory only: cannot be known", atHost(60, Days(3, 60)), plants(leak(3, 0.005)))),
	}
}
