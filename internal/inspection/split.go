package inspection

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
	"culprit/internal/source/nativemem"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
	"culprit/internal/source/rubymem"
)

// Names of categories.
const (
	RubyObjects = "Ruby objects"
	RubyMalloc  = "malloc, owned by Ruby objects"
	Malloc      = "malloc, of Ruby's own parts and of C libraries"
	Kept        = "free, kept by malloc"
	Stacks      = "stacks of threads"
	JIT         = "compiled code"
	Files       = "files"
	Other       = "other"
)

// Inspect tells where the bytes of a live process are. smaps is read, so the process is
// paused by the kernel for the moment that takes.
func (t *Target) Inspect(tool string, fs proc.FS) (livefacts.Inspect, error) {
	d := livefacts.Inspect{
		Schema: livefacts.InspectSchema, Tool: tool, PID: t.PID, Core: t.Core, Ruby: t.Interpreter(),
		Allocator: nativemem.Allocator(t.Mem.Maps()), PSS: culprit.Unknown, Swap: culprit.Unknown, Reclaimable: culprit.Unknown,
	}
	if err := t.again(); err != nil {
		return d, err
	}
	bodies, _ := t.Ruby.Bodies() // pages that cannot be read are told of the look after
	regions, err := t.regions(fs, &d)
	if err != nil {
		return d, err
	}
	// The heap is looked at before and after the kernel is asked: pages that it took or gave
	// back meanwhile would be nobody's.
	if err := t.again(); err != nil {
		return d, err
	}
	after, unread := t.Ruby.Bodies()
	bodies = union(bodies, after)
	both, err := t.both()
	if err != nil {
		return d, err
	}
	census, heap, err := both.census, both.heap, both.refused
	d.GC = t.Ruby.GCStat()
	if census.Unread > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d of %d pages of Ruby's heap changed while they were read", census.Unread, census.Pages+census.Unread))
	}
	if threads, torn, err := t.Ruby.Sample(); err == nil {
		d.Threads = len(threads) + torn
	} else {
		d.Threads = int(culprit.Unknown)
		d.Warnings = append(d.Warnings, "threads: "+err.Error())
	}
	if err != nil {
		d.Warnings = append(d.Warnings, "native heap: "+err.Error())
	}
	t.split(&d, regions, bodies, heap, census.Owned, err)
	if both.apart > 0 {
		refuse(d.Categories, Malloc, fmt.Sprintf("what Ruby objects own changed by %s while the native heap was walked", culprit.Bytes(both.apart)))
	}
	if unread > 0 {
		d.Categories[0].Quality, d.Categories[0].Reason = livefacts.Estimated, fmt.Sprintf("%d pages of the heap changed while they were read, and are not in it", unread)
	}
	return d, nil
}

// heaps is Ruby's heap and the native one, as near to each other as could be.
type heaps struct {
	census  rubymem.Census
	heap    *nativemem.Heap
	refused error // of the native one
	apart   int64 // by how much what objects own changed meanwhile, where that is much
}

// both counts Ruby's objects before and after the native heap is walked. What they own is
// taken from what is in use there, so a collection in between would make it native. An
// eighth of what is in use may be off: the kind of a growth takes half of it, so one of a
// quarter is told right.
func (t *Target) both() (b heaps, err error) {
	first, err := t.Ruby.Census()
	if err != nil {
		return b, err
	}
	if t.Core != "" { // nothing changes there
		b.census = first
		b.heap, b.refused = readNative(t.Mem)
		return b, nil
	}
	for range tries {
		inUse := int64(0)
		b.heap, b.refused = readNative(t.Mem)
		if errors.Is(b.refused, procmem.ErrGone) {
			return b, b.refused
		}
		if b.census, err = t.Ruby.Census(); err != nil {
			return b, err
		}
		b.apart = max(b.census.Owned-first.Owned, first.Owned-b.census.Owned)
		if b.heap != nil {
			for _, a := range b.heap.Arenas {
				inUse += a.InUse
			}
		}
		if b.heap == nil || 8*b.apart <= inUse {
			b.apart = 0
			return b, nil
		}
		first = b.census
	}
	return b, nil
}

// again looks at a live process anew. A heap that moves under the hand is looked for again.
func (t *Target) again() (err error) {
	l, ok := t.Mem.(*procmem.Live)
	if !ok {
		return nil
	}
	for range tries {
		if err = l.Refresh(); err != nil {
			return err
		}
		if err = t.Ruby.Again(); !errors.Is(err, rubymem.ErrNoHeap) {
			return err
		}
	}
	return err
}

// walks is how often the native heap of a process that goes on is walked: each walk of one
// that allocates closes in about three of four cases.
const walks = 8

// readNative walks the native heap. One that changes meanwhile is walked again.
func readNative(m procmem.Mem) (*nativemem.Heap, error) {
	var err error
	for range walks {
		if l, ok := m.(*procmem.Live); ok {
			if err := l.Refresh(); err != nil {
				return nil, err
			}
		}
		var h *nativemem.Heap
		if h, err = nativemem.Read(procmem.NewView(m)); err == nil || errors.Is(err, nativemem.ErrAllocator) || errors.Is(err, procmem.ErrGone) {
			return h, err
		}
	}
	return nil, err
}

// region is a mapping with what of it is in memory.
type region struct {
	procmem.Mapping
	rss     uint64
	guarded bool // memory that nobody may touch lies below it: a stack
}

// regions reads the mappings with their RSS: of a core those bytes that it holds.
func (t *Target) regions(fs proc.FS, d *livefacts.Inspect) ([]region, error) {
	if t.Core != "" {
		return t.coreRegions(d)
	}
	account, err := fs.Smaps(t.PID)
	if err != nil {
		return nil, err
	}
	d.PSS, d.Swap, d.RSS = 0, 0, 0
	var list []region
	for i, m := range account.Mappings {
		r := region{rss: uint64(max(m.RSS, 0))}
		r.From, r.To, r.Path, r.File = m.Start, m.End, m.Path, m.Inode != 0
		r.Read, r.Write, r.Execute = m.Perms[0] == 'r', m.Perms[1] == 'w', m.Perms[2] == 'x'
		if i > 0 {
			below := account.Mappings[i-1]
			r.guarded = below.End == m.Start && strings.HasPrefix(below.Perms, "---") && m.Start%(64<<20) != 0
		}
		d.RSS += m.RSS
		d.PSS += m.PSS
		d.Swap += m.Swap
		list = append(list, r)
	}
	if account.Unread > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d lines of smaps are of an unknown form", account.Unread))
	}
	return list, nil
}

func (t *Target) coreRegions(d *livefacts.Inspect) ([]region, error) {
	var list []region
	for _, m := range t.Mem.Maps() {
		r := region{Mapping: m}
		if err := t.Mem.Present(m.From, m.To, func(from, to uint64) { r.rss += to - from }); err != nil {
			return nil, err
		}
		d.RSS += culprit.Bytes(r.rss)
		list = append(list, r)
	}
	d.Warnings = append(d.Warnings, "a core file has no RSS: the bytes that it holds stand for it")
	return list, nil
}

// split gives each resident page to one category.
func (t *Target) split(d *livefacts.Inspect, regions []region, bodies [][2]uint64, heap *nativemem.Heap, owned int64, refused error) {
	var ours []nativemem.Range
	kept := int64(0)
	if heap != nil {
		ours = heap.Ranges()
		kept = heap.Releasable()
	}
	sum := map[string]uint64{}
	for _, r := range regions {
		in := min(t.within(bodies, r), r.rss)
		sum[RubyObjects] += in
		rest := r.rss - in
		if heap != nil && touches(ours, r) {
			native := min(t.without(ours, bodies, r), rest)
			sum[Malloc] += native
			rest -= native
		}
		sum[kind(r)] += rest
	}
	free := min(uint64(max(kept, 0)), sum[Malloc])
	sum[Malloc] -= free
	sum[Kept] = free
	from := Malloc
	if heap == nil {
		from = Other // where the native heap is then
	}
	of := min(uint64(max(owned, 0)), sum[from])
	sum[from] -= of
	sum[RubyMalloc] = of
	d.Categories = categories(sum, refused)
	if t.Core != "" {
		refuse(d.Categories, Stacks, "a core does not tell the guard pages below stacks")
	}
	if heap != nil {
		d.Reclaimable = culprit.Bytes(kept)
		d.Arenas = arenas(heap)
	}
}

// kind is the category of a mapping for what is neither Ruby's nor malloc's.
func kind(r region) string {
	switch {
	case r.File:
		return Files
	case r.Execute && r.Path == "":
		return JIT
	case r.Path == "[stack]" || r.guarded && r.Path == "":
		return Stacks
	}
	return Other
}

// categories are the sums, with how far to rely on each.
func categories(sum map[string]uint64, refused error) (list []livefacts.Category) {
	quality := map[string][2]string{
		RubyObjects: {livefacts.Exact, ""}, Files: {livefacts.Exact, ""}, JIT: {livefacts.Exact, ""}, Kept: {livefacts.Exact, ""},
		RubyMalloc: {livefacts.Estimated, "what strings, arrays and structs own, by their slots; tables of hashes are not in it"},
		Malloc:     {livefacts.Estimated, "what is left of malloc's memory"},
		Stacks:     {livefacts.Estimated, "nameless memory above a guard page"},
		Other:      {livefacts.Exact, ""},
	}
	for _, name := range []string{RubyObjects, RubyMalloc, Malloc, Kept, Stacks, JIT, Files, Other} {
		c := livefacts.Category{Name: name, Bytes: culprit.Bytes(sum[name]), Quality: quality[name][0], Reason: quality[name][1]}
		if refused != nil {
			switch name {
			case Malloc, Kept:
				c.Bytes, c.Quality, c.Reason = culprit.Unknown, livefacts.Refused, refused.Error()
			case Other:
				c.Reason = "what is left of the native heap is in it"
			}
		}
		list = append(list, c)
	}
	return list
}

// refuse gives what a category has to the others, and says why.
func refuse(list []livefacts.Category, name, reason string) {
	for i := range list {
		if list[i].Name == name {
			list[len(list)-1].Bytes += list[i].Bytes
			list[i].Bytes, list[i].Quality, list[i].Reason = culprit.Unknown, livefacts.Refused, reason
		}
	}
}

// union joins stretches of two moments, both by address.
func union(a, b [][2]uint64) (list [][2]uint64) {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	for _, s := range all {
		if k := len(list); k > 0 && s[0] <= list[k-1][1] {
			list[k-1][1] = max(list[k-1][1], s[1])
			continue
		}
		list = append(list, s)
	}
	return list
}

// within counts the resident bytes of stretches that lie in a mapping. One that is all
// theirs counts as the kernel told it: its pages may be gone by now.
func (t *Target) within(bodies [][2]uint64, r region) (sum uint64) {
	i, _ := slices.BinarySearchFunc(bodies, r.From, func(b [2]uint64, at uint64) int { return cmp.Compare(b[1], at+1) })
	if i < len(bodies) && bodies[i][0] <= r.From && bodies[i][1] >= r.To && r.rss > 0 {
		return r.rss
	}
	for ; i < len(bodies) && bodies[i][0] < r.To; i++ {
		if a, b := max(bodies[i][0], r.From), min(bodies[i][1], r.To); a < b {
			_ = t.Mem.Present(a, b, func(from, to uint64) { sum += to - from }) // a process that is gone is told by the next read
		}
	}
	return sum
}

func touches(ours []nativemem.Range, r region) bool {
	return slices.ContainsFunc(ours, func(o nativemem.Range) bool { return o.From < r.To && o.To > r.From })
}

// without counts the resident bytes of malloc in a mapping less those of Ruby's pages: to
// 3.0 and where pages of the heap are not mapped by themselves, malloc gives them.
func (t *Target) without(ours []nativemem.Range, bodies [][2]uint64, r region) (sum uint64) {
	for _, o := range ours {
		a, b := max(o.From&^(procmem.PageSize-1), r.From), min((o.To+procmem.PageSize-1)&^(procmem.PageSize-1), r.To)
		if a >= b {
			continue
		}
		_ = t.Mem.Present(a, b, func(from, to uint64) { sum += to - from })
		part := region{Mapping: procmem.Mapping{From: a, To: b}}
		sum -= min(sum, t.within(bodies, part))
	}
	return sum
}
