package heapdump

import (
	"strings"

	"culprit/internal/heap"
)

// sites are the places that a worker has met. The fast way knows them by the bytes
// of their three fields, with the ", " behind; the slow way by what they mean.
type sites struct {
	raw    map[string]uint32
	known  map[heap.Site]uint32
	list   []heap.Site // [0] is not traced
	text   []string    // of each, as the fast way found it
	expect [1 << expectBits]uint32
}

// expectBits is for guesses of the next object's place: objects of one class are
// often made at one place.
const expectBits = 10

func newSites() sites {
	return sites{raw: map[string]uint32{}, known: map[heap.Site]uint32{{}: 0}, list: []heap.Site{{}}, text: []string{""}}
}

func (s *sites) slow(p heap.Site) uint32 {
	if n, ok := s.known[p]; ok {
		return n
	}
	n := uint32(len(s.list))
	s.known[p] = n
	s.list = append(s.list, p)
	s.text = append(s.text, "")
	return n
}

// site reads file, line and method at i, where the name of the first begins, and
// gives where they end.
func (w *worker) site(o *row, i int) int {
	c, s := &w.cur, &w.sites
	guess := &s.expect[(o.class^uint32(o.typ)*0x9e37)*0x9e3779b1>>(32-expectBits)]
	if t := s.text[*guess]; t != "" && i+len(t) < c.end && c.text(i, i+len(t)) == t {
		// More of the place may follow: the same file without a line, or a method.
		if next := c.u64(i + len(t) - 2); next != vMethod && next != vLine {
			o.site = *guess
			return i + len(t) - 2
		}
	}
	end := c.after(c.quoted(i + 7))
	if end == 0 {
		return 0
	}
	fileEnd, line, methodAt := end-1, uint64(0), 0
	if c.u64(end) == vLine {
		if c.u8(end+8) != ':' {
			return 0
		}
		if line, end = c.number(end + 9); end == 0 {
			return 0
		}
	}
	methodEnd := 0
	if c.u64(end) == vMethod {
		if c.u32(end+7) != vMethodEnd || c.u8(end+11) != '"' {
			return 0
		}
		methodAt = end + 12
		if methodEnd = c.quoted(methodAt); methodEnd == 0 {
			return 0
		}
		end = methodEnd + 1
	}
	if end+2 > c.end || c.u16(end) != ','|' '<<8 {
		return 0
	}
	raw := c.text(i, end+2)
	n, ok := s.raw[raw]
	if !ok {
		p := heap.Site{File: unescape([]byte(c.text(i+7, fileEnd))), Line: uint32(min(line, 1<<32-1))}
		if methodAt > 0 {
			p.Method = unescape([]byte(c.text(methodAt, methodEnd)))
		}
		n = s.slow(p)
		raw = strings.Clone(raw)
		s.raw[raw] = n
		s.text[n] = raw
	}
	o.site, *guess = n, n
	return end
}

// flagText is a set of flags as it is written, with the end of the object behind.
type flagText struct {
	text string
	bits uint8
}

// mostFlags bounds what is kept; Ruby writes at most six flags in one order.
const mostFlags = 64

// flags reads what stands between the braces at i, and both closing braces, of which
// the last is left to the caller.
func (w *worker) flags(o *row, i int) int {
	c := &w.cur
	for k, f := range w.flag8 {
		if end := i + len(f.text); end < c.end && c.text(i, end) == f.text {
			o.flags |= f.bits
			if k > 0 {
				w.flag8[k], w.flag8[k-1] = w.flag8[k-1], w.flag8[k]
			}
			return end - 1
		}
	}
	from, set := i, uint8(0)
	for i < c.end {
		if c.u8(i) == '}' {
			break
		}
		if c.u8(i) != '"' {
			return 0
		}
		at := c.quoted(i + 1)
		if at == 0 || at+8 > c.end || c.u8(at+1) != ':' {
			return 0
		}
		name := c.text(i+1, at)
		if c.u32(at+2) == vTrue {
			set |= flagOf(name)
			i = at + 6
		} else if _, i = c.number(at + 2); i == 0 { // "age":3, since Ruby 3.5
			return 0
		}
		if c.u16(i) == ','|' '<<8 {
			i += 2
		}
	}
	if i >= c.end || c.u16(i) != '}'|'}'<<8 {
		return 0
	}
	if len(w.flag8) < mostFlags {
		w.flag8 = append(w.flag8, flagText{strings.Clone(c.text(from, i+2)), set})
	}
	o.flags |= set
	return i + 1
}

func flagOf(name string) uint8 {
	switch name {
	case "wb_protected":
		return heap.WBProtected
	case "old":
		return heap.Old
	case "marked":
		return heap.Marked
	}
	return 0
}
