package rubymem

import (
	"errors"
	"strings"
)

// Birth is where an object was made, as ObjectSpace.trace_object_allocations noted it.
type Birth struct {
	File       string
	Line       uint64
	Method     string
	Generation uint64 // GC.count of that moment
}

// Of the structs of ext/objspace (object_tracing.c, objspace.h; alike from 2.7 to 3.4).
const (
	traceNew     = 8 // VALUE newobj_trace; freeobj_trace behind it
	traceTable   = 24
	infoPath     = 24
	infoLine     = 32
	infoMethod   = 48
	infoGen      = 56
	mostTraced   = 1 << 30
	mostPathText = 4096
)

// Births gives where objects were made, of those that are traced: nothing where no program
// traces. entries is where the table of it stands. An error means that the table could not
// be read to its end: what was read is given.
func (r *Ruby) Births() (found map[uint64]Birth, entries uint64, err error) {
	found = map[uint64]Birth{}
	table := r.traced()
	if table == 0 {
		return found, 0, nil
	}
	start, bound := r.word0(table+32), r.word0(table+40)
	entries = r.word0(table + 48)
	if start > bound || bound-start > mostTraced {
		return found, entries, errBirths
	}
	texts := map[uint64]string{}
	for i := start; i < bound; i++ {
		hash, ok := r.word(entries + 24*i)
		if !ok {
			return found, entries, errBirths
		}
		key, info := r.word0(entries+24*i+8), r.word0(entries+24*i+16)
		if hash == ^uint64(0) || info == 0 || key == 0 {
			continue
		}
		if alive, err := r.view.Uint32(info); err != nil || alive == 0 {
			continue
		}
		b := Birth{Line: r.word0(info + infoLine), Generation: r.word0(info + infoGen), File: r.chars(r.word0(info+infoPath), texts)}
		if mid := r.word0(info + infoMethod); mid&0xff == 0x0c {
			b.Method = r.Name(mid >> 8) // a name that is no object
		} else if mid > 8 {
			b.Method, _ = r.text(r.word0(mid+24), mostName)
		}
		found[key] = b
	}
	return found, entries, nil
}

// errBirths means that the table of births changed, or lies where nothing is.
var errBirths = errors.New("the table of where objects were made could not be read to its end")

// traced looks for struct traceobj_arg among the variables of objspace.so: two counters,
// two TracePoints that are T_DATA, and the table.
func (r *Ruby) traced() (table uint64) {
	maps := r.view.Maps()
	for i, m := range maps {
		ours := strings.HasSuffix(m.Path, "/objspace.so") || i > 0 && m.Path == "" && maps[i-1].To == m.From && strings.HasSuffix(maps[i-1].Path, "/objspace.so")
		if !ours || !m.Write || m.Size() > mostGlobals {
			continue
		}
		for at := m.From; at < m.To; at += 8 {
			arg, ok := r.word(at)
			if !ok || arg == 0 || arg%8 != 0 || !r.view.Writable(arg) {
				continue
			}
			if r.isData(r.word0(arg+traceNew)) && r.isData(r.word0(arg+traceNew+8)) && r.view.Writable(r.word0(arg+traceTable)) {
				return r.word0(arg + traceTable)
			}
		}
	}
	return 0
}

func (r *Ruby) isData(v uint64) bool { return v != 0 && v%8 == 0 && r.word0(v)&0x1f == tData }

// word0 reads a word where none is the same as zero.
func (r *Ruby) word0(at uint64) uint64 {
	w, _ := r.word(at)
	return w
}

// chars reads a text of C, and keeps it: many objects share one.
func (r *Ruby) chars(at uint64, kept map[uint64]string) string {
	if at == 0 {
		return ""
	}
	s, ok := kept[at]
	if !ok {
		s, _ = r.view.Text(at, mostPathText)
		kept[at] = s
	}
	return s
}
