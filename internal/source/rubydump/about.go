package rubydump

import "math"

// encodings are the names of the first ones (encindex.h); others get their numbers while
// a program runs, and are not told.
var encodings = [12]string{
	"ASCII-8BIT", "UTF-8", "US-ASCII", "UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE", "UTF-16", "UTF-32", "UTF8-MAC", "EUC-JP", "Windows-31J",
}

// encodingOf is the number of a text's encoding (include/ruby/internal/encoding/encoding.h).
func encodingOf(flags uint64) uint64 { return flags >> (flUser + 10) & 127 }

// Of a text's flags: what is known of its bytes (include/ruby/internal/encoding/coderange.h).
const (
	rangeMask   = 3 << (flUser + 8)
	rangeASCII  = 1 << (flUser + 8)
	rangeBroken = rangeMask
)

// about writes what dumps tell of an object of a type.
func (d *dumper) about(at, flags uint64, slot []byte) {
	switch flags & 0x1f {
	case tImemo:
		if name := imemoNames[flags>>flUser&0xf]; name != "" {
			d.put(`, "imemo_type":"`, name, `"`)
		}
	case tSymbol:
		if s, ok := d.Text(word64(slot, 24), mostSymbol); ok {
			d.number(`, "bytesize":`, uint64(len(s)))
			d.put(`, "value":`)
			d.quoted(s)
		}
	case tString:
		d.aboutText(at, flags, slot)
	case tHash:
		d.aboutHash(at, flags, slot)
	case tArray:
		d.aboutArray(flags, slot)
	case tClass, tModule, tIClass:
		d.aboutModule(at, flags, slot)
	case tData:
		if flag := word64(slot, 24); typed(flag) {
			if t := d.typeOf(word64(slot, 16)); t.name != "" {
				d.put(`, "struct":`)
				d.quoted(t.name)
			}
		}
	case tFloat:
		d.float(word64(slot, 16))
	case tObject:
		d.aboutObject(flags, slot)
	case tFile:
		if fptr := word64(slot, 16); fptr != 0 {
			if o, ok := d.Offset("rb_io_t", "fd"); ok {
				d.number(`, "fd":`, uint64(d.half(fptr+o)))
			}
		}
	}
}

func (d *dumper) aboutText(at, flags uint64, slot []byte) {
	if flags&user1 == 0 {
		d.put(`, "embedded":true`)
	}
	if flags&rangeMask == rangeBroken {
		d.put(`, "broken":true`)
	}
	if flags&user17 != 0 {
		d.put(`, "fstring":true`)
	}
	encoding := encodingOf(flags)
	if flags&user1 != 0 && flags&d.lay.shared != 0 {
		d.put(`, "shared":true`)
	} else {
		d.content(at, flags, slot, encoding)
	}
	if encoding != 0 && int(encoding) < len(encodings) {
		d.put(`, "encoding":"`, encodings[encoding], `"`)
	}
}

// content writes the length of a text, and the text itself when all of it is ASCII.
func (d *dumper) content(at, flags uint64, slot []byte, encoding uint64) {
	n := word64(slot, 16)
	if d.lay.old && flags&user1 == 0 {
		n = flags >> (flUser + 2) & 0x1f
	}
	d.number(`, "bytesize":`, n)
	if flags&user1 != 0 && flags&noFree == 0 {
		if room := word64(slot, 32); room != n {
			d.number(`, "capacity":`, room)
		}
	}
	if known := flags & rangeMask; known != 0 && known != rangeASCII || encoding >= 3 && encoding <= 8 || n == 0 && !d.lay.old {
		return
	}
	s, ok := d.whole(at, n, flags, slot)
	if !ok {
		d.lost()
		return
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return
		}
	}
	d.put(`, "value":`)
	d.quoted(s)
}

// whole reads a text. What it cannot be as long as it says, for lack of memory there, is
// not read.
func (d *dumper) whole(at, n uint64, flags uint64, slot []byte) (string, bool) {
	if flags&user1 == 0 {
		if n > uint64(len(slot)) {
			return "", false
		}
	} else if !d.view.Covers(word64(slot, 24), n) {
		return "", false
	}
	s, ok := d.Text(at, int(min(n, math.MaxInt64)))
	return s, ok && uint64(len(s)) == n
}

// mostSymbol bounds the text of a name.
const mostSymbol = 1 << 20

func (d *dumper) aboutHash(at, flags uint64, slot []byte) {
	table, missing := at+hashInSlot, word64(slot, 16)
	if d.lay.old {
		table, missing = word64(slot, 16), word64(slot, 24)
	}
	n := flags >> hashCount & 0xf
	if flags&hashTable != 0 && table != 0 {
		n = d.word(table + stCount)
	}
	d.number(`, "size":`, n)
	if flags&hashDefault != 0 {
		d.put(`, "default":`)
		d.address(missing)
	}
}

func (d *dumper) aboutArray(flags uint64, slot []byte) {
	n := word64(slot, 16)
	if flags&user1 != 0 {
		n = flags >> (flUser + 3) & d.lay.arrayMask
	}
	d.number(`, "length":`, n)
	switch {
	case n > 0 && flags&user1 == 0 && flags&d.lay.shared != 0:
		d.put(`, "shared":true`)
	case flags&user1 != 0 && (n > 0 || !d.lay.old):
		d.put(`, "embedded":true`)
	}
}

func (d *dumper) aboutObject(flags uint64, slot []byte) {
	n := uint64(3)
	if !d.lay.old {
		n, _, _, _ = d.shape(flags)
		if flags&user1 != 0 {
			d.put(`, "embedded":true`)
		}
	} else if flags&user1 == 0 {
		n = word64(slot, 16) & 0xffffffff
	}
	d.number(`, "ivars":`, n)
}

func (d *dumper) aboutModule(at, flags uint64, slot []byte) {
	if above := word64(slot, 16); above != 0 && !d.lay.v27 {
		d.put(`, "superclass":`)
		d.address(above)
	}
	if flags&0x1f == tIClass || d.class == 0 {
		return
	}
	single := flags&0x1f == tClass && flags&d.lay.singleton != 0
	name := ""
	if !single {
		name = d.Path(at)
	}
	switch {
	case name != "":
		d.put(`, "name":`)
		d.quoted(name)
	case single && d.lay.v27:
		d.put(`, "name":`)
		d.quoted(d.ClassName(at))
	case single:
		if real := d.ClassName(at); real != "" {
			d.put(`, "real_class_name":`)
			d.quoted(real)
		}
	}
	if single && !d.lay.v27 {
		d.put(`, "singleton":true`)
	}
}
