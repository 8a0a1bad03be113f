package ingest

// front is a bounded map from hashes to numbers with a direct-mapped cache
// before it: a log repeats a few hundred endpoints and labels for ever, and a
// look-up per call and dimension is most of what recording a call costs.
type front struct {
	keys [frontSize]uint64
	vals [frontSize]uint32
	m    map[uint64]uint32
}

const (
	frontBits = 10
	frontSize = 1 << frontBits
)

func newFront() *front { return &front{m: map[uint64]uint32{}} }

func (f *front) get(h uint64) (uint32, bool) {
	i := h >> (64 - frontBits)
	if f.keys[i] == h {
		return f.vals[i], true
	}
	v, ok := f.m[h]
	if ok {
		f.keys[i], f.vals[i] = h, v
	}
	return v, ok
}

func (f *front) put(h uint64, v uint32) {
	if len(f.m) >= maxCache {
		clear(f.m)
	}
	f.m[h] = v
	i := h >> (64 - frontBits)
	f.keys[i], f.vals[i] = h, v
}
