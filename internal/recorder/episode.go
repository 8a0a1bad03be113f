package recorder

import (
	"slices"
	"time"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/residence"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
)

// episode is a growth while it is watched.
type episode struct {
	began, last, due time.Time
	top              culprit.Bytes
	before, height   livefacts.Inspect
	classes          []livefacts.Class
	event            growth.Event
	idle             uint64 // major collections when who grew it had ended, 0 not yet
	majors           uint64 // major collections when it was last asked
	calm             bool   // who grew it was not at work then
	after            livefacts.Inspect
	seen             time.Time // when after was seen
	high             time.Time // when height was seen

	attribution
	warnings []string
}

func newEpisode(w *Watch, now time.Time, rss culprit.Bytes) *episode {
	e := &episode{began: now, last: now, top: rss, before: w.before}
	e.attribution = newAttribution(now, rss)
	return e
}

func (e *episode) warn(s string) { e.warnings = append(e.warnings, s) }

// look sees where the bytes are at the height. The highest look counts: a collection may
// run in between.
func (e *episode) look(w *Watch, now time.Time) {
	d, err := w.inspect()
	if err != nil {
		e.warn("a look at it failed: " + err.Error())
		return
	}
	if e.height.RSS > 0 && !e.better(d) {
		return
	}
	e.height, e.high = d, now
	h, err := w.target.Heap(w.Tool)
	if err != nil {
		e.warn("its objects could not be counted: " + err.Error())
		return
	}
	e.classes = h.ByClass
}

// better tells whether a look tells more than the one that is kept. Of two that have seen
// the growth alike, one whose native heap could be walked does; else the higher one.
func (e *episode) better(d livefacts.Inspect) bool {
	old, now := e.height.RSS-e.before.RSS, d.RSS-e.before.RSS
	if whole(d) != whole(e.height) && 2*min(old, now) >= max(old, now) {
		return whole(d)
	}
	return ruby(d) >= ruby(e.height) || d.RSS >= e.height.RSS+e.height.RSS/4
}

// whole tells whether a look has all categories.
func whole(d livefacts.Inspect) bool {
	return d.RSS > 0 && !slices.ContainsFunc(d.Categories, func(c livefacts.Category) bool { return c.Quality == livefacts.Refused })
}

// ruby is what live objects take: pages of the heap stay when their objects have gone.
func ruby(d livefacts.Inspect) (sum culprit.Bytes) {
	const slot = 40
	for _, c := range d.Categories {
		if c.Name == inspection.RubyMalloc {
			sum += max(c.Bytes, 0)
		}
	}
	return sum + culprit.Bytes(min(d.GC["heap_live_slots"], 1<<40))*slot
}

// over sets the bounds that the judge gives.
func (e *episode) over(event growth.Event) { e.event = event }

// mostClasses is how many classes an episode tells.
const mostClasses = 20

// tell makes the document.
func (e *episode) tell(w *Watch) livefacts.Episode {
	d := livefacts.Episode{
		Schema: livefacts.EpisodeSchema, Tool: w.Tool, Host: w.Host, PID: w.PID, Ruby: w.target.Interpreter(),
		From: time.UnixMicro(e.event.A).UTC(), To: time.UnixMicro(e.event.B).UTC(), Bytes: culprit.Bytes(e.event.Bytes),
		Samples: e.samples, Torn: e.torn, Grew: len(e.rises), Running: e.running, Warnings: e.warnings,
		FirstSample: e.first.UTC(), LastSample: e.at.UTC(), Faults: e.faulted, Rises: e.rises,
	}
	for _, look := range []livefacts.Inspect{e.before, e.height, e.after} {
		for _, s := range look.Warnings {
			if !slices.Contains(d.Warnings, s) {
				d.Warnings = append(d.Warnings, s)
			}
		}
	}
	e.settle()
	d.Who = e.ranking()
	d.Quiet = w.quietN
	for i, q := range d.Who {
		if w.quietN > 0 {
			d.Who[i].Usual = float64(w.quiet[[2]string{q.Kind, q.Name}]) / float64(w.quietN)
		}
	}
	for i, c := range e.height.Categories {
		if i < len(e.before.Categories) && c.Quality != livefacts.Refused && e.before.Categories[i].Quality != livefacts.Refused {
			d.Parts = append(d.Parts, livefacts.Part{Name: c.Name, Bytes: c.Bytes - e.before.Categories[i].Bytes})
		}
	}
	d.Classes = e.classes[:min(len(e.classes), mostClasses)]
	d.Kind, d.Reason = e.growth(d.Bytes).Kind()
	return d
}

// growth is what the kind is told from. A look after a collection may be older than the
// highest one, as a slow leak goes on: then it is the height too, if it has seen half of
// the growth.
func (e *episode) growth(bytes culprit.Bytes) residence.Growth {
	g := residence.Growth{Before: e.before, Height: e.height, After: e.after, Idle: e.idle, Bytes: bytes}
	switch {
	case !e.told():
		g.After = livefacts.Inspect{}
	case e.seen.Before(e.high):
		g.Height = e.after
	}
	return g
}

// told tells whether there is a look that tells what is left of it.
func (e *episode) told() bool {
	return e.after.RSS > 0 && (!e.seen.Before(e.high) || 2*(e.after.RSS-e.before.RSS) >= max(e.height.RSS-e.before.RSS, 0))
}

// collected is asked again and again, while an episode goes on and after it: right after a major collection, with who
// grew it not at work before and after, what is alive is kept.
func (e *episode) collected(w *Watch, now time.Time) {
	majors := w.target.Ruby.GCStat()["major_gc_count"]
	ran, idle := majors > e.majors && e.majors > 0, !e.atWork(w)
	if idle && e.idle == 0 {
		e.idle = majors
	}
	if ran && idle && e.calm {
		d, err := w.inspect()
		if err != nil {
			e.warn("a look after a collection failed: " + err.Error())
		} else {
			e.after, e.seen, e.idle = d, now, min(e.idle, majors-1)
		}
	}
	if !idle {
		e.idle = 0
	}
	e.majors, e.calm = majors, idle
}

// atWork tells whether an action that took most of the growth is in flight, or that cannot
// be told.
func (e *episode) atWork(w *Watch) bool {
	threads, torn, err := w.target.Ruby.Sample()
	if err != nil || torn > 0 {
		return true
	}
	who := e.ranking()
	for _, th := range threads {
		if kind, name := inspection.Identity(inspection.Thread(th)); kind == "action" && len(who) > 0 && who[0].Name == name {
			return true
		}
	}
	return false
}
