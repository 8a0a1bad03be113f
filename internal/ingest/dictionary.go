package ingest

import (
	"strings"
	"sync"

	"culprit"
)

// maxLabels bounds the combinations of dimensions that are told apart. Beyond
// it a call keeps its endpoint and loses its parameters; the report says so.
const maxLabels = 40_000

// dim is one dimension of a call: its format, its operation or a parameter.
type dim struct{ key, value string }

// endpoint is what a call is an execution of.
type endpoint struct {
	kind  string // "endpoint", "job", "task"
	name  string // "Controller#action" or the class, "" when only the route is known
	verb  string
	route routePath
}

// label is one combination of an endpoint and its dimensions.
type label struct {
	endpoint uint32
	dims     []dim
	calls    int64
}

// keyTable counts the different values of one parameter of one endpoint.
type keyTable struct {
	values   map[string]bool
	overflow bool
}

// dictionary numbers endpoints, labels and processes for all files of a
// run. Recorders keep caches in front of it, so its lock is taken for new
// things only.
type dictionary struct {
	mu        sync.Mutex
	tree      *routeTree
	endpoints []endpoint
	byName    map[string]uint32
	labels    []label
	byLabel   map[string]uint32
	keys      map[string]*keyTable
	procs     []proc
	byProc    map[proc]uint32
	// routeOf counts which controller#action a method and route led to, so that
	// calls that only a proxy saw can be named like the application names them.
	routeOf map[uint32]map[uint32]int64
	// overflowed is set when labels had to drop dimensions.
	overflowed bool
}

// proc is a process as a log names it; pid 0 = not told. other is a second host
// that its calls tell, if any: the server behind a proxy, or the machine that
// the file lies under where its lines name another.
type proc struct {
	host, other string
	pid         int
}

func newDictionary() *dictionary {
	return &dictionary{
		tree: newRouteTree(), byName: map[string]uint32{}, byLabel: map[string]uint32{},
		keys: map[string]*keyTable{}, byProc: map[proc]uint32{}, routeOf: map[uint32]map[uint32]int64{},
	}
}

func (d *dictionary) proc(host, other string, pid int) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := proc{host: host, pid: pid, other: other}
	if id, ok := d.byProc[p]; ok {
		return id
	}
	id := uint32(len(d.procs))
	d.procs = append(d.procs, p)
	d.byProc[p] = id
	return id
}

// named numbers an endpoint that the log names itself.
func (d *dictionary) named(kind, name string) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.endpointID(kind+"\x00"+name, endpoint{kind: kind, name: name})
}

// routed numbers an endpoint known by method and path only.
func (d *dictionary) routed(verb string, path []byte) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	route := d.tree.add(path)
	key := "route\x00" + verb + "/" + strings.Join(route, "/")
	return d.endpointID(key, endpoint{kind: "endpoint", verb: verb, route: route})
}

func (d *dictionary) endpointID(key string, e endpoint) uint32 {
	if id, ok := d.byName[key]; ok {
		return id
	}
	id := uint32(len(d.endpoints))
	d.endpoints = append(d.endpoints, e)
	d.byName[key] = id
	return id
}

// value numbers nothing: it says whether a folded value of a parameter is one
// of few and therefore a dimension.
func (d *dictionary) value(ep uint32, key, value string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := string([]byte{byte(ep), byte(ep >> 8), byte(ep >> 16)}) + key
	t := d.keys[k]
	if t == nil {
		if len(d.keys) > maxLabels {
			return false
		}
		t = &keyTable{values: map[string]bool{}}
		d.keys[k] = t
	}
	if t.values[value] {
		return true
	}
	if len(t.values) >= maxValues {
		t.overflow = true
		return false
	}
	t.values[value] = true
	return true
}

// overflowing tells whether a parameter turned out to have too many values.
func (d *dictionary) overflowing(ep uint32, key string) bool {
	t := d.keys[string([]byte{byte(ep), byte(ep >> 8), byte(ep >> 16)})+key]
	return t != nil && t.overflow
}

func (d *dictionary) label(ep uint32, dims []dim) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.labels) >= maxLabels && len(dims) > 0 {
		d.overflowed = true
		dims = nil
	}
	key := []byte{byte(ep), byte(ep >> 8), byte(ep >> 16)}
	for _, x := range dims {
		key = append(append(append(append(key, 0), x.key...), 1), x.value...)
	}
	if id, ok := d.byLabel[string(key)]; ok {
		return id
	}
	id := uint32(len(d.labels))
	d.labels = append(d.labels, label{endpoint: ep, dims: append([]dim(nil), dims...)})
	d.byLabel[string(key)] = id
	return id
}

// leadsTo notes that calls by a route were executions of a named endpoint.
func (d *dictionary) leadsTo(route, named uint32, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.routeOf[route]
	if m == nil {
		m = map[uint32]int64{}
		d.routeOf[route] = m
	}
	m[named] += n
}

// alias gives the named endpoint that a routed one is, or the endpoint itself.
// Nine in ten calls of the route must have gone there: a route that leads to
// several actions stays a route.
func (d *dictionary) alias(ep uint32) uint32 {
	var best uint32
	var bestN, total int64
	for named, n := range d.routeOf[ep] {
		total += n
		if n > bestN || (n == bestN && named < best) {
			best, bestN = named, n
		}
	}
	if total == 0 || bestN*10 < total*9 {
		return ep
	}
	return best
}

// nobody is the name of a request of which only the end is known.
const nobody = "(unnamed)"

func (d *dictionary) unnamed(label uint32) bool {
	return d.endpoints[d.labels[label].endpoint].name == nobody
}

// title is the endpoint's name in reports.
func (d *dictionary) title(ep uint32) string {
	e := d.endpoints[ep]
	if e.name != "" {
		return e.name
	}
	verb := e.verb
	if verb == "" {
		verb = "GET"
	}
	return verb + " " + d.tree.name(e.route)
}

func (d *dictionary) kindOf(c *culprit.Call) string {
	switch c.Kind {
	case culprit.CallJob:
		return "job"
	case culprit.CallTask:
		return "task"
	default:
		return "endpoint"
	}
}
