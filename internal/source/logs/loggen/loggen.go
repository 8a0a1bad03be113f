// Package loggen writes made-up logs of a busy Rails site, the same ones for the
// same seed: the material of benchmarks and of tests that need more lines than
// anybody wants to commit.
//
// It owns how such logs look. It refuses to know how they are read.
package loggen

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Formats are the formats that Write knows.
func Formats() []string { return []string{"rails", "lograge", "json", "nginx"} }

// Write writes at least n bytes of a log in the given format.
func Write(w io.Writer, format string, n int64, seed uint64) error {
	out := bufio.NewWriterSize(w, 1<<20)
	g := &generator{
		rng: rand.New(rand.NewPCG(seed, 17)),
		now: time.Date(2024, 3, 5, 21, 0, 0, 0, time.UTC),
	}
	var next func(b []byte) []byte
	switch format {
	case "rails":
		next = g.rails
	case "lograge":
		next = g.lograge
	case "json":
		next = g.json
	case "nginx":
		next = g.nginx
	default:
		return fmt.Errorf("loggen: unknown format %q", format)
	}
	var b []byte
	for n > 0 {
		b = next(b[:0])
		n -= int64(len(b))
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("loggen: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("loggen: %w", err)
	}
	return nil
}

// generator is the site.
type generator struct {
	rng  *rand.Rand
	now  time.Time
	open []*request
}

// request is one request in the making.
type request struct {
	route
	path   string
	id     string
	pid    int
	ip     string
	start  time.Time
	took   time.Duration
	status int
	step   int
	sql    int
}

type route struct {
	method, pattern, controller, action, format string
}

var routes = []route{
	{"GET", "/", "HomeController", "index", "html"},
	{"GET", "/users/%d", "UsersController", "show", "html"},
	{"GET", "/projects/%d/issues", "Projects::IssuesController", "index", "html"},
	{"GET", "/projects/%d/issues/%d", "Projects::IssuesController", "show", "html"},
	{"POST", "/projects/%d/issues", "Projects::IssuesController", "create", "html"},
	{"PUT", "/api/v2/pages/%d", "API::V2::PagesController", "update", "json"},
	{"GET", "/api/v2/pages/%d", "API::V2::PagesController", "show", "json"},
	{"POST", "/api/v2/pages", "API::V2::PagesController", "create", "json"},
	{"GET", "/admin/reports", "Admin::ReportsController", "index", "csv"},
	{"DELETE", "/sessions", "SessionsController", "destroy", "html"},
	{"GET", "/search", "SearchController", "index", "html"},
	{"GET", "/dossiers/%d.pdf", "DossiersController", "show", "pdf"},
}

var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
	"curl/8.5.0",
}

func (g *generator) request() *request {
	r := &request{route: routes[g.rng.IntN(len(routes))]}
	r.path = r.pattern
	switch {
	case r.action == "show" && r.controller == "Projects::IssuesController":
		r.path = fmt.Sprintf(r.pattern, g.rng.IntN(500), g.rng.IntN(90000))
	case len(r.pattern) > 2 && r.pattern != "/admin/reports" && r.pattern != "/sessions" && r.pattern != "/search" && r.pattern != "/api/v2/pages":
		r.path = fmt.Sprintf(r.pattern, g.rng.IntN(90000))
	}
	a, b := g.rng.Uint64(), g.rng.Uint64()
	r.id = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
	r.pid = 20000 + g.rng.IntN(4)*17
	r.ip = fmt.Sprintf("10.%d.%d.%d", g.rng.IntN(4), g.rng.IntN(256), g.rng.IntN(256))
	r.start = g.now
	r.took = time.Duration(g.rng.ExpFloat64()*80_000+2000) * time.Microsecond
	r.status = []int{200, 200, 200, 200, 200, 200, 302, 404, 422, 500}[g.rng.IntN(10)]
	r.sql = 1 + g.rng.IntN(5)
	return r
}

func (g *generator) tick() {
	g.now = g.now.Add(time.Duration(g.rng.IntN(3000)+100) * time.Microsecond)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
