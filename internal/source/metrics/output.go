package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"culprit"
)

// Errors that callers tell apart.
var (
	// ErrNoMemory: the format was understood, and there is no memory in it.
	ErrNoMemory = errors.New("no memory series in it")
	// ErrUnknownFormat: nothing that this package reads.
	ErrUnknownFormat = errors.New("not a memory series that is known here")
)

const (
	maxBadSamples = 5
	maxBadLen     = 160
	maxSkipped    = 12 // names of other measurements worth telling
)

// out is the way from a parser to the sink: it opens a series with its first
// value, counts, and keeps what is to be told at the end.
type out struct {
	ctx     context.Context
	sink    Sink
	opt     Options
	res     Result
	seen    map[int]struct{}
	targets []*target
	skipped []string // measurements and metrics without memory, first ones
	masters map[hostPID]bool
	clock   *clock
	days    *dayHold // stamps without date wait for the end of the file
}

type hostPID struct {
	host string
	pid  int
}

func newOut(ctx context.Context, opt Options, sink Sink) *out {
	return &out{
		ctx: ctx, sink: sink, opt: opt, seen: map[int]struct{}{}, masters: map[hostPID]bool{},
		clock: newClock(opt.Location, opt.Reference),
	}
}

// line counts one line or value; understood tells whether it was a fact or a
// known part of the format.
func (o *out) line(understood bool, text []byte) {
	o.res.Lines++
	if understood {
		o.res.Understood++
		return
	}
	o.keepBad(text)
}

// numbered counts one value of an answer that has no lines.
func (o *out) numbered(understood bool, what string) {
	if understood {
		o.line(true, nil)
		return
	}
	o.line(false, fmt.Appendf(nil, "%s %d", what, o.res.Lines+1))
}

func (o *out) keepBad(text []byte) {
	if len(o.res.BadSample) >= maxBadSamples {
		return
	}
	s := strings.ToValidUTF8(string(text[:min(len(text), maxBadLen)]), "\ufffd")
	o.res.BadSample = append(o.res.BadSample, s)
}

func (o *out) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(o.res.Warnings, w) {
		o.res.Warnings = append(o.res.Warnings, w)
	}
}

// skip notes a measurement or metric that is no memory.
func (o *out) skip(name string) {
	if name != "" && len(o.skipped) < maxSkipped && !slices.Contains(o.skipped, name) {
		o.skipped = append(o.skipped, name)
	}
}

// ref is one series of the sink, opened with its first sample.
type ref struct {
	culprit.Series
	id   int
	open bool
}

// put hands one value on. Negative values are no memory and are refused.
func (o *out) put(r *ref, at, v int64) bool {
	if v < 0 {
		return false
	}
	if o.days != nil {
		return o.days.add(o, r, at, v)
	}
	o.deliver(r, at, v)
	return true
}

func (o *out) deliver(r *ref, at, v int64) {
	if !r.open {
		r.id = o.sink.Series(r.Series)
		r.open = true
		if _, ok := o.seen[r.id]; !ok {
			o.seen[r.id] = struct{}{}
			o.res.Series++
		}
	}
	o.sink.Sample(r.id, at, v)
	o.res.Samples++
	if o.res.First == 0 || at < o.res.First {
		o.res.First = at
	}
	if at > o.res.Last {
		o.res.Last = at
	}
}

// target is one origin of readings (a tag set, a column, a metric with its
// labels), which may carry several kinds of memory.
type target struct {
	base  culprit.Series
	refs  [culprit.HeapFreeSlots + 1]*ref
	split *splitter
	wait  *roleWait
}

func (o *out) target(base culprit.Series) *target {
	t := &target{base: base}
	o.targets = append(o.targets, t)
	return t
}

func (t *target) ref(k culprit.MemoryKind) *ref {
	r := t.refs[k]
	if r == nil {
		s := t.base
		s.Kind = k
		r = &ref{Series: s}
		t.refs[k] = r
	}
	return r
}

// fresh tells that nothing was read for the target yet.
func (t *target) fresh() bool {
	for _, r := range t.refs {
		if r != nil {
			return false
		}
	}
	return true
}

// emit hands every kind of a reading on. A reading that carries a pid although
// its series has none goes through the splitter.
func (o *out) emit(t *target, at int64, rd *reading) bool {
	if pid, ok := rd.get(slotPID); ok && t.base.PID == 0 {
		if t.split == nil {
			t.split = &splitter{target: t}
		}
		return t.split.add(o, at, int(pid), rd)
	}
	if t.wait != nil && t.wait.hold(o, t, at, rd) {
		return true
	}
	return o.emitKinds(t, at, rd)
}

func (o *out) emitKinds(t *target, at int64, rd *reading) bool {
	ok := true
	rd.kinds(func(k culprit.MemoryKind, v int64) {
		if !o.put(t.ref(k), at, v) {
			ok = false
		}
	})
	return ok
}

// finish settles what waited for the end and tells when there was no memory.
func (o *out) finish(name string) error {
	for _, t := range o.targets {
		if t.wait != nil {
			t.wait.release(o, t)
		}
		if t.split != nil {
			t.split.flush(o)
		}
	}
	if o.days != nil {
		o.days.flush(o)
	}
	if o.clock.ambiguous {
		o.warn("dates could be day/month or month/day; taken as day/month")
	}
	switch {
	case o.res.Samples > 0:
		return nil
	case o.res.Lines == 0 && len(o.skipped) == 0:
		return fmt.Errorf("%s: empty: %w", name, ErrNoMemory)
	case len(o.skipped) > 0:
		return fmt.Errorf("%s: %w: it has %s; %s", name, ErrNoMemory, strings.Join(o.skipped, ", "), adviceFor(name))
	}
	return fmt.Errorf("%s: %w in %d lines", name, ErrNoMemory, o.res.Lines)
}

func adviceFor(format string) string {
	switch format {
	case "telegraf", "influx-json", "influx-csv":
		return "export procstat (with pid_tag) or mem instead"
	case "prometheus-json", "prometheus-text":
		return "export process_resident_memory_bytes, container_memory_working_set_bytes or node_memory_* instead"
	case "sar", "sadf", "sadf-json":
		return "run it with -r"
	}
	return "export memory columns instead"
}
