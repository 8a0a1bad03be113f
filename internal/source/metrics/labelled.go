package metrics

import (
	"cmp"
	"slices"
	"strings"

	"culprit"
)

// labelBook turns metric names with labels into targets, one for every label
// set, and joins the parts of a host's memory that come as metrics of their own.
type labelBook struct {
	o     *out
	known map[string]*labelled
	taken map[culprit.Series]string
	parts map[string]*hostParts // by host
	rd    reading
}

// labelled is one metric with its labels.
type labelled struct {
	slot  slot
	t     *target
	parts *hostParts // set: values wait for the other parts
}

// hostParts are node_memory_* of one host, joined by time at the end.
type hostParts struct {
	t      *target
	points map[slot][]point
}

type point struct{ at, v int64 }

func newLabelBook(o *out) *labelBook {
	return &labelBook{o: o, known: map[string]*labelled{}, taken: map[culprit.Series]string{}, parts: map[string]*hostParts{}}
}

// find returns nil for what is no memory.
func (b *labelBook) find(labels map[string]string) *labelled {
	key := labelKey(labels)
	if l, ok := b.known[key]; ok {
		return l
	}
	l := b.make(labels, key)
	if len(b.known) < maxTagSets {
		b.known[key] = l
	}
	return l
}

func (b *labelBook) make(labels map[string]string, key string) *labelled {
	name := labels["__name__"]
	s, sure := metricSlot(name, labels)
	if sure == notMemoryAtAll {
		b.o.skip(name)
		return nil
	}
	if sumOfOthers(name, labels) {
		b.o.warn("series that add up others (parent cgroups, pause containers) were left out")
		return nil
	}
	base := labelledSeries(name, labels)
	if sure == guessed {
		s = b.guess(name, s, base, labels)
	}
	if strings.HasPrefix(name, "node_memory_") || strings.HasPrefix(name, "mem_") {
		p := b.parts[base.Host]
		if p == nil {
			p = &hostParts{t: b.o.target(culprit.Series{Host: base.Host}), points: map[slot][]point{}}
			b.parts[base.Host] = p
		}
		return &labelled{slot: s, parts: p}
	}
	return &labelled{slot: s, t: b.o.target(b.unique(base, s, key))}
}

func (b *labelBook) guess(name string, s slot, base culprit.Series, labels map[string]string) slot {
	if name == "" {
		s = fillKind(base, labels)
		b.o.warn("series without metric name (an expression) taken as %s, in bytes", slotName(s))
		return s
	}
	if s == slotUnknown && base.PID > 0 {
		s = slotRSS
	}
	b.o.warn("%s is not a known metric: taken as %s, in bytes", name, slotName(s))
	return s
}

// unique keeps two label sets from becoming one series.
func (b *labelBook) unique(s culprit.Series, what slot, key string) culprit.Series {
	probe := s
	probe.Kind = culprit.MemoryKind(what) // only to tell them apart
	if other, ok := b.taken[probe]; ok && other != key {
		s.Name += " {" + key + "}"
		return s
	}
	b.taken[probe] = key
	return s
}

// put hands one value on; false when it is no memory size.
func (b *labelBook) put(l *labelled, at, v int64) bool {
	if l.parts != nil {
		l.parts.points[l.slot] = append(l.parts.points[l.slot], point{at, v})
		return v >= 0
	}
	b.rd.reset()
	b.rd.set(l.slot, v)
	return b.o.emit(l.t, at, &b.rd)
}

// close joins the parts of every host.
func (b *labelBook) close() {
	for _, p := range b.parts {
		p.join(b.o)
	}
}

func (p *hostParts) join(o *out) {
	type item struct {
		point
		slot slot
	}
	var all []item
	for s, points := range p.points {
		for _, pt := range points {
			all = append(all, item{pt, s})
		}
	}
	slices.SortStableFunc(all, func(x, y item) int { return cmp.Compare(x.at, y.at) })
	var rd reading
	for i := 0; i < len(all); {
		rd.reset()
		at := all[i].at
		for ; i < len(all) && all[i].at == at; i++ {
			rd.set(all[i].slot, all[i].v)
		}
		o.emit(p.t, at, &rd)
	}
}

// slotName is for messages.
func slotName(s slot) string {
	switch s {
	case slotUsed:
		return "memory in use on the host"
	case slotUnknown, slotNone:
		return "memory of an unknown kind"
	case slotCached:
		return "host_cached"
	}
	if k := direct[s]; k != culprit.MemoryUnknown {
		return k.String()
	}
	return "memory"
}
