package lab

import "culprit"

// null is a scenario without a culprit in the log.
func null(name, about string, best culprit.Outcome, c Config, alter func(*Config)) Scenario {
	if alter != nil {
		alter(&c)
	}
	accept := []culprit.Outcome{culprit.OutcomeInsufficient, culprit.OutcomeNotRequests}
	if best == culprit.OutcomeHealthy || best == culprit.OutcomeTraffic {
		accept = []culprit.Outcome{culprit.OutcomeInsufficient, culprit.OutcomeHealthy}
	}
	return Scenario{Name: name, About: about, Null: true, Config: c, Outcome: best, Accept: accept}
}

// ghosts haunt a world.
func ghosts(when string, k int, g Ghost) func(*Config) {
	g.When, g.K = when, k
	return func(c *Config) { c.Ghosts = []Ghost{g} }
}

// nulls are the worlds in which everybody is innocent.
func nulls() []Scenario {
	big := Ghost{Median: 3000, Sigma: 0.3, Run: [2]float64{40, 150}, Retain: 0.4}
	small := Ghost{Median: 130, Sigma: 0.5, Run: [2]float64{3, 25}, Retain: 0.6}
	thread := Ghost{Median: 60, Sigma: 0.1, Run: [2]float64{2, 6}, Retain: 1}
	outside := Ghost{Median: 2000, Sigma: 0.3, Run: [2]float64{40, 300}, Retain: 1}
	no := culprit.OutcomeNotRequests
	out := []Scenario{
		null("null/short/healthy", "a fleet that has just booted", culprit.OutcomeHealthy, Short(), nil),
		null("null/long/healthy", "12 h of everyday life", culprit.OutcomeHealthy, Long(), nil),
		null("null/long/healthy/host-30s", "the same, host memory only", culprit.OutcomeHealthy, atHost(30, Long()), nil),
		null("null/short/random", "8 steps caused by nothing in the log", no, Short(), ghosts("random", 8, small)),
		null("null/short/thread", "12 steps of a background thread in one process", no, Short(), ghosts("thread", 12, thread)),
		null("null/short/cron", "8 steps at full minutes", no, Short(), ghosts("cron", 8, small)),
	}
	for _, when := range []string{"random", "load", "cron", "incident"} {
		about := map[string]string{
			"random": "8 spikes caused by nothing in the log", "load": "8 spikes at load peaks",
			"cron": "8 spikes at full hours", "incident": "8 spikes in one 40-minute incident",
		}[when]
		out = append(out,
			null("null/long/"+when, about, no, Long(), ghosts(when, 8, big)),
			null("null/long/"+when+"/host-30s", "the same, host memory only", no, atHost(30, Long()), ghosts(when, 8, big)))
	}
	return append(append(out, null("null/long/uneven", "8 spikes, accept() favours one worker", no, Long(), func(c *Config) {
		c.Fleet.Uneven = true
		ghosts("random", 8, big)(c)
	}), null("null/long/other", "a process nobody watches grows", no, Long(), ghosts("other", 6, outside))), shapes()...)
}

// shapes are the worlds that grow smoothly without a culprit.
func shapes() []Scenario {
	return []Scenario{
		null("null/short/traffic", "every call alike keeps 50 kB", culprit.OutcomeTraffic, Short(), func(c *Config) {
			c.Memory.PerCall, c.Traffic.RPS = 0.05, 24
		}),
		null("null/3d/traffic", "every call alike keeps 50 kB, 72 h", culprit.OutcomeTraffic, Days(3, 30), func(c *Config) {
			c.Memory.PerCall = 0.05
		}),
		null("null/short/preload", "a heavy preloaded gem: pages become private", culprit.OutcomeHealthy, Short(), func(c *Config) {
			c.Memory.Kind, c.Memory.Unshare, c.Memory.UnshareTau, c.Memory.SharedPerHost = culprit.USS, 170, 110, 0
		}),
		null("null/short/fragmentation", "logarithmic growth without end", culprit.OutcomeHealthy, Short(), func(c *Config) {
			c.Memory.Frag, c.Memory.FragCalls = 45, 60
		}),
		null("null/3d/quiet", "72 h of everyday life, for the ledger", culprit.OutcomeHealthy, Days(3, 30), nil),
	}
}
