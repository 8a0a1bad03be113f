package rubydump

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"culprit/internal/source/rubymem"
)

// object writes the line of one slot, as dump_object does (ext/objspace/objspace_dump.c).
func (d *dumper) object(p rubymem.Page, at uint64, slot []byte) {
	flags := word64(slot, 0)
	kind := flags & 0x1f
	name := typeNames[kind]
	if kind == tNone || kind == tMoved || name == "" {
		return
	}
	d.told.Objects++
	d.put(`{"address":`)
	d.address(at)
	d.put(`, "type":"`, name, `"`)
	d.class = 0
	if kind == tZombie {
		d.put("}\n")
		return
	}
	if kind != tImemo {
		if d.class = word64(slot, 8); d.class != 0 {
			d.put(`, "class":`)
			d.address(d.class)
		}
	}
	if !d.lay.old {
		d.number(`, "shape_id":`, flags>>shapeShift)
		d.number(`, "slot_size":`, uint64(p.Slot))
	}
	if flags&flFreeze != 0 {
		d.put(`, "frozen":true`)
	}
	d.about(at, flags, slot)
	d.refs = d.refs[:0]
	owned, estimated := d.children(at, flags, slot)
	d.references()
	d.birth(at)
	size := owned + uint64(p.Slot)
	d.number(`, "memsize":`, size)
	d.told.Bytes += int64(size)
	if estimated {
		d.told.Estimated++
		d.told.EstimatedBytes += int64(size)
	}
	d.marks(p, at, flags)
	d.put("}\n")
}

func (d *dumper) put(parts ...string) {
	for _, s := range parts {
		d.out = append(d.out, s...)
	}
}

func (d *dumper) number(key string, n uint64) {
	d.out = append(d.out, key...)
	d.out = strconv.AppendUint(d.out, n, 10)
}

func (d *dumper) address(at uint64) {
	d.out = append(d.out, `"0x`...)
	d.out = strconv.AppendUint(d.out, at, 16)
	d.out = append(d.out, '"')
}

// references writes what the object refers to; its class is told apart.
func (d *dumper) references() {
	sep := `, "references":[`
	for _, ref := range d.refs {
		if ref == d.class {
			continue
		}
		d.put(sep)
		d.address(ref)
		sep = ", "
		d.told.References++
	}
	if sep == ", " {
		d.put("]")
	}
}

// birth writes where an object was made, when that is traced.
func (d *dumper) birth(at uint64) {
	b, ok := d.sites[at]
	if !ok {
		return
	}
	d.told.Traced++
	if b.File != "" {
		d.put(`, "file":`)
		d.quoted(b.File)
	}
	if b.Line != 0 {
		d.number(`, "line":`, b.Line)
	}
	if b.Method != "" {
		d.put(`, "method":`)
		d.quoted(b.Method)
	}
	d.number(`, "generation":`, b.Generation)
}

// marks writes what the collector knows (gc.c, rb_obj_gc_flags).
func (d *dumper) marks(p rubymem.Page, at, flags uint64) {
	sep := `, "flags":{"`
	add := func(name string, is bool) {
		if is {
			d.put(sep, name, `":true`)
			sep = `, "`
		}
	}
	unprotected, ok := p.Has(rubymem.WBUnprotected, at)
	add("wb_protected", ok && !unprotected)
	old := uint64(flPromoted0)
	if d.lay.old {
		old |= flPromoted1
	}
	add("old", flags&old == old)
	for _, m := range []struct {
		name string
		mark rubymem.Mark
	}{{"uncollectible", rubymem.Uncollectible}, {"marking", rubymem.Marking}, {"marked", rubymem.Marked}, {"pinned", rubymem.Pinned}} {
		is, ok := p.Has(m.mark, at)
		add(m.name, ok && is)
	}
	if sep == `, "` {
		d.put("}")
	}
}

// quoted writes a text as dumps have it: bytes that are no UTF-8 are escaped too, so that
// the line is JSON.
func (d *dumper) quoted(s string) {
	d.out = append(d.out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				d.out = append(d.out, `\ufffd`...)
			} else {
				d.out = append(d.out, s[i:i+n]...)
			}
			i += n
			continue
		}
		d.plainByte(c)
		i++
	}
	d.out = append(d.out, '"')
}

const hexDigits = "0123456789abcdef"

func (d *dumper) plainByte(c byte) {
	switch c {
	case '\\', '"':
		d.out = append(d.out, '\\', c)
	case '\n':
		d.out = append(d.out, `\n`...)
	case '\t':
		d.out = append(d.out, `\t`...)
	case '\r':
		d.out = append(d.out, `\r`...)
	case '\f':
		d.out = append(d.out, `\f`...)
	case '\b':
		d.out = append(d.out, `\b`...)
	default:
		if c < 0x20 || c == 0x7f {
			d.out = append(d.out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
			return
		}
		d.out = append(d.out, c)
	}
}

// digits is how many a float is told with.
const digits = 6

// float writes a number as C's %#g; in 2.7 as %g.
func (d *dumper) float(bits uint64) {
	f := math.Float64frombits(bits)
	s := strconv.FormatFloat(f, 'e', digits-1, 64)
	at := strings.IndexByte(s, 'e')
	switch {
	case d.lay.v27:
		s = strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', digits, 64), "+"))
	case math.IsInf(f, 1):
		s = "Inf"
	case math.IsInf(f, -1):
		s = "-Inf"
	case at < 0: // no number
	default:
		if e, err := strconv.Atoi(s[at+1:]); err == nil && e >= -4 && e < digits {
			if s = strconv.FormatFloat(f, 'f', digits-1-e, 64); e == digits-1 {
				s += "."
			}
		}
	}
	d.put(`, "value":"`, s, `"`)
}
