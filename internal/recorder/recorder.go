// Package recorder sits beside processes and catches growth while it happens: it looks at
// RSS once a second, and while a process grows it samples stacks and looks where the
// bytes go.
//
// It owns when to look closer, and what a sample counts for. It refuses to have its own
// idea of growth (internal/analysis/growth has the judge's), to keep time (callers pass
// the instant in), and to name a culprit.
package recorder

import (
	"errors"
	"fmt"
	"time"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/casefile"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// How a process is watched.
const (
	// alert is the rise over the lowest of the last two minutes from which samples are
	// taken: whether it becomes an episode is the judge's word. Less is allocator noise:
	// glibc takes an arena's memory in steps of up to 1 MB, Ruby its heap in some.
	alert = 6 << 20
	// between is the time in seconds between samples while nothing grows: they tell who
	// always runs. The first are taken each second, so that somebody can be caught in the
	// first minutes: the judge needs about as many.
	between = 5
	eager   = 60
	calm    = 2 * time.Minute // how far back the lowest lies: leaks of a few MB a call rise slowly
	// rest is how long a process does not rise before its episode is over.
	rest = 10 * time.Second
	// longest is how long an episode lasts at most: a slow leak has no end.
	longest = 2 * time.Minute
	// settle is how often it is asked after an episode whether who ran has ended and a major
	// collection has run since; patience is how long: then it stays open what was freed. A
	// server with little to do collects that rarely.
	settle   = 5 * time.Second
	patience = 10 * time.Minute
	// remembered is the past that the judge sees.
	remembered = 15 * time.Minute
	// closer is the rise between two looks at where the bytes are.
	closer = 1.15
	// again is how old the look from before an episode may become.
	again = 2 * time.Minute
)

// Watch is one process.
type Watch struct {
	PID  int
	Host string
	Tool string
	FS   proc.FS
	// Root is where procfs is mounted.
	Root string

	target *inspection.Target
	points []casefile.Point
	before livefacts.Inspect
	recent livefacts.Inspect // the last look
	looked time.Time         // when before was seen
	open   *episode
	wait   []*episode // over, and waiting for the look after
	quiet  map[[2]string]int
	quietN int
	fresh  []calmSample // those of the last two minutes
	bases  []base       // of the last seconds
	told   int64        // microseconds: up to here growth belongs to an episode that is over
}

// Open begins to watch a process, and looks at it once.
func Open(w Watch, now time.Time) (*Watch, error) {
	t, err := inspection.Live(w.Root, w.PID)
	if err != nil {
		return nil, err
	}
	w.target = t
	if err := w.look(now); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return &w, nil
}

// Close ends the watching.
func (w *Watch) Close() error { return w.target.Close() }

// look sees where the bytes are.
func (w *Watch) look(now time.Time) (err error) {
	if w.before, err = w.inspect(); err == nil {
		w.looked = now
	}
	return err
}

func (w *Watch) inspect() (livefacts.Inspect, error) {
	d, err := w.target.Inspect(w.Tool, w.FS)
	if err == nil {
		w.recent = d
	}
	return d, err
}

// Growing tells whether samples should be taken now.
func (w *Watch) Growing() bool { return w.open != nil }

// Points are the readings that are remembered, the last of them the newest.
func (w *Watch) Points() []casefile.Point { return w.points }

// Second looks at RSS; call it once a second. done are episodes that are over and have
// been looked at for the last time.
func (w *Watch) Second(now time.Time) (done []livefacts.Episode, err error) {
	rss, err := w.FS.Resident(w.PID)
	if err != nil {
		done = w.finish(now, true)
		return done, err
	}
	w.points = append(w.points, casefile.Point{At: now.UnixMicro(), Mem: int64(rss)})
	for len(w.points) > 1 && w.points[0].At < now.Add(-remembered).UnixMicro() {
		w.points = w.points[1:]
	}
	if w.open == nil {
		w.baseline(now, rss)
	}
	switch {
	case w.open == nil && int64(rss)-w.lowest(now) >= alert:
		w.begin(now, rss)
	case w.open != nil:
		w.open.collected(w, now)
		w.follow(now, rss)
	case len(w.wait) == 0 && now.Sub(w.looked) > again && w.risen():
		if err := w.look(now); err != nil && errors.Is(err, procmem.ErrGone) {
			return nil, err
		}
	}
	if w.open == nil && (w.quietN < eager || now.Unix()%between == 0) && !w.rising(now) {
		w.idle(now)
	}
	return w.finish(now, false), nil
}

// idle takes a sample while nothing grows. One that fails is no loss.
func (w *Watch) idle(now time.Time) {
	threads, _, err := w.target.Ruby.Sample()
	if err != nil {
		return
	}
	if w.quiet == nil {
		w.quiet = map[[2]string]int{}
	}
	w.quietN++
	ran, _ := working(threads)
	one := calmSample{at: now.UnixMicro()}
	for key := range present(threads, ran) {
		w.quiet[key]++
		one.who = append(one.who, key)
	}
	for len(w.fresh) > 0 && w.fresh[0].at < now.Add(-calm).UnixMicro() {
		w.fresh = w.fresh[1:]
	}
	w.fresh = append(w.fresh, one)
}

// rising tells whether it rose in the last seconds by more than glibc's arenas do in one
// step, 1 MB: who is at work then may be who grows it.
func (w *Watch) rising(now time.Time) bool {
	last := w.points[len(w.points)-1].Mem
	for i := len(w.points) - 1; i >= 0 && w.points[i].At >= now.Add(-between*time.Second).UnixMicro(); i-- {
		if last-w.points[i].Mem > 1<<20 {
			return true
		}
	}
	return false
}

// calmSample is who was there at a sample while nothing seemed to grow.
type calmSample struct {
	at  int64
	who [][2]string
}

// unquiet takes back samples since the last reading from which it has risen so much: it
// grew by then, as is seen now.
func (w *Watch) unquiet(rss culprit.Bytes) {
	since := int64(0)
	for _, p := range w.points {
		if int64(rss)-p.Mem >= alert {
			since = p.At
		}
	}
	for i := len(w.fresh) - 1; i >= 0 && w.fresh[i].at > since; i-- {
		w.quietN--
		for _, key := range w.fresh[i].who {
			w.quiet[key]--
		}
		w.fresh = w.fresh[:i]
	}
}

// risen tells whether the last look is off by more than noise: an idle process is not
// looked at again.
func (w *Watch) risen() bool {
	last := w.points[len(w.points)-1].Mem
	d := last - int64(w.before.RSS)
	return d > alert/2 || d < -alert/2
}

// lowest is the lowest reading of the last two minutes that no episode has told of.
func (w *Watch) lowest(now time.Time) int64 {
	low := int64(1) << 62
	from := max(now.Add(-calm).UnixMicro(), w.told)
	for i := len(w.points) - 1; i >= 0 && w.points[i].At >= from; i-- {
		low = min(low, w.points[i].Mem)
	}
	return low
}

// begin opens an episode that may turn out to be none.
func (w *Watch) begin(now time.Time, rss culprit.Bytes) {
	w.unquiet(rss)
	w.open = newEpisode(w, now, rss)
	for _, b := range w.bases {
		if rss-b.rss >= alert || b.at.Equal(w.bases[0].at) {
			w.open.attribution = newAttribution(b.at, b.rss)
			w.open.faults = b.faults
		}
	}
	w.bases = nil
}

// base is what faults of threads are counted from, when a growth begins: a step may be half
// over when it is seen.
type base struct {
	at     time.Time
	rss    culprit.Bytes
	faults map[int]int64
}

// baseline remembers the faults of the last seconds. They are read when RSS has changed by
// more than the kernel's own delay, so that an idle process costs nothing.
func (w *Watch) baseline(now time.Time, rss culprit.Bytes) {
	const late = 256 << 10
	if n := len(w.bases); n > 0 {
		if d := rss - w.bases[n-1].rss; d < late && d > -late {
			w.bases[n-1].at = now
			return
		}
	}
	faults, err := w.FS.Faults(w.PID)
	if err != nil {
		return // the samples do without
	}
	for len(w.bases) > 0 && now.Sub(w.bases[0].at) > between*time.Second {
		w.bases = w.bases[1:]
	}
	w.bases = append(w.bases, base{now, rss, faults})
}

// follow sees whether an episode goes on.
func (w *Watch) follow(now time.Time, rss culprit.Bytes) {
	e := w.open
	if rss > e.top {
		if float64(rss) >= closer*float64(max(e.height.RSS, w.before.RSS)) {
			e.look(w, now)
		}
		if int64(rss-e.top) > alert/4 {
			e.last = now
		}
		e.top = rss
	}
	if now.Sub(e.last) < rest && now.Sub(e.began) < longest {
		return
	}
	w.open = nil
	event, ok := w.event(e.began)
	w.told = now.UnixMicro()
	if ok {
		e.look(w, now)
		w.before, w.looked = w.recent, now // the next growth begins here
		e.over(event)
		e.due = now.Add(settle)
		w.wait = append(w.wait, e)
	}
}

// event asks the judge's definition of growth whether the process grew since.
func (w *Watch) event(since time.Time) (growth.Event, bool) {
	if len(w.points) < 3 {
		return growth.Event{}, false
	}
	c := &casefile.Case{
		From: w.points[0].At, To: w.points[len(w.points)-1].At, Level: culprit.LevelProcess,
		Units: []casefile.Unit{{Process: culprit.Process{Host: w.Host, PID: w.PID}, Points: w.points}},
	}
	found := growth.Detect(c)
	for _, list := range [][]growth.Event{found.Events, found.Minor, found.Aside} {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].B >= since.UnixMicro() {
				return list[i], true
			}
		}
	}
	// A slow leak has no episodes: the judge has it as a drift, here over this time.
	for _, p := range w.points {
		if p.At <= since.UnixMicro() {
			c.From = p.At
		}
	}
	for _, d := range growth.Detect(c).Drifts {
		if d.Bytes >= 2*alert {
			return growth.Event{A: d.From, B: d.To, Bytes: d.Bytes}, true
		}
	}
	return growth.Event{}, false
}

// End gives what is known of episodes that are not settled: nobody watches any longer.
func (w *Watch) End(now time.Time) []livefacts.Episode {
	if w.open != nil {
		if event, ok := w.event(w.open.began); ok {
			w.open.look(w, now)
			w.open.over(event)
			w.wait = append(w.wait, w.open)
		}
		w.open = nil
	}
	for _, e := range w.wait {
		e.due, e.last = now, now.Add(-2*patience)
	}
	return w.finish(now, false)
}

// finish gives episodes whose last look is due.
func (w *Watch) finish(now time.Time, gone bool) (done []livefacts.Episode) {
	if gone && w.open != nil {
		if event, ok := w.event(w.open.began); ok {
			w.open.over(event)
			w.wait = append(w.wait, w.open)
		}
		w.open = nil
	}
	keep := w.wait[:0]
	for _, e := range w.wait {
		if !gone && (now.Before(e.due) || !w.settled(e, now)) {
			keep = append(keep, e)
			continue
		}
		done = append(done, e.tell(w))
	}
	w.wait = keep
	if len(done) > 0 && len(keep) == 0 && !gone && w.open == nil {
		if err := w.look(now); err != nil {
			done[len(done)-1].Warnings = append(done[len(done)-1].Warnings, fmt.Sprintf("the look after it failed: %v", err))
		}
	}
	return done
}

// settled tells whether an episode can be told: what is left of it is known, or patience
// is over.
func (w *Watch) settled(e *episode, now time.Time) bool {
	e.due = now.Add(settle)
	e.collected(w, now)
	if e.after.RSS > 0 && !e.seen.Before(e.last) {
		return true
	}
	if now.Sub(e.last) <= patience && !w.fallen(e) {
		return false
	}
	d, err := w.inspect()
	if err != nil {
		e.warn(fmt.Sprintf("the look after it failed: %v", err))
		return true
	}
	if !e.told() || d.GC["heap_live_slots"] < e.after.GC["heap_live_slots"] {
		e.after, e.seen = d, now
	}
	return true
}

// fallen tells whether less than half of the objects that became more are there: whatever
// is at work now, most of them were not kept.
func (w *Watch) fallen(e *episode) bool {
	before, height, now := e.before.GC["heap_live_slots"], e.height.GC["heap_live_slots"], w.target.Ruby.GCStat()["heap_live_slots"]
	return now > 0 && height > before && 2*now < before+height
}

// Sample reads the stacks of a growing process. now is when.
func (w *Watch) Sample(now time.Time) error {
	if w.open == nil {
		return nil
	}
	s := sample{at: now}
	var err error
	if s.rss, err = w.FS.Resident(w.PID); err != nil {
		return err
	}
	if s.faults, err = w.FS.Faults(w.PID); errors.Is(err, proc.ErrGone) {
		return err
	}
	s.threads, s.torn, err = w.target.Ruby.Sample()
	if err != nil {
		if errors.Is(err, rubymem.ErrTorn) {
			w.open.torn++ // the next sample tells of this time too
			return nil
		}
		return err
	}
	w.open.add(s)
	return nil
}
