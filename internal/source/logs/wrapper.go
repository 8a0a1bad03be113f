package logs

// wrapper takes off what a log collector put around a line.
type wrapper struct {
	name  string
	clock clock
	take  func(w *wrapper, b []byte, m *meta) ([]byte, bool)
	arena []byte // unescaped payloads of the current block
}

// wrapperFormats lists the wrappers; the first that fits most lines wins.
func wrapperFormats() []wrapperFormat { return nil }

type wrapperFormat struct {
	FormatInfo
	take func(w *wrapper, b []byte, m *meta) ([]byte, bool)
}

func isWrapper(name string) bool {
	for _, f := range wrapperFormats() {
		if f.Name == name {
			return true
		}
	}
	return false
}

// newWrapper returns the wrapper of that name, nil for none.
func newWrapper(name string, o *Options) *wrapper {
	for _, f := range wrapperFormats() {
		if f.Name == name {
			return &wrapper{name: name, clock: newClock(o), take: f.take}
		}
	}
	return nil
}

// reset makes room for the payloads of a block of n bytes. Payloads are never
// longer than their lines, so the memory never moves under them.
func (w *wrapper) reset(n int) {
	if cap(w.arena) < n {
		w.arena = make([]byte, 0, n+n/8)
	}
	w.arena = w.arena[:0]
}

// strip returns the payload of a line; a line that is not wrapped is its own.
func (w *wrapper) strip(b []byte, m *meta) []byte {
	if p, ok := w.take(w, b, m); ok {
		return p
	}
	return b
}

// wrapperOf names the wrapper that fits most lines, "" for none.
func wrapperOf(lines [][]byte, o *Options) string {
	for _, f := range wrapperFormats() {
		w := newWrapper(f.Name, o)
		n := 0
		for _, l := range lines {
			var m meta
			w.reset(len(l))
			if _, ok := f.take(w, l, &m); ok {
				n++
			}
		}
		if 2*n > len(lines) {
			return f.Name
		}
	}
	return ""
}
