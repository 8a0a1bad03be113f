package heapquery

import (
	"bytes"
	"encoding/json"
)

// fromLine gives a field of the dump's line as text, and whether it stands there.
func fromLine(line []byte, name string) (string, bool) {
	v := bytes.TrimSpace(raw(line, name))
	if len(v) == 0 {
		return "", false
	}
	if v[0] != '"' {
		return string(v), true
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	var s string
	if json.Unmarshal(v, &s) != nil { // bytes that are no JSON, as old Rubies wrote them
		return string(v[1 : len(v)-1]), true
	}
	return s, true
}

// raw finds a field of a dump's line as it stands there, nil when it has none. Dumps
// may hold bytes that are no JSON in strings, so nothing is decoded on the way.
func raw(line []byte, key string) (found []byte) {
	walk(line, func(name, value []byte) bool {
		if string(name) == key {
			found = value
		}
		return found == nil
	})
	return found
}

func skipTo(b []byte, i int, c byte) int {
	if i > len(b) {
		return i
	}
	if n := bytes.IndexByte(b[i:], c); n >= 0 {
		return i + n
	}
	return len(b)
}

// textEnd is where a string ends that begins at i; beyond the line when it does not.
func textEnd(b []byte, i int) int {
	for j := i + 1; j < len(b); {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			break
		}
		j += n
		slashes := 0
		for k := j - 1; k > i && b[k] == '\\'; k-- {
			slashes++
		}
		if j++; slashes%2 == 0 {
			return j
		}
	}
	return len(b) + 1
}

// valueEnd is where a value ends that begins at i.
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return len(b) + 1
	}
	switch b[i] {
	case '"':
		return textEnd(b, i)
	case '{', '[':
		depth := 0
		for ; i < len(b); i++ {
			switch b[i] {
			case '"':
				i = textEnd(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return len(b) + 1
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// walk calls visit for the fields of a dump's line in their order, with their values as
// they stand there, until it says false.
func walk(line []byte, visit func(name, value []byte) bool) {
	for i := skipTo(line, 0, '{') + 1; i < len(line); {
		i = skipTo(line, i, '"')
		end := textEnd(line, i)
		if end > len(line) {
			return
		}
		name := line[i+1 : end-1]
		if i = skipTo(line, end, ':') + 1; i > len(line) {
			return
		}
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		stop := valueEnd(line, i)
		if stop > len(line) {
			return
		}
		if !visit(name, line[i:stop]) {
			return
		}
		for i = stop; i < len(line) && line[i] == ' '; i++ {
		}
		if i >= len(line) || line[i] != ',' {
			return
		}
	}
}
