package logs

import (
	"bytes"

	"culprit"
)

// This file holds the byte scanning that the formats of background work,
// proxies and events share. All instants are microseconds since the Unix epoch,
// all durations microseconds.

// pidAt reads a process id at the start of b; 0 when there is none.
func pidAt(b []byte) int {
	v, n := atoi(b)
	if n == 0 || v > 1<<31-1 {
		return 0
	}
	return int(v)
}

// decimalAt reads a number such as "12", "0.0126" or "1e-05" at the start of b
// and returns it times scale, rounded, and its length. Length 0 means none.
func decimalAt(b []byte, scale float64) (v int64, n int) {
	whole, i := atoi(b)
	if i == 0 {
		return 0, 0
	}
	f := float64(whole)
	if i+1 < len(b) && b[i] == '.' && digit(b[i+1]) {
		i++
		for p := 0.1; i < len(b) && digit(b[i]); i++ {
			f += float64(b[i]-'0') * p
			p /= 10
		}
	}
	f, i = exponentAt(b, i, f)
	f = f*scale + 0.5
	if f >= 1<<62 {
		return 0, 0
	}
	return int64(f), i
}

// exponentAt applies "e-05" at b[i:], as Ruby prints small floats.
func exponentAt(b []byte, i int, f float64) (float64, int) {
	if i+2 >= len(b) || b[i] != 'e' || (b[i+1] != '-' && b[i+1] != '+') {
		return f, i
	}
	e, k := atoi(b[i+2:])
	if k == 0 || e > 300 {
		return f, i
	}
	for range e {
		if b[i+1] == '-' {
			f /= 10
		} else {
			f *= 10
		}
	}
	return f, i + 2 + k
}

// keyed returns the value of "key=" in a logfmt-like line, quotes removed. key
// includes the equals sign. The key must stand at the start or after a space.
func keyed(b []byte, key string) ([]byte, bool) {
	for from := 0; from < len(b); {
		i := bytes.Index(b[from:], []byte(key))
		if i < 0 {
			return nil, false
		}
		i += from
		if i == 0 || b[i-1] == ' ' || b[i-1] == '\t' {
			return bareOrQuoted(b[i+len(key):]), true
		}
		from = i + 1
	}
	return nil, false
}

// bareOrQuoted returns b up to the closing quote or the next space.
func bareOrQuoted(b []byte) []byte {
	if len(b) > 0 && b[0] == '"' {
		if j := bytes.IndexByte(b[1:], '"'); j >= 0 {
			return b[1 : 1+j]
		}
		return b[1:]
	}
	word, _, _ := cut(b, ' ')
	return word
}

// nextField cuts the next space-separated field off b.
func nextField(b []byte) (field, rest []byte) {
	field, rest, _ = cut(b, ' ')
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return field, rest
}

// afterText returns what follows text in b.
func afterText(b []byte, text string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(b, []byte(text))
	return rest, ok
}

// holds is bytes.Contains for a string constant.
func holds(b []byte, s string) bool { return bytes.Contains(b, []byte(s)) }

// startsWithAny reports whether b starts with one of the texts.
func startsWithAny(b []byte, list ...string) bool {
	for _, p := range list {
		if hasPrefix(b, p) {
			return true
		}
	}
	return false
}

// sizeAt reads an amount of memory such as "15.2 MB", "548M", "311948 KB",
// "786768 Ko" or "268435456 bytes" at the start of b. Ruby's tools and the
// kernel mean powers of two by all of them. unit is what an amount without a
// unit is in; 0 refuses such an amount.
func sizeAt(b []byte, unit culprit.Bytes) (size culprit.Bytes, n int) {
	_, k := decimalAt(b, 1)
	if k == 0 {
		return 0, 0
	}
	tail := b[k:]
	gap := 0
	if len(tail) > 1 && tail[0] == ' ' {
		gap = 1
	}
	word := letters(tail[gap:])
	if u := unitOf(word); u != 0 {
		unit, k = u, k+gap+len(word)
	}
	if unit == 0 {
		return 0, 0
	}
	v, _ := decimalAt(b, float64(unit))
	return culprit.Bytes(v), k
}

// letters returns the ASCII letters at the start of b.
func letters(b []byte) []byte {
	n := 0
	for n < len(b) && (b[n]|0x20) >= 'a' && (b[n]|0x20) <= 'z' {
		n++
	}
	return b[:n]
}

// unitOf returns the size of a unit word, 0 when it is none.
func unitOf(word []byte) culprit.Bytes {
	if len(word) > 9 {
		return 0
	}
	switch string(bytes.ToLower(word)) {
	case "b", "byte", "bytes", "octets":
		return 1
	case "k", "kb", "kib", "ko":
		return culprit.KiB
	case "m", "mb", "mib", "mo":
		return culprit.MiB
	case "g", "gb", "gib", "go":
		return culprit.GiB
	}
	return 0
}

// dynoOf returns the dyno of a Heroku line: the part in brackets of "app[web.1]"
// or "heroku[web.1]"; empty when prog is no such thing.
func dynoOf(prog []byte) []byte {
	i := bytes.IndexByte(prog, '[')
	if i < 0 || prog[len(prog)-1] != ']' {
		return nil
	}
	d := prog[i+1 : len(prog)-1]
	if bytes.IndexByte(d, '.') < 0 {
		return nil
	}
	return d
}

// hostOf returns the host of a line as its wrapper told it, a dyno first.
func hostOf(m *meta) []byte {
	if d := dynoOf(m.prog); len(d) > 0 {
		return d
	}
	return m.host
}
