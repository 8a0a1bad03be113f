package rubymem

import (
	"encoding/binary"
)

// names resolves numbers of names (ID) to texts, and classes to their paths.
type names struct {
	ids       uint64 // the array of arrays of ruby_global_symbols, 0 not looked for
	looked    bool
	pathID    uint64 // ID under which a class keeps its path (to 3.1)
	attachID  uint64
	tmpPathID uint64
}

// Limits of what is read of a name: longer texts are no names.
const (
	mostName  = 512
	mostSuper = 200
	mostItems = 1 << 16
)

// text reads a String of Ruby, most bytes at most.
func (r *Ruby) text(v uint64, most int) (string, bool) {
	flags, ok := r.word(v)
	if !ok || v == 0 || v%8 != 0 || flags&0x1f != tString {
		return "", false
	}
	var n, at uint64
	old := r.lay.classPtr != 0 // to 3.1 the length of an embedded text stands in the flags
	switch {
	case flags&flUser1 != 0:
		if n, ok = r.word(v + 16); !ok {
			return "", false
		}
		if at, ok = r.word(v + 24); !ok {
			return "", false
		}
	case old:
		n, at = flags>>14&0x1f, v+16
	default:
		if n, ok = r.word(v + 16); !ok {
			return "", false
		}
		at = v + 24
	}
	n = min(n, uint64(most))
	if !r.view.Covers(at, n) {
		return "", false // it cannot be that long
	}
	b := make([]byte, n)
	if _, err := r.view.ReadAt(b, int64(at)); err != nil {
		return "", false
	}
	return string(b), true
}

// array gives the length and the place of the elements of an Array of Ruby.
func (r *Ruby) array(v uint64) (n, at uint64, ok bool) {
	flags, ok := r.word(v)
	if !ok || v == 0 || v%8 != 0 || flags&0x1f != tArray {
		return 0, 0, false
	}
	if flags&flUser1 != 0 {
		mask := uint64(0x7f)
		if r.lay.classPtr != 0 {
			mask = 3
		}
		return flags >> 15 & mask, v + 16, true
	}
	if n, ok = r.word(v + 16); !ok {
		return 0, 0, false
	}
	at, ok = r.word(v + 32)
	return n, at, ok
}

// symbolsPerArray is how many names one array of ruby_global_symbols.ids has
// (symbol.c, ID_ENTRY_UNIT); each takes two elements.
const symbolsPerArray = 512

// findSymbols looks for ruby_global_symbols.ids: a hidden Array of Arrays with texts.
func (r *Ruby) findSymbols() {
	r.names.looked = true
	r.eachGlobal(func(w uint64) bool {
		if w%8 != 0 || !r.view.Writable(w) {
			return true
		}
		n, at, ok := r.array(w)
		if klass, _ := r.word(w + 8); !ok || klass != 0 || n < 2 || n > 1<<20 {
			return true
		}
		first, _ := r.word(at)
		if m, _, ok := r.array(first); !ok || m < symbolsPerArray || m > 2*symbolsPerArray {
			return true
		}
		r.names.ids = w
		if r.Name(r.lay.lastOp+1<<4|1) == "" && r.idText(r.lay.lastOp+1) == "" && r.idText(r.lay.lastOp+20) == "" {
			r.names.ids = 0
			return true
		}
		return false
	})
}

// idText gives the name with a serial number.
func (r *Ruby) idText(serial uint64) string {
	n, at, ok := r.array(r.names.ids)
	if !ok || serial/symbolsPerArray >= n {
		return ""
	}
	part, ok := r.word(at + 8*(serial/symbolsPerArray))
	if !ok {
		return ""
	}
	m, at, ok := r.array(part)
	if o := serial % symbolsPerArray * 2; ok && o < m {
		if v, ok := r.word(at + 8*o); ok {
			s, _ := r.text(v, mostName)
			return s
		}
	}
	return ""
}

// Name gives the text of an ID, "" where it is not known.
func (r *Ruby) Name(id uint64) string {
	if !r.names.looked {
		r.findSymbols()
	}
	if id <= r.lay.lastOp {
		return r.idText(id)
	}
	return r.idText(id >> 4)
}

// ClassName gives the path of a class: that of the first one above it which is no
// singleton and no included module. "" where there is none: anonymous, or not a class.
func (r *Ruby) ClassName(class uint64) string {
	if class == 0 || class%8 != 0 {
		return ""
	}
	if name, ok := r.classes[class]; ok {
		return name
	}
	name, at := "", class
	for range mostSuper {
		flags, ok := r.word(at)
		if !ok {
			break
		}
		kind := flags & 0x1f
		if kind != tClass && kind != tModule && kind != tIClass {
			break
		}
		if kind != tIClass && flags&r.lay.singleton == 0 || kind == tModule {
			if name = r.path(at); name == "" {
				name = "#<Class>"
			}
			break
		}
		if at, ok = r.word(at + r.lay.super); !ok || at == 0 {
			break
		}
	}
	r.classes[class] = name
	return name
}

// path reads the path of one class.
func (r *Ruby) path(class uint64) string {
	if r.lay.classPtr == 0 {
		v, ok := r.word(class + r.lay.classpath)
		if !ok {
			return ""
		}
		s, _ := r.text(v, mostName)
		return s
	}
	if r.names.pathID == 0 {
		r.calibrate()
	}
	s, _ := r.text(r.ivar(class, r.names.pathID), mostName)
	if s == "" && r.names.tmpPathID != 0 {
		s, _ = r.text(r.ivar(class, r.names.tmpPathID), mostName)
	}
	return s
}

// ivar reads an instance variable of a class (to 3.1: struct st_table of its extension).
func (r *Ruby) ivar(class, id uint64) (value uint64) {
	r.ivars(class, func(key, v uint64) bool {
		if key == id {
			value = v
		}
		return key != id
	})
	return value
}

// ivars visits the variables of a class: entries of st_table are of hash, key and value.
func (r *Ruby) ivars(class uint64, visit func(id, v uint64) bool) {
	ext, ok := r.word(class + r.lay.classPtr)
	if !ok || ext == 0 {
		return
	}
	table, ok := r.word(ext + r.lay.ivTable)
	if !ok || table == 0 || table%8 != 0 {
		return
	}
	start, ok1 := r.word(table + 32)
	bound, ok2 := r.word(table + 40)
	entries, ok3 := r.word(table + 48)
	if !ok1 || !ok2 || !ok3 || start > bound || bound-start > mostItems {
		return
	}
	for i := start; i < bound; i++ {
		hash, ok1 := r.word(entries + 24*i)
		key, ok2 := r.word(entries + 24*i + 8)
		v, ok3 := r.word(entries + 24*i + 16)
		if !ok1 || !ok2 || !ok3 || hash != ^uint64(0) && !visit(key, v) {
			return
		}
	}
}

// calibrate finds the ID under which classes keep their path: it is no name of Ruby
// programs, but nearly all classes have it, with a text that is a path of constants.
func (r *Ruby) calibrate() {
	seen := map[uint64]int{}
	r.eachPage(func(pg page, b []byte) {
		for s := 0; s < len(b); s += pg.slot {
			flags := binary.LittleEndian.Uint64(b[s:])
			if flags&0x1f != tClass || flags&r.lay.singleton != 0 {
				continue
			}
			r.ivars(pg.start+uint64(s), func(id, v uint64) bool {
				if name, ok := r.text(v, mostName); ok && isPath(name) {
					seen[id]++
				}
				return true
			})
		}
	})
	best := 0
	for id, n := range seen {
		if n > best {
			best, r.names.pathID = n, id
		}
	}
	if r.names.pathID == 0 {
		r.names.pathID = ^uint64(0)
	}
}

// isPath tells whether a text is a path of constants: A::B.
func isPath(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != ':' && c < 0x80 {
			return false
		}
	}
	return true
}
