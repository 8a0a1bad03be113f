package heapdump

import (
	"math/bits"
	"unsafe"

	"culprit/internal/heap"
)

// The fast way through a line. It knows the very bytes that Ruby writes
// (https://github.com/ruby/ruby ext/objspace/objspace_dump.c: ", " between fields,
// addresses in lower case) and takes eight of them at a time. Whatever looks
// otherwise it refuses, and the line is read by the slow way, which knows JSON. What
// it accepts it has checked to the last byte: a line into which another was written
// is refused.
//
// Reads may go beyond a line by less than overrun bytes: where there is no such room
// behind a block, the last lines are the slow way's.
const overrun = 64

// cursor reads a block. Nobody but the fast way has one, and it keeps to end.
type cursor struct {
	base unsafe.Pointer
	end  int // no read begins here or later
}

// newCursor reads text up to end, behind which there are overrun bytes more.
func newCursor(text []byte, end int) cursor {
	return cursor{unsafe.Pointer(unsafe.SliceData(text)), end}
}

func (c *cursor) u64(i int) uint64 { return *(*uint64)(unsafe.Add(c.base, i)) }
func (c *cursor) u32(i int) uint32 { return *(*uint32)(unsafe.Add(c.base, i)) }
func (c *cursor) u16(i int) uint16 { return *(*uint16)(unsafe.Add(c.base, i)) }
func (c *cursor) u8(i int) byte    { return *(*byte)(unsafe.Add(c.base, i)) }

func (c *cursor) text(from, to int) string {
	return unsafe.String((*byte)(unsafe.Add(c.base, from)), to-from)
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	low56 = 1<<56 - 1
	low48 = 1<<48 - 1
	low24 = 1<<24 - 1
)

// special marks the bytes of w that are a quote, a backslash or a control character;
// the lowest mark is exact.
func special(w uint64) uint64 {
	q, b := w^(ones*'"'), w^(ones*'\\')
	return ((q-ones)&^q | (b-ones)&^b | (w-ones*0x20)&^w) & highs
}

// hex8 reads eight digits, 0-9 and a-f.
func hex8(w uint64) (uint32, bool) {
	letter := w >> 6 & ones // a letter has this bit, a digit has not
	low := w & (ones * 0x0f)
	wrong := w&(ones*0xf0) ^ (ones*0x30 + letter*0x30)
	wrong |= (low + ones*(0x80-10) + letter*3) & highs // digits from 10, letters from 7
	wrong |= letter << 7 &^ (low + ones*0x7f)          // letters of 0
	v := low + letter*9
	v = (v<<4 | v>>8) & 0x00ff00ff00ff00ff
	v = (v<<8 | v>>16) & 0x0000ffff0000ffff
	return uint32(v<<16 | v>>32), wrong == 0
}

func hex4(w uint32) (uint32, bool) {
	const ones, highs = 0x01010101, 0x80808080
	letter := w >> 6 & ones
	low := w & (ones * 0x0f)
	wrong := w&(ones*0xf0) ^ (ones*0x30 + letter*0x30)
	wrong |= (low + ones*(0x80-10) + letter*3) & highs
	wrong |= letter << 7 &^ (low + ones*0x7f)
	v := low + letter*9
	v = (v<<4 | v>>8) & 0x00ff00ff
	return (v<<8 | v>>16) & 0xffff, wrong == 0
}

// block64 is what is known of 64 KB of addresses: the first eight of twelve digits
// as they are written, and where the codes of its four pages begin.
type block64 struct {
	digits uint64
	pages  [4]uint32 // first code, 1 (which is none) when not known
}

const (
	cacheBits = 12
	cacheMix  = 0x9e3779b97f4a7c15
)

// code reads the twelve digits of an address at i.
func (w *worker) code(i int) (uint32, bool) {
	c := &w.cur
	digits := c.u64(i)
	low, ok := hex4(c.u32(i + 8))
	e := &w.cache[digits*cacheMix>>(64-cacheBits)]
	if e.digits == digits && low&7 == 0 && ok {
		if first := e.pages[low>>14]; first != 1 {
			return first | low>>3&2047, true
		}
	}
	high, fine := hex8(digits)
	if !ok || !fine {
		return 0, false
	}
	code := w.space.Code(uint64(high)<<16 | uint64(low))
	if low&7 == 0 && code < heap.FarCode {
		if e.digits != digits {
			*e = block64{digits, [4]uint32{1, 1, 1, 1}}
		}
		e.pages[low>>14] = code &^ 2047
	}
	return code, true
}

// number reads digits at i and gives where they end; no digits and too many are
// refused with end 0.
func (c *cursor) number(i int) (n uint64, end int) {
	from := i
	for i < from+20 {
		d := c.u8(i) - '0'
		if d > 9 {
			break
		}
		n = n*10 + uint64(d)
		i++
	}
	if i == from || i-from > 18 {
		return 0, 0
	}
	return n, i
}

// quoted goes from inside of a text to its closing quote, 0 when there is none.
func (c *cursor) quoted(i int) int {
	for i < c.end {
		m := special(c.u64(i))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		switch c.u8(i) {
		case '"':
			return i
		case '\\':
			i += 2
		default:
			return 0
		}
	}
	return 0
}

const (
	digestSeed = 0xa0761d6478bd642f
	digestMix  = 0xe7037ed1a0b428db
)

// digest is quoted with a digest of the text on the way, never 0.
func (c *cursor) digest(i int) (end int, d uint64) {
	d = digestSeed
	for i < c.end {
		w := c.u64(i)
		m := special(w)
		if m == 0 {
			d = stir(d, w)
			i += 8
			continue
		}
		n := bits.TrailingZeros64(m) >> 3
		d = stir(d, w&(1<<(8*n)-1)|uint64(n)<<56)
		i += n
		switch c.u8(i) {
		case '"':
			return i, max(d, 1)
		case '\\':
			d = stir(d, uint64(c.u16(i)))
			i += 2
		default:
			return 0, 0
		}
	}
	return 0, 0
}

func stir(d, w uint64) uint64 {
	hi, lo := bits.Mul64(d^w, digestMix)
	return hi ^ lo
}

// typeAt reads a type and its closing quote at i.
func (c *cursor) typeAt(i int) (typ uint8, end int) {
	switch c.u64(i) {
	case tString:
		return heap.TypeString, i + 7
	case tArray:
		return heap.TypeArray, i + 6
	case tHash:
		return heap.TypeHash, i + 5
	case tObject:
		return heap.TypeObject, i + 7
	case tImemo:
		return heap.TypeImemo, i + 6
	case tData:
		return heap.TypeData, i + 5
	case tStruct:
		return heap.TypeStruct, i + 7
	case tSymbol:
		return heap.TypeSymbol, i + 7
	case tFloat:
		return heap.TypeFloat, i + 6
	case tBignum:
		return heap.TypeBignum, i + 7
	case tRegexp:
		return heap.TypeRegexp, i + 7
	case tMatch:
		return heap.TypeMatch, i + 6
	case tFile:
		return heap.TypeFile, i + 5
	case tRational:
		if c.u8(i+8) == '"' {
			return heap.TypeRational, i + 9
		}
	case tComplex:
		return heap.TypeComplex, i + 8
	}
	return 0, 0
}

// fast reads the line at i and adds it to the block. It gives where the next line
// begins, 0 for a line that the slow way has to read.
func (w *worker) fast(i int) int {
	c := &w.cur
	if c.u64(i) != wAddress || c.u64(i+6) != wAddressEnd || c.u64(i+26) != wType || c.u32(i+33) != wTypeEnd {
		return 0
	}
	o := &w.now
	var ok bool
	if o.code, ok = w.code(i + 14); !ok {
		return 0
	}
	if o.typ, i = c.typeAt(i + 37); i == 0 {
		return 0
	}
	o.class, o.site, o.size, o.gen, o.flags, o.text, o.shape = heap.None, 0, 0, -1, 0, 0, 0
	o.structAt, o.structEnd = 0, 0
	o.refs = w.b.refsN
	if i = w.head(o, i); i == 0 {
		return 0
	}
	for i < c.end {
		if c.u32(i)&low24 != wNext {
			if c.u16(i) == '}'|'\n'<<8 {
				w.b.add(o)
				if o.typ == heap.TypeData && o.size >= bigData && o.structEnd > 0 {
					set(&w.b.structs, uint32(w.b.n-1), unescape([]byte(c.text(o.structAt, o.structEnd))))
				}
				return i + 2
			}
			return 0
		}
		if i = w.field(o, i+3); i == 0 {
			return 0
		}
		if i = w.tail(o, i); i == 0 {
			return 0
		}
	}
	return 0
}

// head takes the fields that stand first in most lines, in their order, as far as they
// are there: what is expected costs less than what is looked for.
func (w *worker) head(o *row, i int) int {
	c := &w.cur
	// Since Ruby 3.2 these stand before the class.
	for c.u64(i) == sShape || c.u64(i) == sSlot {
		if i = w.field(o, i+3); i == 0 || i >= c.end {
			return i
		}
	}
	if c.u64(i) == sClass && c.u32(i+8) == sClassEnd && c.u8(i+12) == 'x' && c.u8(i+25) == '"' {
		var ok bool
		if o.class, ok = w.code(i + 13); !ok {
			return 0
		}
		i += 26
	}
	if o.typ == heap.TypeString {
		if i = w.stringHead(o, i); i == 0 {
			return 0
		}
	}
	return w.tail(o, i)
}

func (w *worker) stringHead(o *row, i int) int {
	c := &w.cur
	if c.u64(i) == sEmbedded && c.u64(i+8) == sEmbeddedEnd {
		if c.u8(i+16) != 'e' {
			return 0
		}
		o.flags |= heap.Embedded
		i += 17
	}
	if c.u64(i) == sBytesize && c.u32(i+8) == sBytesizeEnd && c.u8(i+12) == ':' {
		if _, i = c.number(i + 13); i == 0 {
			return 0
		}
	}
	if c.u64(i) == sValue && c.u32(i+8)&low24 == sValueEnd {
		if w.identity {
			i = c.quoted(i + 11)
		} else {
			i, o.text = c.digest(i + 11)
		}
		if i == 0 {
			return 0
		}
		i++
	}
	if c.u64(i) == sEncoding && c.u64(i+8) == sEncodingEnd && c.u32(i+16) == sEncodingLast {
		i += 20
	}
	return i
}

// tail takes the fields that stand last in most lines.
func (w *worker) tail(o *row, i int) int {
	c := &w.cur
	if i >= c.end {
		return i
	}
	if c.u64(i) == sReferences && c.u64(i+8) == sReferencesEnd {
		if i = w.references(i + 11); i == 0 || i >= c.end {
			return i
		}
	}
	if c.u64(i) == sFile {
		if i = w.site(o, i+3); i == 0 || i >= c.end {
			return i
		}
	}
	var n uint64
	if c.u64(i) == sGeneration && c.u64(i+8)&low56 == sGenerationEnd {
		if n, i = c.number(i + 15); i == 0 || i >= c.end {
			return i
		}
		o.gen = int32(min(n, 1<<31-1))
	}
	if c.u64(i) == sMemsize && c.u32(i+8) == sMemsizeEnd {
		if o.size, i = c.number(i + 12); i == 0 || i >= c.end {
			return i
		}
	}
	if c.u64(i) == sFlags && c.u32(i+8)&low24 == sFlagsEnd {
		return w.flags(o, i+11)
	}
	return i
}

// field reads one field, whose name begins at i, and gives where it ends; 0 for one
// that the slow way has to read.
func (w *worker) field(o *row, i int) int {
	c := &w.cur
	switch c.u64(i) {
	case kClass:
		if c.u16(i+8) != wHex || c.u8(i+22) != '"' {
			return 0
		}
		var ok bool
		if o.class, ok = w.code(i + 10); !ok {
			return 0
		}
		return i + 23
	case kEmbedded:
		return w.flag(o, i+8, heap.Embedded)
	case kBytesize, kCapacity:
		if c.u16(i+8) != '"'|':'<<8 {
			return 0
		}
		_, end := c.number(i + 10)
		return end
	case kValue:
		if o.typ != heap.TypeString {
			return c.after(c.quoted(i + 8))
		}
		var end int
		end, o.text = c.digest(i + 8)
		return c.after(end)
	case kEncoding:
		if c.u64(i+8) == vUTF8 && c.u8(i+16) == '"' {
			return i + 17
		}
		return c.other(i)
	case kReferences:
		return w.references(i + 8)
	case kGeneration:
		if c.u32(i+8) != vOn {
			return 0
		}
		n, end := c.number(i + 12)
		o.gen = int32(min(n, 1<<31-1))
		return end
	case kMemsize:
		if c.u8(i+8) != ':' {
			return 0
		}
		var end int
		o.size, end = c.number(i + 9)
		return end
	case kFlags:
		return w.flags(o, i+8)
	case kShape:
		if c.u16(i+8) != '"'|':'<<8 {
			return 0
		}
		n, end := c.number(i + 10)
		o.shape = uint32(min(n, 1<<32-1))
		return end
	case kStruct:
		if c.u8(i+8) != '"' {
			return 0
		}
		end := c.quoted(i + 9)
		o.structAt, o.structEnd = i+9, end
		return c.after(end)
	case kFrozen:
		return w.plain(o, i+8, heap.Frozen)
	case kShared:
		return w.plain(o, i+8, heap.Shared)
	case kBroken:
		return w.plain(o, i+8, heap.Broken)
	case kFstring:
		if c.u8(i+8) != ':' {
			return 0
		}
		return w.plain(o, i+9, heap.Fstring)
	}
	if c.u64(i)&low56 == kFile {
		return w.site(o, i)
	}
	return c.other(i)
}

func (c *cursor) after(quote int) int {
	if quote == 0 {
		return 0
	}
	return quote + 1
}

// flag takes `":true` at i.
func (w *worker) flag(o *row, i int, f uint8) int {
	if w.cur.u16(i) != '"'|':'<<8 {
		return 0
	}
	return w.plain(o, i+2, f)
}

func (w *worker) plain(o *row, i int, f uint8) int {
	if w.cur.u32(i) != vTrue {
		return 0
	}
	o.flags |= f
	return i + 4
}

// references reads a list at i, behind the first eight letters of its name.
func (w *worker) references(i int) int {
	c := &w.cur
	if c.u64(i) != vRefs {
		return 0
	}
	refs, n := w.b.refs, w.b.refsN
	i += 8
	if w.identity {
		return c.addressesEnd(i)
	}
	for i < c.end && n < len(refs) {
		code, ok := w.code(i)
		if !ok {
			return 0
		}
		refs[n] = code
		n++
		next := c.u64(i + 12)
		if next&low48 == vMore {
			i += 18
			continue
		}
		if next&0xffff != '"'|']'<<8 {
			return 0
		}
		w.b.refsN = n
		return i + 14
	}
	return 0
}

// addressesEnd goes over a list of addresses to its end, from inside of the first.
func (c *cursor) addressesEnd(i int) int {
	for i < c.end {
		next := c.u64(i + 12)
		if next&low48 == vMore {
			i += 18
			continue
		}
		if next&0xffff != '"'|']'<<8 {
			return 0
		}
		return i + 14
	}
	return 0
}

// other passes over a field that says nothing here: a text, a number, true, false or
// null. Those that the slow way looks at are left to it.
func (c *cursor) other(i int) int {
	if c.u64(i)&low48 == vName { // of a class
		return 0
	}
	at := c.quoted(i)
	if at == 0 || c.u8(at+1) != ':' {
		return 0
	}
	switch i = at + 2; c.u8(i) {
	case '"':
		return c.after(c.quoted(i + 1))
	case 't', 'n':
		if t := c.text(i, i+4); t == "true" || t == "null" {
			return i + 4
		}
		return 0
	case 'f':
		if c.text(i, i+5) == "false" {
			return i + 5
		}
		return 0
	}
	_, end := c.number(i)
	return end
}
