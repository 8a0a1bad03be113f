// Package offheap keeps big columns where the garbage collector does not look.
//
// It owns their memory: anonymous, or in a file without a name where the kernel may
// write it out, so that columns may be larger than what a machine or a cgroup gives.
// It refuses columns with pointers, and to know what the columns hold.
package offheap

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// Number is what a column may hold: nothing that points anywhere.
type Number interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int64
}

// Pool owns columns. It may be used by several goroutines.
type Pool struct {
	dir  string
	mu   sync.Mutex
	live map[*byte]stretch
	peak int64
	now  int64
}

// stretch is the memory of one column, and the file that it lies in.
type stretch struct {
	raw []byte
	fd  int
}

// New makes a pool in memory or, when dir is not empty, in nameless files in that
// folder.
func New(dir string) *Pool { return &Pool{dir: dir, live: map[*byte]stretch{}} }

// OnDisk tells whether the kernel may write the columns out.
func (p *Pool) OnDisk() bool { return p.dir != "" }

// Peak is the most bytes that were reserved at a time.
func (p *Pool) Peak() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak
}

// Failure is what a pool panics with when there is no room: Catch makes it an error.
type Failure struct{ Err error }

func (f Failure) Error() string { return f.Err.Error() }
func (f Failure) Unwrap() error { return f.Err }

// Catch is to be deferred: it turns a pool's panic into an error.
func Catch(err *error) {
	switch f := recover().(type) {
	case nil:
	case Failure:
		*err = errors.Join(*err, f.Err)
	default:
		panic(f) // invariant: not ours, passed on
	}
}

func fail(what string, size int, err error) {
	// invariant: whoever uses a pool defers Catch, which makes this an error
	panic(Failure{fmt.Errorf("%s of %d MB: %w; hint: give more memory, or another --tmp folder with room", what, size>>20, err)})
}

// Make gives a column of n zeros. It panics with a Failure when there is no room.
func Make[T Number](p *Pool, n int) []T {
	if n == 0 {
		return nil
	}
	var t T
	raw := p.take(n * int(unsafe.Sizeof(t)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), n)
}

// Free gives a column back. Nobody may use it any more.
func Free[T Number](p *Pool, s []T) {
	if cap(s) == 0 {
		return
	}
	p.give((*byte)(unsafe.Pointer(unsafe.SliceData(s))))
}

// Grow makes room for n elements in all; the column keeps what it holds, at another
// place perhaps.
func Grow[T Number](p *Pool, s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	var t T
	size := int(unsafe.Sizeof(t))
	// A half more than asked, so that growing step by step is not felt. What is not
	// written to takes no memory.
	want := max(n, cap(s)+cap(s)/2, 1<<16) * size
	var raw []byte
	if cap(s) == 0 {
		raw = p.take(want)
	} else {
		raw = p.move((*byte)(unsafe.Pointer(unsafe.SliceData(s))), want)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/size)[:n]
}

// Append puts more at the end of a column.
func Append[T Number](p *Pool, s, more []T) []T {
	n := len(s)
	s = Grow(p, s, n+len(more))
	copy(s[n:], more)
	return s
}

// Cool tells the kernel that a column is not needed for a while. It stays what it is;
// where it lies on disk, it takes no memory until it is used again.
func Cool[T Number](p *Pool, s []T) {
	if p.OnDisk() && cap(s) > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		cool(p.live[(*byte)(unsafe.Pointer(unsafe.SliceData(s)))])
	}
}

// AsBytes is a column as it lies in memory.
func AsBytes[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(t)))
}

// Of is the reverse of AsBytes; nil where the bytes are no whole number of elements
// or do not stand where such elements may.
func Of[T Number](b []byte) []T {
	var t T
	size := unsafe.Sizeof(t)
	at := unsafe.Pointer(unsafe.SliceData(b))
	if len(b) == 0 || uintptr(len(b))%size != 0 || uintptr(at)%size != 0 {
		return nil
	}
	return unsafe.Slice((*T)(at), uintptr(len(b))/size)
}

func (p *Pool) take(size int) []byte {
	s, err := reserve(p.dir, size)
	if err != nil {
		fail("a column", size, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[unsafe.SliceData(s.raw)] = s
	p.count(len(s.raw))
	return s.raw
}

func (p *Pool) count(more int) {
	p.now += int64(more)
	p.peak = max(p.peak, p.now)
}

func (p *Pool) give(at *byte) {
	p.mu.Lock()
	s, ok := p.live[at]
	delete(p.live, at)
	p.count(-len(s.raw))
	p.mu.Unlock()
	if ok {
		release(s)
	}
}

func (p *Pool) move(at *byte, size int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.live[at]
	s, err := extend(old, size)
	if err != nil {
		fail("growing a column", size, err)
	}
	delete(p.live, at)
	p.live[unsafe.SliceData(s.raw)] = s
	p.count(len(s.raw) - len(old.raw))
	return s.raw
}

// Close gives all columns back.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.live {
		release(s)
	}
	clear(p.live)
	p.now = 0
}
