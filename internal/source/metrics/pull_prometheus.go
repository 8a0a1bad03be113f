package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit"
)

// Prometheus refuses more than 11,000 points per series in one range query
// (prometheus/prometheus web/api/v1/api.go).
const promPoints = 10_000

// promQueries are ready-made; MATCH stands for the matchers that the address
// adds (?match=namespace="shop").
//
// Exporters tell their own resident set, too. They are programs in Go, Python,
// Java or JavaScript and say so, which no Ruby process does: they are left out,
// or a node_exporter would be taken for the server it watches.
//
// The probe is one metric of each: its sample count tells the scrape interval.
var promQueries = []struct{ what, probe, query string }{
	{"processes", "process_resident_memory_bytes", `process_resident_memory_bytes{MATCH} unless on (instance, job) {__name__=~"go_info|go_goroutines|python_info|jvm_info|jvm_memory_bytes_used|nodejs_version_info|php_info"}`},
	{"Ruby processes", "ruby_rss", `{__name__=~"ruby_rss|ruby_heap_live_slots|ruby_heap_free_slots|ruby_gc_stat_heap_live_slots|ruby_gc_stat_heap_free_slots|ruby_process_resident_memory_bytes|ruby_process_proportional_memory_bytes|ruby_process_unique_memory_bytes",MATCH}`},
	{"process groups", "namedprocess_namegroup_memory_bytes", `namedprocess_namegroup_memory_bytes{memtype="resident",MATCH}`},
	{"processes by Telegraf", "procstat_memory_rss", `{__name__=~"procstat_memory_(rss|pss|uss|swap|anonymous)",MATCH}`},
	{"containers", "container_memory_working_set_bytes", `{__name__=~"container_memory_(working_set_bytes|rss|cache|usage_bytes)",container!="",container!="POD",MATCH}`},
	{"containers of Docker", "container_memory_working_set_bytes", `{__name__=~"container_memory_(working_set_bytes|rss|cache|usage_bytes)",container="",name!="",MATCH}`},
	{"hosts", "node_memory_MemTotal_bytes", `{__name__=~"node_memory_(MemTotal|MemFree|MemAvailable|Buffers|Cached|SReclaimable)(_bytes)?",MATCH}`},
	{"hosts by Telegraf", "mem_used", `{__name__=~"mem_(used|cached|buffered|total|available)",MATCH}`},
}

// PullPrometheus reads memory series of processes, containers and hosts from a
// running Prometheus, or anything that speaks its query API (Thanos, Mimir,
// VictoriaMetrics): prometheus/prometheus docs/querying/api.md. The address may
// carry user and password, ?token= and ?match= (label matchers); the token may
// stand in CULPRIT_PROMETHEUS_TOKEN.
func PullPrometheus(ctx context.Context, rawURL string, opt PullOptions, sink Sink) (Result, error) {
	s, q, err := newServer(rawURL, "prometheus", opt)
	if err != nil {
		return Result{Format: "prometheus"}, err
	}
	s.hint = "give them as http://USER:PASSWORD@HOST, ?token= or in CULPRIT_PROMETHEUS_TOKEN"
	token := q.Get("token")
	if token == "" {
		token = os.Getenv("CULPRIT_PROMETHEUS_TOKEN")
	}
	if token != "" {
		s.keep(token)
		s.auth = "Bearer " + token
	}
	for _, page := range []string{"/graph", "/query", "/api/v1"} {
		s.base.Path = strings.TrimSuffix(s.base.Path, page)
	}
	o := newOut(ctx, Options{}, sink)
	p := &promPull{s: s, o: o, opt: opt, match: q.Get("match"), book: newLabelBook(o)}
	err = p.hello(ctx)
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		o.res.Format, o.res.Bytes = "prometheus", s.bytes
		return o.res, err
	}
	p.book.close()
	return pullResult(o, s, "prometheus", "does it scrape process_resident_memory_bytes, container_memory_* or node_memory_*, and does it keep data that old?", p.opt)
}

type promPull struct {
	s     *server
	o     *out
	opt   PullOptions
	match string
	book  *labelBook
}

// hello asks for nothing, to see that it is a Prometheus and what its clock says.
func (p *promPull) hello(ctx context.Context) error {
	res, err := p.s.get(ctx, "/api/v1/query", url.Values{"query": {"1"}})
	if err != nil {
		return err
	}
	if err := p.s.check(res, "Prometheus query API"); err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read or useless
	var answer struct{ Status string }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&answer); err != nil || answer.Status == "" {
		return fmt.Errorf("%s: not an answer of Prometheus; does the address need a path?", p.s)
	}
	return p.opt.fill(res)
}

func (p *promPull) run(ctx context.Context) error {
	for _, ready := range promQueries {
		query := p.fill(ready.query)
		n, err := p.count(ctx, query)
		if err != nil {
			return fmt.Errorf("%s: %w", ready.what, err)
		}
		if n == 0 {
			continue
		}
		if n > manySeries {
			p.o.warn("%d series of %s; narrow them with ?match=, as in ?match=namespace=%%22shop%%22", n, ready.what)
		}
		step := p.step(ctx, ready.probe)
		for _, w := range windows(p.opt.From, p.opt.To, step*promPoints) {
			if err := p.window(ctx, query, w, step); err != nil {
				return fmt.Errorf("%s: %w", ready.what, err)
			}
		}
	}
	return nil
}

// manySeries is worth a warning: a whole Kubernetes cluster instead of one application.
const manySeries = 2000

func (p *promPull) fill(query string) string {
	if p.match == "" {
		return strings.NewReplacer(",MATCH", "", "MATCH", "").Replace(query)
	}
	return strings.ReplaceAll(query, "MATCH", strings.Trim(p.match, "{}"))
}

// count asks how many series there are: at the end, in the middle and at the
// begin of the time, so that one that came or went is seen.
func (p *promPull) count(ctx context.Context, query string) (int, error) {
	span := p.opt.To.Sub(p.opt.From)
	most := 0
	for i := range 9 {
		at := p.opt.To.Add(-span * time.Duration(i) / 8)
		v, err := p.number(ctx, "count("+query+")", at)
		if err != nil {
			return 0, err
		}
		if most = max(most, int(v)); most > 0 {
			break
		}
	}
	return most, nil
}

// step is the time between scrapes, so that no value is asked for twice, unless
// somebody chose.
func (p *promPull) step(ctx context.Context, probe string) time.Duration {
	if p.opt.Step > 0 {
		return p.opt.Step
	}
	query := p.fill(probe+"{MATCH}") + "[10m]"
	for _, at := range []time.Time{p.opt.To, p.opt.From.Add(p.opt.To.Sub(p.opt.From) / 2), p.opt.From.Add(10 * time.Minute)} {
		if gap := p.gap(ctx, query, at); gap > 0 {
			return max(time.Second, gap.Round(time.Second))
		}
	}
	return 15 * time.Second
}

// gap is the median time between raw samples, 0 when there are none. It is
// only a hint: whatever goes wrong here shows in the query itself.
func (p *promPull) gap(ctx context.Context, query string, at time.Time) time.Duration {
	res, err := p.s.get(ctx, "/api/v1/query", url.Values{"query": {query}, "time": {promTime(at)}})
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }() // read as far as wanted
	g := &gapSink{last: map[culprit.Series]int64{}}
	o := newOut(ctx, Options{}, g)
	book := newLabelBook(o)
	_ = promAnswers(io.LimitReader(res.Body, 1<<20), o, book) // cut answers are enough
	book.close()
	if len(g.gaps) == 0 {
		return 0
	}
	slices.Sort(g.gaps)
	return time.Duration(g.gaps[len(g.gaps)/2]) * time.Microsecond
}

// gapSink looks at times only.
type gapSink struct {
	last   map[culprit.Series]int64
	series []culprit.Series
	gaps   []int64
}

func (g *gapSink) Series(s culprit.Series) int {
	g.series = append(g.series, s)
	return len(g.series) - 1
}

func (g *gapSink) Sample(series int, at, _ int64) {
	s := g.series[series]
	if last := g.last[s]; last > 0 && at > last && len(g.gaps) < 10_000 {
		g.gaps = append(g.gaps, at-last)
	}
	g.last[s] = at
}

func (g *gapSink) Collapsed(int, int) {}

// number asks for one figure at one instant, 0 when there is none.
func (p *promPull) number(ctx context.Context, query string, at time.Time) (float64, error) {
	res, err := p.s.get(ctx, "/api/v1/query", url.Values{"query": {query}, "time": {promTime(at)}})
	if err != nil {
		return 0, err
	}
	if err := p.s.check(res, "Prometheus query API"); err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // read to its end or useless
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Value [2]json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer); err != nil {
		return 0, fmt.Errorf("%s: not an answer of Prometheus: %w; does the address need a path?", p.s, err)
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s: %w: %.200s", p.s, errServer, p.s.clean(answer.Error))
	}
	if len(answer.Data.Result) == 0 {
		return 0, nil
	}
	var text string
	if err := json.Unmarshal(answer.Data.Result[0].Value[1], &text); err != nil {
		return 0, fmt.Errorf("%s: not an answer of Prometheus: %w", p.s, err)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: not an answer of Prometheus: %w", p.s, err)
	}
	return v, nil
}

// window asks for one part of the time. Ends are exclusive, or the value at a
// border would come twice.
func (p *promPull) window(ctx context.Context, query string, w [2]time.Time, step time.Duration) error {
	end := w[1]
	if end.Before(p.opt.To) {
		end = end.Add(-time.Millisecond)
	}
	res, err := p.s.get(ctx, "/api/v1/query_range", url.Values{
		"query": {query}, "start": {promTime(w[0])}, "end": {promTime(end)},
		"step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
	if err != nil {
		return err
	}
	if err := p.s.check(res, "Prometheus query API"); err != nil {
		return err
	}
	err = promAnswers(res.Body, p.o, p.book)
	if cerr := res.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%s: %w", p.s, err)
	}
	return err
}

func promTime(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}
