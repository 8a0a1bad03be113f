package ingest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/source/input"
	"culprit/internal/source/metrics"
	"culprit/internal/store"
)

// ErrNothing is returned when no input could be used at all.
var ErrNothing = errors.New("nothing to investigate: no input was understood")

// memoryForRows is what calls may take in memory before they go to disk: with
// the dictionary and the doors' blocks a 10 GB log stays within 500 MB.
const memoryForRows = 160 << 20

// Options of a run. Zero values are defaults.
type Options struct {
	Formats    map[string]string // path -> format name
	HostFrom   *regexp.Regexp    // host out of a path, before the built-in rules
	Location   *time.Location    // of stamps without zone
	From, To   time.Time         // only what overlaps this is looked at
	Deploys    string            // file of "time text"
	Crontab    string
	Influx     []string // live sources
	Prometheus []string
	Progress   Progress // may be nil

	rowMemory int64 // what calls may take in memory, default memoryForRows
}

// Progress is told how far reading has come.
type Progress interface {
	Total(bytes int64)
	Read(bytes int64)
	Stage(name string)
}

// Docket is the joined case with everything the report says about its inputs.
type Docket struct {
	Case     *casefile.Case
	Inputs   []culprit.Input
	Coverage culprit.Coverage
	Warnings []string
	// PlainRPC lists endpoints that look like one door for many operations while
	// the log does not say which: GraphQL, JSON-RPC.
	PlainRPC []string
	// Enqueuers are endpoints that only put jobs on queues; Streamers those whose
	// body was produced after the logged end; as suspect indexes.
	Enqueuers, Streamers map[int32]bool
	// Told is what the log itself says calls allocated.
	Told []Told

	store *store.Store
	files []input.File
	fault *error
}

// Fault tells whether calls at rest could not be read back while the case was
// used. A verdict reached with fewer calls must not be shown.
func (d *Docket) Fault() error {
	if *d.fault == nil {
		return nil
	}
	return fmt.Errorf("calls at rest are lost: %w; hint: the disk of the temporary folder (TMPDIR) fails", *d.fault)
}

// Told is a log's own memory figure, added up over the calls of an endpoint.
type Told struct {
	Name             string
	Calls, Sum, Most int64 // bytes
}

// Close frees temporary files.
func (d *Docket) Close() error { return d.store.Close() }

// Build reads everything and joins it.
func Build(ctx context.Context, files []input.File, problems []input.Problem, opt Options) (*Docket, error) {
	if opt.rowMemory == 0 {
		opt.rowMemory = memoryForRows
	}
	h := &hall{
		opt: opt, dict: newDictionary(), book: newSeriesBook(),
		store: store.New(opt.rowMemory, ""), progress: opt.Progress,
	}
	if h.progress == nil {
		h.progress = silent{}
	}
	for _, p := range problems {
		h.inputs = append(h.inputs, problemInput(p))
	}
	if err := h.readAll(ctx, files); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	if err := h.pull(ctx); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	if err := h.extraFiles(); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	d, err := h.join()
	if err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	return d, nil
}

type hall struct {
	fault    error // calls that could not be laid down or read back
	opt      Options
	dict     *dictionary
	book     *seriesBook
	store    *store.Store
	progress Progress

	files        []input.File
	inputs       []culprit.Input
	sources      []sourceFacts // by row source number
	happenings   []culprit.Happening
	warnings     []string
	open         int64
	durationless int64
	jobs         int64
	calls        int64
	proxied      int64
	rpcPlain     map[uint32]int64
	told         map[uint32]*toldSum
}

// sourceFacts is what the hall must know of a log to prefer one account of a
// request to another.
type sourceFacts struct {
	format string
	told   string // format and what its lines carry: logs alike never repeat one another
	ranks  [2]int // of the application's calls and of a proxy's; 0 = best account
	score  int
	calls  int64
	// proxied is how many of the calls something in front of the application
	// logged: on Heroku router and application write into one stream.
	proxied int64
	withID  int64
	host    string
	// content is the same for copies of one log.
	content string
}

func (s *sourceFacts) rank(flags uint16) int {
	if flags&casefile.FlagProxy != 0 {
		return s.ranks[1]
	}
	return s.ranks[0]
}

type silent struct{}

func (silent) Total(int64)  {}
func (silent) Read(int64)   {}
func (silent) Stage(string) {}

func problemInput(p input.Problem) culprit.Input {
	w := p.Err.Error()
	if p.Hint != "" {
		w += "; hint: " + p.Hint
	}
	return culprit.Input{Path: p.Path, Kind: "unknown", Warnings: []string{w}}
}

// pull asks the live servers.
func (h *hall) pull(ctx context.Context) error {
	opt := metrics.PullOptions{From: h.opt.From, To: h.opt.To}
	if opt.From.IsZero() || opt.To.IsZero() {
		first, last := h.logSpan()
		if first > 0 {
			opt.From, opt.To = time.UnixMicro(first), time.UnixMicro(last)
		}
	}
	type puller func(context.Context, string, metrics.PullOptions, metrics.Sink) (metrics.Result, error)
	do := func(url, kind string, pull puller) error {
		h.progress.Stage("asking " + kind)
		res, err := pull(ctx, url, opt, &ear{book: h.book})
		if err != nil {
			return err
		}
		h.inputs = append(h.inputs, metricsInput(kind+" (live)", "", res))
		return nil
	}
	for _, u := range h.opt.Influx {
		if err := do(u, "influxdb", metrics.PullInflux); err != nil {
			return fmt.Errorf("pull memory series: %w", err)
		}
	}
	for _, u := range h.opt.Prometheus {
		if err := do(u, "prometheus", metrics.PullPrometheus); err != nil {
			return fmt.Errorf("pull memory series: %w", err)
		}
	}
	return nil
}

// logSpan is the first and last stamp of all logs read.
func (h *hall) logSpan() (int64, int64) {
	var first, last int64
	for _, in := range h.inputs {
		if in.Kind == "memory" || in.First.IsZero() {
			continue
		}
		a, b := in.First.UnixMicro(), in.Last.UnixMicro()
		if first == 0 || a < first {
			first = a
		}
		last = max(last, b)
	}
	return first, last
}

// proxyScore is what an account loses for being a proxy's: it knows no process.
const proxyScore = 8

// rankSources orders the logs by how well they tell a request: the best account
// of one request is kept, the others only confirm it. What a proxy wrote in a
// log ranks apart from what the application wrote there.
func (h *hall) rankSources() int {
	type account struct {
		source, side, score int
		told                string
	}
	var order []account
	copies := map[string]int{}
	for i, s := range h.sources {
		if s.calls == 0 {
			continue // a series, or a log without calls: nobody's account
		}
		if n := copies[s.content]; n > 0 {
			s.told += fmt.Sprintf(" copy %d", n)
		}
		copies[s.content]++
		if s.proxied == 0 || s.calls > s.proxied {
			order = append(order, account{i, 0, s.score, s.told})
		}
		if s.proxied > 0 {
			order = append(order, account{i, 1, s.score - proxyScore, s.told + " proxy"})
		}
	}
	slices.SortStableFunc(order, func(x, y account) int {
		if x.score != y.score {
			return y.score - x.score
		}
		return orderOf(x.told, y.told)
	})
	rank := 0
	for i, a := range order {
		if i > 0 && a.told != order[i-1].told {
			rank++
		}
		h.sources[a.source].ranks[a.side] = rank
	}
	return rank + 1
}

func orderOf(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
