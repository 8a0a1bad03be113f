package ingest

import (
	"cmp"
	"slices"
	"strings"

	"culprit/internal/casefile"
	"culprit/internal/store"
)

// flagDropped marks a row that another log tells better. It never leaves the hall.
const flagDropped uint16 = 1 << 15

// twinTolerance is how far apart the ends of one request may stand in two logs
// when no request id joins them: clocks of one host and buffering, 2 s.
const twinTolerance = 2_000_000

// dedupeSlice is the number of application calls whose keys are held at once.
const dedupeSlice = 4_000_000

type twin struct {
	start, end int64
	id         uint64
	proc       uint32
	status     uint16
	used       bool
}

// joins is what a look for second accounts found.
type joins struct {
	calls, jobs int64
	upstreams   map[string]string // address behind a proxy -> host
}

// dedupe drops the accounts of one rank of logs where a better ranked log tells
// the same request, and learns which address behind a proxy is which host.
func dedupe(st *store.Store, d *dictionary, sources []sourceFacts, rank int, calls int64) (joins, error) {
	parts := uint64(calls/dedupeSlice + 1)
	votes := map[[2]uint32]int64{}
	var j joins
	for part := range parts {
		keys, err := betterAccounts(st, sources, rank, part, parts)
		if err != nil {
			return j, err
		}
		if err := keys.compareIDs(st, sources, rank); err != nil {
			return j, err
		}
		err = st.Update(func(rows []store.Row) {
			for i := range rows {
				r := &rows[i]
				if sources[r.Source].rank(r.Flags) != rank || r.Flags&flagDropped != 0 {
					continue
				}
				if t := keys.match(r, d); t != nil {
					t.used = true
					r.Flags |= flagDropped
					j.calls++
					if r.Flags&casefile.FlagJob != 0 {
						j.jobs++
					}
					votes[[2]uint32{r.Proc, t.proc}]++
				}
			}
		})
		if err != nil {
			return j, err
		}
	}
	j.upstreams = upstreamHosts(d, votes)
	return j, nil
}

// accounts are the keys of requests that better logs tell, of one slice.
type accounts struct {
	byID        map[uint64]*twin
	byPath      map[uint32][]*twin
	part, parts uint64
	// foreign: ids of the two logs never meet, because each makes its own (a
	// balancer's trace id, nginx's when it is not passed on).
	foreign bool
}

// compareIDs finds out whether the ids of this rank's log are those of better
// logs at all: only then are two that differ two requests.
func (a *accounts) compareIDs(st *store.Store, sources []sourceFacts, rank int) error {
	var with, met int64
	for rows, err := range st.Blocks() {
		if err != nil {
			return err
		}
		for i := range rows {
			r := &rows[i]
			if r.ID == 0 || r.ID%a.parts != a.part || r.Flags&casefile.FlagJob != 0 || sources[r.Source].rank(r.Flags) != rank {
				continue
			}
			with++
			if a.byID[r.ID] != nil {
				met++
			}
		}
	}
	a.foreign = met*20 < with
	return nil
}

func betterAccounts(st *store.Store, sources []sourceFacts, rank int, part, parts uint64) (*accounts, error) {
	a := &accounts{byID: map[uint64]*twin{}, byPath: map[uint32][]*twin{}, part: part, parts: parts}
	for rows, err := range st.Blocks() {
		if err != nil {
			return nil, err
		}
		for i := range rows {
			r := &rows[i]
			if sources[r.Source].rank(r.Flags) >= rank || r.Flags&flagDropped != 0 {
				continue
			}
			if r.ID == 0 && r.Hash == 0 {
				continue
			}
			t := &twin{start: r.Start, end: r.End, id: r.ID, proc: r.Proc, status: r.Status}
			if r.ID != 0 && r.ID%parts == part {
				a.byID[r.ID] = t
			}
			if r.Hash != 0 && uint64(r.Hash)%parts == part {
				a.byPath[r.Hash] = append(a.byPath[r.Hash], t)
			}
		}
	}
	for _, ts := range a.byPath {
		slices.SortFunc(ts, func(x, y *twin) int { return cmp.Compare(x.start, y.start) })
	}
	return a, nil
}

func (a *accounts) match(r *store.Row, d *dictionary) *twin {
	if r.ID != 0 && !a.foreign {
		if r.ID%a.parts != a.part {
			return nil
		}
		if t := a.byID[r.ID]; t != nil {
			return t
		}
	}
	if r.Flags&casefile.FlagJob != 0 || r.Hash == 0 || uint64(r.Hash)%a.parts != a.part {
		return nil
	}
	return nearest(a.byPath[r.Hash], r, d, a.foreign)
}

// nearest finds the unused account of the same path whose start or end stands
// next to the row's, within the tolerance.
func nearest(ts []*twin, r *store.Row, d *dictionary, foreign bool) *twin {
	host := d.procs[r.Proc].host
	from, _ := slices.BinarySearchFunc(ts, r.Start-twinTolerance, func(t *twin, at int64) int { return cmp.Compare(t.start, at) })
	var best *twin
	bestGap := int64(twinTolerance) + 1
	for _, t := range ts[from:] {
		if t.start > max(r.End, r.Start)+twinTolerance {
			break
		}
		if !foreign && t.id != 0 && r.ID != 0 && t.id != r.ID {
			continue // both logs know the id, and it is another
		}
		if t.used || !sameStatus(t.status, r.Status) || !sameHost(d.procs[t.proc].host, host) {
			continue
		}
		gap := abs(t.start - r.Start)
		if t.end != 0 && r.End != 0 {
			gap = min(gap, abs(t.end-r.End))
		}
		if gap < bestGap {
			best, bestGap = t, gap
		}
	}
	return best
}

// sameStatus allows for the proxy's own statuses: it gave up, the application
// may have gone on.
func sameStatus(app, proxied uint16) bool {
	return app == 0 || proxied == 0 || app == proxied || proxied == 499 || proxied == 502 || proxied == 504
}

func sameHost(a, b string) bool {
	return a == "" || b == "" || strings.HasPrefix(b, upstreamPrefix) || shortName(a) == shortName(b) || isFront(b)
}

// isFront holds for hosts that stand in front of several others.
func isFront(host string) bool {
	for _, w := range []string{"proxy", "lb", "nginx", "haproxy", "front", "edge", "gateway", "balancer"} {
		if strings.Contains(strings.ToLower(host), w) {
			return true
		}
	}
	return false
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}

// upstreamHosts turns joined pairs into names for addresses: nine in ten of an
// address's requests must have been told by the same host.
func upstreamHosts(d *dictionary, votes map[[2]uint32]int64) map[string]string {
	total := map[string]int64{}
	by := map[string]map[string]int64{}
	for pair, n := range votes {
		up, host := d.procs[pair[0]].host, d.procs[pair[1]].host
		total[up] += n
		if by[up] == nil {
			by[up] = map[string]int64{}
		}
		by[up][host] += n
	}
	names := map[string]string{}
	for up, hosts := range by {
		for host, n := range hosts {
			if n*10 >= total[up]*9 {
				names[up] = host
			}
		}
	}
	return names
}
