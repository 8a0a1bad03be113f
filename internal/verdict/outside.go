package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/lineup"
	"culprit/internal/casefile"
)

// outside looks at growth that is not on the units that serve calls: processes
// beside them, or a host that grows while its processes do not. It is read off
// the series and needs no statistics (method, section 7: check this first).
func (t *trial) outside() bool {
	if t.idleProcess() {
		return true
	}
	return t.hostBeyondProcesses()
}

// idleProcess: most of the growth is on processes that serve no call at all.
func (t *trial) idleProcess() bool {
	if t.c.Level != culprit.LevelProcess || t.c.Calls == 0 {
		return false
	}
	by := map[string]int64{}
	var idle, all int64
	for _, d := range t.growth.Drifts {
		net := max(0, d.Bytes)
		all += net
		u := &t.c.Units[d.Unit]
		if u.Fleet == "" {
			idle += net
			by[fmt.Sprintf("%s process %d on %s", roleOr(u.Process.Role), u.Process.PID, u.Process.Host)] += net
		}
	}
	if idle < 100<<20 || idle*2 < all {
		return false
	}
	name, most := largest(by)
	t.outcome, t.method = culprit.OutcomeNotRequests, "direct"
	t.headline = fmt.Sprintf("%s of the growth is on processes that serve no logged call, most of it (%s) in the %s", percent(float64(idle)/float64(max(all, 1))), size(culprit.Bytes(most)), name)
	t.direct = append(t.direct, culprit.Suspect{
		Name: name, Kind: "process", Finding: culprit.Suspected, GrowthBytes: culprit.Bytes(most),
		GrowthShare: share(culprit.Bytes(most), culprit.Bytes(all)), Dimension: map[string]string{},
		Reason: "grew by itself and serves no logged call", Examples: []culprit.Example{},
	})
	return true
}

func roleOr(role string) string {
	if role == "" {
		return "other"
	}
	return role
}

func largest(by map[string]int64) (string, int64) {
	names := make([]string, 0, len(by))
	for n := range by {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(-cmp.Compare(by[a], by[b]), cmp.Compare(a, b)) })
	if len(names) == 0 {
		return "", 0
	}
	return names[0], by[names[0]]
}

// hostBeyondProcesses: the host's own memory grew, in episodes or on the whole,
// far more than its watched processes did.
func (t *trial) hostBeyondProcesses() bool {
	if t.c.Level != culprit.LevelProcess {
		return false
	}
	hosts := t.hostsOnly()
	if len(hosts) == 0 {
		return false
	}
	episodes, inside := t.foreign(hosts)
	var foreign int64
	for _, e := range episodes {
		foreign += e.Bytes
	}
	beyond := max(foreign, t.netBeyond(hosts))
	within := max(inside, t.growth.Total)
	if beyond < 100<<20 || beyond < 2*within {
		return false
	}
	t.method = "direct"
	if private := t.unshared(); private*2 >= beyond {
		t.category, t.outcome = "configuration", culprit.OutcomeHealthy
		t.demoteLedger()
		t.headline = fmt.Sprintf("No leak: workers cease to share %s of preloaded memory (copy-on-write); it levels off when all of it is private", size(culprit.Bytes(beyond)))
		return true
	}
	t.outcome = culprit.OutcomeNotRequests
	t.demoteLedger()
	t.headline = fmt.Sprintf("It is not in the watched processes: the hosts grew by %s that their %d processes' RSS does not show", size(culprit.Bytes(beyond)), len(t.c.Units))
	t.scheduled(hosts, episodes)
	return true
}

// hostsOnly are the hosts' own series of used memory, for hosts with watched
// processes.
func (t *trial) hostsOnly() []casefile.Unit {
	watched := map[string]bool{}
	for i := range t.c.Units {
		if !t.c.Units[i].Silent {
			watched[t.c.Units[i].Process.Host] = true
		}
	}
	var out []casefile.Unit
	for _, u := range t.c.HostUsed {
		if u.Kind == culprit.HostUsed && watched[u.Process.Host] {
			u.Fleet = "web"
			out = append(out, u)
		}
	}
	return out
}

// foreign finds episodes of the hosts of which the watched processes grew less
// than a third; inside is the growth of the others.
func (t *trial) foreign(hosts []casefile.Unit) (episodes []growth.Event, inside int64) {
	c := *t.c
	c.Units, c.Level = hosts, culprit.LevelHost
	g := growth.Detect(&c)
	for _, e := range slices.Concat(g.Events, g.Minor) {
		var mine int64
		for i := range t.c.Units {
			u := &t.c.Units[i]
			if u.Process.Host == hosts[e.Unit].Process.Host {
				mine += max(0, net(u, e.A-2*g.DT, e.B+2*g.DT))
			}
		}
		if mine*3 < e.Bytes {
			episodes = append(episodes, e)
		} else {
			inside += e.Bytes
		}
	}
	return episodes, inside
}

// netBeyond is what hosts grew from first to last beyond their processes.
func (t *trial) netBeyond(hosts []casefile.Unit) int64 {
	var sum int64
	for i := range hosts {
		gap := net(&hosts[i], t.c.From, t.c.To)
		for k := range t.c.Units {
			if u := &t.c.Units[k]; u.Process.Host == hosts[i].Process.Host {
				gap -= max(0, net(u, t.c.From, t.c.To))
			}
		}
		sum += max(0, gap)
	}
	return sum
}

// scheduled asks which logged job or task ran during the hosts' episodes. What
// runs everywhere at fixed times cannot be told from the clock, so nobody is
// more than suspected.
func (t *trial) scheduled(hosts []casefile.Unit, episodes []growth.Event) {
	if len(episodes) < 2 {
		return
	}
	index := map[string]int32{}
	for i, h := range hosts {
		index[h.Process.Host] = int32(i)
	}
	c := *t.c
	c.Units, c.Level = hosts, culprit.LevelHost
	c.Rows = func(yield func([]casefile.Row) bool) {
		for rows := range t.c.Rows {
			moved := slices.Clone(rows)
			for i := range moved {
				moved[i].Unit = t.hostUnit(moved[i].Unit, index)
			}
			if !yield(moved) {
				return
			}
		}
	}
	g := growth.Result{Events: episodes, DT: t.growth.DT}
	l := lineup.Run(&c, episodes, episodes, &g, lineup.Options{Seed: t.f.Seed, Rounds: 1})
	for i := range l.Evidence {
		e, sus := &l.Evidence[i], &t.c.Roster.Suspects[i]
		// A task's end is not logged: being near the episode must do. A job's is.
		near, most := e.Generous, 0.6
		if sus.Kind == "job" {
			near, most = e.Present, 0.3
		}
		if sus.Kind == "endpoint" || sus.Parent >= 0 || len(near)*5 < len(episodes)*4 || e.Chance > most {
			continue
		}
		var bytes culprit.Bytes
		for _, k := range near {
			bytes += culprit.Bytes(l.Events[k].Bytes)
		}
		t.direct = append(t.direct, culprit.Suspect{
			Name: sus.Name, Kind: sus.Kind, Dimension: map[string]string{}, Finding: culprit.Suspected,
			GrowthBytes: bytes, GrowthShare: share(bytes, culprit.Bytes(max(t.growth.Total, int64(bytes)))),
			PresentIn: len(near), Of: len(episodes), Calls: e.Calls, Examples: []culprit.Example{},
			Reason: fmt.Sprintf("ran on the host in %d of %d episodes that its watched processes do not explain, %s expected by chance", len(near), len(episodes), percent(e.Chance)),
		})
	}
}

// hostUnit maps a row's unit to its host's.
func (t *trial) hostUnit(unit int32, index map[string]int32) int32 {
	host := ""
	if h, ok := casefile.HostOf(unit); ok {
		host = t.c.Hosts[h]
	} else if unit >= 0 {
		host = t.c.Units[unit].Process.Host
	}
	if i, ok := index[host]; ok {
		return i
	}
	return casefile.Unplaced
}

// net is what a series grew between two instants.
func net(u *casefile.Unit, from, to int64) int64 {
	var first, last int64
	seen := false
	for _, p := range u.Points {
		if p.At < from || p.At > to {
			continue
		}
		if !seen {
			first, seen = p.Mem, true
		}
		last = p.Mem
	}
	return last - first
}

// unshared is how much PSS or USS of the watched processes rose: pages that
// ceased to be shared show there and in the host, and not in RSS.
func (t *trial) unshared() int64 {
	byKind := map[culprit.MemoryKind]int64{}
	for i := range t.c.Extra {
		u := &t.c.Extra[i]
		byKind[u.Kind] += max(0, net(u, t.c.From, t.c.To))
	}
	return max(byKind[culprit.PSS], byKind[culprit.USS])
}
