package metrics

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Spreadsheets and PowerShell write UTF-16 and byte order marks.

var utf8BOM = []byte{0xef, 0xbb, 0xbf}

func isUTF16(b []byte) bool {
	return len(b) >= 4 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) && (b[2] == 0) != (b[3] == 0)
}

// toUTF8 prepares a head for looking at.
func toUTF8(b []byte) []byte {
	if !isUTF16(b) {
		return bytes.TrimPrefix(b, utf8BOM)
	}
	out, _ := io.ReadAll(decodeText(bytes.NewReader(b), b)) // from memory: no error but the end
	return out
}

// decodeText takes byte order marks off and turns UTF-16 into UTF-8.
func decodeText(r io.Reader, begin []byte) io.Reader {
	if isUTF16(begin) {
		d := &utf16Reader{r: bufio.NewReader(r), big: begin[0] == 0xfe}
		return d
	}
	if bytes.HasPrefix(begin, utf8BOM) {
		b := bufio.NewReader(r)
		_, _ = b.Discard(len(utf8BOM)) // they are there: begin has them
		return b
	}
	return r
}

type utf16Reader struct {
	r    *bufio.Reader
	big  bool
	high rune
	out  []byte
	err  error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) < len(p) && u.err == nil {
		u.next()
	}
	n := copy(p, u.out)
	u.out = u.out[:copy(u.out, u.out[n:])]
	if n == 0 {
		return 0, u.err
	}
	return n, nil
}

func (u *utf16Reader) next() {
	var pair [2]byte
	if _, err := io.ReadFull(u.r, pair[:]); err != nil {
		u.err = err
		return
	}
	c := rune(pair[0]) | rune(pair[1])<<8
	if u.big {
		c = rune(pair[1]) | rune(pair[0])<<8
	}
	switch {
	case c == 0xfeff:
	case u.high != 0:
		u.out = utf8.AppendRune(u.out, utf16.DecodeRune(u.high, c))
		u.high = 0
	case utf16.IsSurrogate(c):
		u.high = c
	default:
		u.out = utf8.AppendRune(u.out, c)
	}
}
