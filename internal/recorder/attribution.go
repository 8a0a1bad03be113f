package recorder

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culprit"
	"culprit/internal/inspection"
	"culprit/internal/livefacts"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// attribution gives the growth between two samples to who made it.
//
// A page becomes resident when a thread touches it, and the kernel counts that fault for
// the thread. So growth belongs to threads in proportion to their faults, and to the
// action that a thread was in at both ends of the time between two samples. What a thread
// did that was in an action at one end only is nobody's: it may have been a request that
// came and went in between. Where Ruby does not tell the kernel's numbers of its threads,
// the one that has Ruby's lock at the sample stands for all.
type attribution struct {
	samples, torn int
	grown         culprit.Bytes // in all samples
	running       bool
	faulted       bool // faults were counted
	first, at     time.Time
	rss           culprit.Bytes     // at the last sample
	faults        map[int]int64     // at the last sample, by thread
	in            map[int][2]string // who threads were when their stacks were last read
	held          map[int]float64   // growth of threads whose stacks could not be read since
	who           map[[2]string]*presence
	rises         []livefacts.Rise
}

// presence is one that was there.
type presence struct {
	samples int
	grew    int
	bytes   float64
	hot     map[livefacts.Hot]int
}

func newAttribution(now time.Time, rss culprit.Bytes) attribution {
	return attribution{rss: rss, first: now, at: now, who: map[[2]string]*presence{}, held: map[int]float64{}}
}

// mostHot bounds the methods that are remembered of one that ran.
const mostHot = 500

// sample is a process at an instant.
type sample struct {
	at      time.Time
	rss     culprit.Bytes
	threads []rubymem.Thread
	torn    int
	faults  map[int]int64 // nil: not known
}

// Who growth belongs to that is nobody's.
var (
	outside = [2]string{"code", "a thread that is not Ruby's"}
	changed = [2]string{"code", "stacks that changed while they were read"}
	unseen  = [2]string{"code", "requests too short to be seen"}
)

// add counts a sample.
func (a *attribution) add(s sample) {
	a.samples++
	a.torn += s.torn
	grown := max(s.rss-a.rss, 0)
	if grown > 0 {
		a.rises = append(a.rises, livefacts.Rise{At: s.at.UTC(), Seconds: s.at.Sub(a.at).Seconds(), Bytes: grown})
	}
	a.grown += grown
	ran, known := working(s.threads)
	a.running = a.running || known
	in := map[int][2]string{}
	for _, th := range s.threads {
		kind, name := inspection.Identity(inspection.Thread(th))
		if old, ok := in[th.TID]; !ok || old[0] == "code" { // fibers share a thread
			in[th.TID] = [2]string{kind, name}
		}
	}
	if ok := a.byFaults(s, in, grown); !ok {
		for _, t := range ran {
			kind, name := inspection.Identity(t)
			a.one([2]string{kind, name}).bytes += float64(grown) / float64(len(ran))
		}
	}
	for key, t := range present(s.threads, ran) {
		a.count(key, t, grown > 0)
	}
	a.release(in, s.torn)
	if s.torn > 0 {
		for tid, key := range a.in { // those that could not be read are who they were
			if _, ok := in[tid]; !ok {
				in[tid] = key
			}
		}
	}
	a.at, a.rss, a.faults, a.in = s.at, s.rss, s.faults, in
}

// byFaults divides growth by faults. false: they are not known of this time.
func (a *attribution) byFaults(s sample, in map[int][2]string, grown culprit.Bytes) bool {
	_, noNumbers := in[0]
	if a.faults == nil || s.faults == nil || noNumbers {
		return false
	}
	a.faulted = true
	sum := int64(0)
	for tid, n := range s.faults {
		sum += n - a.faults[tid]
	}
	// Half of the growth is the majority of it: with fewer faults, something else than
	// touching small pages made it (huge pages, another process), and it is nobody's.
	if sum <= 0 || 2*culprit.Bytes(sum)*procmem.PageSize < grown {
		return true
	}
	for tid, n := range s.faults {
		d := n - a.faults[tid]
		if d <= 0 {
			continue
		}
		part := float64(grown) * float64(d) / float64(sum)
		key := a.between(tid, in)
		if key == outside && s.torn > 0 {
			a.held[tid] += part
			continue
		}
		a.one(key).bytes += part
		if grown > 0 && (key[0] == "thread" || key == outside) {
			a.rises[len(a.rises)-1].Others += culprit.Bytes(part)
		}
	}
	return true
}

// release gives what was held to who a thread is again, if that is who it was before.
func (a *attribution) release(in map[int][2]string, torn int) {
	for tid, bytes := range a.held {
		if _, ok := in[tid]; !ok && torn > 0 {
			continue
		}
		key := changed
		if now, ok := in[tid]; ok && a.between(tid, in) == now {
			key = now
		}
		a.one(key).bytes += bytes
		delete(a.held, tid)
	}
}

// between says who a thread was between the last sample and this one.
func (a *attribution) between(tid int, in map[int][2]string) [2]string {
	now, ok := in[tid]
	if !ok {
		return outside
	}
	if was, ok := a.in[tid]; ok && was == now || now[0] == "thread" {
		return now
	}
	return unseen
}

func (a *attribution) one(key [2]string) *presence {
	p := a.who[key]
	if p == nil {
		p = &presence{hot: map[livefacts.Hot]int{}}
		a.who[key] = p
	}
	return p
}

// present lists who was there: actions that are in flight, whether they wait or not, and
// other threads that are at work.
func present(threads []rubymem.Thread, ran []livefacts.Thread) map[[2]string]livefacts.Thread {
	there := map[[2]string]livefacts.Thread{}
	for _, th := range threads {
		if t := inspection.Thread(th); t.Action != "" {
			there[[2]string{"action", t.Action}] = t
		}
	}
	for _, t := range ran {
		kind, name := inspection.Identity(t)
		there[[2]string{kind, name}] = t
	}
	return there
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

// count adds a sample that one was there in.
func (a *attribution) count(key [2]string, t livefacts.Thread, grew bool) {
	p := a.one(key)
	p.samples++
	if grew {
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

// mostOf is how many of a list an episode tells.
const (
	mostWho     = 20
	mostHotTold = 25
)

// settle ends what is held: its threads were not read again.
func (a *attribution) settle() {
	for tid, bytes := range a.held {
		a.one(changed).bytes += bytes
		delete(a.held, tid)
	}
}

// ranking lists who was there, most growth first. Shares are of all growth that was seen:
// what is nobody's lowers them.
func (a *attribution) ranking() (list []livefacts.Presence) {
	for key, p := range a.who {
		q := livefacts.Presence{Kind: key[0], Name: key[1], Samples: p.samples, Grew: p.grew, Bytes: culprit.Bytes(p.bytes)}
		if a.grown > 0 {
			q.Share = p.bytes / float64(a.grown)
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
