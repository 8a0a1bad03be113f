package heapdump

import (
	"bytes"
	"errors"
)

// scanner reads one line of a dump. It knows the shape that ObjectSpace.dump_all
// writes (ext/objspace/objspace_dump.c): an object of JSON without blanks between
// its parts. Blanks are passed over all the same.
type scanner struct {
	b []byte
	i int
}

var errShape = errors.New("not an object of a heap dump")

func (s *scanner) blank() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// take passes over c, and tells whether it was there.
func (s *scanner) take(c byte) bool {
	s.blank()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// text reads a string, raw between its quotes: escapes are left as they are.
func (s *scanner) text() ([]byte, error) {
	if !s.take('"') {
		return nil, errShape
	}
	from := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil, errShape
		}
		s.i += n
		// A quote behind an odd number of backslashes belongs to the text.
		k := s.i
		for k > from && s.b[k-1] == '\\' {
			k--
		}
		s.i++
		if (s.i-1-k)%2 == 0 {
			return s.b[from : s.i-1], nil
		}
	}
}

// truth reads true or false; any other value is passed over and is false.
func (s *scanner) truth() (bool, error) {
	s.blank()
	is := bytes.HasPrefix(s.b[s.i:], []byte("true"))
	return is, s.skip()
}

// number reads a whole number of no sign.
func (s *scanner) number() (uint64, error) {
	s.blank()
	from, n := s.i, uint64(0)
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		d := uint64(s.b[s.i] - '0')
		if n > (1<<63-d)/10 {
			return 0, errShape
		}
		n = n*10 + d
		s.i++
	}
	if s.i == from {
		return 0, errShape
	}
	return n, nil
}

// address reads "0x55d0a1c00000".
func (s *scanner) address() (uint64, error) {
	t, err := s.text()
	if err != nil {
		return 0, err
	}
	return parseAddress(t)
}

func parseAddress(t []byte) (uint64, error) {
	if len(t) < 3 || len(t) > 18 || t[0] != '0' || t[1] != 'x' {
		return 0, errShape
	}
	n := uint64(0)
	for _, c := range t[2:] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | uint64(c-'A'+10)
		default:
			return 0, errShape
		}
	}
	return n, nil
}

// addresses appends a list of addresses.
func (s *scanner) addresses(to []uint64) ([]uint64, error) {
	if !s.take('[') {
		return to, errShape
	}
	if s.take(']') {
		return to, nil
	}
	for {
		a, err := s.address()
		if err != nil {
			return to, err
		}
		to = append(to, a)
		if s.take(']') {
			return to, nil
		}
		if !s.take(',') {
			return to, errShape
		}
	}
}

// maxNesting bounds values that are passed over.
const maxNesting = 64

// skip passes over any value.
func (s *scanner) skip() error {
	depth := 0
	for {
		s.blank()
		if s.i >= len(s.b) {
			return errShape
		}
		switch c := s.b[s.i]; c {
		case '"':
			if _, err := s.text(); err != nil {
				return err
			}
		case '{', '[':
			if depth++; depth > maxNesting {
				return errShape
			}
			s.i++
			continue
		case '}', ']':
			if depth == 0 {
				return errShape
			}
			depth--
			s.i++
		case ',', ':':
			if depth == 0 {
				return errShape
			}
			s.i++
			continue
		default:
			from := s.i
			for s.i < len(s.b) && !bytes.ContainsRune([]byte(`,:]}"[{ `), rune(s.b[s.i])) {
				s.i++
			}
			if s.i == from {
				return errShape
			}
		}
		if depth == 0 {
			return nil
		}
	}
}
