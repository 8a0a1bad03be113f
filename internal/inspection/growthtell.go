package inspection

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"culprit"
	"culprit/internal/heapfacts"
	"culprit/internal/livefacts"
	"culprit/internal/source/faults"
	"culprit/internal/source/procmem"
)

// blockSamples is how many samples a block of memory has that is filled once: that many
// periods of pages.
const blockSamples = 16

// End ends the watch and tells what it saw, with the stacks as a tree.
func (g *Growth) End(now time.Time) (d livefacts.Growth, flame heapfacts.Flame, err error) {
	d = livefacts.Growth{
		Schema: livefacts.GrowthSchema, Tool: g.w.Tool, PID: g.target.PID, Ruby: g.target.Interpreter(), Period: g.w.Period,
		Quality: livefacts.Estimated, RSSBefore: g.rss, Seconds: now.Sub(g.begun).Seconds(),
	}
	if d.RSSAfter, err = g.w.FS.Resident(g.target.PID); err != nil {
		return d, flame, err
	}
	after, err := g.w.FS.Stat(g.target.PID)
	if err != nil {
		return d, flame, err
	}
	if !after.Same(g.before) {
		return d, flame, fmt.Errorf("pid %d: %w: another program runs under its number", g.target.PID, procmem.ErrGone)
	}
	if err := g.faults.Stop(); err != nil {
		return d, flame, err
	}
	if err := g.Tick(); err != nil {
		return d, flame, err
	}
	end, err := present(g.live)
	if err != nil {
		return d, flame, err
	}
	if d.Lost, err = g.faults.Lost(); err != nil {
		return d, flame, err
	}
	fresh := end.less(g.start)
	d.Faults, d.Samples, d.New = int64(after.Faults-g.before.Faults), g.samples, culprit.Bytes(fresh.size())
	d.Faulted = culprit.Bytes(g.samples) * g.each()
	tree := newTree(heapfacts.Flame{Dump: fmt.Sprintf("pid %d", d.PID), Tool: d.Tool, Growth: true})
	g.tell(&d, &tree, g.weigh(fresh))
	d.Warnings = g.doubts(d)
	return d, tree.flame, nil
}

// each is what a sample stands for.
func (g *Growth) each() culprit.Bytes { return culprit.Bytes(g.w.Period) * procmem.PageSize }

// weight is what a stack has of the growth.
type weight struct {
	samples int64
	bytes   float64
}

// weigh gives each stack its part of the new pages. A page is of the last stack that was
// seen to touch it. In a block of memory the samples stand for as many pages as they were
// taken of, but for no more than are new there: memory that is given back and taken again
// is touched more often than it is there.
func (g *Growth) weigh(fresh pages) []weight {
	list := make([]weight, len(g.stacks))
	size := uint64(blockSamples) * uint64(g.each())
	room := fresh.blocks(size)
	in := map[uint64][]int32{}
	for page, i := range g.last {
		if at := page * procmem.PageSize; fresh.has(at) {
			in[at/size] = append(in[at/size], i)
		}
	}
	for block, stacks := range in {
		each := min(float64(g.each()), float64(room[block])/float64(len(stacks)))
		for _, i := range stacks {
			list[i].samples++
			list[i].bytes += each
		}
	}
	return list
}

// growthLine is a line, with the stack that has the most of it.
type growthLine struct {
	livefacts.GrowthLine
	bytes, most float64
}

// growthTable adds stacks up.
type growthTable struct {
	lines                 map[lineKey]*growthLine
	who                   map[whoKey]*weight
	sum, unlocked, native float64
}

// lineKey tells lines apart.
type lineKey struct {
	method, call, path string
	line               int
	unlocked           bool
}

type whoKey struct{ kind, name string }

// tell adds the stacks up, by lines and by who ran.
func (g *Growth) tell(d *livefacts.Growth, tree *tree, weights []weight) {
	t := growthTable{lines: map[lineKey]*growthLine{}, who: map[whoKey]*weight{}}
	for i, s := range g.stacks {
		w := weights[i]
		if s.native && g.rubys[s.thread.TID] {
			s.native, s.thread.Name = false, newThread
		}
		l := t.line(s, w)
		l.Faulted += culprit.Bytes(s.samples) * g.each()
		if w.samples == 0 {
			continue // all of it was given back
		}
		tree.add(s.thread, w.samples, int64(w.bytes))
		t.count(s, w)
	}
	d.Attributed, d.Unlocked, d.Native = culprit.Bytes(t.sum), culprit.Bytes(t.unlocked), culprit.Bytes(t.native)
	d.Lines, d.Who = t.ranking()
}

// line adds a stack to the line that it ended in.
func (t *growthTable) line(s faultStack, w weight) *growthLine {
	k := lineKey{unlocked: s.unlocked}
	frames := s.thread.Frames
	if s.c > 0 {
		k.call = frames[0].Method
	}
	if len(frames) > 0 {
		f := frames[min(s.c, len(frames)-1)]
		k.method, k.path, k.line = cmp.Or(f.Method, f.Label), f.Path, f.Line
	}
	l := t.lines[k]
	if l == nil {
		l = &growthLine{GrowthLine: livefacts.GrowthLine{Method: k.method, Call: k.call, Path: k.path, Line: k.line, Unlocked: k.unlocked}}
		t.lines[k] = l
	}
	l.Samples += w.samples
	l.bytes += w.bytes
	if w.bytes > l.most || l.Stack == nil {
		l.most, l.Stack = w.bytes, frames
	}
	return l
}

// count adds a stack to the totals and to who it is of.
func (t *growthTable) count(s faultStack, w weight) {
	t.sum += w.bytes
	if s.unlocked {
		t.unlocked += w.bytes
	}
	k := whoKey{"native", nativeThread}
	if s.native {
		t.native += w.bytes
	} else {
		k.kind, k.name = Identity(s.thread)
	}
	p := t.who[k]
	if p == nil {
		p = &weight{}
		t.who[k] = p
	}
	p.samples += w.samples
	p.bytes += w.bytes
}

// ranking lists what was added up, the most bytes first.
func (t *growthTable) ranking() (lines []livefacts.GrowthLine, who []livefacts.GrowthWho) {
	share := func(b float64) float64 { return b / max(t.sum, 1) }
	for _, l := range t.lines {
		l.Bytes, l.Share = culprit.Bytes(l.bytes), share(l.bytes)
		lines = append(lines, l.GrowthLine)
	}
	slices.SortFunc(lines, func(a, b livefacts.GrowthLine) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Faulted, a.Faulted), cmp.Compare(a.Path, b.Path), a.Line-b.Line,
			cmp.Compare(a.Method, b.Method), cmp.Compare(a.Call, b.Call))
	})
	for k, w := range t.who {
		who = append(who, livefacts.GrowthWho{Kind: k.kind, Name: k.name, Samples: w.samples, Bytes: culprit.Bytes(w.bytes), Share: share(w.bytes)})
	}
	slices.SortFunc(who, func(a, b livefacts.GrowthWho) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return lines, who
}

// much is growth from which on a part that is not explained is told.
const much = 8 << 20

// doubts says what to know before relying on the figures.
func (g *Growth) doubts(d livefacts.Growth) (list []string) {
	if d.Lost > 0 {
		list = append(list, fmt.Sprintf("%d samples found no room and are not counted: a longer --period takes fewer", d.Lost))
	}
	if d.Samples == 0 && d.Faults >= 8*int64(d.Period) {
		list = append(list, fmt.Sprintf("the kernel counts %d page faults of it, and none was seen: what they were of is not known", d.Faults))
	}
	if left := d.New - d.Attributed; left > much && left*10 > d.New*3 {
		list = append(list, fmt.Sprintf("%s of the new memory are explained by no sample: huge pages and files come many pages a fault, and what comes between two samples is not seen", left))
	}
	cut, stacks := int64(0), int64(0)
	for _, s := range g.stacks {
		stacks += s.samples
		if s.thread.Cut {
			cut += s.samples
		}
	}
	if cut > 0 {
		list = append(list, fmt.Sprintf("%d of %d stacks were deeper than %d frames, or could not be read to their end: their outermost frames are missing", cut, stacks, faults.MostFrames))
	}
	if d.Samples > 0 {
		list = append(list, "the first touch of memory is not its allocation: a line is told that first wrote to a page, and memory which malloc or Ruby had free already is used again without a fault")
	}
	return list
}
