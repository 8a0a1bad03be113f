package recorder

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/residence"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/source/rubymem"
)

// episode is a growth while it is watched.
type episode struct {
	began, last, due time.Time
	top              culprit.Bytes
	before, height   livefacts.Inspect
	classes          []livefacts.Class
	event            growth.Event
	idle             uint64 // major collections when who grew it had ended, 0 not yet

	samples, torn int
	grew          int // samples before which it had grown
	running       bool
	rss           culprit.Bytes // at the last sample
	who           map[[2]string]*presence
	warnings      []string
}

// presence is one that ran.
type presence struct {
	samples int
	grew    int
	bytes   float64
	hot     map[livefacts.Hot]int
}

func newEpisode(w *Watch, now time.Time, rss culprit.Bytes) *episode {
	return &episode{began: now, last: now, top: rss, before: w.before, who: map[[2]string]*presence{}, rss: rss}
}

func (e *episode) warn(s string) { e.warnings = append(e.warnings, s) }

// look sees where the bytes are at the height. The highest look counts: a collection may
// run in between.
func (e *episode) look(w *Watch) {
	d, err := w.inspect()
	if err != nil {
		e.warn("a look at it failed: " + err.Error())
		return
	}
	if e.height.RSS > 0 && !e.better(d) {
		return
	}
	e.height = d
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

// mostHot bounds the methods that are remembered of one that ran.
const mostHot = 500

// add counts a sample: the growth since the last one belongs to who has Ruby's lock, or,
// where Ruby does not tell, to all that are in an action.
func (e *episode) add(threads []rubymem.Thread, torn int, rss culprit.Bytes) {
	e.samples++
	e.torn += torn
	grown := max(rss-e.rss, 0)
	e.rss = rss
	if grown > 0 {
		e.grew++
	}
	ran, known := working(threads)
	e.running = e.running || known
	for _, t := range ran {
		e.count(t, float64(grown)/float64(len(ran)))
	}
}

// working lists the threads at work: the one that has Ruby's lock, or, where Ruby does not
// tell or that one waits, all that are in an action and do not wait. known tells whether
// Ruby says who has the lock.
func working(threads []rubymem.Thread) (ran []livefacts.Thread, known bool) {
	for _, th := range threads {
		known = known || th.RunningKnown
		if th.Running && !waits(th) {
			ran = append(ran, inspection.Thread(th))
		}
	}
	if known && len(ran) > 0 {
		return ran, known
	}
	// Nobody had the lock at that moment: C code that has given it away may still grow.
	for _, th := range threads {
		if t := inspection.Thread(th); t.Action != "" && !waits(th) {
			ran = append(ran, t)
		}
	}
	return ran, known
}

// waits tells whether a thread is in a call that lets others run until something happens:
// Ruby still names it as the last that had its lock.
func waits(th rubymem.Thread) bool {
	if len(th.Frames) == 0 {
		return true
	}
	switch th.Frames[0].Label {
	case "sleep", "pop", "shift", "wait", "select", "join", "value", "lock", "accept", "accept_nonblock", "wait_readable", "wait_writable", "stop", "pass", "_native_select", "ppoll", "wait2":
		return true
	}
	if i := strings.LastIndexAny(th.Frames[0].Label, "#."); i >= 0 {
		th.Frames = []rubymem.Frame{{Label: th.Frames[0].Label[i+1:]}}
		return waits(th)
	}
	return false
}

// count adds a thread's part of a sample.
func (e *episode) count(t livefacts.Thread, bytes float64) {
	kind, name := inspection.Identity(t)
	p := e.who[[2]string{kind, name}]
	if p == nil {
		p = &presence{hot: map[livefacts.Hot]int{}}
		e.who[[2]string{kind, name}] = p
	}
	p.samples++
	p.bytes += bytes
	if bytes > 0 {
		p.grew++
	}
	seen := map[string]bool{}
	for _, f := range t.Frames {
		m := f.Method
		if m == "" {
			m = f.Label
		}
		if seen[m] || len(p.hot) > mostHot {
			continue
		}
		seen[m] = true
		p.hot[livefacts.Hot{Method: m, Path: f.Path, Line: f.Line}]++
	}
}

// over sets the bounds that the judge gives.
func (e *episode) over(event growth.Event) { e.event = event }

// mostOf is how many of a list an episode tells.
const (
	mostWho     = 20
	mostHotTold = 25
	mostClasses = 20
)

// tell makes the document.
func (e *episode) tell(w *Watch, after livefacts.Inspect) livefacts.Episode {
	d := livefacts.Episode{
		Schema: livefacts.EpisodeSchema, Tool: w.Tool, Host: w.Host, PID: w.PID, Ruby: w.target.Interpreter(),
		From: time.UnixMicro(e.event.A).UTC(), To: time.UnixMicro(e.event.B).UTC(), Bytes: culprit.Bytes(e.event.Bytes),
		Samples: e.samples, Torn: e.torn, Grew: e.grew, Running: e.running, Warnings: e.warnings,
	}
	for _, look := range []livefacts.Inspect{e.before, e.height, after} {
		for _, s := range look.Warnings {
			if !slices.Contains(d.Warnings, s) {
				d.Warnings = append(d.Warnings, s)
			}
		}
	}
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
	d.Kind, d.Reason = residence.Growth{Before: e.before, Height: e.height, After: after, Idle: e.idle, Bytes: d.Bytes}.Kind()
	return d
}

// ranking lists who ran, most growth first.
func (e *episode) ranking() (list []livefacts.Presence) {
	total := 0.0
	for _, p := range e.who {
		total += p.bytes
	}
	for key, p := range e.who {
		q := livefacts.Presence{Kind: key[0], Name: key[1], Samples: p.samples, Grew: p.grew, Bytes: culprit.Bytes(p.bytes)}
		if total > 0 {
			q.Share = p.bytes / total
		}
		for h, n := range p.hot {
			h.Samples = n
			q.Hot = append(q.Hot, h)
		}
		slices.SortFunc(q.Hot, func(a, b livefacts.Hot) int {
			return cmp.Or(cmp.Compare(b.Samples, a.Samples), strings.Compare(a.Method, b.Method), cmp.Compare(a.Line, b.Line))
		})
		q.Hot = q.Hot[:min(len(q.Hot), mostHotTold)]
		list = append(list, q)
	}
	slices.SortFunc(list, func(a, b livefacts.Presence) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Samples, a.Samples), strings.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), mostWho)]
}
