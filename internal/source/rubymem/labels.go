package rubymem

import (
	"encoding/binary"
	"fmt"
)

// methodOf gives the method whose call a frame belongs to.
func (r *Ruby) methodOf(f cframe) (owner uint64, name string) {
	if f.ep != 0 {
		return r.methodEntry(f.ep)
	}
	me, ok := r.follow(f.entry)
	if !ok {
		return 0, ""
	}
	owner, _ = r.word(me + 32)
	return owner, r.methodName(me)
}

// methodEntry gives the method whose call an environment belongs to.
func (r *Ruby) methodEntry(ep uint64) (owner uint64, name string) {
	for range mostSuper {
		head, ok := r.word(ep)
		if !ok {
			return 0, ""
		}
		if me, ok := r.entry(ep - 16); ok {
			owner, _ = r.word(me + 32)
			return owner, r.methodName(me)
		}
		if head&envLocal != 0 {
			return 0, ""
		}
		if ep, ok = r.word(ep - 8); !ok {
			return 0, ""
		}
		ep &^= 3
	}
	return 0, ""
}

// entry reads a slot of an environment that may hold a method entry, also through the
// special variables.
func (r *Ruby) entry(at uint64) (me uint64, ok bool) {
	v, ok := r.word(at)
	if !ok {
		return 0, false
	}
	return r.follow(v)
}

// follow goes from what such a slot holds to the method entry.
func (r *Ruby) follow(v uint64) (me uint64, ok bool) {
	ok = true
	for range 2 {
		if !ok || v == 0 || v%8 != 0 {
			return 0, false
		}
		flags, ok2 := r.word(v)
		if !ok2 || flags&0x1f != tImemo {
			return 0, false
		}
		switch flags >> 12 & 0xf {
		case imemoMent:
			return v, true
		case imemoSvar:
			v, ok = r.word(v + 8)
		default:
			return 0, false
		}
	}
	return 0, false
}

// methodName reads the name that a method was defined with.
func (r *Ruby) methodName(me uint64) string {
	def, ok := r.word(me + 16)
	if !ok || def == 0 {
		return ""
	}
	id, ok := r.word(def + 32)
	if !ok {
		return ""
	}
	return r.Name(id)
}

// qualified is a method's name with that of its class, as labels have it since 3.4.
func (r *Ruby) qualified(owner uint64, method string) string {
	flags, ok := r.word(owner)
	if !ok || owner == 0 || owner%8 != 0 {
		return method
	}
	kind := flags & 0x1f
	if kind == tClass && flags&r.lay.singleton != 0 {
		if v := r.attachedTo(owner); v != 0 {
			if f, ok := r.word(v); ok && (f&0x1f == tClass || f&0x1f == tModule) && f&r.lay.singleton == 0 {
				if s := r.path(v); s != "" && isPath(s) {
					return s + "." + method
				}
			}
		}
		return method
	}
	if kind == tClass || kind == tModule || kind == tIClass {
		if kind == tIClass {
			if m, ok := r.word(owner + 8); ok {
				owner = m
			}
		}
		if s := r.path(owner); s != "" && isPath(s) {
			return s + "#" + method
		}
	}
	return method
}

// attachedTo gives what a singleton class belongs to.
func (r *Ruby) attachedTo(class uint64) uint64 {
	if r.lay.classPtr == 0 {
		v, _ := r.word(class + r.lay.attached)
		return v
	}
	if r.names.attachID == 0 {
		r.names.attachID = r.idOf("__attached__")
	}
	return r.ivar(class, r.names.attachID)
}

// idOf looks for an ID with a name among the variables of singleton classes.
func (r *Ruby) idOf(name string) (id uint64) {
	id = ^uint64(0)
	r.eachPage(func(pg page, b []byte) {
		if id != ^uint64(0) {
			return
		}
		for s := 0; s < len(b); s += pg.slot {
			flags := binary.LittleEndian.Uint64(b[s:])
			if flags&0x1f == tClass && flags&r.lay.singleton != 0 {
				r.ivars(pg.start+uint64(s), func(key, _ uint64) bool {
					if r.Name(key) == name {
						id = key
					}
					return true
				})
			}
		}
	})
	return id
}

// label34 composes the label that Ruby 3.4 tells, of the class, the method and the levels
// of blocks (vm_backtrace.c, calculate_iseq_label).
func (r *Ruby) label34(body, owner uint64) string {
	prefix := ""
	for range mostSuper {
		kind, err := r.view.Uint32(body)
		if err != nil {
			return prefix
		}
		v, _ := r.word(body + r.lay.body.label)
		label, _ := r.text(v, mostName)
		parent, _ := r.word(body + r.lay.body.parent)
		switch kind {
		case iseqMethod:
			return prefix + r.qualified(owner, label)
		case iseqBlock, iseqPlain:
			level, inner := 0, body
			for range mostSuper {
				kind, err := r.view.Uint32(inner)
				if err != nil {
					return prefix
				}
				if kind == iseqBlock {
					level++
				}
				local, _ := r.word(inner + r.lay.body.local)
				up, _ := r.word(inner + r.lay.body.parent)
				if b, _ := r.word(local + 16); b == inner || up == 0 {
					body = inner
					break
				}
				inner, _ = r.word(up + 16)
			}
			if level <= 1 {
				prefix += "block in "
			} else {
				prefix += fmt.Sprintf("block (%d levels) in ", level)
			}
			if body != inner {
				return prefix + label
			}
			if k, _ := r.view.Uint32(body); k == iseqBlock || k == iseqPlain {
				v, _ := r.word(body + r.lay.body.label)
				s, _ := r.text(v, mostName)
				return prefix + s
			}
		case iseqRescue, iseqEnsure, iseqEval:
			if parent == 0 {
				return prefix + label
			}
			body, _ = r.word(parent + 16)
		default:
			return prefix + label
		}
	}
	return prefix
}
