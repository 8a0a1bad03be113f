package rubydump

// shapes are the forms of objects since 3.2 (shape.h): which variables they have. A
// shape is 40 bytes.
type shapes struct {
	list  uint64
	count uint32
}

const (
	shapeSize     = 40
	shapeIvars    = 16 // next_iv_index
	shapeCapacity = 20
	shapeKind     = 24
	shapeParent   = 28
	tooComplex    = 4 // SHAPE_OBJ_TOO_COMPLEX: variables are in a table
	shapeShift    = 32
	noShape       = ^uint32(0)
)

// findShapes looks for struct rb_shape_tree_t: its list and its root are one place, and
// the root has no parent.
func (d *dumper) findShapes() (s shapes) {
	if d.lay.old {
		return s
	}
	d.EachGlobal(func(w uint64) bool {
		if w&7 != 0 || !d.view.Writable(w) {
			return true
		}
		list, err := d.view.Word(w)
		if err != nil || list == 0 || list&7 != 0 {
			return true
		}
		if root, err := d.view.Word(w + 8); err != nil || root != list {
			return true
		}
		n, err := d.view.Uint32(w + 16)
		if err != nil || n == 0 || n > 1<<20 {
			return true
		}
		if parent, err := d.view.Uint32(list + shapeParent); err != nil || parent != noShape {
			return true
		}
		s = shapes{list, n}
		return false
	})
	return s
}

// shape tells of an object how many variables it has, for how many there is room, and
// whether they are in a table.
func (d *dumper) shape(flags uint64) (ivars, capacity uint64, table, ok bool) {
	id := uint32(flags >> shapeShift)
	if id >= d.shapes.count {
		d.lost()
		return 0, 0, false, false
	}
	at := d.shapes.list + shapeSize*uint64(id)
	return uint64(d.half(at + shapeIvars)), uint64(d.half(at + shapeCapacity)), d.half(at+shapeKind)&0xff == tooComplex, true
}
