package rubymem

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"culprit/internal/source/procmem"
)

// Census counts the slots of a heap by type, with Ruby's own names; FREE are slots
// without an object, as ObjectSpace.count_objects has them.
type Census struct {
	Pages   int
	Slots   int64
	Objects int64 // slots that are not free
	Bytes   int64 // of all slots
	ByType  map[string]int64
	ByClass []ClassCount // most bytes first
	// Owned is what strings, arrays, structs and hashes own outside of their slots, in bytes.
	Owned int64
	// Unread are pages that went away while they were read.
	Unread int
}

// ClassCount is the objects of a class. T_DATA of C extensions has the name of its C
// type and the library that it comes from behind it; what has no class has the name of
// its type.
type ClassCount struct {
	Key     string
	Library string // file that made a T_DATA, "" for others
	Objects int64
	// Bytes are those of the slots and of what strings, arrays, structs and hashes own
	// outside; data of C is not in it.
	Bytes int64
}

// tally is one class while it is counted.
type tally struct {
	class, data  uint64
	kind         uint8
	count, bytes int64
}

type tallyKey struct {
	class, data uint64
	kind        uint8
}

// Census reads all pages. A live process goes on meanwhile: what it makes or frees while
// it is read may be counted or not.
func (r *Ruby) Census() (Census, error) { return r.census(nil) }

// census counts, with a closer look where there is one.
func (r *Ruby) census(closer *detailer) (Census, error) {
	c := Census{ByType: map[string]int64{}}
	var counts [32]int64
	tallies := map[tallyKey]*tally{}
	tables := &hashes{r: r}
	c.Unread = r.eachPage(func(pg page, b []byte) {
		c.Pages++
		c.Bytes += int64(len(b))
		for s := 0; s < len(b); s += pg.slot {
			slot := b[s : s+pg.slot]
			flags := binary.LittleEndian.Uint64(slot)
			kind := uint8(flags & 0x1f)
			if counts[kind]++; kind == 0 {
				continue
			}
			key := tallyKey{class: binary.LittleEndian.Uint64(slot[8:]), kind: kind}
			if kind == tData {
				if key.data = binary.LittleEndian.Uint64(slot[16:]); binary.LittleEndian.Uint64(slot[24:]) > 3 {
					key.data = 0 // not typed: a function stands there
				}
			}
			if kind == tImemo {
				key.class = 0 // not a class: each kind of imemo has its own there
			}
			t := tallies[key]
			if t == nil {
				t = &tally{class: key.class, data: key.data, kind: kind}
				tallies[key] = t
			}
			t.count++
			owned := r.owned(kind, flags, slot)
			if kind == tHash {
				owned += tables.owned(flags, slot)
			}
			if closer != nil {
				closer.object(pg.start+uint64(s), kind, flags, slot, int64(pg.slot)+owned)
			}
			t.bytes += int64(pg.slot) + owned
			c.Owned += owned
		}
	})
	for t, k := range counts {
		if k == 0 {
			continue
		}
		name := types[t]
		if name == "" {
			return Census{}, fmt.Errorf("ruby %s: %w: %d slots of type %#x", r.Version, ErrNoHeap, k, t)
		}
		c.ByType[name] = k
		if c.Slots += k; t != 0 {
			c.Objects += k
		}
	}
	if err := r.agrees(c); err != nil {
		return Census{}, err
	}
	c.ByClass = r.byClass(tallies)
	return c, nil
}

// agrees holds a census against Ruby's own counter of slots. Pages that went away are
// counted as missing; a heap that grows meanwhile may differ by what it grew. Off by half,
// it is another heap's counter, or another table.
func (r *Ruby) agrees(c Census) error {
	own := int64(min(r.GCStat()["heap_available_slots"], 1<<62))
	if own == 0 || c.Unread > c.Pages {
		return fmt.Errorf("ruby %s: %w: %d of %d pages could not be read", r.Version, ErrNoHeap, c.Unread, c.Pages+c.Unread)
	}
	if 2*c.Slots < own || c.Slots > 2*own {
		return fmt.Errorf("ruby %s: %w: %d slots were counted, Ruby counts %d", r.Version, ErrNoHeap, c.Slots, own)
	}
	return nil
}

// owned is what an object owns outside of its slot as far as the slot tells, in bytes.
func (r *Ruby) owned(kind uint8, flags uint64, slot []byte) int64 {
	word := func(o int) int64 { return int64(binary.LittleEndian.Uint64(slot[o:])) }
	n := int64(0)
	switch kind {
	case tString:
		if flags&flUser1 != 0 && flags&r.lay.shared == 0 && flags&(1<<30) == 0 { // STR_NOEMBED, not shared, not STR_NOFREE
			n = word(32) + 1
		}
	case tArray:
		if flags&flUser1 == 0 && flags&r.lay.shared == 0 {
			n = 8 * word(24)
		}
	case tStruct:
		if flags>>13&r.lay.structLen == 0 { // not embedded, by its length in the flags
			n = 8 * word(16)
		}
	case tObject:
		if flags&flUser1 == 0 && r.lay.classPtr != 0 {
			n = 8 * (word(16) & 0xffffffff)
		}
	}
	if n < 0 || n > 1<<40 {
		return 0
	}
	return n
}

// byClass names what was counted, and joins what has one name.
func (r *Ruby) byClass(tallies map[tallyKey]*tally) []ClassCount {
	joined := map[[2]string]*ClassCount{}
	for _, t := range tallies {
		name, library := r.keyOf(t)
		c := joined[[2]string{name, library}]
		if c == nil {
			c = &ClassCount{Key: name, Library: library}
			joined[[2]string{name, library}] = c
		}
		c.Objects += t.count
		c.Bytes += t.bytes
	}
	list := make([]ClassCount, 0, len(joined))
	for _, c := range joined {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b ClassCount) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Objects, a.Objects), strings.Compare(a.Key, b.Key), strings.Compare(a.Library, b.Library))
	})
	return list
}

// keyOf names a class, and for T_DATA where its C type comes from.
func (r *Ruby) keyOf(t *tally) (name, library string) {
	switch t.kind {
	case tClass, tModule, tIClass, tImemo:
		return types[t.kind], ""
	}
	name = r.ClassName(t.class)
	if name == "" {
		name = types[t.kind]
	}
	if t.data != 0 {
		if m, ok := procmem.Find(r.view.Maps(), t.data); ok && m.File && !rubyFile.MatchString(m.Path) {
			library = m.Path
		}
	}
	return name, library
}

// Bodies are the stretches that pages of the heap take, by address, those next to each
// other as one. unread counts pages whose place could not be read.
func (r *Ruby) Bodies() (list [][2]uint64, unread int) {
	for i := range r.pages {
		at, ok := r.word(r.table + 8*uint64(i))
		pg, whole := page{}, false
		if ok {
			pg, whole = r.page(at)
		}
		if !whole {
			unread++
			continue
		}
		from := pg.start &^ (r.lay.align - 1)
		if k := len(list); k > 0 && list[k-1][1] == from {
			list[k-1][1] += r.lay.align
			continue
		}
		list = append(list, [2]uint64{from, from + r.lay.align})
	}
	return list, unread
}
