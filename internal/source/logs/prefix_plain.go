package logs

import "bytes"

// plainPrefix reads what other formatters than Ruby's own put before a message:
// a level and a stamp in either order, each perhaps in brackets:
//
//	INFO 2019/08/05 12:29:56 +0000 [pid=667] Completed 401 ...
//	[2019-08-05T12:29:56.123Z] INFO Started GET ...
//
// It returns the length, 0 when there is no stamp. zoneless tells that the stamp
// was read in the options' location.
func plainPrefix(b []byte, c *clock) (at int64, zoneless bool, n int) {
	i := 0
	if len(b) > 0 && b[0] == ' ' {
		i = 1
	}
	i += levelWord(b[i:])
	if i < len(b) && b[i] == '[' {
		i++
	}
	if i+19 >= len(b) || !digit(b[i]) {
		return 0, false, 0
	}
	at, k := c.iso(b[i:])
	if k == 0 {
		return 0, false, 0
	}
	zoneless = k < 20 || b[i+k-1] != 'Z' && !bytes.ContainsAny(b[i+19:i+k], "+-UG")
	i += k
	if i < len(b) && b[i] == ']' {
		i++
	}
	if i >= len(b) || b[i] != ' ' {
		return 0, false, 0
	}
	i++
	return at, zoneless, i + levelWord(b[i:])
}

// levelWord returns the length of "INFO ", "[INFO] " or "INFO: ", 0 for none.
func levelWord(b []byte) int {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = 1
	}
	for _, w := range [...]string{"INFO", "DEBUG", "WARN", "ERROR", "FATAL"} {
		if !hasPrefix(b[i:], w) {
			continue
		}
		for i += len(w); i < len(b) && (b[i] == ']' || b[i] == ':' || b[i] == ' '); i++ {
			if b[i] == ' ' && i+1 < len(b) && b[i+1] != ' ' {
				return i + 1
			}
		}
	}
	return 0
}

// likelyPlain reports whether a line is worth a plainPrefix: it begins with a
// digit, a level or a bracket before a digit.
func likelyPlain(b []byte) bool {
	if len(b) < 28 {
		return false
	}
	switch c := b[0]; c {
	case ' ':
		return b[1]-'A' < 26
	case '[':
		return digit(b[1]) && (b[5] == '-' || b[5] == '/') && b[8] == b[5]
	case 'I', 'D', 'W', 'E', 'F':
		return levelWord(b) > 0
	default:
		return digit(c) && (b[4] == '-' || b[4] == '/') && b[7] == b[4]
	}
}
