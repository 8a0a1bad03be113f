package heapredact

import "bytes"

// walker goes over one line of JSON.
type walker struct {
	b []byte
	i int
}

func (s *walker) blank() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

func (s *walker) take(c byte) bool {
	s.blank()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// text reads a string, raw between its quotes.
func (s *walker) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	from := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil, false
		}
		s.i += n + 1
		k := s.i - 2
		for k >= from && s.b[k] == '\\' {
			k--
		}
		if (s.i-2-k)%2 == 0 {
			return s.b[from : s.i-1], true
		}
	}
}

// maxNesting bounds values within values.
const maxNesting = 16

// value passes over any value, and gives it as it stands.
func (s *walker) value() ([]byte, bool) {
	from, depth := s.i, 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			if _, ok := s.text(); !ok {
				return nil, false
			}
		case '{', '[':
			if depth++; depth > maxNesting {
				return nil, false
			}
			s.i++
		case '}', ']':
			if depth == 0 {
				return s.b[from:s.i], s.i > from
			}
			depth--
			s.i++
		case ',', ':', ' ':
			if depth == 0 {
				return s.b[from:s.i], s.i > from
			}
			s.i++
		default:
			// Numbers and true, false, null; no text.
			if !plain(c) {
				return nil, false
			}
			s.i++
			continue
		}
		if depth == 0 {
			return s.b[from:s.i], true
		}
	}
	return nil, false
}

func plain(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}
