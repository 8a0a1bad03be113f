// Package boottree adds a recorded boot up: what each require cost, by itself and
// with what it required, and what each gem, file, line and class did.
//
// It owns to whom a byte is charged. It refuses to run a boot, to read a file,
// and to say what should be done about it.
//
// Memory and time are charged along the line of time: what lies between two
// events belongs to the require that was open in between. Everything is charged
// once, so the tree adds up to the growth of the process. What others require
// again was charged to the first, and they are named there.
package boottree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit"
)

// Outside is the node of what no require accounts for.
const Outside = "(outside of require)"

// node is a require under construction.
type node struct {
	parent   *node
	name     string
	file     string
	ended    bool
	loaded   bool
	own      culprit.BootReading // differences, charged to this node alone
	retained sum                 // objects that its own code left
	alsoBy   []string
	children []*node
}

// sum is an amount of objects.
type sum struct {
	bytes   culprit.Bytes
	objects int64
}

func (s *sum) add(b culprit.Bytes, n int64) {
	s.bytes += b
	s.objects += n
}

// tree is a boot under construction.
type tree struct {
	rec     culprit.BootRecording
	root    *node // its children are the requires at the top
	outside *node
	nodes   map[int]*node
	open    map[int]*node // by thread, the innermost require under way
	places  places
	last    culprit.BootReading
	began   bool
	pss     bool // the proportional set was read throughout
}

// Mem is the boot of one recording in mode "mem".
func Mem(rec culprit.BootRecording) culprit.Boot {
	t := grow(rec)
	b := t.head("mem")
	t.fold()
	b.TotalBytes = rec.After.RSS - rec.Before.RSS
	if rec.After.RSS < 0 || rec.Before.RSS < 0 {
		b.TotalBytes = t.sum().RSS // nobody looked from outside
	}
	if rec.After.PSS >= 0 && rec.Before.PSS >= 0 {
		b.PSSBytes = rec.After.PSS - rec.Before.PSS
	}
	b.Coverage = share(t.sum().RSS, b.TotalBytes)
	if off := t.sum().RSS - b.TotalBytes; b.TotalBytes > 0 && max(off, -off) > b.TotalBytes/50 && max(off, -off) > noticeable {
		b.Warnings = append(b.Warnings, fmt.Sprintf(
			"the requires add up to %.0f %% of the growth: Linux 6.2 to 6.15 tells a process its resident set only roughly, the more so the more processors there are", b.Coverage*100))
	}
	b.Tree = t.export(byRSS)
	unmeasured(b.Tree, t.pss, false)
	b.Gems, b.Files = t.gems(byRSS), t.files(byRSS)
	b.Fork = forked(rec)
	b.Runs = []culprit.BootRun{{TotalBytes: b.TotalBytes, TimeMS: b.TimeMS}}
	return b
}

// noticeable is a gap between inside and outside that is worth a word.
const noticeable culprit.Bytes = 1_000_000

// head fills in what a boot is of.
func (t *tree) head(mode string) culprit.Boot {
	took := t.rec.TimeNS
	if took == 0 {
		took = t.sum().NS // it did not come to its end
	}
	return culprit.Boot{
		Schema: culprit.BootSchema, Mode: mode, App: base(t.rec.App), Ruby: t.rec.Ruby, Env: t.rec.Env, Entry: t.rec.Entry,
		PSSBytes: culprit.Unknown, BaseBytes: t.rec.Before.RSS,
		AllocatedBytes: culprit.Unknown, AllocatedObjects: culprit.Unknown,
		RetainedBytes: culprit.Unknown, RetainedObjects: culprit.Unknown,
		TimeMS: ms(took), PlainTimeMS: culprit.Unknown, Overhead: culprit.Unknown,
		Warnings: slices.Clone(t.rec.Warnings),
	}
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// share is a over b, 1 for nothing of nothing.
func share(a, b culprit.Bytes) float64 {
	if b == 0 {
		if a == 0 {
			return 1
		}
		return culprit.Unknown
	}
	return float64(a) / float64(b)
}

// grow reads the events in order of time.
func grow(rec culprit.BootRecording) *tree {
	t := &tree{rec: rec, nodes: map[int]*node{}, open: map[int]*node{}, places: placesOf(rec), pss: true}
	t.root = &node{}
	t.outside = &node{parent: t.root, name: Outside, loaded: true}
	t.root.children = append(t.root.children, t.outside)
	var again []culprit.BootEvent
	for _, e := range rec.Events {
		switch e.Kind { //exhaustive:enforce
		case culprit.BootStart:
			t.last, t.began = e.At, true
		case culprit.BootStop:
			t.charge(t.running(0), e.At)
		case culprit.BootEnter:
			t.enter(e)
		case culprit.BootLoaded, culprit.BootNothing, culprit.BootFailed:
			t.leave(e)
		case culprit.BootAgain, culprit.BootLate:
			again = append(again, e)
		}
	}
	t.requiredAgain(again)
	return t
}

// enter opens a require. Until now its parent was at work; at the top of another
// thread that is what the main thread has under way, which started it.
func (t *tree) enter(e culprit.BootEvent) {
	parent := t.nodes[e.Parent]
	if parent == nil {
		parent = t.running(0)
		t.charge(parent, e.At)
		if e.Thread == 0 || parent == t.outside {
			parent = t.root
		}
	} else {
		t.charge(parent, e.At)
	}
	n := &node{parent: parent, name: e.Name}
	parent.children = append(parent.children, n)
	t.nodes[e.ID], t.open[e.Thread] = n, n
}

func (t *tree) leave(e culprit.BootEvent) {
	n := t.nodes[e.ID]
	if n == nil {
		t.charge(t.running(e.Thread), e.At) // its beginning was not understood
		return
	}
	t.charge(n, e.At)
	n.ended = true
	if e.Kind == culprit.BootLoaded {
		n.loaded, n.file = true, e.Name
	}
	t.open[e.Thread] = n.parent
}

// running is the require that is open in a thread.
func (t *tree) running(thread int) *node {
	if n := t.open[thread]; n != nil && n != t.root {
		return n
	}
	return t.outside
}

// charge gives what has happened since the last event to n.
func (t *tree) charge(n *node, now culprit.BootReading) {
	if !t.began {
		t.last, t.began = now, true
		return
	}
	n.own.NS += now.NS - t.last.NS
	n.own.RSS += now.RSS - t.last.RSS
	n.own.PSS += now.PSS - t.last.PSS
	n.own.Objects += now.Objects - t.last.Objects
	n.own.ObjectBytes += now.ObjectBytes - t.last.ObjectBytes
	if now.PSS < 0 || t.last.PSS < 0 {
		t.pss = false
	}
	t.last = now
}

// sum is what was charged to anybody.
func (t *tree) sum() culprit.BootReading {
	var s culprit.BootReading
	t.root.each(func(n *node) {
		s.NS += n.own.NS
		s.RSS += n.own.RSS
		s.PSS += n.own.PSS
		s.Objects += n.own.Objects
		s.ObjectBytes += n.own.ObjectBytes
	})
	return s
}

// each visits the nodes below n, parents first.
func (n *node) each(visit func(*node)) {
	for _, c := range n.children {
		visit(c)
		c.each(visit)
	}
}

// requiredAgain names at each node who required it after the first. A name is
// looked up as it was written, then as the path that it leads to.
func (t *tree) requiredAgain(again []culprit.BootEvent) {
	byKey := map[string]*node{}
	note := func(key string, n *node) {
		if byKey[key] == nil {
			byKey[key] = n
		}
	}
	t.root.each(func(n *node) {
		if n.loaded && n != t.outside {
			note(n.name, n)
			note(feature(n.file), n)
			note(t.places.within(n.file), n)
		}
	})
	find := func(name string) *node {
		if n := byKey[name]; n != nil {
			return n
		}
		return byKey[feature(name)]
	}
	tell := func(name string, by *node) {
		n := find(name)
		if n == nil || by == nil || by == n || by == n.parent || by.name == "" {
			return
		}
		if who := t.title(by); !slices.Contains(n.alsoBy, who) {
			n.alsoBy = append(n.alsoBy, who)
		}
	}
	t.root.each(func(n *node) {
		if !n.loaded && n.parent != t.root {
			tell(n.name, n.parent)
		}
	})
	for _, e := range again {
		tell(e.Name, t.nodes[e.Parent])
	}
}

// feature cuts the ending of a file that Ruby leaves out.
func feature(path string) string {
	for _, ending := range []string{".rb", ".so"} {
		if rest, ok := strings.CutSuffix(path, ending); ok {
			return rest
		}
	}
	return path
}

// fold drops requires that have loaded nothing: what they cost, they cost whoever
// wanted them.
func (t *tree) fold() { foldInto(t.root, t.outside) }

func foldInto(n, outside *node) {
	kept := n.children[:0]
	for _, c := range n.children {
		foldInto(c, outside)
		if c.loaded || !c.ended || len(c.children) > 0 {
			kept = append(kept, c)
			continue
		}
		into := n
		if n.parent == nil {
			into = outside
		}
		into.own.NS += c.own.NS
		into.own.RSS += c.own.RSS
		into.own.PSS += c.own.PSS
		into.own.Objects += c.own.Objects
		into.own.ObjectBytes += c.own.ObjectBytes
	}
	n.children = kept
}

// title is the name of a require as a reader wants it: a path is cut to what is
// below the app's folder or a load path.
func (t *tree) title(n *node) string {
	if !strings.HasPrefix(n.name, "/") {
		return feature(n.name)
	}
	return t.places.within(n.name)
}

// largest orders by an amount, largest first, then by name.
func largest[T any](list []T, amount func(T) int64, name func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int {
		if c := cmp.Compare(amount(b), amount(a)); c != 0 {
			return c
		}
		return strings.Compare(name(a), name(b))
	})
}
