package rubymem

import (
	"encoding/binary"
	"fmt"
)

// Thread is one of Ruby's threads, or a fiber that waits.
type Thread struct {
	Address uint64
	TID     int // the kernel's number, 0 where Ruby of that version does not keep it
	Name    string
	Fiber   bool
	// Running is set for the thread that has Ruby's lock (GVL) and may allocate objects;
	// RunningKnown is false where that Ruby does not tell.
	Running, RunningKnown bool

	Frames []Frame // the innermost first, as Thread#backtrace has them
	// Cut is set where the stack could not be read to its end.
	Cut bool
}

// Frame is a call. Label, Path and Line are those of Thread::Backtrace::Location.
type Frame struct {
	Label string
	Path  string
	Line  int
	// Method has the class before it: "ReportsController#index"; "" where the frame is no
	// method's.
	Method string
	// C is set for a function of C: Path and Line are those of the Ruby code that called it.
	C bool
}

// threadFinder remembers where threads are.
type threadFinder struct{ known []uint64 }

// Limits: deeper stacks and more threads are cut, and said so.
const (
	mostFrames  = 20_000
	mostThreads = 4 << 20
	mostStack   = 64 << 20
)

// Fibers reads the stacks of fibers that wait.
func (r *Ruby) Fibers() (list []Thread, err error) {
	_, waiting, err := r.findThreads()
	for _, at := range waiting {
		if t, ok := r.fiber(at); ok {
			list = append(list, t)
		}
	}
	return list, err
}

// findThreads looks through the heap for threads and fibers: T_DATA whose C type has
// that name (vm.c, thread_data_type; cont.c, fiber_data_type).
func (r *Ruby) findThreads() (threads, fibers []uint64, err error) {
	kinds := map[uint64]string{}
	r.eachPage(func(pg page, b []byte) {
		for s := 0; s < len(b); s += pg.slot {
			if binary.LittleEndian.Uint64(b[s:])&0x1f != tData || len(threads)+len(fibers) > mostThreads {
				continue
			}
			typ, typed, data := binary.LittleEndian.Uint64(b[s+16:]), binary.LittleEndian.Uint64(b[s+24:]), binary.LittleEndian.Uint64(b[s+32:])
			if typed != 1 && typed != 3 || data == 0 {
				continue
			}
			name, ok := kinds[typ]
			if !ok {
				name = r.typeName(typ)
				kinds[typ] = name
			}
			self := pg.start + uint64(s)
			if back, ok := r.word(data + 16); !ok || back != self { // th->self and cont.self are both at 16
				continue
			}
			switch name {
			case "VM/thread":
				threads = append(threads, data)
			case "fiber":
				fibers = append(fibers, data)
			}
		}
	})
	if len(threads) == 0 {
		return nil, nil, fmt.Errorf("ruby %s: %w: it has no threads", r.Version, ErrNoHeap)
	}
	return threads, fibers, nil
}

// typeName reads rb_data_type_t.wrap_struct_name.
func (r *Ruby) typeName(typ uint64) string {
	at, ok := r.word(typ)
	if !ok {
		return ""
	}
	s, err := r.view.Text(at, mostName)
	if err != nil {
		return ""
	}
	return s
}

// thread reads a thread. A dead one has no execution context.
func (r *Ruby) thread(at uint64) (Thread, bool) {
	ec, ok := r.word(at + r.lay.threadEC)
	if !ok || ec == 0 {
		return Thread{}, false
	}
	if back, ok := r.word(ec + r.lay.threadPtr); !ok || back != at {
		return Thread{}, false
	}
	t := Thread{Address: at}
	if v, ok := r.word(at + r.lay.threadName); ok && v > 8 {
		t.Name, _ = r.text(v, mostName)
	}
	t.TID = r.tid(at)
	if ractor, ok := r.word(at + r.lay.ractor); ok {
		run, ok := r.word(ractor + r.lay.running)
		t.Running, t.RunningKnown = ok && (run == ec && !r.lay.owner || run == at && r.lay.owner), ok
	}
	t.Frames, t.Cut = r.frames(ec)
	return t, true
}

// tid reads the kernel's number of a thread.
func (r *Ruby) tid(at uint64) int {
	if r.lay.native != 0 {
		nt, ok := r.word(at + r.lay.native)
		if !ok || nt == 0 {
			return 0
		}
		at = nt
	}
	if r.lay.tid == 0 {
		return 0
	}
	n, err := r.view.Uint32(at + r.lay.tid)
	if err != nil || n > 1<<22 {
		return 0
	}
	return int(n)
}

// fiber reads a fiber that waits: its frames stand in its own stack.
func (r *Ruby) fiber(at uint64) (Thread, bool) {
	ec := at + r.lay.fiberEC
	// Its status lies behind a jump buffer whose size differs between builds; one that has
	// ended has no stack, and the one that runs is its thread's own.
	th, ok := r.word(ec + r.lay.threadPtr)
	if !ok || th == 0 {
		return Thread{}, false
	}
	if own, ok := r.word(th + r.lay.threadEC); !ok || own == ec {
		return Thread{}, false
	}
	t := Thread{Address: at, Fiber: true, TID: r.tid(th)}
	t.Frames, t.Cut = r.frames(ec)
	return t, len(t.Frames) > 0
}

// frames walks the control frames of an execution context, the innermost first
// (vm_core.h, rb_control_frame_t).
func (r *Ruby) frames(ec uint64) (list []Frame, cut bool) {
	stack, ok1 := r.word(ec)
	size, ok2 := r.word(ec + 8)
	cfp, ok3 := r.word(ec + 16)
	if !ok1 || !ok2 || !ok3 || stack == 0 || size == 0 || size > mostStack {
		return nil, true
	}
	end := stack + 8*size
	if cfp < stack || cfp > end || (end-cfp)%r.lay.frame != 0 {
		return nil, true
	}
	var walked []cframe
	for at := cfp; at+2*r.lay.frame <= end; at += r.lay.frame { // the last one is no call's
		if len(walked) > mostFrames {
			cut = true
			break
		}
		f, ok := r.cframe(at)
		if !ok {
			return nil, true
		}
		walked = append(walked, f)
	}
	return r.trace(walked), cut
}

// cframe is a control frame: words at 0, 16 and 32 in all versions. One that was read
// before has no ep: what matters of its environment stands in it.
type cframe struct{ pc, iseq, ep, entry uint64 }

func (r *Ruby) cframe(at uint64) (f cframe, ok bool) {
	var ok1, ok2, ok3 bool
	f.pc, ok1 = r.word(at)
	f.iseq, ok2 = r.word(at + 16)
	f.ep, ok3 = r.word(at + 32)
	return f, ok1 && ok2 && ok3
}

// Of the first word of an environment (vm_core.h).
const (
	magicMask  = 0x7fff0001
	magicCFunc = 0x55550001
	envLocal   = 0x02
)

// trace makes what Thread#backtrace tells of control frames: those of C functions stand
// where the Ruby code below them does.
func (r *Ruby) trace(walked []cframe) []Frame {
	list := make([]Frame, 0, len(walked))
	waiting := 0 // frames at the end of list that have no place yet
	skip := false
	for _, f := range walked {
		if f.iseq == 0 {
			if fr, ok := r.cfunc(f); ok {
				list = append(list, fr)
				waiting++
			}
			continue
		}
		if f.pc == 0 {
			continue
		}
		fr, kind, ok := r.ruby(f)
		if !ok {
			continue
		}
		for i := len(list) - waiting; i < len(list); i++ {
			list[i].Path, list[i].Line = fr.Path, fr.Line
		}
		waiting = 0
		if !skip {
			list = append(list, fr)
		}
		// Since 3.4 the frame that a rescue belongs to is the rescue's own.
		skip = r.Version == "3.4" && (kind == iseqRescue || kind == iseqEnsure)
	}
	return list
}

// Kinds of instruction sequences (iseq.h, enum rb_iseq_type).
const (
	iseqTop    = 0
	iseqMethod = 1
	iseqBlock  = 2
	iseqClass  = 3
	iseqRescue = 4
	iseqEnsure = 5
	iseqEval   = 6
	iseqMain   = 7
	iseqPlain  = 8
)

// ruby reads a frame of Ruby code.
func (r *Ruby) ruby(f cframe) (fr Frame, kind uint32, ok bool) {
	flags, ok := r.word(f.iseq)
	if !ok || flags&0x1f != tImemo || flags>>12&0xf != imemoIseq {
		return fr, 0, false
	}
	body, ok := r.word(f.iseq + 16)
	if !ok {
		return fr, 0, false
	}
	kind, err := r.view.Uint32(body)
	if err != nil || f.ep == 0 && !r.holds(body, f.pc) {
		return fr, 0, false
	}
	path, _ := r.word(body + r.lay.body.path)
	if fr.Path, ok = r.text(path, 4096); !ok {
		// An array of the path as given and of the absolute one.
		if _, at, isArray := r.array(path); isArray {
			first, _ := r.word(at)
			fr.Path, ok = r.text(first, 4096)
		}
	}
	if !ok {
		return fr, 0, false
	}
	label, _ := r.word(body + r.lay.body.label)
	if fr.Label, ok = r.text(label, mostName); !ok {
		return fr, 0, false
	}
	fr.Line = r.line(body, f.pc)
	owner, method := r.methodOf(f)
	if method != "" {
		fr.Method = r.qualified(owner, method)
	}
	if r.Version == "3.4" {
		fr.Label = r.label34(body, owner)
	}
	return fr, kind, true
}

// holds tells whether an instruction is of some code. Of a frame that was read before, the
// code may have made room for other code since.
func (r *Ruby) holds(body, pc uint64) bool {
	encoded, ok := r.word(body + r.lay.body.encoded)
	n, err := r.view.Uint32(body + r.lay.body.size)
	return ok && err == nil && pc >= encoded && pc-encoded <= 8*uint64(n)
}

// imemo kinds (internal/imemo.h).
const (
	imemoSvar = 2
	imemoMent = 6
	imemoIseq = 7
)

// cfunc reads a frame of a C function.
func (r *Ruby) cfunc(f cframe) (Frame, bool) {
	head := f.pc
	if f.ep != 0 {
		var ok bool
		if head, ok = r.word(f.ep); !ok {
			return Frame{}, false
		}
	}
	if head&magicMask != magicCFunc {
		return Frame{}, false
	}
	owner, name := r.methodOf(f)
	if name == "" {
		return Frame{}, false
	}
	fr := Frame{Label: name, Method: r.qualified(owner, name), C: true}
	if r.Version == "3.4" {
		fr.Label = fr.Method
	}
	return fr, true
}
