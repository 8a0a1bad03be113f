package rubymem

import (
	"encoding/binary"
	"errors"
)

// ErrTorn means that a process changed its stacks faster than they could be read.
var ErrTorn = errors.New("the stacks changed while they were read")

// attempts is how often a stack that changes is read again.
const attempts = 4

// Sample reads the stacks of the threads of a process that goes on. Threads that were
// found before are followed through the list that Ruby keeps of them; the heap is not
// looked through again. torn counts stacks that changed each time they were read: they are
// left out, as half of one call and half of another would look like a third.
func (r *Ruby) Sample() (list []Thread, torn int, err error) {
	r.view.Forget()
	if len(r.threads.known) == 0 {
		if r.threads.known, _, err = r.findThreads(); err != nil {
			return nil, 0, err
		}
	}
	r.threads.known = r.ring(r.threads.known)
	for _, at := range r.threads.known {
		t, ok, whole := r.steady(at)
		if ok {
			list = append(list, t)
		} else if !whole {
			torn++
		}
	}
	if len(list) == 0 && torn == 0 {
		r.threads.known = nil
		return nil, 0, ErrTorn
	}
	return list, torn, nil
}

// steady reads a thread until nothing moved meanwhile: the frame that runs, and the place
// in it, are the same before and after.
func (r *Ruby) steady(at uint64) (t Thread, ok, whole bool) {
	for range attempts {
		before, ok1 := r.position(at)
		t, ok = r.thread(at)
		after, ok2 := r.position(at)
		if !ok1 || !ok2 {
			return t, false, true // it ended
		}
		if before == after && (!ok || !t.Cut) {
			return t, ok, true
		}
		r.view.Forget()
	}
	return t, false, false
}

// position is where a thread is: its frame, its place there and in the one below, read
// past what the view remembers.
func (r *Ruby) position(at uint64) (where [4]uint64, ok bool) {
	direct := func(a uint64) uint64 {
		var b [8]byte
		if _, err := r.view.Mem.ReadAt(b[:], int64(a)); err != nil {
			ok = false
		}
		return binary.LittleEndian.Uint64(b[:])
	}
	ok = true
	where[0] = direct(at + r.lay.threadEC)
	if where[0] == 0 || !ok {
		return where, false
	}
	where[1] = direct(where[0] + 16)
	where[2] = direct(where[1])
	where[3] = direct(where[1] + r.lay.frame)
	return where, ok
}

// ring follows the list of threads (rb_thread_struct.lt_node, its first field) from those
// that are known. Its head is no thread, and is passed.
func (r *Ruby) ring(known []uint64) (list []uint64) {
	seen := map[uint64]bool{}
	for _, begin := range known {
		for at, ok := begin, true; ok && at != 0 && !seen[at] && len(seen) < mostThreads; at, ok = r.word(at) {
			seen[at] = true
			if r.isThread(at) {
				list = append(list, at)
			} else if at == begin {
				break // it ended: its memory may be anything
			}
		}
	}
	return list
}

// isThread tells whether a struct is one of Ruby's threads: its object points back.
func (r *Ruby) isThread(at uint64) bool {
	self, ok := r.word(at + 16)
	if !ok || self == 0 || self%8 != 0 {
		return false
	}
	flags, ok1 := r.word(self)
	data, ok2 := r.word(self + 32)
	return ok1 && ok2 && flags&0x1f == tData && data == at
}
