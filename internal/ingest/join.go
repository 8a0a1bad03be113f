package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/store"
)

// openLimit is how long a call that was never seen to end is taken to be in
// flight at most, 30 min (attribution method, step 4).
const openLimit = 30 * 60 * 1_000_000

// join lays out the case: units, places, one account per request.
func (h *hall) join() (*Docket, error) {
	h.progress.Stage("joining")
	h.warnings = append(h.warnings, h.book.unfold()...)
	h.book.settle()
	d := &Docket{store: h.store, files: h.files, fault: &h.fault}
	upstreams, joined, err := h.oneAccount()
	if err != nil {
		return nil, err
	}
	calls := h.calls - joined
	units, level, placer, err := h.place(upstreams)
	if err != nil {
		return nil, err
	}
	c := &casefile.Case{
		Level: level, Units: units, Hosts: placer.hosts, Roster: h.dict.roster(),
		Happenings: h.happenings, Calls: calls, LogLoss: -1,
	}
	slices.SortFunc(c.Happenings, func(a, b culprit.Happening) int { return cmp.Compare(a.At, b.At) })
	c.HostUsed = hostOnly(h.book.tracks)
	c.Extra = extras(h.book.tracks)
	stats, err := h.survey(placer, units, c)
	if err != nil {
		return nil, err
	}
	fleets(units, stats.web, stats.jobs)
	vague(units, placer, stats)
	h.silent(units, placer, stats)
	if h.strangers(units, placer, stats) {
		c.Calls = 0
	}
	c.From, c.To = h.span(units)
	c.Rows = h.rows(placer, units, c.To)
	if calls > 0 && stats.finished > 0 {
		c.LogLoss = float64(stats.open) / float64(stats.finished+stats.open)
	}
	if h.calls > 0 {
		c.Durationless = float64(h.durationless) / float64(h.calls)
	}
	d.Case, d.Inputs = c, h.inputs
	d.Enqueuers, d.Streamers = stats.enqueuers, stats.streamers
	d.PlainRPC = h.plainRPC()
	for ep, t := range h.told {
		d.Told = append(d.Told, Told{h.dict.title(h.dict.alias(ep)), t.calls, t.sum, t.most})
	}
	h.cover(d, stats, calls, joined)
	d.Warnings = append(h.warnings, h.mismatch(units)...)
	return d, nil
}

// oneAccount keeps one account of every request that several logs tell.
func (h *hall) oneAccount() (map[string]string, int64, error) {
	ranks := h.rankSources()
	mended, err := mend(h.store, h.dict)
	if err != nil {
		return nil, 0, err
	}
	joined := mended.calls
	h.jobs -= mended.jobs
	upstreams := map[string]string{}
	for rank := 1; rank < ranks; rank++ {
		j, err := dedupe(h.store, h.dict, h.sources, rank, h.calls)
		if err != nil {
			return nil, joined, err
		}
		joined += j.calls
		h.jobs -= j.jobs
		maps.Copy(upstreams, j.upstreams)
	}
	return upstreams, joined, nil
}

// place chooses the level at which calls meet memory and puts hosts and
// processes of the logs on the units of the series.
func (h *hall) place(upstreams map[string]string) ([]casefile.Unit, culprit.Level, *placer, error) {
	procUnits := processUnits(h.book.tracks)
	byProc, err := h.callsByProc()
	if err != nil {
		return nil, "", nil, err
	}
	units, level := procUnits, culprit.LevelProcess
	if len(procUnits) == 0 || (h.calls > 0 && pidShare(h.dict, byProc, procUnits) < 0.5) {
		units, level = hostUnits(h.book.tracks, procUnits), culprit.LevelHost
	}
	lives(units)
	p := newPlacer(units, level)
	p.align(h.dict.procs, upstreams)
	p.resolve(h.dict.procs)
	return units, level, p, nil
}

func (h *hall) callsByProc() (map[uint32]int64, error) {
	n := map[uint32]int64{}
	for rows, err := range h.store.Blocks() {
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if rows[i].Flags&(flagDropped|casefile.FlagJob) == 0 {
				n[rows[i].Proc]++
			}
		}
	}
	return n, nil
}

// survey is one pass over the placed calls.
type survey struct {
	web, jobs            []int64 // calls per unit
	placed, open         int64
	finished             int64
	first, last          int64
	hosts, hostsWeb      map[int32]int64 // calls, and requests, by the host that alone is known
	enqueuers, streamers map[int32]bool
}

func (h *hall) survey(p *placer, units []casefile.Unit, c *casefile.Case) (*survey, error) {
	s := &survey{
		web: make([]int64, len(units)), jobs: make([]int64, len(units)),
		enqueuers: map[int32]bool{}, streamers: map[int32]bool{}, hosts: map[int32]int64{}, hostsWeb: map[int32]int64{},
	}
	type tally struct{ enqueues, streams, total int64 }
	tallies := make([]tally, len(c.Roster.Suspects))
	for rows, err := range h.store.Blocks() {
		if err != nil {
			return nil, err
		}
		for i := range rows {
			r := &rows[i]
			if r.Flags&flagDropped != 0 {
				continue
			}
			s.add(r, p.at(r.Proc, r.Start))
			t := &tallies[c.Roster.Labels[r.Label][0]]
			t.total++
			t.enqueues += int64(r.Flags & casefile.FlagEnqueues / casefile.FlagEnqueues)
			t.streams += int64(r.Flags & casefile.FlagStreamed / casefile.FlagStreamed)
		}
	}
	for i, t := range tallies {
		// Half of its calls: an action that sometimes enqueues still works itself.
		s.enqueuers[int32(i)] = t.total > 0 && t.enqueues*2 >= t.total
		s.streamers[int32(i)] = t.total > 0 && t.streams*2 >= t.total
	}
	return s, nil
}

func (s *survey) add(r *store.Row, unit int32) {
	if s.first == 0 || r.Start < s.first {
		s.first = r.Start
	}
	s.last = max(s.last, r.Start, r.End)
	if r.Flags&casefile.FlagOpen != 0 {
		s.open++
	} else {
		s.finished++
	}
	if unit == casefile.Unplaced {
		return
	}
	s.placed++
	if unit < 0 {
		s.hosts[unit]++
		if r.Flags&casefile.FlagJob == 0 {
			s.hostsWeb[unit]++
		}
		return
	}
	if r.Flags&casefile.FlagJob != 0 {
		s.jobs[unit]++
	} else {
		s.web[unit]++
	}
}

// vague makes a fleet of the processes of hosts whose requests name no process:
// any of them may have served any of those.
func vague(units []casefile.Unit, p *placer, s *survey) {
	named := map[string]bool{}
	for i := range units {
		if s.web[i] > 0 {
			named[units[i].Process.Host] = true
		}
	}
	for unit, n := range s.hostsWeb {
		h, ok := casefile.HostOf(unit)
		if !ok || n == 0 || named[p.hosts[h]] {
			continue
		}
		for i := range units {
			if u := &units[i]; u.Process.Host == p.hosts[h] && u.Fleet == "" && u.Process.Role != "master" {
				u.Fleet = "web"
			}
		}
	}
}

// silent marks the units of hosts that no log speaks of, and says so.
func (h *hall) silent(units []casefile.Unit, p *placer, s *survey) {
	spoken := map[string]bool{}
	for i := range units {
		if s.web[i]+s.jobs[i] > 0 {
			spoken[units[i].Process.Host] = true
		}
	}
	for unit := range s.hosts {
		if host, ok := casefile.HostOf(unit); ok {
			spoken[p.hosts[host]] = true
		}
	}
	if len(spoken) == 0 {
		return
	}
	var names []string
	for i := range units {
		if host := units[i].Process.Host; !spoken[host] {
			units[i].Silent = true
			if !slices.Contains(names, hostName(host)) {
				names = append(names, hostName(host))
			}
		}
	}
	if len(names) > 0 {
		h.warnings = append(h.warnings, fmt.Sprintf("no log speaks of %s: what grew there is not judged; hint: add its logs", strings.Join(names, ", ")))
	}
}

// strangers tells whether next to no call met a unit, and says why. Then the
// logs say nothing about these series, and what grew there must not be put down
// to what no log tells.
func (h *hall) strangers(units []casefile.Unit, p *placer, s *survey) bool {
	if all := s.finished + s.open; len(units) == 0 || all == 0 || s.placed*50 > all {
		return false
	}
	list := func(hosts []string) string {
		var names []string
		for _, host := range hosts {
			if host = hostName(strings.TrimPrefix(host, upstreamPrefix)); !slices.Contains(names, host) {
				names = append(names, host)
			}
		}
		if len(names) > 4 {
			names = append(names[:4], fmt.Sprintf("%d more", len(names)-4))
		}
		return strings.Join(names, ", ")
	}
	h.warnings = append(h.warnings, fmt.Sprintf("the hosts of the logs (%s) are not those of the series (%s), so no call meets any memory; hint: name the logs or their folders after the hosts, or use --host-from; with a proxy's log give the application's, too",
		list(logHosts(h.dict.procs)), list(p.hosts)))
	return true
}

// span is the time in which both calls and memory are known.
func (h *hall) span(units []casefile.Unit) (int64, int64) {
	first, last := h.logSpan()
	var a, b int64
	for _, u := range units {
		if x := u.Points[0].At; a == 0 || x < a {
			a = x
		}
		b = max(b, u.Points[len(u.Points)-1].At)
	}
	if first != 0 && a != 0 {
		a, b = max(a, first), min(b, last)
	}
	if f := h.opt.From; !f.IsZero() {
		a = max(a, f.UnixMicro())
	}
	if t := h.opt.To; !t.IsZero() {
		b = min(b, t.UnixMicro())
	}
	return a, b
}

// rows yields the placed calls, one account each.
func (h *hall) rows(p *placer, units []casefile.Unit, end int64) iter.Seq[[]casefile.Row] {
	return func(yield func([]casefile.Row) bool) {
		buf := make([]casefile.Row, 0, store.BlockRows)
		for rows, err := range h.store.Blocks() {
			if err != nil {
				// Only a failing disk can do this. A case with fewer calls would acquit
				// whoever is missing, so the docket is void: see Docket.Fault.
				h.fault = errors.Join(h.fault, err)
				return
			}
			buf = buf[:0]
			for i := range rows {
				r := &rows[i]
				if r.Flags&flagDropped != 0 {
					continue
				}
				row := r.Row
				row.Unit = p.at(r.Proc, r.Start)
				if row.Flags&casefile.FlagOpen != 0 {
					row.End = lastInstant(&row, units, end)
				}
				buf = append(buf, row)
			}
			if len(buf) > 0 && !yield(buf) {
				return
			}
		}
	}
}

// lastInstant bounds a call that was never seen to end: its process's death,
// the end of the data, or openLimit.
func lastInstant(r *casefile.Row, units []casefile.Unit, end int64) int64 {
	last := r.Start + openLimit
	if r.Unit >= 0 {
		if died := units[r.Unit].Died; died > r.Start {
			last = min(last, died)
		}
	}
	return max(min(last, end), r.Start)
}

// hostOnly gives the host series beside process units.
func hostOnly(tracks []*track) []casefile.Unit {
	var units []casefile.Unit
	for _, t := range tracks {
		switch t.Kind {
		case culprit.HostUsed, culprit.HostCached, culprit.HostTotal, culprit.CgroupCache:
		default:
			continue
		}
		if len(t.points) >= 2 {
			units = append(units, casefile.Unit{
				Process: culprit.Process{Host: t.Host, Role: "host"}, Kind: t.Kind, Points: t.points,
			})
		}
	}
	return units
}

// extras gives the further measures of processes: PSS and USS beside RSS, live
// heap slots.
func extras(tracks []*track) []casefile.Unit {
	var units []casefile.Unit
	for _, t := range tracks {
		switch t.Kind {
		case culprit.PSS, culprit.USS, culprit.Anonymous, culprit.HeapLiveSlots, culprit.HeapFreeSlots, culprit.Swap:
			if t.PID != 0 && !t.Collapsed && len(t.points) >= 2 {
				units = append(units, casefile.Unit{
					Process: culprit.Process{Host: t.Host, PID: t.PID, Role: t.Role}, Kind: t.Kind, Points: t.points,
				})
			}
		}
	}
	return units
}

// plainRPC lists endpoints that hide many operations behind one name.
func (h *hall) plainRPC() []string {
	seen := map[string]bool{}
	var names []string
	for ep := range h.rpcPlain {
		title := h.dict.title(h.dict.alias(ep))
		low := strings.ToLower(title)
		if (strings.Contains(low, "graphql") || strings.Contains(low, "jsonrpc") || strings.Contains(low, "/rpc")) && !seen[title] {
			seen[title] = true
			names = append(names, title)
		}
	}
	slices.Sort(names)
	return names
}

func (h *hall) cover(d *Docket, s *survey, calls, joined int64) {
	hosts := map[string]bool{}
	var gaps []float64
	for _, u := range d.Case.Units {
		hosts[u.Process.Host] = true
		if dt := interval(u.Points); dt > 0 {
			gaps = append(gaps, float64(dt)/1e6)
		}
	}
	slices.Sort(gaps)
	cov := &d.Coverage
	cov.Requests = calls - h.jobs
	cov.Jobs = h.jobs
	cov.Unfinished = s.open
	cov.Hosts = len(hosts)
	cov.Level = d.Case.Level
	cov.Samples = h.book.samples()
	if d.Case.Level == culprit.LevelProcess {
		cov.Processes = len(d.Case.Units)
	}
	if calls > 0 {
		cov.Matched = float64(s.placed) / float64(calls)
	}
	if len(gaps) > 0 {
		cov.IntervalSeconds = gaps[len(gaps)/2]
	}
	if joined > 0 {
		h.warnings = append(h.warnings, fmt.Sprintf("%d calls stood in more than one log and were counted once", joined))
	}
	if h.dict.overflowed {
		h.warnings = append(h.warnings, "more combinations of parameters than can be told apart: the rarest were folded into their endpoint")
	}
}

func hostName(h string) string {
	if h == "" {
		return "an unnamed host"
	}
	return h
}

// mismatch says when logs and series do not meet, and what would make them.
func (h *hall) mismatch(units []casefile.Unit) []string {
	first, last := h.logSpan()
	if first == 0 || len(units) == 0 {
		return nil
	}
	a, b := int64(1)<<62, int64(0)
	for _, u := range units {
		a, b = min(a, u.Points[0].At), max(b, u.Points[len(u.Points)-1].At)
	}
	if a <= last && first <= b {
		return nil
	}
	w := fmt.Sprintf("logs (%s to %s) and memory series (%s to %s) do not overlap",
		clock(first), clock(last), clock(a), clock(b))
	for hours := int64(1); hours <= 14; hours++ {
		shift := hours * 3600_000_000
		if (a+shift <= last && first <= b+shift) || (a-shift <= last && first <= b-shift) {
			return []string{w + fmt.Sprintf("; hint: they would with a shift of %d h, give the logs' time zone with --tz", hours)}
		}
	}
	return []string{w + "; hint: give the logs of the same hours as the series"}
}

func clock(us int64) string { return stamp(us).Format("2006-01-02 15:04:05Z") }
