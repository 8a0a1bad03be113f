package logs

// shortStamp reads "2006-01-02 15:04", for files that people write by hand.
func shortStamp(c *clock, b []byte) (us int64, n int) {
	if us, n = c.iso(b); n != 0 {
		return us, n
	}
	if len(b) < 16 || b[13] != ':' || !digit(b[14]) || !digit(b[15]) || (len(b) > 16 && digit(b[16])) {
		return 0, 0
	}
	var full [19]byte
	copy(full[:], b[:16])
	copy(full[16:], ":00")
	if us, n = c.iso(full[:]); n == 0 {
		return 0, 0
	}
	zone, end, known := zoneAt(b, 16)
	if !known {
		return us, 16
	}
	utc := clock{}
	us, _ = utc.iso(full[:])
	return us - zone, end
}

// ctime reads "Wed Sep  3 14:02:41 2025", as dmesg -T prints it in local time,
// at the head of b.
func ctime(c *clock, b []byte) (us int64, n int) {
	if len(b) < 24 || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' || b[13] != ':' || b[19] != ' ' {
		return 0, 0
	}
	d := two(b[8:])
	if b[8] == ' ' && digit(b[9]) {
		d = int64(b[9] - '0')
	}
	m, hi, lo := month(b[4:]), two(b[20:]), two(b[22:])
	tod, ok := timeOfDay(b[11:19])
	if !ok || m == 0 || d < 1 || d > 31 || hi < 0 || lo < 0 {
		return 0, 0
	}
	hour := tod / usHour
	return c.inLocation(civil(hi*100+lo, m, d)*usDay, hour) + tod - hour*usHour, 24
}

// rubyPrefix takes the prefix of Ruby's Logger off a line, where the engine has
// not done so already. rest is b itself when there is none.
func rubyPrefix(c *clock, b []byte) (us int64, pid int, rest []byte) {
	p, ok := loggerPrefix(b, c)
	if !ok {
		return 0, 0, b
	}
	return p.at, p.pid, b[p.len:]
}

// withoutRubyPrefix is rubyPrefix for those who only look: it reads no stamp.
func withoutRubyPrefix(b []byte) []byte {
	n, _ := loggerSpan(b)
	return b[n:]
}
