package ingest

import (
	"slices"

	"culprit/internal/casefile"
)

// maxSuspects bounds the line-up; each suspect costs significance (attribution
// method, pitfall 10).
const maxSuspects = 5000

// minCalls is the least number of calls a narrowed suspect must have.
const minCalls = 3

// roster lays out who can be suspected and which of them a label stands for.
func (d *dictionary) roster() *casefile.Roster {
	ro := &casefile.Roster{}
	type key struct {
		parent int32
		dim    dim
	}
	endpointOf := map[string]int32{}
	narrowed := map[key]int64{}
	parents := make([]int32, len(d.labels))
	for i := range d.labels {
		l := &d.labels[i]
		ep := d.alias(l.endpoint)
		kind, title := d.endpoints[ep].kind, d.title(ep)
		id, ok := endpointOf[kind+title]
		if !ok {
			id = int32(len(ro.Suspects))
			ro.Suspects = append(ro.Suspects, casefile.Suspect{Name: title, Kind: kind, Parent: -1})
			endpointOf[kind+title] = id
		}
		parents[i] = id
		for _, x := range l.dims {
			if !d.overflowing(l.endpoint, x.key) {
				narrowed[key{id, x}] += l.calls
			}
		}
	}
	ids := map[key]int32{}
	for _, k := range sortedKeys(narrowed, func(a, b key) int {
		return compareDims(narrowed[b], narrowed[a], int64(a.parent), int64(b.parent), a.dim, b.dim)
	}) {
		if narrowed[k] < minCalls || len(ro.Suspects) >= maxSuspects {
			continue
		}
		ids[k] = int32(len(ro.Suspects))
		p := ro.Suspects[k.parent]
		ro.Suspects = append(ro.Suspects, casefile.Suspect{
			Name: p.Name, Kind: p.Kind, Parent: int(k.parent), Key: k.dim.key, Value: k.dim.value,
		})
	}
	ro.Labels = make([][]int32, len(d.labels))
	for i := range d.labels {
		set := []int32{parents[i]}
		for _, x := range d.labels[i].dims {
			if id, ok := ids[key{parents[i], x}]; ok && !slices.Contains(set, id) {
				set = append(set, id)
			}
		}
		ro.Labels[i] = set
	}
	return ro
}

func sortedKeys[K comparable, V any](m map[K]V, cmp func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp)
	return keys
}

func compareDims(nb, na, pa, pb int64, a, b dim) int {
	switch {
	case na != nb:
		return int(sign(nb - na))
	case pa != pb:
		return int(sign(pa - pb))
	case a.key != b.key:
		return order(a.key, b.key)
	}
	return order(a.value, b.value)
}

func sign(x int64) int64 {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

func order(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}
