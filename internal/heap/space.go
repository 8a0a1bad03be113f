package heap

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Space gives addresses short codes, of 32 bits. An address is a page of 16 KB, as
// Ruby's heap has them up to 3.0 (later ones are of 64 KB: four of these), and one of
// 2,048 places of 8 bytes in it. Pages are numbered as they come, so that a heap may
// lie anywhere. Addresses that are no multiple of 8, and those after two million
// pages (32 GB of slots), are listed one by one.
//
// Code may be called by several goroutines.
type Space struct {
	top   [1 << 16]atomic.Pointer[span]
	pages atomic.Uint32
	spans atomic.Int32
	base  [maxPages / pageChunk]atomic.Pointer[[pageChunk]uint64] // page -> address >> pageBits

	mu  sync.Mutex
	odd map[uint64]uint32
	far []uint64
}

const (
	pageBits  = 14
	slotBits  = pageBits - 3
	slots     = 1 << slotBits
	pageChunk = 1 << 12
	// maxPages leaves the codes of the last pages to addresses listed one by one.
	maxPages = 1<<(32-slotBits) - 1<<13
	// FarCode is the first code of the addresses that are listed one by one.
	FarCode = uint32(maxPages << slotBits)
	mostFar = int(None - FarCode)
	// mostSpans bounds tables of pages, 1 MB each, where a broken dump names
	// addresses everywhere.
	mostSpans = 1 << 10
)

// span numbers the pages of 4 GB: 0 none yet, else the number and one more.
type span [1 << (32 - pageBits)]atomic.Uint32

// Code gives the code of an address. It panics with TooFar after sixteen million
// addresses that are listed one by one.
func (s *Space) Code(a uint64) uint32 {
	if a&7 != 0 || a>>48 != 0 {
		return s.listed(a)
	}
	t := s.top[a>>32].Load()
	if t == nil {
		if t = s.open(a); t == nil {
			return s.listed(a)
		}
	}
	n := t[uint32(a)>>pageBits].Load()
	if n == 0 {
		if n = s.number(t, a); n == 0 {
			return s.listed(a)
		}
	}
	return (n-1)<<slotBits | uint32(a>>3)&(slots-1)
}

// open makes the table of 4 GB, nil when there are too many.
func (s *Space) open(a uint64) *span {
	if s.spans.Add(1) > mostSpans {
		return nil
	}
	t := new(span)
	if s.top[a>>32].CompareAndSwap(nil, t) {
		return t
	}
	return s.top[a>>32].Load()
}

// number gives a page its number, 0 when there are no more.
func (s *Space) number(t *span, a uint64) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := &t[uint32(a)>>pageBits]
	if n := at.Load(); n != 0 {
		return n
	}
	n := s.pages.Load()
	if n == maxPages {
		return 0
	}
	chunk := s.base[n/pageChunk].Load()
	if chunk == nil {
		chunk = new([pageChunk]uint64)
		s.base[n/pageChunk].Store(chunk)
	}
	chunk[n%pageChunk] = a >> pageBits
	s.pages.Store(n + 1)
	at.Store(n + 1)
	return n + 1
}

// TooFar is what Code panics with.
type TooFar struct{}

func (TooFar) Error() string {
	return fmt.Sprintf("more than %d pages and %d other addresses in one heap", maxPages, mostFar)
}

func (s *Space) listed(a uint64) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.odd[a]; ok {
		return c
	}
	if len(s.far) == mostFar {
		panic(TooFar{}) // invariant: the readers of dumps catch it
	}
	if s.odd == nil {
		s.odd = map[uint64]uint32{}
	}
	c := FarCode + uint32(len(s.far))
	s.far = append(s.far, a)
	s.odd[a] = c
	return c
}

// Lookup is Code for an address that may be unknown: then it is None.
func (s *Space) Lookup(a uint64) uint32 {
	if a&7 == 0 && a>>48 == 0 {
		if t := s.top[a>>32].Load(); t != nil {
			if n := t[uint32(a)>>pageBits].Load(); n != 0 {
				return (n-1)<<slotBits | uint32(a>>3)&(slots-1)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.odd[a]; ok {
		return c
	}
	return None
}

// Address is the reverse of Code.
func (s *Space) Address(c uint32) uint64 {
	if c >= FarCode {
		return s.far[c-FarCode]
	}
	page := c >> slotBits
	return s.base[page/pageChunk].Load()[page%pageChunk]<<pageBits | uint64(c&(slots-1))<<3
}

// Pages is how many pages have numbers.
func (s *Space) Pages() int { return int(s.pages.Load()) }

// Tables gives the pages (their addresses without the last 14 bits) and the listed
// addresses in the order of their codes, for an index file; Restore reads them.
func (s *Space) Tables() (pages, far []uint64) {
	n := s.pages.Load()
	pages = make([]uint64, 0, n)
	for i := range n {
		pages = append(pages, s.base[i/pageChunk].Load()[i%pageChunk])
	}
	return pages, s.far
}

// Restore makes a space of tables that Tables gave. Pages that stand twice or are no
// addresses are refused.
func Restore(pages, far []uint64) (*Space, error) {
	s := &Space{}
	for i, p := range pages {
		if p>>(48-pageBits) != 0 || s.Code(p<<pageBits)>>slotBits != uint32(i) {
			return nil, fmt.Errorf("page %d of the address table is wrong", i)
		}
	}
	for i, a := range far {
		if s.listed(a) != FarCode+uint32(i) {
			return nil, fmt.Errorf("address %d of the address table is wrong", i)
		}
	}
	return s, nil
}
