package metrics

import (
	"bytes"
	"strings"
	"time"
)

// clock reads stamps of one file. It remembers which layout fitted last.
type clock struct {
	loc       *time.Location
	ref       time.Time
	last      int
	monthDay  bool // slashed dates are month/day: a stamp said so
	dayMonth  bool
	ambiguous bool
}

func newClock(loc *time.Location, ref time.Time) *clock {
	if loc == nil {
		loc = time.UTC
	}
	return &clock{loc: loc, ref: ref}
}

// layouts beside ISO 8601. Dates without zone are local.
var layouts = []string{
	"Mon Jan _2 15:04:05 MST 2006",    // date(1)
	"Mon Jan _2 03:04:05 PM MST 2006", // date(1), 12-hour locales
	"Mon _2 Jan 2006 03:04:05 PM MST", // date(1), other locales
	"Mon _2 Jan 15:04:05 MST 2006",    // date(1), other locales
	"Mon Jan _2 15:04:05 2006",        // ctime
	time.RFC1123, time.RFC1123Z, time.RFC850,
	"02/Jan/2006:15:04:05 -0700", // web servers
	"Jan _2, 2006 15:04:05", "Jan _2, 2006, 3:04:05 PM", "Jan _2, 2006 3:04:05 PM",
	"Jan _2 2006 15:04:05", "_2 Jan 2006 15:04:05", "2 Jan 2006, 15:04:05",
	"02.01.2006 15:04:05", "02.01.2006, 15:04:05", "02.01.2006 15:04",
	"2006-01-02", "20060102150405", "20060102T150405Z",
}

// at reads a stamp: an epoch, ISO 8601 with or without zone, or one of the
// layouts. Microseconds since 1970.
func (c *clock) at(b []byte) (int64, bool) {
	b = bytes.TrimSpace(b)
	if len(b) < 8 || len(b) > 48 {
		return 0, false
	}
	if at, ok := c.iso(b); ok {
		return at, true
	}
	if len(b) != 14 || b[0] != '2' || b[1] != '0' { // not 20060102150405
		if at, ok := epochText(b); ok {
			return at, true
		}
	}
	s := string(b)
	if at, ok := c.slashed(s); ok {
		return at, true
	}
	for i := range layouts {
		n := (c.last + i) % len(layouts)
		if t, err := time.ParseInLocation(layouts[n], s, c.loc); err == nil && t.Year() >= 1973 {
			c.last = n
			return c.zoned(t, s).UnixMicro(), true
		}
	}
	return 0, false
}

// iso reads 2006-01-02T15:04:05 with a space or T, fractions behind a dot or a
// comma, and Z, UTC, +01:00, +0100, +01 or no zone. Slashes are taken, too
// (2006/01/02).
func (c *clock) iso(b []byte) (int64, bool) {
	if len(b) < 16 || (b[4] != '-' && b[4] != '/') || b[7] != b[4] || (b[10] != 'T' && b[10] != ' ' && b[10] != 't') || b[13] != ':' {
		return 0, false
	}
	y, ok1 := num(b[0:4])
	mo, ok2 := num(b[5:7])
	d, ok3 := num(b[8:10])
	h, ok4 := num(b[11:13])
	mi, ok5 := num(b[14:16])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 24 || mi > 59 || y < 1973 || y > 2200 {
		return 0, false
	}
	sec, micros, rest, ok := seconds(b[16:])
	if !ok {
		return 0, false
	}
	loc := c.loc
	offset, zone, ok := zoneOffset(rest)
	if !ok {
		return 0, false
	}
	if zone {
		loc = time.UTC
	}
	var at int64
	if loc == time.UTC {
		at = daysFrom(y, mo, d)*86_400 + int64(h*3600+mi*60+sec-offset)
	} else {
		at = time.Date(y, time.Month(mo), d, h, mi, sec, 0, loc).Unix()
	}
	return at*1_000_000 + micros, true
}

// seconds reads ":05.123" and returns what follows.
func seconds(b []byte) (sec int, micros int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != ':' {
		return 0, 0, b, true
	}
	if len(b) < 3 {
		return 0, 0, nil, false
	}
	if sec, ok = num(b[1:3]); !ok || sec > 60 {
		return 0, 0, nil, false
	}
	b = b[3:]
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') && b[1] >= '0' && b[1] <= '9' {
		unit := int64(100_000)
		b = b[1:]
		for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
			micros += int64(b[0]-'0') * unit
			unit /= 10
			b = b[1:]
		}
	}
	return sec, micros, b, true
}

// zoneOffset reads a zone in seconds east; zone is false when there is none.
func zoneOffset(b []byte) (offset int, zone, ok bool) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return 0, false, true
	}
	if b[0] == '+' || b[0] == '-' {
		text := bytes.ReplaceAll(b[1:], []byte(":"), nil)
		if len(text) == 2 {
			text = append(append([]byte{}, text...), '0', '0')
		}
		n, ok := num(text)
		if !ok || len(text) != 4 || n > 1500 {
			return 0, false, false
		}
		offset = n/100*3600 + n%100*60
		if b[0] == '-' {
			offset = -offset
		}
		return offset, true, true
	}
	hours, ok := zoneHours[strings.ToUpper(string(b))]
	return int(hours * 3600), ok, ok
}

// zoneHours are the abbreviations that mean one thing where servers stand. IST
// and CST mean several and are left out.
var zoneHours = map[string]float64{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// zoned corrects what time.Parse makes of abbreviations that it does not know:
// an offset of zero.
func (c *clock) zoned(t time.Time, s string) time.Time {
	name, offset := t.Zone()
	if offset != 0 || !strings.Contains(s, name) {
		return t
	}
	if h, ok := zoneHours[name]; ok {
		return t.Add(-time.Duration(h * float64(time.Hour)))
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.loc)
}

// slashed reads 06/10/2020 15:04:05 and 6/10/2020, 3:04:05 PM. Which of the
// first two numbers is the month shows when one of them is larger than 12, or
// by the 12-hour clock; until then it is taken as day/month.
func (c *clock) slashed(s string) (int64, bool) {
	date, clockText, ok := strings.Cut(s, " ")
	if !ok {
		return 0, false
	}
	date = strings.TrimSuffix(date, ",")
	parts := strings.Split(date, "/")
	if len(parts) != 3 || len(parts[2]) != 4 && len(parts[2]) != 2 {
		return 0, false
	}
	a, ok1 := num([]byte(parts[0]))
	b, ok2 := num([]byte(parts[1]))
	y, ok3 := num([]byte(parts[2]))
	tod, ok4 := timeOfDay(strings.TrimSpace(clockText))
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	if y < 100 {
		y += 2000
	}
	upper := strings.ToUpper(clockText)
	switch {
	case b > 12 || strings.HasSuffix(upper, "AM") || strings.HasSuffix(upper, "PM"):
		c.monthDay = true
	case a > 12:
		c.dayMonth = true
	case !c.monthDay && !c.dayMonth && a != b:
		c.ambiguous = true
	}
	if c.monthDay && a <= 12 {
		a, b = b, a
	}
	if b < 1 || b > 12 || a < 1 || a > 31 {
		return 0, false
	}
	day := time.Date(y, time.Month(b), a, 0, 0, 0, 0, c.loc)
	return onDay(day, tod, c.loc), true
}

// onDay puts a time of day (µs) on a calendar day, minding daylight saving.
func onDay(day time.Time, tod int64, loc *time.Location) int64 {
	s := int(tod / 1_000_000)
	return time.Date(day.Year(), day.Month(), day.Day(), s/3600, s/60%60, s%60, 0, loc).UnixMicro() + tod%1_000_000
}

// timeOfDay reads 15:04:05, 15:04, 03:04:05 PM with fractions, in µs.
func timeOfDay(s string) (int64, bool) {
	pm, am := false, false
	if n := len(s); n > 2 {
		switch strings.ToUpper(s[n-2:]) {
		case "PM":
			pm, s = true, strings.TrimSpace(s[:n-2])
		case "AM":
			am, s = true, strings.TrimSpace(s[:n-2])
		}
	}
	if len(s) > 1 && s[1] == ':' {
		s = "0" + s
	}
	if len(s) < 5 || s[2] != ':' {
		return 0, false
	}
	h, ok1 := num([]byte(s[:2]))
	m, ok2 := num([]byte(s[3:5]))
	sec, micros, rest, ok3 := seconds([]byte(s[5:]))
	if !ok1 || !ok2 || !ok3 || len(rest) > 0 || h > 23 || m > 59 || (am || pm) && (h < 1 || h > 12) {
		return 0, false
	}
	if pm && h < 12 {
		h += 12
	}
	if am && h == 12 {
		h = 0
	}
	return int64(h*3600+m*60+sec)*1_000_000 + micros, true
}

// num reads up to 9 digits.
func num(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// daysFrom counts days from 1970-01-01 (Howard Hinnant, chrono-compatible
// low-level date algorithms, days_from_civil).
func daysFrom(y, m, d int) int64 {
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era)*146_097 + int64(doe) - 719_468
}
