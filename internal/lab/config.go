package lab

import "culprit"

// Config is a world before the dice fall. Sizes are megabytes (MiB) and times
// seconds unless a comment says otherwise. Take a preset and change it.
type Config struct {
	Fleet    Fleet
	Time     Time
	Traffic  Traffic
	Memory   Memory
	Sampling Sampling
	Plants   []Plant
	Ghosts   []Ghost
}

// Fleet is the servers.
type Fleet struct {
	Hosts, Workers, Threads int
	Jobs                    int  // job processes per host
	Uneven                  bool // accept() favours the first worker: shares 1, 1/2, 1/3, ...
	// RestartEvery is the mean life of a process; Deploys restart everybody; 0 none.
	RestartEvery float64
	Deploys      int
	KillAt       float64 // a process above this is killed, 0 = never
	Down         float64 // from death to the next boot
}

// Time is the recording.
type Time struct {
	Start   int64   // microseconds since the epoch
	Span    float64 // of the recording
	Period  float64 // pollers and cron act at its full multiples
	Block   float64 // length of the only active stretch of some endpoints
	Diurnal float64 // relative amplitude of the load over a day
	Booted  bool    // the fleet boots when the recording begins
}

// Traffic is the innocent load.
type Traffic struct {
	RPS       float64 // mean requests per second over the fleet
	Endpoints int
	Zipf      float64 // exponent of their popularity
	Stretch   float64 // factor on all durations
	// Shares of the endpoints that are slow, come in sessions, come at the full
	// period, are active in one block only; numbers of rare long ones and pairs.
	Slow, Bursty, Pollers, Blocks float64
	Long, Pairs                   int
	LongEvery                     float64 // mean time between calls of one rare long endpoint
	SlowRun, LongRun              [2]float64
	// Always is the number of clients that call one slow endpoint without pause.
	Always int
	// Slowdown of everything else in a process while it grows, and of its host.
	Slowdown     [2]float64
	HostSlowdown float64
	Retry        float64 // chance that a call slowed beyond RetryAfter is repeated
	RetryAfter   float64
}

// Memory is the physics of innocent memory, in MB per process.
type Memory struct {
	Kind           culprit.MemoryKind
	Base           float64
	Warm           float64 // Warm (1 - exp(-calls/WarmCalls))
	WarmCalls      float64
	Frag           float64 // Frag log(1 + calls/FragCalls)
	FragCalls      float64
	Heap           float64 // size of a Ruby heap step, each after 1.8 x the calls of the last
	Release        float64 // share of freed memory given back, 0..1
	ReleaseTau     float64 // how slowly
	PerCall        float64 // kept by every call alike
	Unshare        float64 // copy-on-write pages that become private after the fork
	UnshareTau     float64
	SharedPerHost  float64 // pages counted in each worker but present once
	HiddenHeapStep float64 // leaks show only in steps of this size, 0 at once
	// Live memory of an ordinary, a slow and a long innocent call.
	CallMem [3]float64
}

// Sampling is how the recording looks at the fleet.
type Sampling struct {
	Every      float64
	Host       bool    // host memory only, no process
	HostSeries bool    // host memory beside the processes
	Noise      float64 // standard deviation of a process reading
	HostNoise  float64 // of the rest of the host, slowly varying
	Missing    float64 // share of readings that are missing
	Gap        float64 // longest gap on a loaded host, 0 none
	Lost       float64 // share of calls whose line is lost
	Skew       float64 // clocks differ by up to +- this
	SkewByHost bool
	TellSkew   bool // the case tells the uncertainty
}

// Plant is a culprit.
type Plant struct {
	Where string  // "rare" (an endpoint of its own), "frequent" (one of the busiest), "job"
	Param bool    // only one parameter value of the endpoint does harm
	K     int     // harmful calls
	Pi    float64 // share of its calls (with the value) that harm
	// Demand: log-normal with this median and sigma, in MB, ramping over Run.
	Median, Sigma float64
	Run           [2]float64
	Retain        float64 // share of the demand kept for good
	Companion     float64 // chance of a companion call 3-15 s before
	Faithful      bool    // the companion is never called otherwise
	Waiter        bool    // a page on another process waits for each of its calls
	Retry         float64 // chance that a harmful call is repeated
	// Fate of a harmful call: "" logged, "open" killed with its begin in the log,
	// "lost" killed without a trace.
	Fate string
	// Leak MB kept by every call; Share of the traffic is its. K is not used.
	Leak, Share float64
}

// Ghost is growth that no logged call causes.
type Ghost struct {
	// When: "random", "load" (at load peaks), "cron" (full periods), "incident"
	// (one stretch of an eighth of the span at most 40 min), "thread" (every
	// Period/2 in one process), "other" (a process outside of the watched ones).
	When          string
	K             int
	Median, Sigma float64
	Run           [2]float64
	Retain        float64
}

// epochMonday is 2026-03-02 08:00 UTC, a Monday morning.
const epochMonday = 1772438400 * second

const second = int64(1e6) // microseconds

// Long is half a day of a fleet of 4 x 4 processes: the study's setting.
func Long() Config {
	return Config{
		Fleet: Fleet{Hosts: 4, Workers: 4, Threads: 5, RestartEvery: 30 * 3600, Deploys: 1, KillAt: 6000, Down: 25},
		Time:  Time{Start: epochMonday, Span: 12 * 3600, Period: 3600, Block: 5400, Diurnal: 0.5},
		Traffic: Traffic{
			RPS: 6, Endpoints: 150, Zipf: 1.05, Stretch: 1, Slow: 0.06, Bursty: 0.3, Pollers: 0.08, Blocks: 0.06,
			Long: 10, Pairs: 10, LongEvery: 1500, SlowRun: [2]float64{6, 26}, LongRun: [2]float64{15, 95},
			Slowdown: [2]float64{3, 13}, HostSlowdown: 1.3, Retry: 0.3, RetryAfter: 10,
		},
		Memory: Memory{
			Kind: culprit.RSS, Base: 180, Warm: 250, WarmCalls: 400, Frag: 40, FragCalls: 2000, Heap: 12,
			Release: 0.8, ReleaseTau: 1800, SharedPerHost: 80, CallMem: [3]float64{0.8, 3, 8},
		},
		Sampling: Sampling{Every: 10, HostSeries: true, Noise: 1.5, HostNoise: 40, Missing: 0.03, Lost: 0.005},
	}
}

// Short is eight minutes at 1 s of 4 x 2 processes that have just booted: the
// setting of a recorded incident.
func Short() Config {
	return Config{
		Fleet: Fleet{Hosts: 4, Workers: 2, Threads: 4, Down: 5},
		Time:  Time{Start: epochMonday, Span: 480, Period: 60, Block: 60, Booted: true},
		Traffic: Traffic{
			RPS: 12, Endpoints: 36, Zipf: 1.05, Stretch: 0.5, Slow: 0.06, Bursty: 0.3, Pollers: 0.06, Blocks: 0.06,
			Long: 4, Pairs: 3, LongEvery: 60, SlowRun: [2]float64{2, 9}, LongRun: [2]float64{5, 40}, Always: 8,
			Slowdown: [2]float64{1.5, 4}, HostSlowdown: 1.2, Retry: 0.2, RetryAfter: 8,
		},
		Memory: Memory{
			Kind: culprit.RSS, Base: 108, Warm: 16, WarmCalls: 120, Frag: 5, FragCalls: 150, Heap: 2,
			Release: 0.5, ReleaseTau: 120, SharedPerHost: 60, CallMem: [3]float64{0.3, 2, 5},
		},
		Sampling: Sampling{Every: 1, HostSeries: true, Noise: 0.2, HostNoise: 4, Missing: 0.01, Gap: 7, Lost: 0.002},
	}
}

// Days is a quiet fleet over days, for slow leaks.
func Days(days float64, every float64) Config {
	c := Long()
	c.Time.Span = days * 86400
	c.Traffic.RPS = 3
	c.Traffic.LongEvery = 3600
	c.Fleet.RestartEvery = 48 * 3600
	c.Fleet.Deploys = int(days / 2)
	c.Sampling.Every = every
	return c
}

// Monster is the study's culprit: K calls that demand 3 GB.
func Monster(k int) Plant {
	return Plant{
		Where: "rare", K: k, Pi: 0.1, Median: 3000, Sigma: 0.3, Run: [2]float64{40, 150},
		Companion: 0.9, Waiter: true, Retry: 0.15,
	}
}

// Stepper is the culprit of a short recording: steps of 40 to 350 MB.
func Stepper(k int) Plant {
	return Plant{Where: "rare", K: k, Pi: 0.6, Median: 130, Sigma: 0.5, Run: [2]float64{3, 25}, Retain: 0.5, Companion: 0.5}
}
