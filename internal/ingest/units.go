package ingest

import (
	"cmp"
	"slices"

	"culprit"
	"culprit/internal/casefile"
)

// processKinds are the measures of a process in order of preference: RSS is
// what fills the machine and what everybody has; PSS and USS move when pages
// cease to be shared, although nothing grows.
var processKinds = []culprit.MemoryKind{culprit.RSS, culprit.Anonymous, culprit.PSS, culprit.USS}

// hostKinds are the measures of a host or container in order of preference.
var hostKinds = []culprit.MemoryKind{
	culprit.RSS, culprit.GroupRSS, culprit.CgroupRSS, culprit.CgroupWorking,
	culprit.HostUsed, culprit.CgroupUsage,
}

// processUnits makes one unit per incarnation of every process with a series.
func processUnits(tracks []*track) []casefile.Unit {
	swap := map[proc]*track{}
	best := map[proc]*track{}
	for _, t := range tracks {
		p := proc{host: t.Host, pid: t.PID}
		if t.PID == 0 || t.Collapsed || len(t.points) < 2 {
			continue
		}
		if t.Kind == culprit.Swap {
			swap[p] = t
		}
		if rank(processKinds, t.Kind) < 0 {
			continue
		}
		if b := best[p]; b == nil || rank(processKinds, t.Kind) < rank(processKinds, b.Kind) ||
			(t.Kind == b.Kind && len(t.points) > len(b.points)) {
			best[p] = t
		}
	}
	var units []casefile.Unit
	for _, p := range sortedProcs(best) {
		t := best[p]
		points := t.points
		if s := swap[p]; s != nil && t.Kind != culprit.USS {
			points = addSwap(points, s.points)
		}
		units = append(units, incarnations(t, points)...)
	}
	return units
}

func sortedProcs[T any](m map[proc]T) []proc {
	keys := make([]proc, 0, len(m))
	for p := range m {
		keys = append(keys, p)
	}
	slices.SortFunc(keys, func(a, b proc) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.pid, b.pid))
	})
	return keys
}

func rank(kinds []culprit.MemoryKind, k culprit.MemoryKind) int { return slices.Index(kinds, k) }

// addSwap adds what was swapped out at the same instants: under pressure RSS
// falls although nothing was released.
func addSwap(points, swap []casefile.Point) []casefile.Point {
	out := slices.Clone(points)
	j := 0
	for i := range out {
		for j+1 < len(swap) && swap[j+1].At <= out[i].At {
			j++
		}
		if j < len(swap) && swap[j].At <= out[i].At {
			out[i].Mem += swap[j].Mem
		}
	}
	return out
}

// incarnations cuts a series where its process must have been another one: a
// pid that was silent for long and came back much smaller.
func incarnations(t *track, points []casefile.Point) []casefile.Unit {
	dt := max(interval(points), 1)
	silence := max(20*dt, 120_000_000)
	unit := func(a, b int) casefile.Unit {
		return casefile.Unit{
			Process: culprit.Process{Host: t.Host, PID: t.PID, Role: t.Role},
			Kind:    t.Kind, Points: points[a:b:b],
		}
	}
	var units []casefile.Unit
	from := 0
	for i := 1; i < len(points); i++ {
		if points[i].At-points[i-1].At > silence && points[i].Mem < points[i-1].Mem*7/10 {
			units = append(units, unit(from, i))
			from = i
		}
	}
	return append(units, unit(from, len(points)))
}

// hostUnits makes one unit per host, from the best series that is of the host
// as a whole or, failing that, from the growth of its processes added up.
func hostUnits(tracks []*track, processes []casefile.Unit) []casefile.Unit {
	best := map[string]*track{}
	plural := map[string]bool{}
	for _, t := range tracks {
		if t.PID != 0 || t.Collapsed || len(t.points) < 2 || rank(hostKinds, t.Kind) < 0 {
			continue
		}
		host := t.Host
		if host == "" {
			host = t.Name
		}
		b := best[host]
		switch {
		case b == nil || rank(hostKinds, t.Kind) < rank(hostKinds, b.Kind):
			best[host] = t
			plural[host] = false
		case b.Kind == t.Kind:
			plural[host] = true
		}
	}
	byHost := map[string][]casefile.Unit{}
	for _, u := range processes {
		byHost[u.Process.Host] = append(byHost[u.Process.Host], u)
	}
	var units []casefile.Unit
	for host, us := range byHost {
		units = append(units, sumOf(host, us))
	}
	for host, t := range best {
		if len(byHost[host]) > 0 {
			continue
		}
		points, kind := t.points, t.Kind
		if plural[host] {
			points = sumOf(host, siblings(tracks, host, kind)).Points
		}
		for _, u := range splitAtDrops(points) {
			u.Process = culprit.Process{Host: host, Role: "host"}
			u.Kind = kind
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b casefile.Unit) int {
		return cmp.Or(cmp.Compare(a.Process.Host, b.Process.Host), cmp.Compare(a.Points[0].At, b.Points[0].At))
	})
	return units
}

// siblings are the series of one kind that belong to one host: several groups,
// several containers.
func siblings(tracks []*track, host string, kind culprit.MemoryKind) []casefile.Unit {
	var us []casefile.Unit
	for _, t := range tracks {
		if t.PID == 0 && t.Host == host && t.Kind == kind && !t.Collapsed && len(t.points) >= 2 {
			us = append(us, casefile.Unit{Process: culprit.Process{Host: host}, Kind: kind, Points: t.points})
		}
	}
	return us
}

// sumOf adds up the changes of several processes of one host. Changes are added
// and never levels: a process that comes or goes is no growth.
func sumOf(host string, us []casefile.Unit) casefile.Unit {
	type change struct{ at, by int64 }
	var changes []change
	var base int64
	for _, u := range us {
		base += u.Points[0].Mem
		for i := 1; i < len(u.Points); i++ {
			changes = append(changes, change{u.Points[i].At, u.Points[i].Mem - u.Points[i-1].Mem})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	// One reading per sampling interval: processes of a host are sampled together.
	dt := max(interval(us[0].Points), 1)
	unit := casefile.Unit{Process: culprit.Process{Host: host, Role: "host"}, Kind: us[0].Kind}
	mem := base
	for _, c := range changes {
		mem += c.by
		if n := len(unit.Points); n > 0 && c.at-unit.Points[n-1].At < dt/2 {
			unit.Points[n-1].Mem = mem
			continue
		}
		unit.Points = append(unit.Points, casefile.Point{At: c.at, Mem: mem})
	}
	return unit
}

// splitAtDrops cuts a host's series at restarts: a fall of more than 30 % and
// 150 MB within one interval is taken for one (attribution method, step 1).
func splitAtDrops(points []casefile.Point) []casefile.Unit {
	var units []casefile.Unit
	from := 0
	for i := 1; i < len(points); i++ {
		fall := points[i-1].Mem - points[i].Mem
		if fall > 150<<20 && fall*10 > points[i-1].Mem*3 {
			if i-from >= 2 {
				units = append(units, casefile.Unit{Points: points[from:i:i], Died: points[i].At})
			}
			from = i
		}
	}
	if len(points)-from >= 2 {
		u := casefile.Unit{Points: points[from:]}
		if from > 0 {
			u.Born = points[from].At
		}
		units = append(units, u)
	}
	return units
}

// lives sets birth and death of process units: a series that begins after the
// others began is a process that was born then, one that ends before the end of
// its host's series is a process that died.
func lives(units []casefile.Unit) {
	first, last := map[string]int64{}, map[string]int64{}
	for _, u := range units {
		h := u.Process.Host
		a, b := u.Points[0].At, u.Points[len(u.Points)-1].At
		if v, ok := first[h]; !ok || a < v {
			first[h] = a
		}
		last[h] = max(last[h], b)
	}
	for i := range units {
		u := &units[i]
		slack := max(3*interval(u.Points), 3_000_000)
		if a := u.Points[0].At; a > first[u.Process.Host]+slack && u.Born == 0 {
			u.Born = a
		}
		if b := u.Points[len(u.Points)-1].At; b < last[u.Process.Host]-slack && u.Died == 0 {
			u.Died = b
		}
	}
}
