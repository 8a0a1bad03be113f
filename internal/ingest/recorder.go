package ingest

import (
	"hash/maphash"
	"math"
	"strings"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/store"
)

// seed makes the hashes of this run. They never leave it.
var seed = maphash.MakeSeed()

// maxCache bounds every cache of a recorder: free text in paths and parameters
// must not grow it for ever.
const maxCache = 1 << 16

// recorder is the hall's ear at one log: it takes calls from a door, numbers
// what they name, and lays them into the store. One goroutine uses it.
type recorder struct {
	dict   *dictionary
	out    *store.Writer
	source uint16
	host   string // the file's host, when lines tell none
	series *seriesBook

	routes  *front   // hash(method, path) -> routed endpoint
	names   *front   // hash(controller, action) -> named endpoint
	values  *front   // hash(endpoint, key, value) -> index into texts
	texts   []string // folded values, texts[0] = "" for none
	labels  *front
	procs   *front
	pairs   map[[2]uint32]int64 // route -> named
	counts  []int64             // calls per label
	learned map[uint32]int      // calls of a named endpoint, for learning its routes
	dims    []dim
	folded  []byte
	dimHash uint64

	happenings []culprit.Happening
	open       int64
	jobs       int64
	calls      int64
	proxied    int64
	withID     int64               // requests that carry an id; jobs always do
	timeless   int64               // ended calls without a duration
	told       map[uint32]*toldSum // calls that carry their own memory figure
	rpcPlain   map[uint32]int64
	row        store.Row
}

func newRecorder(d *dictionary, w *store.Writer, series *seriesBook, source int, host string) *recorder {
	return &recorder{
		dict: d, out: w, source: uint16(source), host: host, series: series,
		routes: newFront(), names: newFront(), values: newFront(), texts: []string{""},
		labels: newFront(), procs: newFront(), learned: map[uint32]int{},
		pairs: map[[2]uint32]int64{}, rpcPlain: map[uint32]int64{}, told: map[uint32]*toldSum{},
	}
}

// Happening keeps what happened; a happening without host gets the file's.
func (r *recorder) Happening(h culprit.Happening) {
	if h.Host == "" {
		h.Host = r.host
	}
	r.happenings = append(r.happenings, h)
}

// Memory keeps a memory reading found in a log line.
func (r *recorder) Memory(s culprit.Series, at int64, b culprit.Bytes) {
	if s.Host == "" {
		s.Host = r.host
	}
	r.series.add(s, at, int64(b))
}

// Call lays one call into the store.
func (r *recorder) Call(c *culprit.Call) {
	if c.Start == 0 && c.End == 0 {
		return
	}
	r.calls++
	row := &r.row
	*row = store.Row{Row: casefile.Row{Unit: -1, Source: r.source, Offset: c.Offset}}
	r.times(c, row)
	row.Flags = flags(c)
	if c.Open {
		r.open++
	}
	row.Status = uint16(max(0, min(c.Status, math.MaxUint16)))
	ep := r.endpoint(c, row)
	row.Label = r.label(c, ep)
	if c.MemBytes > 0 {
		r.tell(ep, c.MemBytes)
	}
	row.Proc = r.proc(c)
	if len(c.User) > 0 {
		row.User = uint32(maphash.Bytes(seed, c.User)) | 1
	}
	if len(c.Client) > 0 {
		row.Client = uint32(maphash.Bytes(seed, c.Client)) | 1
	}
	if len(c.RequestID) > 0 {
		row.ID = maphash.Bytes(seed, c.RequestID) | 1
		if row.Flags&casefile.FlagJob == 0 {
			r.withID++
		}
	}
	r.count(row.Label)
	r.out.Add(row)
}

// toldSum adds up what the log itself says calls allocated.
type toldSum struct{ calls, sum, most int64 }

func (r *recorder) tell(ep uint32, bytes int64) {
	t := r.told[ep]
	if t == nil {
		t = &toldSum{}
		r.told[ep] = t
	}
	t.calls++
	t.sum += bytes
	t.most = max(t.most, bytes)
}

func (r *recorder) times(c *culprit.Call, row *store.Row) {
	row.Start, row.End = c.Start, c.End
	switch {
	case row.Start != 0:
	case c.Duration >= 0:
		row.Start = row.End - c.Duration
	case c.Truncated:
		// Only the end is known (a proxy that gave up): it began at least the
		// customary time-out of 60 s before.
		row.Start = row.End - 60_000_000
	default:
		row.Start = row.End
	}
	if c.Duration < 0 && !c.Open && !c.Truncated && c.Kind != culprit.CallTask && (c.Start == 0 || c.End == 0) {
		r.timeless++
	}
	if c.Kind == culprit.CallTask && row.End == 0 {
		row.End = row.Start + taskLength
	}
	if row.End < row.Start && !c.Open {
		row.End = row.Start
		if c.Duration > 0 {
			row.End = row.Start + c.Duration
		}
	}
}

func flags(c *culprit.Call) uint16 {
	var f uint16
	set := func(on bool, bit uint16) {
		if on {
			f |= bit
		}
	}
	set(c.Open, casefile.FlagOpen)
	set(c.Truncated, casefile.FlagTruncated)
	set(c.Ambiguous, casefile.FlagAmbiguous)
	set(c.Streamed, casefile.FlagStreamed)
	set(c.Enqueues, casefile.FlagEnqueues)
	set(c.Failed, casefile.FlagFailed)
	set(c.Kind == culprit.CallProxy, casefile.FlagProxy)
	set(c.Kind == culprit.CallJob || c.Kind == culprit.CallTask, casefile.FlagJob)
	return f
}

// endpoint numbers what the call executes: the controller's action or the job's
// class where known, else method and route.
func (r *recorder) endpoint(c *culprit.Call, row *store.Row) uint32 {
	switch {
	case c.Kind == culprit.CallJob || c.Kind == culprit.CallTask:
		r.jobs++
		return r.named(c, c.Name, nil)
	case c.Kind == culprit.CallProxy:
		r.proxied++
	}
	hasRoute := len(c.Path) > 0
	if hasRoute {
		row.Hash = uint32(routeHash(c)) | 1
	}
	switch {
	case len(c.Controller) > 0:
	case hasRoute:
		return r.route(c)
	default:
		return r.named(c, []byte(nobody), nil)
	}
	ep := r.named(c, c.Controller, c.Action)
	if hasRoute && r.learns(ep) {
		r.pairs[[2]uint32{r.route(c), ep}]++
	}
	return ep
}

// learns says whether this call of a named endpoint shall teach its route: all
// at first, then one in 64, since folding a path never seen before is dear.
func (r *recorder) learns(ep uint32) bool {
	r.learned[ep]++
	n := r.learned[ep]
	return n <= 64 || n&63 == 0
}

// foldNumbers copies a path without its query, numbers between slashes replaced
// by one byte that no path contains.
func foldNumbers(dst, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '?' || c == '#' {
			break
		}
		dst = append(dst, c)
		if c != '/' {
			continue
		}
		j := i + 1
		for j < len(path) && path[j] >= '0' && path[j] <= '9' {
			j++
		}
		if j > i+1 && (j == len(path) || path[j] == '/' || path[j] == '?') {
			dst = append(dst, 1)
			i = j - 1
		}
	}
	return dst
}

func routeHash(c *culprit.Call) uint64 {
	return maphash.Bytes(seed, c.Path) ^ maphash.Bytes(seed, c.Method)*31
}

// route numbers a call by its method and folded path. Most paths differ in
// numbers only, so the cache is asked with those taken out.
func (r *recorder) route(c *culprit.Call) uint32 {
	r.folded = foldNumbers(r.folded[:0], c.Path)
	sum := maphash.Bytes(seed, r.folded) ^ maphash.Bytes(seed, c.Method)*31
	if id, ok := r.routes.get(sum); ok {
		return id
	}
	id := r.dict.routed(string(c.Method), c.Path)
	r.routes.put(sum, id)
	return id
}

func (r *recorder) named(c *culprit.Call, first, second []byte) uint32 {
	sum := maphash.Bytes(seed, first) ^ maphash.Bytes(seed, second)*3 + uint64(c.Kind)
	if id, ok := r.names.get(sum); ok {
		return id
	}
	name := string(first)
	if len(second) > 0 {
		name += "#" + string(second)
	}
	id := r.dict.named(r.dict.kindOf(c), name)
	r.names.put(sum, id)
	return id
}

func (r *recorder) proc(c *culprit.Call) uint32 {
	host := c.Host
	if c.Kind == culprit.CallTask {
		// cron's own pid is not the command's: only the host is known.
		c.PID = 0
	}
	sum := maphash.Bytes(seed, host) ^ uint64(c.PID)*0x9e3779b97f4a7c15
	if len(c.Upstream) > 0 {
		sum ^= maphash.Bytes(seed, c.Upstream) * 5
	}
	if id, ok := r.procs.get(sum); ok {
		return id
	}
	name, other := string(host), string(c.Upstream)
	if name == "" {
		name = r.host
	}
	if name == "" && other != "" {
		name = upstreamPrefix + other
	}
	if r.host != "" && (other == "" || isAddress(other)) {
		other = r.host
	}
	if other == name {
		other = ""
	}
	id := r.dict.proc(name, other, c.PID)
	r.procs.put(sum, id)
	return id
}

// isAddress holds for what names a server by number and not by name.
func isAddress(upstream string) bool {
	return upstream[0] == '[' || upstream[0]-'0' < 10 || strings.HasPrefix(upstream, "unix:")
}

// upstreamPrefix marks a host that is known by its address behind a proxy only.
const upstreamPrefix = "upstream:"

func (r *recorder) count(label uint32) {
	for int(label) >= len(r.counts) {
		r.counts = append(r.counts, make([]int64, int(label)+64-len(r.counts))...)
	}
	r.counts[label]++
}

// close hands what the recorder counted to the dictionary.
func (r *recorder) close() error {
	for pair, n := range r.pairs {
		r.dict.leadsTo(pair[0], pair[1], n)
	}
	r.dict.mu.Lock()
	for i, n := range r.counts {
		if n > 0 {
			r.dict.labels[i].calls += n
		}
	}
	r.dict.mu.Unlock()
	return r.out.Close()
}
