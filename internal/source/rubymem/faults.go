package rubymem

import (
	"fmt"
	"runtime"
)

// Places is what somebody has to know who reads stacks at a moment of his own: in bytes
// from the start of a struct.
type Places struct {
	TID     []uint64 // from a thread to its number for the kernel; all but the last lead to a pointer
	Context uint64   // in a thread: its execution context
	Thread  uint64   // in an execution context: its thread
	Frame   uint64   // size of a control frame
	Lock    []uint64 // from a thread to the context that has its lock: in it and in its Ractor; nil not told
	Running uint64   // address of that pointer of the main Ractor, 0 not known
	Owner   bool     // that pointer is to the thread that has the lock, not to its context
}

// Places tells them of this process.
func (r *Ruby) Places() (Places, error) {
	p := Places{TID: r.tidWay(), Context: r.lay.threadEC, Thread: r.lay.threadPtr, Frame: r.lay.frame}
	if p.TID == nil {
		return p, fmt.Errorf("%w: Ruby %s on %s does not tell the numbers of its threads", ErrVersion, r.Version, runtime.GOARCH)
	}
	if err := r.findOnce(); err != nil {
		return p, err
	}
	p.Lock, p.Owner = []uint64{r.lay.ractor, r.lay.running}, r.lay.owner
	for _, at := range r.threads.known {
		if ractor, ok := r.word(at + r.lay.ractor); ok && ractor != 0 {
			p.Running = ractor + r.lay.running
			break
		}
	}
	return p, nil
}

// tidWay is the way from a thread to its number for the kernel.
func (r *Ruby) tidWay() []uint64 {
	switch {
	case r.lay.tid == 0:
		return nil
	case r.lay.native != 0:
		return []uint64{r.lay.native, r.lay.tid}
	}
	return []uint64{r.lay.tid}
}

// findOnce looks for threads unless some are known.
func (r *Ruby) findOnce() (err error) {
	if len(r.threads.known) == 0 {
		r.threads.known, _, err = r.findThreads()
	}
	return err
}

// ThreadIDs gives Ruby's threads by their numbers for the kernel. Those that began since
// the last call are found, those that ended left out.
func (r *Ruby) ThreadIDs() (map[int]uint64, error) {
	r.view.Forget()
	if err := r.findOnce(); err != nil {
		return nil, err
	}
	r.threads.known = r.ring(r.threads.known)
	list := map[int]uint64{}
	for _, at := range r.threads.known {
		if tid := r.tid(at); tid != 0 {
			list[tid] = at
		}
	}
	return list, nil
}

// ThreadName gives the name of a thread, "" where it has none.
func (r *Ruby) ThreadName(at uint64) string {
	if !r.isThread(at) {
		return ""
	}
	v, ok := r.word(at + r.lay.threadName)
	if !ok || v <= 8 {
		return ""
	}
	name, _ := r.text(v, mostName)
	return name
}

// Raw is a control frame that was read before: of a C function's the first word of its
// environment stands for the PC. Entry is the word of its environment that leads to the
// method, 0 where there was none.
type Raw struct{ PC, ISeq, Entry uint64 }

// Trace makes what Thread#backtrace tells of control frames that were read at one moment.
// The code they are of may have been freed since: such frames are left out.
func (r *Ruby) Trace(list []Raw) []Frame {
	walked := make([]cframe, len(list))
	for i, f := range list {
		walked[i] = cframe{pc: f.PC, iseq: f.ISeq, entry: f.Entry}
	}
	return r.trace(walked)
}

// Renew drops what is remembered of the memory: the process has gone on.
func (r *Ruby) Renew() { r.view.Forget() }
