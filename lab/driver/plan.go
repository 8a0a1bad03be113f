package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"time"
)

type options struct {
	Scenario, Out, Zone, Jobs, Level, Victim string
	Seed                                     int64
	Duration, Every, Collect, Before         time.Duration
	Hosts, Workers, Net, Calls               int
}

func (o options) check() error {
	if _, ok := scenarios[o.Scenario]; !ok {
		return fmt.Errorf("unknown scenario %q; there are %s", o.Scenario, scenarioNames())
	}
	switch {
	case o.Out == "":
		return errors.New("--out is missing")
	case o.Duration < 30*time.Second || o.Duration > 2*time.Hour:
		return errors.New("--minutes must be between 0.5 and 120")
	case o.Every < 200*time.Millisecond || o.Every > time.Minute:
		return errors.New("--every must be between 200ms and 1m")
	case o.Hosts < 1 || o.Hosts > 8:
		return errors.New("--hosts must be between 1 and 8")
	case o.Workers < 1 || o.Workers > 8:
		return errors.New("--workers must be between 1 and 8")
	case o.Collect != 0 && (o.Collect < time.Second || o.Collect > time.Hour):
		return errors.New("--collect must be between 1s and 1h")
	case o.Calls < 0 || o.Calls > 1000:
		return errors.New("--calls must be between 0 and 1000")
	case o.Before < 0 || o.Before > o.Duration-40*time.Second && o.Before > 0:
		return errors.New("--before must leave 40s of the recording")
	case o.Net < 1 || o.Net > 250:
		return errors.New("--net must be between 1 and 250")
	case o.Jobs != "async" && o.Jobs != "worker":
		return errors.New("--jobs must be async or worker")
	case o.Level != "process" && o.Level != "host":
		return errors.New("--level must be process or host")
	}
	return nil
}

// culprit is what the recording's truth says was to blame.
type culprit struct {
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Category  string            `json:"category"`
	Dimension map[string]string `json:"dimension"`
	Route     string            `json:"route,omitempty"` // what a log without controllers calls it
}

// scenario says what is planted and what a just verdict would be.
type scenario struct {
	Culprits   []culprit
	Outcomes   []string // the outcome(s) that are right
	Acceptable []string // weaker, but not wrong
	Category   string
	Note       string
	// Rare calls of the driver beside the ordinary mix: so many per recording
	// of 6 minutes (Count), or at a rate a second over the fleet (Rate).
	Count int
	Rate  float64
	Calls []func(r *rand.Rand, u user) request
	// Mute drops ordinary calls of the mix that would be guilty here.
	Mute func(request) bool
}

func isReports(q request) bool { return strings.HasPrefix(q.Path, "/admin/reports") }

func one(name, kind, category string, dimension map[string]string) []culprit {
	if dimension == nil {
		dimension = map[string]string{}
	}
	return []culprit{{Name: name, Kind: kind, Category: category, Dimension: dimension}}
}

var scenarios = map[string]scenario{
	"bloat": {
		Culprits: one("Admin::ReportsController#index", "endpoint", "bloat", nil),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "each call builds 40..350 MB of small objects for 3..38 s; the process keeps its size",
		Count: 11, Calls: []func(*rand.Rand, user) request{report("year")}, Mute: isReports,
	},
	"bloat_param": {
		Culprits: one("ProductsController#index", "endpoint", "bloat", map[string]string{"param:locale": "fr"}),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "only locale=fr of a busy endpoint is guilty",
		Count: 12, Calls: []func(*rand.Rand, user) request{func(r *rand.Rand, _ user) request {
			return get(fmt.Sprintf("/products?locale=fr&page=%d", 1+r.IntN(9)))
		}},
		Mute: func(q request) bool { return strings.Contains(q.Path, "locale=fr") },
	},
	"graphql": {
		Culprits: one("GraphqlController#execute", "endpoint", "bloat", map[string]string{"operation": "getOrderTree"}),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "one operation of the GraphQL endpoint nests without a depth limit",
		Count: 11, Calls: []func(*rand.Rand, user) request{func(r *rand.Rand, u user) request {
			return gql("getOrderTree", fmt.Sprintf(`{"id":"%d","depth":%d}`, u.ID, 6+r.IntN(3)))
		}},
		Mute: func(q request) bool { return strings.Contains(q.Body, "getOrderTree") },
	},
	"retention": {
		Culprits: one("RecommendationsController#index", "endpoint", "retention", nil),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected", "insufficient", "traffic"}, Category: "retention",
		Note: "a class-level cache keeps about 1.7 MB of Ruby objects a call",
		Rate: 1.1, Calls: []func(*rand.Rand, user) request{func(_ *rand.Rand, u user) request {
			return get(fmt.Sprintf("/recommendations?user_id=%d", u.ID))
		}},
		Mute: func(q request) bool { return strings.HasPrefix(q.Path, "/recommendations") },
	},
	"native_leak": {
		Culprits: one("ThumbnailsController#show", "endpoint", "native", nil),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "native",
		Note: "a C extension forgets exactly 1.40 MB a call, one call in about 8 s a process",
		Rate: 1.0, Calls: []func(*rand.Rand, user) request{func(r *rand.Rand, _ user) request {
			return get(fmt.Sprintf("/thumbnails/%d", r.IntN(900)))
		}},
		Mute: func(q request) bool { return strings.HasPrefix(q.Path, "/thumbnails") },
	},
	"traffic_wide": {
		Outcomes: []string{"traffic"}, Acceptable: []string{"insufficient", "healthy"}, Category: "retention",
		Note: "a middleware keeps 50 kB for every request alike; no endpoint is to blame",
	},
	"background": {
		Culprits: one("background thread", "process", "retention", nil),
		Outcomes: []string{"not_requests"}, Acceptable: []string{"insufficient"},
		Note: "a thread inside Puma grows in steps; nothing of it is in the log",
	},
	"healthy": {
		Outcomes: []string{"healthy"}, Acceptable: []string{"insufficient"},
		Note: "nothing planted; recorded from boot, so that the warm-up shows",
	},
	"heavy_gem": {
		Outcomes: []string{"healthy", "not_requests"}, Acceptable: []string{"insufficient"}, Category: "configuration",
		Note: "preloaded data whose pages the workers unshare when they collect; nothing leaks",
	},
	"fragmentation": {
		Outcomes: []string{"traffic", "not_requests", "healthy"}, Acceptable: []string{"insufficient"}, Category: "fragmentation",
		Note: "threads allocate blocks of all sizes in turn; the live bytes are bounded, the arenas are not",
	},
	"unfinished": {
		Culprits: one("Admin::ReportsController#index", "endpoint", "bloat", map[string]string{"param:range": "all"}),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "the guilty call never completes: its worker is killed at the limit; short ranges are harmless",
		Count: 8, Calls: []func(*rand.Rand, user) request{report("all")},
	},
	"job": {
		Culprits: one("ReportBuildJob", "job", "bloat", nil),
		Outcomes: []string{"culprit", "not_requests"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "the request only enqueues; the job grows",
		Count: 11, Calls: []func(*rand.Rand, user) request{func(r *rand.Rand, u user) request {
			return form("/admin/report_requests", "range="+pick(r, "month", "quarter", "year")).as(u)
		}},
		Mute: func(q request) bool { return strings.HasPrefix(q.Path, "/admin/report_requests") },
	},
	"two_culprits": {
		Culprits: append(one("Admin::ReportsController#index", "endpoint", "bloat", nil),
			one("CatalogController#export", "endpoint", "bloat", nil)...),
		Outcomes: []string{"culprit"}, Acceptable: []string{"suspected"}, Category: "bloat",
		Note:  "two endpoints are guilty",
		Count: 16, Calls: []func(*rand.Rand, user) request{report("year"), func(_ *rand.Rand, _ user) request {
			return get("/catalog/export.csv")
		}},
		Mute: func(q request) bool { return isReports(q) || strings.HasPrefix(q.Path, "/catalog") },
	},
	"cron_locked": {
		Culprits: one("rebuild_catalog", "task", "bloat", nil),
		Outcomes: []string{"not_requests"}, Acceptable: []string{"insufficient"},
		Note: "a script that cron starts at fixed minutes fills the host; Puma does not grow",
	},
}

func report(rng string) func(*rand.Rand, user) request {
	return func(r *rand.Rand, u user) request {
		return get("/admin/reports?range=" + rng + "&sort=" + pick(r, "name", "total", "date")).as(u)
	}
}

func scenarioNames() string {
	var names []string
	for n := range scenarios {
		names = append(names, n)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func pick(r *rand.Rand, values ...string) string { return values[r.IntN(len(values))] }

// spread places n moments at random in [from, to), at least gap apart where
// there is room for it.
func spread(r *rand.Rand, n int, from, to, gap time.Duration) []time.Duration {
	if n <= 0 || to <= from {
		return nil
	}
	room := to - from - time.Duration(n-1)*gap
	if room < 0 {
		gap, room = 0, to-from
	}
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(r.Float64() * float64(room))
	}
	slices.Sort(at)
	for i := range at {
		at[i] += from + time.Duration(i)*gap
	}
	return at
}

// seeded is one of the streams of chance that a seed opens.
func seeded(seed, stream int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), uint64(stream)))
}

// routes name the planted endpoints as a proxy sees them.
var routes = map[string]string{
	"Admin::ReportsController#index":  "GET /admin/reports",
	"ProductsController#index":        "GET /products",
	"GraphqlController#execute":       "POST /graphql",
	"RecommendationsController#index": "GET /recommendations",
	"ThumbnailsController#show":       "GET /thumbnails/:id",
	"CatalogController#export":        "GET /catalog/export.csv",
}

func withRoutes(culprits []culprit) []culprit {
	out := make([]culprit, len(culprits))
	for i, c := range culprits {
		c.Route = routes[c.Name]
		out[i] = c
	}
	return out
}
