package lab

import (
	"fmt"
	"math/rand/v2"

	"culprit/internal/casefile"
)

// endpoint is one kind of call of the simulated application.
type endpoint struct {
	name, kind string
	weight     float64 // in the base stream
	median     float64 // duration in seconds, log-normal with sigma
	sigma      float64
	run        [2]float64 // duration drawn evenly instead, when set
	mem        float64    // MB alive during a call
	phase, amp float64    // of its daily profile
	block      [2]float64 // only active then, seconds from the start; zero = always
	session    bool       // comes in runs of calls
	sticky     bool       // that stay on one process
	poller     bool
	always     bool
	pair       int32   // called shortly after, -1 none
	leak       float64 // MB kept by every call
	leakBad    bool    // only by those with the bad value
	dims       []dim
	base       uint32 // first label
}

// dim is one narrowing of an endpoint: a parameter or the format.
type dim struct {
	key    string
	values []string
	wheel  wheel
}

var (
	things = []string{
		"Orders", "Products", "Invoices", "Users", "Reports", "Carts", "Payments", "Shipments", "Reviews", "Catalogs",
		"Exports", "Sessions", "Messages", "Tickets", "Projects", "Tasks", "Comments", "Uploads", "Feeds", "Searches",
		"Events", "Accounts", "Teams", "Plans", "Coupons", "Stores", "Prices", "Stocks", "Images", "Labels",
		"Pages", "Posts", "Themes", "Alerts", "Budgets", "Charts", "Forms", "Guides", "Offers", "Quotes",
	}
	actions = []string{"index", "show", "create", "update", "search"}
	work    = []string{
		"Mail", "Invoice", "Thumbnail", "Import", "Sync", "Cleanup", "Digest", "Webhook", "Reindex", "Billing",
		"Export", "Audit", "Report", "Notify", "Archive", "Geocode", "Ledger", "Expire", "Merge", "Translate",
	}
	narrows = []struct {
		key    string
		values []string
	}{
		{"format", []string{"html", "json", "csv"}},
		{"param:locale", []string{"en", "de", "fr", "ja"}},
		{"param:sort", []string{"name", "date", "price"}},
		{"param:per_page", []string{"25", "50", "100"}},
		{"param:state", []string{"open", "closed"}},
	}
)

// names deals shuffled, distinct endpoint names, so that no name hints at guilt.
type names struct {
	web, job []string
}

func newNames(rng *rand.Rand) *names {
	n := &names{}
	for _, prefix := range []string{"", "Admin::", "Api::V1::"} {
		for _, t := range things {
			for _, a := range actions {
				n.web = append(n.web, prefix+t+"Controller#"+a)
			}
		}
	}
	for _, w := range work {
		n.job = append(n.job, w+"Job")
	}
	rng.Shuffle(len(n.web), func(i, j int) { n.web[i], n.web[j] = n.web[j], n.web[i] })
	rng.Shuffle(len(n.job), func(i, j int) { n.job[i], n.job[j] = n.job[j], n.job[i] })
	return n
}

func (n *names) next(kind string) string {
	from := &n.web
	if kind == "job" {
		from = &n.job
	}
	if len(*from) == 0 {
		*from = append(*from, fmt.Sprintf("Spare%dController#index", len(n.web)))
	}
	name := (*from)[0]
	*from = (*from)[1:]
	return name
}

// narrow gives an endpoint its parameters and formats.
func narrow(rng *rand.Rand, e *endpoint) {
	count := wheel{0.35, 0.8, 1}.draw(rng)
	for _, i := range rng.Perm(len(narrows))[:count] {
		d := narrows[i]
		k := 2 + rng.IntN(len(d.values)-1)
		e.dims = append(e.dims, dim{key: d.key, values: d.values[:k], wheel: newWheel(zipf(k, 1.2))})
	}
}

// combos is the number of labels of an endpoint.
func (e *endpoint) combos() uint32 {
	n := uint32(1)
	for _, d := range e.dims {
		n *= uint32(len(d.values))
	}
	return n
}

// label draws the values of a call. When bad is set the last dimension, the one
// that a plant added, takes its last value, which ordinary calls never have.
func (e *endpoint) label(rng *rand.Rand, bad bool) uint32 {
	label, radix := e.base, uint32(1)
	for i, d := range e.dims {
		v := d.wheel.draw(rng)
		if bad && i == len(e.dims)-1 {
			v = len(d.values) - 1
		}
		label += uint32(v) * radix
		radix *= uint32(len(d.values))
	}
	return label
}

// bad tells whether a label has the last value of the last dimension.
func (e *endpoint) bad(label uint32) bool {
	n := uint32(len(e.dims[len(e.dims)-1].values))
	return (label-e.base)/(e.combos()/n) == n-1
}

// enroll lists the suspects and labels of all endpoints.
func enroll(eps []endpoint) *casefile.Roster {
	r := &casefile.Roster{}
	for i := range eps {
		e := &eps[i]
		e.base = uint32(len(r.Labels))
		parent := len(r.Suspects)
		r.Suspects = append(r.Suspects, casefile.Suspect{Name: e.name, Kind: e.kind, Parent: -1})
		first := make([]int, len(e.dims))
		for k, d := range e.dims {
			first[k] = len(r.Suspects)
			for _, v := range d.values {
				r.Suspects = append(r.Suspects, casefile.Suspect{Name: e.name, Kind: e.kind, Parent: parent, Key: d.key, Value: v})
			}
		}
		for c := range e.combos() {
			set, rest := []int32{int32(parent)}, int(c)
			for k, d := range e.dims {
				set = append(set, int32(first[k]+rest%len(d.values)))
				rest /= len(d.values)
			}
			r.Labels = append(r.Labels, set)
		}
	}
	return r
}
