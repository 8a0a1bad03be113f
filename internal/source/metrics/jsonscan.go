package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonScanner pulls JSON apart without holding more than one value of it:
// answers of weeks are hundreds of megabytes in one line, and encoding/json
// decodes them at a tenth of this speed.
type jsonScanner struct {
	r     io.Reader
	buf   []byte
	a, b  int
	err   error
	depth int
	text  []byte // the last string or literal
}

const maxJSONDepth = 200

var (
	errJSON      = errors.New("broken JSON")
	errJSONDeep  = errors.New("JSON nested too deeply")
	errJSONLarge = errors.New("a JSON value is longer than 1 MiB")
)

func newJSONScanner(r io.Reader) *jsonScanner {
	return &jsonScanner{r: r, buf: make([]byte, lineBuffer)}
}

func (s *jsonScanner) fill() bool {
	if s.err != nil {
		return false
	}
	s.a, s.b = 0, 0
	for s.b == 0 {
		n, err := s.r.Read(s.buf)
		s.b = n
		if err != nil {
			s.err = err
			return n > 0
		}
	}
	return true
}

// peek returns the next byte that is no white space, 0 at the end.
func (s *jsonScanner) peek() byte {
	for {
		for s.a < s.b {
			c := s.buf[s.a]
			if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				return c
			}
			s.a++
		}
		if !s.fill() {
			return 0
		}
	}
}

// fault is the error for unexpected data: the source's own, if it has one.
func (s *jsonScanner) fault(want string) error {
	if s.err != nil && s.a >= s.b {
		if errors.Is(s.err, io.EOF) {
			return fmt.Errorf("%w: it ends early", errJSON)
		}
		return s.err
	}
	return fmt.Errorf("%w: want %s, have %q", errJSON, want, s.buf[s.a])
}

func (s *jsonScanner) expect(c byte) error {
	if s.peek() != c {
		return s.fault(string(c))
	}
	s.a++
	return nil
}

// object calls f with every key; f must consume the value.
func (s *jsonScanner) object(f func(key string) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	for first := true; ; first = false {
		switch c := s.peek(); {
		case c == '}':
			s.a++
			return nil
		case c == ',' && !first:
			s.a++
			if s.peek() != '"' {
				return s.fault("a key")
			}
		case c != '"' || !first:
			return s.fault("a key")
		}
		key, err := s.str()
		if err != nil {
			return err
		}
		name := string(key)
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := f(name); err != nil {
			return err
		}
	}
}

// array calls f at every element; f must consume it.
func (s *jsonScanner) array(f func() error) error {
	if err := s.open('['); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	for first := true; ; first = false {
		switch c := s.peek(); {
		case c == ']':
			s.a++
			return nil
		case c == ',' && !first:
			s.a++
		case !first || c == 0:
			return s.fault("a comma")
		}
		if err := f(); err != nil {
			return err
		}
	}
}

func (s *jsonScanner) open(c byte) error {
	if s.depth++; s.depth > maxJSONDepth {
		return errJSONDeep
	}
	return s.expect(c)
}

// scalar reads a string, number, true, false or null. The text is valid until
// the next call; quoted tells strings.
func (s *jsonScanner) scalar() (text []byte, quoted bool, err error) {
	if s.peek() == '"' {
		text, err = s.str()
		return text, true, err
	}
	s.text = s.text[:0]
	for {
		for s.a < s.b {
			c := s.buf[s.a]
			if c <= ' ' || c == ',' || c == ']' || c == '}' || c == ':' || c == '[' || c == '{' || c == '"' {
				return s.literal()
			}
			s.text = append(s.text, c)
			s.a++
		}
		if len(s.text) > maxLine {
			return nil, false, errJSONLarge
		}
		if !s.fill() {
			return s.literal()
		}
	}
}

func (s *jsonScanner) literal() ([]byte, bool, error) {
	if len(s.text) == 0 {
		return nil, false, s.fault("a value")
	}
	return s.text, false, nil
}

// str reads a string and resolves its escapes.
func (s *jsonScanner) str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	s.text = append(s.text[:0], '"')
	escaped := false
	for {
		for s.a < s.b {
			c := s.buf[s.a]
			s.a++
			s.text = append(s.text, c)
			if c == '\\' {
				escaped = true
				if s.a >= s.b && !s.fill() {
					return nil, s.fault("the end of a string")
				}
				s.text = append(s.text, s.buf[s.a])
				s.a++
				continue
			}
			if c == '"' {
				return s.unquote(escaped)
			}
		}
		if len(s.text) > maxLine {
			return nil, errJSONLarge
		}
		if !s.fill() {
			return nil, s.fault("the end of a string")
		}
	}
}

func (s *jsonScanner) unquote(escaped bool) ([]byte, error) {
	if !escaped {
		return s.text[1 : len(s.text)-1], nil
	}
	var plain string
	if err := json.Unmarshal(s.text, &plain); err != nil {
		return nil, fmt.Errorf("%w: %w", errJSON, err)
	}
	return []byte(plain), nil
}

// skip passes over one value of any kind.
func (s *jsonScanner) skip() error {
	switch s.peek() {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	}
	_, _, err := s.scalar()
	return err
}

// stringMap reads an object of strings; other values are read as their text,
// nested ones are passed over.
func (s *jsonScanner) stringMap() (map[string]string, error) {
	m := map[string]string{}
	err := s.object(func(key string) error {
		if c := s.peek(); c == '{' || c == '[' {
			return s.skip()
		}
		text, quoted, err := s.scalar()
		if err == nil && (quoted || string(text) != "null") {
			m[key] = string(text)
		}
		return err
	})
	return m, err
}

// documents calls f at every top-level value until the data ends.
func (s *jsonScanner) documents(f func() error) error {
	for {
		if s.peek() == 0 && s.a >= s.b {
			if errors.Is(s.err, io.EOF) {
				return nil
			}
			return s.err
		}
		s.depth = 0
		if err := f(); err != nil {
			return err
		}
	}
}
