package logs

import (
	"bytes"

	"culprit"
)

// maxParams is how many parameters of one call are kept.
const maxParams = 64

// parameters reads `  Parameters: {"id"=>"1", "filter"=>{"state"=>"x"}}`.
func (p *rails) parameters(b []byte, l *railsLine, m *meta) bool {
	i := bytes.IndexByte(b[:min(len(b), 24)], '{')
	if !hasPrefix(b, "  Parameters: ") || i < 0 {
		return hasPrefix(b, "  Parameters: ")
	}
	e := p.event(evParams, l, m)
	at := len(p.s.params)
	h := rubyHash{b: b, i: i + 1, s: p.s}
	h.pairs(nil, 0)
	e.params = p.s.params[at:len(p.s.params):len(p.s.params)]
	e.a = h.operation()
	return true
}

// rubyHash reads what Hash#inspect wrote, "a"=>1 as well as Ruby 3.4's
// "a" => 1 and a: 1.
type rubyHash struct {
	b     []byte
	i     int
	s     *stage
	count int

	opName, query []byte // operationName and query of a GraphQL request
}

// pairs reads the pairs of a hash up to its closing brace. It keeps those of the
// first two levels.
func (h *rubyHash) pairs(prefix []byte, depth int) {
	for h.i < len(h.b) {
		switch h.b[h.i] {
		case '}':
			h.i++
			return
		case ' ', ',':
			h.i++
			continue
		}
		key, ok := h.key()
		if !ok {
			return
		}
		h.value(prefix, key, depth)
	}
}

// key reads a key and the arrow behind it.
func (h *rubyHash) key() ([]byte, bool) {
	var key []byte
	switch h.b[h.i] {
	case '"':
		key = h.quoted()
	default:
		start := h.i
		if h.b[start] == ':' {
			h.i++
			start++
		}
		for h.i < len(h.b) && !isDelimiter(h.b[h.i]) {
			h.i++
		}
		key = h.b[start:h.i]
	}
	for h.i < len(h.b) && (h.b[h.i] == ' ' || h.b[h.i] == '=' || h.b[h.i] == '>' || h.b[h.i] == ':') {
		h.i++
	}
	return key, h.i < len(h.b) && len(key) > 0
}

func isDelimiter(c byte) bool {
	return c == '=' || c == ':' || c == ',' || c == '}' || c == ' ' || c == ']'
}

// quoted reads a string literal at h.i and returns what is between the quotes.
func (h *rubyHash) quoted() []byte {
	start := min(h.i+1, len(h.b))
	i := stringEnd(h.b, start)
	for i < len(h.b) && h.b[i] == '\\' {
		i = stringEnd(h.b, min(i+2, len(h.b)))
	}
	h.i = min(i+1, len(h.b))
	return h.b[start:i]
}

// value reads the value of key.
func (h *rubyHash) value(prefix, key []byte, depth int) {
	switch h.b[h.i] {
	case '"':
		h.keep(prefix, key, h.quoted())
	case '{':
		if depth == 0 {
			h.i++
			h.pairs(key, 1)
			return
		}
		h.balanced()
	case '[':
		h.keep(prefix, key, h.balanced())
	default:
		start := h.i
		if h.b[start] == '#' {
			h.keep(prefix, key, h.balanced())
			return
		}
		for h.i < len(h.b) && h.b[h.i] != ',' && h.b[h.i] != '}' {
			h.i++
		}
		h.keep(prefix, key, h.b[start:h.i])
	}
}

// balanced skips a bracketed value, strings within it included.
func (h *rubyHash) balanced() []byte {
	start, depth := h.i, 0
	for h.i < len(h.b) {
		switch h.b[h.i] {
		case '"':
			h.quoted()
			continue
		case '{', '[', '<':
			depth++
		case '>':
			if h.b[h.i-1] == '=' {
				break // an arrow
			}
			depth--
		case '}', ']':
			depth--
		}
		h.i++
		if depth <= 0 {
			if h.b[start] == '#' && h.i == start+1 {
				continue
			}
			break
		}
	}
	return h.b[start:h.i]
}

// keep notes one parameter; nested keys are joined with a dot.
func (h *rubyHash) keep(prefix, key, value []byte) {
	switch string(key) {
	case "operationName", "operation_name":
		if len(h.opName) == 0 && len(value) > 0 && string(value) != "nil" {
			h.opName = value
		}
	case "query":
		if isGraphQL(value) {
			h.query = value
			return
		}
	}
	if h.count >= maxParams {
		return
	}
	h.count++
	if prefix != nil {
		key = h.s.join(prefix, key)
	}
	h.s.params = append(h.s.params, culprit.Param{Key: key, Value: value})
}

// operation names the GraphQL operation, if there is one.
func (h *rubyHash) operation() []byte {
	if h.opName != nil {
		return h.opName
	}
	if h.query == nil {
		return nil
	}
	return h.s.operation(h.query)
}
