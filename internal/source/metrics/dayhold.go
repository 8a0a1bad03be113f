package metrics

import "time"

// dayHold keeps readings whose stamps are only a time of day until the end of
// the file. Then the last one is known to lie before the file's modification
// time, and midnights were counted in between.
type dayHold struct {
	held []dayReading
	last int64 // time of day of the last stamp, µs
	day  int32 // midnights passed since the first stamp
}

type dayReading struct {
	r   *ref
	v   int64
	tod int64
	day int32
}

const (
	microsPerDay = 86_400_000_000
	// maxHeld bounds the memory: at one reading a second this is 46 days.
	maxHeld = 4 << 20
)

// stamp takes the next time of day in file order and returns the instant to
// give to emit: days are counted in multiples of microsPerDay.
func (d *dayHold) stamp(tod int64) int64 {
	if tod < d.last-microsPerDay/2 {
		d.day++
	}
	d.last = tod
	return int64(d.day)*microsPerDay + tod
}

func (d *dayHold) add(o *out, r *ref, at, v int64) bool {
	if len(d.held) >= maxHeld {
		o.warn("more than %d readings without date: the rest was not used", maxHeld)
		return true
	}
	d.held = append(d.held, dayReading{r: r, v: v, tod: at % microsPerDay, day: int32(at / microsPerDay)})
	return true
}

// flush dates the readings back from the modification time.
func (d *dayHold) flush(o *out) {
	o.days = nil
	if len(d.held) == 0 {
		return
	}
	ref := o.clock.ref
	if ref.IsZero() {
		o.warn("stamps without date, and no modification time: dated back from 1970-01-02")
		ref = time.Unix(86_400, 0)
	} else {
		o.warn("stamps carry no date: the last one is put before the file's modification time, %s", ref.UTC().Format(time.DateTime))
	}
	ref = ref.In(o.clock.loc)
	last := d.held[len(d.held)-1]
	day := time.Date(ref.Year(), ref.Month(), ref.Day(), 0, 0, 0, 0, o.clock.loc)
	// A minute of grace: the clock of the writer and that of the disk differ.
	if onDay(day, last.tod, o.clock.loc) > ref.UnixMicro()+60_000_000 {
		day = day.AddDate(0, 0, -1)
	}
	for i := range d.held {
		h := &d.held[i]
		o.deliver(h.r, onDay(day.AddDate(0, 0, int(h.day-last.day)), h.tod, o.clock.loc), h.v)
	}
	d.held = nil
}
