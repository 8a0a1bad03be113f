package logs

import "time"

// clock reads the stamps of one parser. It remembers the last date and hour,
// because neighbouring lines share them. The zero value reads UTC.
type clock struct {
	loc *time.Location
	ref time.Time

	date [11]byte // text of the last date, either notation
	days int64    // that date as microseconds since the epoch

	local     [13]byte // date and hour of the last zone-less stamp
	localBase int64    // its hour in Location, microseconds since the epoch
}

func newClock(o *Options) clock { return clock{loc: o.Location, ref: o.Reference} }

const (
	usSecond = int64(1_000_000)
	usMinute = 60 * usSecond
	usHour   = 60 * usMinute
	usDay    = 24 * usHour
)

// iso reads a stamp at the head of b: "2006-01-02T15:04:05" with 'T' or a space
// (or 2006/01/02), an optional fraction after '.' or ',', and an optional zone:
// "Z", "+01:00", "+0100", " +0100", " UTC". It returns microseconds since the
// epoch and the bytes read; 0 bytes when b does not begin with a stamp.
func (c *clock) iso(b []byte) (us int64, n int) {
	if len(b) < 19 || b[13] != ':' || b[16] != ':' || (b[10] != 'T' && b[10] != ' ') {
		return 0, 0
	}
	day, ok := c.isoDate(b)
	if !ok {
		return 0, 0
	}
	tod, ok := timeOfDay(b[11:19])
	if !ok {
		return 0, 0
	}
	frac, n := fraction(b, 19)
	zone, n, known := zoneAt(b, n)
	if known {
		return day + tod + frac - zone, n
	}
	return c.zoneless(b, day, tod) + frac, n
}

// isoDate reads "2006-01-02" or "2006/01/02".
func (c *clock) isoDate(b []byte) (int64, bool) {
	if string(b[:10]) == string(c.date[:10]) {
		return c.days, true
	}
	if (b[4] != '-' && b[4] != '/') || b[7] != b[4] {
		return 0, false
	}
	hi, lo := two(b[0:]), two(b[2:])
	m, d := two(b[5:]), two(b[8:])
	if hi < 0 || lo < 0 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	c.days = civil(hi*100+lo, m, d) * usDay
	copy(c.date[:], b[:10])
	c.date[10] = 0
	return c.days, true
}

// zoneless places a wall-clock time in the options' location. One lookup an
// hour: offsets change on hours, or on half hours in places that never restart
// a log then.
func (c *clock) zoneless(b []byte, day, tod int64) int64 {
	if c.loc == nil || c.loc == time.UTC {
		return day + tod
	}
	hour := tod / usHour
	if string(b[:13]) != string(c.local[:]) {
		copy(c.local[:], b[:13])
		c.localBase = c.inLocation(day, hour)
	}
	return c.localBase + tod - hour*usHour
}

// inLocation returns the instant of an hour of a day in the location.
func (c *clock) inLocation(day, hour int64) int64 {
	if c.loc == nil || c.loc == time.UTC {
		return day + hour*usHour
	}
	u := time.UnixMicro(day).UTC()
	return time.Date(u.Year(), u.Month(), u.Day(), int(hour), 0, 0, 0, c.loc).UnixMicro()
}

// clf reads the stamp of the common log format, "10/Oct/2000:13:55:36 -0700"
// (also with a fraction, as HAProxy writes: "06/Feb/2009:12:14:14.655"), at the
// head of b.
func (c *clock) clf(b []byte) (us int64, n int) {
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return 0, 0
	}
	if string(b[:11]) != string(c.date[:]) {
		d, m, hi, lo := two(b), month(b[3:]), two(b[7:]), two(b[9:])
		if d < 1 || d > 31 || m == 0 || hi < 0 || lo < 0 {
			return 0, 0
		}
		c.days = civil(hi*100+lo, m, d) * usDay
		copy(c.date[:], b[:11])
	}
	tod, ok := timeOfDay(b[12:20])
	if !ok {
		return 0, 0
	}
	frac, n := fraction(b, 20)
	zone, n, known := zoneAt(b, n)
	if known {
		return c.days + tod + frac - zone, n
	}
	hour := tod / usHour
	return c.inLocation(c.days, hour) + tod - hour*usHour + frac, n
}

// rfc3164 reads "Jun 15 09:01:55" (day padded with a blank or a zero) at the
// head of b. The year is the one that puts the stamp in the twelve months
// before the reference (a day of grace for clocks that run ahead).
func (c *clock) rfc3164(b []byte) (us int64, n int) {
	if len(b) < 15 || b[3] != ' ' || b[6] != ' ' || b[9] != ':' {
		return 0, 0
	}
	m, d := month(b), two(b[4:])
	if b[4] == ' ' && digit(b[5]) {
		d = int64(b[5] - '0')
	}
	if m == 0 || d < 1 || d > 31 {
		return 0, 0
	}
	tod, ok := timeOfDay(b[7:15])
	if !ok {
		return 0, 0
	}
	frac, n := fraction(b, 15) // journalctl -o short-precise
	ref := c.ref
	if ref.IsZero() {
		return 0, n // a stamp, but of any year
	}
	hour := tod / usHour
	at := func(year int64) int64 {
		return c.inLocation(civil(year, m, d)*usDay, hour) + tod - hour*usHour
	}
	us = at(int64(ref.Year()))
	if us > ref.UnixMicro()+usDay {
		us = at(int64(ref.Year()) - 1)
	}
	return us + frac, n
}

// timeOfDay reads "15:04:05" into microseconds. b has eight bytes.
func timeOfDay(b []byte) (int64, bool) {
	_ = b[7]
	h, m, s := two(b), two(b[3:]), two(b[6:])
	if h < 0 || m < 0 || s < 0 || h > 24 || m > 59 || s > 60 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	return ((h*60+m)*60 + s) * usSecond, true
}

// fraction reads ".123456" or ",123" at i and returns microseconds and the next index.
func fraction(b []byte, i int) (int64, int) {
	if i+1 >= len(b) || (b[i] != '.' && b[i] != ',') || !digit(b[i+1]) {
		return 0, i
	}
	i++
	if len(b) >= i+6 {
		if x, y, z := two(b[i:]), two(b[i+2:]), two(b[i+4:]); x|y|z >= 0 && (len(b) == i+6 || !digit(b[i+6])) {
			return (x*100+y)*100 + z, i + 6
		}
	}
	var v int64
	for scale := int64(100_000); i < len(b) && digit(b[i]); i++ {
		v += int64(b[i]-'0') * scale
		scale /= 10
	}
	return v, i
}

// zoneAt reads a zone at i: the offset in microseconds east of UTC, the index
// behind it, and whether there was one.
func zoneAt(b []byte, i int) (int64, int, bool) {
	if i >= len(b) {
		return 0, i, false
	}
	if b[i] == 'Z' {
		return 0, i + 1, true
	}
	j := i
	if b[j] == ' ' {
		j++
	}
	if j+3 <= len(b) && (string(b[j:j+3]) == "UTC" || string(b[j:j+3]) == "GMT") {
		return 0, j + 3, true
	}
	if j+5 > len(b) || (b[j] != '+' && b[j] != '-') {
		return 0, i, false
	}
	h, k := two(b[j+1:]), j+3
	if b[k] == ':' {
		k++
	}
	if k+2 > len(b) {
		return 0, i, false
	}
	m := two(b[k:])
	if h < 0 || m < 0 {
		return 0, i, false
	}
	off := h*usHour + m*usMinute
	if b[j] == '-' {
		off = -off
	}
	return off, k + 2, true
}

// two reads two decimal digits, or returns a negative number.
func two(b []byte) int64 {
	_ = b[1]
	x, y := b[0]-'0', b[1]-'0'
	if x > 9 || y > 9 {
		return -1000
	}
	return int64(x)*10 + int64(y)
}

// month reads an English month's first three letters; 0 when it is none.
func month(b []byte) int64 {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if names[i] == b[0] && names[i+1] == b[1] && names[i+2] == b[2] {
			return int64(i/3) + 1
		}
	}
	return 0
}

// civil returns the days since 1970-01-01 of a date of the Gregorian calendar
// (Howard Hinnant, "chrono-compatible low-level date algorithms").
func civil(y, m, d int64) int64 {
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*((m+9)%12)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}
