package logs

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// le64 loads eight bytes at i. The caller guarantees i+8 <= len(b).
func le64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// word is the eight-byte constant that le64 loads for a text of eight bytes.
func word(s string) uint64 { return binary.LittleEndian.Uint64([]byte(s)) }

const (
	swarLow  = 0x0101010101010101
	swarHigh = 0x8080808080808080
)

// findByte returns the index of the first c in b from i on, or len(b). It is for
// values of a few bytes, where a call to bytes.IndexByte costs more than the
// search; every is c in all eight bytes.
func findByte(b []byte, i int, every uint64) int {
	for ; i+8 <= len(b); i += 8 {
		x := le64(b, i) ^ every
		if t := (x - swarLow) &^ x & swarHigh; t != 0 {
			return i + bits.TrailingZeros64(t)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == byte(every) {
			return i
		}
	}
	return i
}

// Arguments of findByte.
const (
	everySpace = ' ' * swarLow
	everyQuote = '"' * swarLow
	everySlash = '\\' * swarLow
)

// stringEnd returns the index of the first quote or backslash in b from i on, or
// len(b).
func stringEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := le64(b, i)
		q, s := x^everyQuote, x^everySlash
		if t := ((q-swarLow)&^q | (s-swarLow)&^s) & swarHigh; t != 0 {
			return i + bits.TrailingZeros64(t)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' || b[i] == '\\' {
			return i
		}
	}
	return i
}

// hasPrefix reports whether b begins with p, without converting either.
func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }

// hasSuffix reports whether b ends with p.
func hasSuffix(b []byte, p string) bool {
	return len(b) >= len(p) && string(b[len(b)-len(p):]) == p
}

// digit reports whether c is a decimal digit.
func digit(c byte) bool { return c-'0' <= 9 }

// hexDigit reports whether c is a hexadecimal digit.
func hexDigit(c byte) bool { return digit(c) || (c|0x20)-'a' <= 5 }

// atoi reads the decimal digits at the head of b and returns the value and how
// many bytes it read; 0 bytes when there are none. Values saturate at 1e18.
func atoi(b []byte) (v int64, n int) {
	for n < len(b) && digit(b[n]) {
		if v < 1e17 {
			v = v*10 + int64(b[n]-'0')
		}
		n++
	}
	return v, n
}

// whole parses b as one decimal number and nothing else.
func whole(b []byte) (int64, bool) {
	v, n := atoi(b)
	return v, n > 0 && n == len(b)
}

// micro reads a decimal number with an optional fraction and returns it times a
// million, and how many bytes it read. Digits beyond the sixth are dropped.
func micro(b []byte) (v int64, n int) {
	v, n = atoi(b)
	if n == 0 {
		return 0, 0
	}
	v *= 1_000_000
	if n < len(b)-1 && b[n] == '.' && digit(b[n+1]) {
		n++
		for scale := int64(100_000); n < len(b) && digit(b[n]); n++ {
			v += int64(b[n]-'0') * scale
			scale /= 10
		}
	}
	return v, n
}

// millis reads a decimal number of milliseconds as microseconds.
func millis(b []byte) (us int64, n int) {
	v, n := micro(b)
	return v / 1000, n
}

// seconds reads a decimal number of seconds as microseconds.
func seconds(b []byte) (us int64, n int) { return micro(b) }

// cut splits b at the first sep.
func cut(b []byte, sep byte) (before, after []byte, ok bool) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

// trimLeft drops leading blanks.
func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// hash mixes b into 64 bits. It only has to be quick and even: keys are ids
// that an attacker gains nothing from making collide.
func hash(b []byte, seed uint64) uint64 {
	const k = 0x9E3779B97F4A7C15
	h := seed ^ uint64(len(b))*k
	for len(b) >= 8 {
		h = mix(h ^ binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return mix(h ^ tail ^ k)
}

// mix is one round of multiply and fold.
func mix(h uint64) uint64 {
	h *= 0xD6E8FEB86659FD93
	return h ^ h>>32
}
