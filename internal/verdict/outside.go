package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"culprit"
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
	t.headline = fmt.Sprintf("Not the requests: %s of the growth is on processes that serve no logged call, most of it (%s) in the %s", percent(float64(idle)/float64(max(all, 1))), size(culprit.Bytes(most)), name)
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

// hostBeyondProcesses: the host's own memory grew far more than its watched
// processes did.
func (t *trial) hostBeyondProcesses() bool {
	if t.c.Level != culprit.LevelProcess {
		return false
	}
	procs := map[string]int64{}
	for _, d := range t.growth.Drifts {
		procs[t.c.Units[d.Unit].Process.Host] += d.Bytes
	}
	var beyond, within int64
	where, most := "", int64(0)
	cache := false
	for i := range t.c.HostUsed {
		u := &t.c.HostUsed[i]
		mine, ok := procs[u.Process.Host]
		if !ok || u.Kind == culprit.HostTotal {
			continue
		}
		gap := net(u, t.c.From, t.c.To)
		if u.Kind == culprit.HostUsed {
			gap -= max(mine, 0)
			within += max(mine, 0)
		}
		if gap > most {
			where, most, cache = u.Process.Host, gap, u.Kind != culprit.HostUsed
		}
		if u.Kind == culprit.HostUsed {
			beyond += max(gap, 0)
		}
	}
	if cache || beyond < 100<<20 || beyond < 2*within {
		return false
	}
	t.outcome, t.method = culprit.OutcomeNotRequests, "direct"
	t.headline = fmt.Sprintf("Not in the watched processes: the hosts grew by %s more than their processes' RSS did, most on %s (%s)", size(culprit.Bytes(beyond)), where, size(culprit.Bytes(most)))
	if t.unsharing() {
		t.category = "configuration"
		t.outcome = culprit.OutcomeHealthy
		t.demoteLedger()
		t.headline = fmt.Sprintf("No leak: workers cease to share %s of preloaded memory (copy-on-write); it levels off when all of it is private", size(culprit.Bytes(beyond)))
	}
	return true
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

// unsharing: RSS stands still while PSS or USS of the same processes rises.
func (t *trial) unsharing() bool {
	var private int64
	for i := range t.c.Extra {
		if u := &t.c.Extra[i]; u.Kind == culprit.PSS || u.Kind == culprit.USS {
			private += max(0, net(u, t.c.From, t.c.To))
		}
	}
	return private > 50<<20
}
