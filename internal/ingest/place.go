package ingest

import (
	"slices"
	"strings"

	"culprit"
	"culprit/internal/casefile"
)

// placer puts calls on units: first the host names of logs are matched with
// those of the series, then pids with incarnations.
type placer struct {
	units   []casefile.Unit
	hosts   []string
	hostIdx map[string]int
	alias   map[string]string // host in a log -> host in the series
	behind  map[string]string // the other host of a call -> host in the series
	guess   map[string]string // as alias, for hosts that no name led to
	byProc  map[proc][]int32  // incarnations by host and pid
	byPID   map[int][]int32
	byHost  map[string][]int32
	level   culprit.Level
	places  []place // by process number, after resolve
}

func newPlacer(units []casefile.Unit, level culprit.Level) *placer {
	p := &placer{
		units: units, hostIdx: map[string]int{}, alias: map[string]string{}, behind: map[string]string{}, guess: map[string]string{}, level: level,
		byProc: map[proc][]int32{}, byPID: map[int][]int32{}, byHost: map[string][]int32{},
	}
	for i, u := range units {
		k := proc{host: u.Process.Host, pid: u.Process.PID}
		p.byProc[k] = append(p.byProc[k], int32(i))
		p.byPID[u.Process.PID] = append(p.byPID[u.Process.PID], int32(i))
		p.byHost[u.Process.Host] = append(p.byHost[u.Process.Host], int32(i))
		if _, ok := p.hostIdx[u.Process.Host]; !ok {
			p.hostIdx[u.Process.Host] = len(p.hosts)
			p.hosts = append(p.hosts, u.Process.Host)
		}
	}
	return p
}

// shortName is a host's first label in lower case, without port:
// "Web3.example.org:9100" -> "web3". Dynos keep their number: "web.1".
func shortName(host string) string {
	host = strings.ToLower(host)
	if name, port, ok := strings.Cut(host, ":"); ok && name != "" && !strings.Contains(port, ":") && isNumber(port) {
		host = name
	}
	i := strings.IndexByte(host, '.')
	if i > 0 && strings.Trim(host, "0123456789.:") != "" && !isNumber(host[i+1:]) {
		host = host[:i]
	}
	return host
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// bareName leaves letters and digits: "web.1", "web-1" and "web1" are often one.
func bareName(host string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, shortName(host))
}

// align matches the hosts of the logs with those of the series: by name, then
// by the other host that their calls tell, then by the pids they share, then by
// there being only one left on both sides.
func (p *placer) align(procs []proc, upstreams map[string]string) {
	inSeries := map[string]string{}
	for _, h := range p.hosts {
		inSeries[shortName(h)] = h
	}
	taken := map[string]bool{}
	bare := p.bareNames()
	inSeriesAs := func(name string) (string, bool) {
		s, ok := inSeries[shortName(name)]
		if !ok {
			s, ok = bare[bareName(name)]
		}
		return s, ok && s != ""
	}
	var rest []string
	for _, h := range logHosts(procs) {
		name := h
		if a := upstreams[h]; a != "" {
			name = a
		}
		if s, ok := inSeriesAs(name); ok {
			p.alias[h], taken[s] = s, true
		} else if !p.standBehind(h, procs, inSeriesAs, taken) {
			rest = append(rest, h)
		}
	}
	var unnamed []string
	for _, h := range rest {
		if s := p.sharedPIDs(h, procs, taken); s != "" {
			p.guess[h], taken[s] = s, true
			continue
		}
		unnamed = append(unnamed, h)
	}
	var free []string
	for _, h := range p.hosts {
		if !taken[h] {
			free = append(free, h)
		}
	}
	if len(unnamed) == 1 && len(free) == 1 {
		p.guess[unnamed[0]] = free[0]
	}
	if len(unnamed) == 1 && len(p.hosts) == 1 {
		p.guess[unnamed[0]] = p.hosts[0]
	}
}

// bareNames indexes the series' hosts by bareName; "" for one that two share.
func (p *placer) bareNames() map[string]string {
	names := map[string]string{}
	for _, h := range p.hosts {
		n := bareName(h)
		if _, twice := names[n]; twice {
			h = ""
		}
		names[n] = h
	}
	return names
}

// standBehind places the calls of a host that no series knows (a balancer, a
// container, a virtual host) by the other host they tell: the server behind the
// proxy, or the machine that their file lies under. It reports whether all
// could be placed so.
func (p *placer) standBehind(host string, procs []proc, find func(string) (string, bool), taken map[string]bool) bool {
	all := true
	for _, q := range procs {
		if q.host != host {
			continue
		}
		s, ok := "", false
		if q.other != "" {
			s, ok = find(q.other)
		}
		if !ok {
			all = false
			continue
		}
		p.behind[q.other], taken[s] = s, true
	}
	return all
}

// hostOf is the host in the series of a process in a log.
func (p *placer) hostOf(q proc) (string, bool) {
	if h, ok := p.alias[q.host]; ok {
		return h, true
	}
	if h, ok := p.behind[q.other]; ok {
		return h, true
	}
	h, ok := p.guess[q.host]
	return h, ok
}

func logHosts(procs []proc) []string {
	seen := map[string]bool{}
	var hosts []string
	for _, q := range procs {
		if !seen[q.host] {
			seen[q.host] = true
			hosts = append(hosts, q.host)
		}
	}
	slices.Sort(hosts)
	return hosts
}

// sharedPIDs finds the one series host that knows at least half of the pids a
// log host names, and more of them than any other.
func (p *placer) sharedPIDs(host string, procs []proc, taken map[string]bool) string {
	shared := map[string]int{}
	total := 0
	for _, q := range procs {
		if q.host != host || q.pid == 0 {
			continue
		}
		total++
		for _, u := range p.byPID[q.pid] {
			if h := p.units[u].Process.Host; !taken[h] {
				shared[h]++
			}
		}
	}
	best, second := "", 0
	for h, n := range shared {
		if best == "" || n > shared[best] || (n == shared[best] && h < best) {
			best, second = h, max(second, shared[best])
		} else {
			second = max(second, n)
		}
	}
	if best == "" || shared[best]*2 < total || shared[best] == second {
		return ""
	}
	return best
}

// unit finds the unit of a call by its process and start.
func (p *placer) unit(q proc, start int64) int32 {
	us, otherwise := p.candidates(q)
	if len(us) == 0 {
		return otherwise
	}
	return pick(p.units, us, start)
}

// candidates are the incarnations that a process of a log may be; without any,
// otherwise says where its calls go.
func (p *placer) candidates(q proc) (us []int32, otherwise int32) {
	host, known := p.hostOf(q)
	if p.level == culprit.LevelHost {
		if !known {
			return nil, casefile.Unplaced
		}
		return p.byHost[host], casefile.Unplaced
	}
	if q.pid == 0 {
		if known {
			return nil, casefile.OnHost(p.hostIdx[host])
		}
		return nil, casefile.Unplaced
	}
	if known {
		return p.byProc[proc{host: host, pid: q.pid}], casefile.Unplaced
	}
	us = p.byPID[q.pid]
	if len(us) > 1 && p.units[us[0]].Process.Host != p.units[us[len(us)-1]].Process.Host {
		return nil, casefile.Unplaced
	}
	return us, casefile.Unplaced
}

// resolve looks every process up once: most are one incarnation for ever, and a
// pass over a hundred million calls must not ask four maps about each.
func (p *placer) resolve(procs []proc) {
	p.places = make([]place, len(procs))
	for i, q := range procs {
		us, otherwise := p.candidates(q)
		switch len(us) {
		case 0:
			p.places[i].fixed = otherwise
		case 1:
			p.places[i].fixed = us[0]
		default:
			p.places[i].several = us
		}
	}
}

// place is where the calls of one process go.
type place struct {
	several []int32
	fixed   int32
}

// at places a call by the number of its process.
func (p *placer) at(id uint32, start int64) int32 {
	w := &p.places[id]
	if w.several != nil {
		return pick(p.units, w.several, start)
	}
	return w.fixed
}

// pick chooses the incarnation that lived at an instant, or the nearest one.
func pick(units []casefile.Unit, us []int32, at int64) int32 {
	if len(us) == 1 {
		return us[0]
	}
	best, bestGap := casefile.Unplaced, int64(1)<<62
	for _, u := range us {
		pts := units[u].Points
		a, b := pts[0].At, pts[len(pts)-1].At
		gap := max(a-at, at-b, 0)
		if gap < bestGap {
			best, bestGap = u, gap
		}
	}
	return best
}

// share of calls that carry a pid with a series: decides the level.
func pidShare(d *dictionary, byProc map[uint32]int64, units []casefile.Unit) float64 {
	p := newPlacer(units, culprit.LevelProcess)
	p.align(d.procs, nil)
	var hit, total int64
	for id, n := range byProc {
		total += n
		if p.unit(d.procs[id], 0) >= 0 {
			hit += n
		}
	}
	if total == 0 {
		return 0
	}
	return float64(hit) / float64(total)
}

// fleets tells which units are look-alikes: those that serve the same kind of
// work. A unit without calls is nobody's look-alike.
func fleets(units []casefile.Unit, web, jobs []int64) {
	for i := range units {
		switch {
		case web[i] > 0 && web[i] >= jobs[i]:
			units[i].Fleet = "web"
		case jobs[i] > 0:
			units[i].Fleet = "job"
		}
		if units[i].Process.Role == "" && units[i].Fleet != "" {
			units[i].Process.Role = map[string]string{"web": "worker", "job": "job"}[units[i].Fleet]
		}
	}
}
