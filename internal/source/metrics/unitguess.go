package metrics

// Readings of processes without a unit come from ps or /proc in KiB, or from a
// program in bytes. The kernel counts in pages, which tells them apart: bytes
// are multiples of 4096, KiB multiples of 4.

const unitWindow = 256

// unitGuess holds readings until it is clear what their unit is.
type unitGuess struct {
	o       *out
	what    string // for the message
	held    []unitReading
	mul     int64
	decided bool
}

type unitReading struct {
	t    *target
	at   int64
	slot slot
	v    float64
}

func (u *unitGuess) add(t *target, at int64, s slot, v float64) bool {
	if v < 0 {
		return false
	}
	if u.decided {
		return u.pass(unitReading{t, at, s, v})
	}
	u.held = append(u.held, unitReading{t, at, s, v})
	if len(u.held) >= unitWindow {
		u.flush()
	}
	return true
}

func (u *unitGuess) pass(r unitReading) bool {
	v, missing, ok := bytesFloat(r.v * float64(u.mul))
	if !ok || missing {
		return ok
	}
	var rd reading
	rd.set(r.slot, v)
	return u.o.emit(r.t, r.at, &rd)
}

// flush decides, at the latest at the end of the file.
func (u *unitGuess) flush() {
	if u.decided {
		return
	}
	u.decided = true
	u.mul = unitOf(u.held)
	if len(u.held) > 0 && u.mul != 1 {
		u.o.warn("%s: taken as %s", u.what, map[int64]string{1 << 10: "KiB", 1 << 20: "MiB"}[u.mul])
	}
	for _, r := range u.held {
		u.pass(r)
	}
	u.held = nil
}

func unitOf(held []unitReading) int64 {
	var top float64
	pages, quads, whole := true, true, true
	for _, r := range held {
		top = max(top, r.v)
		if r.v != float64(int64(r.v)) {
			whole, pages, quads = false, false, false
			continue
		}
		pages = pages && int64(r.v)%4096 == 0
		quads = quads && int64(r.v)%4 == 0
	}
	const (
		smallRuby = 20_000 // KiB; no Ruby server is smaller than 20 MB, few are larger than 20 GB
		hugeRuby  = 6.4e7  // KiB; 64 GB
	)
	switch {
	case top >= hugeRuby, pages && top >= 1<<20:
		return 1
	case top < smallRuby && (!whole || !quads):
		return 1 << 20
	}
	return 1 << 10
}
