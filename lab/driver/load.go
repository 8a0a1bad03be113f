package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is one call of the driver.
type request struct {
	Method, Path, Body, Type string
	User                     int
	Patience                 time.Duration // after which the client goes away; 0 = a minute and a half
}

// user is a visitor with an address and a browser of their own.
type user struct {
	ID    int
	IP    string
	Agent string
}

func get(path string) request { return request{Method: "GET", Path: path} }

func form(path, body string) request {
	return request{Method: "POST", Path: path, Body: body, Type: "application/x-www-form-urlencoded"}
}

func gql(operation, variables string) request {
	query := map[string]string{
		"getViewer":    "query getViewer { viewer { id name } }",
		"listProducts": "query listProducts($first: Int) { products(first: $first) { nodes { id title } } }",
		"addToCart":    "mutation addToCart($id: ID!) { addToCart(id: $id) { cart { id } } }",
		"getOrderTree": "query getOrderTree($id: ID!, $depth: Int) { customer(id: $id) { orders { lines { product { orders { lines { id } } } } } } }",
	}[operation]
	return request{
		Method: "POST", Path: "/graphql", Type: "application/json",
		Body: fmt.Sprintf(`{"operationName":%q,"query":%q,"variables":%s}`, operation, query, variables),
	}
}

func (q request) as(u user) request { q.User = u.ID; return q }

var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/83.0.4103.97 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 13_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Mobile/15E148 Safari/604.1",
	"shop-app/4.2 (Android 10)",
	"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
}

func newUser(id int) user {
	nets := []string{"203.0.113", "198.51.100", "192.0.2"}
	return user{ID: id, IP: fmt.Sprintf("%s.%d", nets[id%3], 1+id*37%250), Agent: agents[id%len(agents)]}
}

// zipf draws an index with weight 1/(i+1)^s.
type zipf struct{ sums []float64 }

func newZipf(n int, s float64) zipf {
	z := zipf{make([]float64, n)}
	total := 0.0
	for i := range z.sums {
		total += 1 / math.Pow(float64(i+1), s)
		z.sums[i] = total
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	x := r.Float64() * z.sums[len(z.sums)-1]
	for i, s := range z.sums {
		if x < s {
			return i
		}
	}
	return len(z.sums) - 1
}

var words = []string{"lamp", "Lamp 1", "chair", "green", "table", "Lamp 42", "sofa", "oak"}

// flows are the things a visitor does, the most usual first: one call or a
// few that belong together.
var flows = []func(r *rand.Rand, u user) []request{
	func(r *rand.Rand, _ user) []request { // browse
		out := []request{get(fmt.Sprintf("/products?locale=%s&page=%d", pick(r, "en", "en", "de", "es", "it", "fr"), 1+r.IntN(9)))}
		for i := r.IntN(3); i >= 0; i-- {
			out = append(out, get(fmt.Sprintf("/products/%d", r.IntN(1000))))
		}
		return out
	},
	func(_ *rand.Rand, _ user) []request { return []request{get("/")} },
	func(r *rand.Rand, _ user) []request {
		return []request{get(fmt.Sprintf("/api/v1/stock/%d", r.IntN(1000)))}
	},
	func(r *rand.Rand, _ user) []request {
		return []request{get("/search?q=" + url.QueryEscape(words[r.IntN(len(words))]))}
	},
	func(r *rand.Rand, _ user) []request { // cart
		return []request{form("/cart/items", fmt.Sprintf("product_id=%d&quantity=1", r.IntN(1000))), get("/cart")}
	},
	func(r *rand.Rand, u user) []request {
		return []request{gql(pick(r, "getViewer", "listProducts", "listProducts", "addToCart"), fmt.Sprintf(`{"id":"%d"}`, u.ID))}
	},
	func(r *rand.Rand, _ user) []request {
		return []request{form("/api/v1/events", "kind="+pick(r, "view", "view", "click", "stock")+fmt.Sprintf("&sku=SKU-%d", r.IntN(1000)))}
	},
	func(r *rand.Rand, _ user) []request {
		return []request{get(fmt.Sprintf("/thumbnails/%d", r.IntN(900)))}
	},
	func(_ *rand.Rand, _ user) []request { return []request{get("/orders")} },
	func(_ *rand.Rand, u user) []request { // A nearly always just before B
		return []request{get("/checkout/new"), form("/checkout", fmt.Sprintf("user_id=%d&password=secret", u.ID))}
	},
	func(_ *rand.Rand, u user) []request {
		return []request{get(fmt.Sprintf("/recommendations?user_id=%d", u.ID))}
	},
	func(r *rand.Rand, _ user) []request { return []request{get(fmt.Sprintf("/orders/%d", 1+r.IntN(200)))} },
	func(_ *rand.Rand, u user) []request {
		return []request{form("/session", fmt.Sprintf("email=user%d%%40example.org&password=secret", u.ID))}
	},
	func(r *rand.Rand, _ user) []request {
		return []request{get("/products?per_page=" + pick(r, "50", "100", "200") + "&locale=en")}
	},
	func(r *rand.Rand, _ user) []request { // enqueues, then asks for it
		return []request{form("/exports", "format="+pick(r, "csv", "xlsx", "pdf")), get(fmt.Sprintf("/exports/%d", r.IntN(5000)))}
	},
	func(r *rand.Rand, _ user) []request {
		return []request{get(fmt.Sprintf("/invoices/%d.pdf", 1+r.IntN(200)))}
	},
	func(_ *rand.Rand, _ user) []request { return []request{get("/admin/dashboard")} },
	func(_ *rand.Rand, _ user) []request { return []request{get("/admin/users?page=1")} },
	func(r *rand.Rand, _ user) []request { return []request{get(fmt.Sprintf("/downloads/%d", r.IntN(50)))} },
	func(_ *rand.Rand, _ user) []request { return []request{get("/sitemap.xml")} },
	func(r *rand.Rand, _ user) []request {
		return []request{get("/admin/dashboard"), get("/admin/reports?range=" + pick(r, "day", "week") + "&sort=date")}
	},
	func(_ *rand.Rand, _ user) []request { return []request{form("/admin/report_requests", "range=month")} },
	func(_ *rand.Rand, _ user) []request { return []request{get("/catalog/export.csv")} },
	func(r *rand.Rand, _ user) []request {
		return []request{get(pick(r, "/wp-login.php", "/.env", "/admin.php", "/products/../etc"))}
	},
}

// loader drives the fleet; it stops with its context and never exceeds its
// bounds in sessions, calls in flight and calls in all.
type loader struct {
	hosts  []string // host:port of the proxies
	client *http.Client
	sc     scenario
	left   atomic.Int64
	wg     sync.WaitGroup
	sent   atomic.Int64
	failed atomic.Int64
}

func newLoader(hosts []string, sc scenario, bound int64) *loader {
	l := &loader{hosts: hosts, sc: sc, client: &http.Client{
		Transport: &http.Transport{MaxConnsPerHost: 64, MaxIdleConnsPerHost: 16, DisableCompression: true},
	}}
	l.left.Store(bound)
	return l
}

func (l *loader) call(ctx context.Context, r *rand.Rand, u user, q request) {
	if l.left.Add(-1) < 0 {
		return
	}
	patience := q.Patience
	if patience == 0 {
		patience = 90 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.Method, "http://"+l.hosts[r.IntN(len(l.hosts))]+q.Path, strings.NewReader(q.Body))
	if err != nil {
		return
	}
	req.Host = "shop.example"
	req.Header.Set("User-Agent", u.Agent)
	req.Header.Set("X-Forwarded-For", u.IP)
	req.Header.Set("Accept", "application/json")
	if q.Type != "" {
		req.Header.Set("Content-Type", q.Type)
	}
	l.sent.Add(1)
	res, err := l.client.Do(req)
	if err != nil {
		l.failed.Add(1)
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func exp(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(math.Min(r.ExpFloat64(), 6) * float64(mean))
}

// start launches the sessions, the pollers, the long polls and the planned
// calls. All randomness comes from the seed.
func (l *loader) start(ctx context.Context, o options) {
	seed := o.Seed
	z := newZipf(len(flows), 0.75)
	for s := range 26 {
		l.goroutine(seed, s, func(r *rand.Rand) {
			u := newUser(s)
			for pause(ctx, exp(r, 2200*time.Millisecond)) {
				if r.IntN(40) == 0 { // somebody else sits down here
					u = newUser(r.IntN(400))
				}
				for i, q := range flows[z.draw(r)](r, u) {
					if l.sc.Mute != nil && l.sc.Mute(q) {
						continue
					}
					if i > 0 && !pause(ctx, 300*time.Millisecond+exp(r, 500*time.Millisecond)) {
						return
					}
					l.call(ctx, r, u, q)
				}
			}
		})
	}
	for p := range 6 { // polling
		l.goroutine(seed, 100+p, func(r *rand.Rand) {
			u := newUser(200 + p)
			for pause(ctx, 4*time.Second+exp(r, 300*time.Millisecond)) {
				l.call(ctx, r, u, get("/notifications"))
			}
		})
	}
	for p := range 11 { // long polls: nearly always one in flight in each process
		l.goroutine(seed, 200+p, func(r *rand.Rand) {
			u := newUser(300 + p)
			for pause(ctx, exp(r, 1500*time.Millisecond)) {
				l.call(ctx, r, u, get("/events/wait"))
			}
		})
	}
	for h := range l.hosts { // health checks of the load balancer
		l.goroutine(seed, 300+h, func(r *rand.Rand) {
			check := &loader{hosts: l.hosts[h : h+1], client: l.client, sc: l.sc}
			check.left.Store(1 << 20)
			for pause(ctx, 5*time.Second) {
				check.call(ctx, r, user{IP: "192.0.2.250", Agent: "kube-probe/1.17"}, get("/healthz"))
			}
		})
	}
	l.planned(ctx, o)
}

// planned starts the calls the scenario adds to the mix.
func (l *loader) planned(ctx context.Context, o options) {
	seed, duration := o.Seed, o.Duration
	r := seeded(seed, 1<<40)
	begin := time.Now()
	if l.sc.Rate > 0 {
		l.goroutine(seed, 400, func(r *rand.Rand) {
			for n := 0; pause(ctx, exp(r, time.Duration(float64(time.Second)/l.sc.Rate))); n++ {
				q := l.sc.Calls[n%len(l.sc.Calls)](r, newUser(r.IntN(60)))
				sub := seeded(r.Int64(), 0)
				l.goroutine(seed, 5000+n, func(*rand.Rand) { l.call(ctx, sub, newUser(q.User), q) })
			}
		})
	}
	if l.sc.Count == 0 {
		return
	}
	n := int(math.Ceil(float64(l.sc.Count) * math.Min(duration.Minutes()/6, 2)))
	if o.Calls > 0 {
		n = o.Calls
	}
	from, to := cmp.Or(o.Before, duration/9), duration-35*time.Second
	gap := (to - from) * 6 / 10 / time.Duration(n) // neither in step nor all at once
	for i, at := range spread(r, n, from, to, gap) {
		u := newUser(500 + r.IntN(12)) // the few people who use this
		q := l.sc.Calls[i%len(l.sc.Calls)](r, u)
		admin := strings.HasPrefix(q.Path, "/admin")
		l.goroutine(seed, 1000+i, func(r *rand.Rand) {
			if !pause(ctx, time.Until(begin.Add(at))) {
				return
			}
			if admin && r.IntN(10) < 9 { // they come by the dashboard
				l.call(ctx, r, u, get("/admin/dashboard"))
				if !pause(ctx, 500*time.Millisecond+exp(r, time.Second)) {
					return
				}
			}
			l.call(ctx, r, u, q)
		})
	}
}

func (l *loader) goroutine(seed int64, n int, f func(*rand.Rand)) {
	l.wg.Go(func() {
		f(seeded(seed, int64(n)))
	})
}
