package logs

import "slices"

// isGraphQL reports whether a "query" parameter is a GraphQL document rather
// than words that somebody searched for.
func isGraphQL(b []byte) bool {
	b = skipBlank(b)
	if len(b) < 3 {
		return false
	}
	if b[0] == '{' {
		return true
	}
	for _, w := range [...]string{"query", "mutation", "subscription", "fragment"} {
		if hasPrefix(b, w) && len(b) > len(w) && !isNameByte(b[len(w)]) {
			if slices.Contains(b, '{') {
				return true
			}
		}
	}
	return false
}

// operation returns the name of a GraphQL document's first operation. An
// anonymous one is called after its first field and a fingerprint of its text
// without literals: "demarche~1f0c22ab". Escapes ("\n", "\"") are as logged.
func (s *stage) operation(doc []byte) []byte {
	b := skipBlank(doc)
	for _, w := range [...]string{"query", "mutation", "subscription"} {
		if hasPrefix(b, w) {
			b = skipBlank(b[len(w):])
			if n := nameLen(b); n > 0 {
				return b[:n]
			}
			break
		}
	}
	for i, c := range b {
		if c == '{' {
			b = skipBlank(b[i+1:])
			break
		}
	}
	const hex = "0123456789abcdef"
	h := fingerprint(doc)
	at := len(s.text)
	s.text = append(s.text, b[:nameLen(b)]...)
	s.text = append(s.text, '~')
	for range 8 {
		s.text = append(s.text, hex[h>>60])
		h <<= 4
	}
	return s.text[at:len(s.text):len(s.text)]
}

// fingerprint hashes a document without blanks, numbers and strings.
func fingerprint(b []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '\\' && i+1 < len(b) && b[i+1] == '"', c == '"':
			i = skipString(b, i)
			c = '$'
		case c == '\\':
			i++
			continue
		case c == ' ' || c == '\n' || c == '\t' || c == ',' || c == '\r':
			continue
		case digit(c) && i > 0 && !isNameByte(b[i-1]):
			for i+1 < len(b) && digit(b[i+1]) {
				i++
			}
			c = '0'
		}
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return mix(mix(h))
}

// skipString returns the index of the last byte of a string literal at i, whose
// quotes may be escaped because the document itself is in quotes.
func skipString(b []byte, i int) int {
	if b[i] == '\\' {
		i++
	}
	for i++; i < len(b); i++ {
		if b[i] == '"' {
			return i
		}
	}
	return len(b)
}

// skipBlank drops blanks and escaped line breaks.
func skipBlank(b []byte) []byte {
	for len(b) > 0 {
		switch {
		case b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r':
			b = b[1:]
		case b[0] == '\\' && len(b) > 1 && (b[1] == 'n' || b[1] == 'r' || b[1] == 't'):
			b = b[2:]
		default:
			return b
		}
	}
	return b
}

func isNameByte(c byte) bool { return (c|0x20)-'a' < 26 || digit(c) || c == '_' }

func nameLen(b []byte) int {
	n := 0
	for n < len(b) && n < 128 && isNameByte(b[n]) {
		n++
	}
	return n
}
