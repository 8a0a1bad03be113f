package rubydump

import "culprit/internal/source/procmem"

// stacks are the threads and fibers, and what of them is nobody else's to look through.
type stacks struct {
	threads []uint64
	fibers  map[uint64]bool // their structs
	apart   map[uint64]bool // addresses of their structs and stacks, and of the collector's
	tables  []stretch       // that do not hold what is in them
}

func (d *dumper) findStacks() error {
	threads, fibers, err := d.Threads()
	if err != nil {
		return err
	}
	s := stacks{threads: threads, fibers: map[uint64]bool{}, apart: map[uint64]bool{d.Space(): true}}
	context := func(ec uint64) {
		s.apart[ec] = true
		s.apart[d.word(ec)] = true
	}
	for _, th := range threads {
		s.apart[th] = true
		if ec := d.word(th + d.lay.thread["ec"]); ec != 0 {
			context(ec)
		}
	}
	for _, f := range fibers {
		s.fibers[f] = true
		s.apart[f] = true
		context(f + d.lay.thread["saved_ec"])
	}
	d.stacks = s
	return nil
}

// thread is struct rb_thread_struct with the stacks of its context.
func (d *dumper) thread(at uint64) uint64 {
	d.fields(at, d.lay.threadSize)
	if self, ok := d.lay.thread["ractor.self"]; ok {
		d.maybe(d.word(d.word(at+d.lay.thread["ractor"]) + self))
	}
	ec := d.word(at + d.lay.thread["ec"])
	if ec == 0 {
		return d.block(at)
	}
	bytes := d.block(at) + d.context(ec)
	// The fiber that a thread began with has no object until somebody asks for it; while
	// another runs it waits in its struct (cont.c, rb_fiber_mark_self).
	if o, ok := d.lay.thread["root_fiber"]; ok {
		if root := d.word(at + o); root != 0 && root+d.lay.thread["saved_ec"] != ec && !d.isObject(d.word(root+16)) {
			bytes += d.fiber(root)
		}
	}
	return bytes
}

// fields adds the objects that a struct holds, and those of fibers that it points to.
func (d *dumper) fields(at, size uint64) {
	d.each(at, size/8, func(w uint64) {
		if d.stacks.fibers[w] {
			w = d.word(w + 16) // its object
		}
		d.maybe(w)
	})
}

// fiber is struct rb_fiber_struct: its context stands in it. That which runs has its
// stacks with its thread too.
func (d *dumper) fiber(at uint64) uint64 {
	// Behind its jump buffer, whose size differs between builds, there are fields too.
	size := d.block(at)
	if size < d.lay.fiberSize {
		size = d.lay.fiberSize + largerJump
	}
	d.fields(at, size)
	if th := d.word(at + d.lay.thread["saved_ec"] + d.lay.thread["thread_ptr"]); th != 0 {
		d.maybe(d.word(th + 16))
	}
	// One that waits has noted here what of the machine's stack is its (cont.c, fiber_store).
	if stack, n := d.word(at+d.lay.thread["stack"]), d.word(at+d.lay.thread["stack_size"]); stack != 0 && n < mostStack/8 {
		d.machine(stack+8*n, stack)
	}
	return d.block(at) + d.context(at+d.lay.thread["saved_ec"])
}

// Of a context and a control frame (vm_core.h).
const (
	contextSize  = 8
	contextFrame = 16
	frameTop     = 8  // sp
	frameScope   = 32 // ep
	mostStack    = 1 << 30
	largerJump   = 160 // what a jump buffer has more in builds with -fcf-protection
)

// context is struct rb_execution_context_struct: what is on the stack of values below the
// top of the innermost frame, the frames, and the machine's stack.
func (d *dumper) context(ec uint64) uint64 {
	d.fields(ec, d.lay.contextSize)
	d.locals(d.word(ec + d.lay.thread["local_storage"]))
	stack, size, frame := d.word(ec), 8*d.word(ec+contextSize), d.word(ec+contextFrame)
	if stack != 0 && size < mostStack && frame > stack && frame < stack+size {
		top := d.word(frame + frameTop)
		if top > stack && top < stack+size {
			d.maybeEach(stack, (top-stack)/8)
		}
		d.maybeEach(frame, (stack+size-frame)/8)
		d.scopes(frame, stack, stack+size)
	}
	start, end := d.word(ec+d.lay.thread["machine.stack_start"]), d.word(ec+d.lay.thread["machine.stack_end"])
	d.machine(start, end)
	if stack == 0 || size >= mostStack {
		return 0
	}
	touched := uint64(0) // the rest takes no memory
	if err := d.view.Mem.Present(stack, stack+size, func(from, to uint64) { touched += to - from }); err != nil {
		d.lost()
	}
	return touched
}

// locals are what Thread#[]= keeps: a table of names, in 2.7 one of numbers.
func (d *dumper) locals(table uint64) {
	switch {
	case table == 0:
	case d.lay.v27:
		d.stEach(table, func(_, v uint64) { d.value(v) })
	default:
		d.idEach(table, d.value)
	}
}

// scopes adds the environments of frames that have been moved to the heap, and those
// around them: the object of each stands behind the word that the frame points to.
func (d *dumper) scopes(frame, stack, end uint64) {
	for ; frame+d.lay.frame <= end; frame += d.lay.frame {
		ep := d.word(frame + frameScope)
		if ep == 0 {
			continue
		}
		if ep < stack || ep >= end {
			d.maybe(d.word(ep + 8))
		}
		if d.word(ep)&envLocal != 0 {
			continue
		}
		if around := d.word(ep-8) &^ 3; around != 0 && (around < stack || around >= end) {
			d.maybe(d.word(around + 8))
		}
	}
}

// machine adds what is on a machine's stack. Its end is noted when a thread gives the
// lock away; of one that runs, the stack's lowest register is nearer to the truth.
func (d *dumper) machine(start, end uint64) {
	m, ok := procmem.Find(d.view.Maps(), start-8)
	if start == 0 || !ok || !m.Write {
		return
	}
	if end < m.From || end >= start {
		end = start
	}
	for _, r := range d.opt.Registers {
		if r >= m.From && r < end {
			end = r &^ 7
		}
	}
	d.eachThere(end, start, d.maybe)
}
