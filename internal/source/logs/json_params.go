package logs

import (
	"bytes"
	"unicode/utf8"

	"culprit"
)

// paramObject reads the members of a params object, two levels deep.
func (p *jsonLines) paramObject(prefix []byte, depth int) bool {
	for {
		p.blank()
		if p.i >= len(p.b) {
			return false
		}
		switch p.b[p.i] {
		case '}':
			p.i++
			return true
		case ',':
			p.i++
			continue
		case '"':
		default:
			return false
		}
		key, ok := p.key()
		if !ok {
			return false
		}
		p.blank()
		if p.i >= len(p.b) {
			return false
		}
		if p.b[p.i] == '{' && depth == 0 {
			p.i++
			if !p.paramObject(key, 1) {
				return false
			}
			continue
		}
		v, ok := p.raw()
		if !ok {
			return false
		}
		p.param(prefix, key, v)
	}
}

// raw reads any value as text: strings without quotes and escapes, the rest as
// logged.
func (p *jsonLines) raw() ([]byte, bool) {
	start := p.i
	switch p.b[p.i] {
	case '"':
		v, ok := p.quoted()
		return p.plain(v), ok
	case '{', '[':
		ok := p.skip()
		return p.b[start:p.i], ok
	}
	for p.i < len(p.b) && p.b[p.i] != ',' && p.b[p.i] != '}' && p.b[p.i] > ' ' {
		p.i++
	}
	return p.b[start:p.i], p.i > start
}

// param keeps one parameter; those of GraphQL name the operation.
func (p *jsonLines) param(prefix, key, v []byte) {
	c := &p.r.call
	switch string(key) {
	case "operationName", "operation_name":
		if c.Operation == nil {
			c.Operation = given(v)
		}
	case "query":
		if isGraphQL(v) {
			p.r.query = v
			return
		}
	}
	if len(c.Params) >= maxParams {
		return
	}
	if prefix != nil {
		key = p.s.join(prefix, key)
	}
	c.Params = append(c.Params, culprit.Param{Key: key, Value: v})
}

// paramList reads GitLab's form, [{"key":"id","value":"1"}, ...].
func (p *jsonLines) paramList() bool {
	start := p.i
	if !p.skip() {
		return false
	}
	end := p.i
	list := p.b[start:end]
	for {
		i := bytes.Index(list, []byte(`{"key":"`))
		if i < 0 {
			break
		}
		list = list[i+8:]
		key, rest, ok := cut(list, '"')
		if !ok || !hasPrefix(rest, `,"value":`) {
			continue
		}
		q := jsonLines{recorder: recorder{s: p.s}, b: rest, i: 9}
		if q.i >= len(rest) {
			break
		}
		v, ok := q.raw()
		if !ok {
			break
		}
		p.param(nil, key, v)
		list = rest[q.i:]
	}
	p.i = end
	return true
}

// paramText reads params that were logged as a text: Ruby's inspect or JSON.
func (p *jsonLines) paramText(v []byte) bool {
	v = trimLeft(p.plain(v))
	if len(v) < 2 || v[0] != '{' {
		return true
	}
	if bytes.Contains(v, []byte("=>")) {
		p.rubyParams(v)
		return true
	}
	b, i := p.b, p.i
	p.b, p.i = v, 1
	p.paramObject(nil, 0)
	p.b, p.i = b, i
	return true
}

// rubyParams reads params as Hash#inspect writes them.
func (p *recorder) rubyParams(v []byte) {
	at := len(p.s.params)
	h := rubyHash{b: v, i: 1, s: p.s}
	h.pairs(nil, 0)
	p.r.call.Params = append(p.r.call.Params, p.s.params[at:]...)
	p.s.params = p.s.params[:at]
	if op := h.operation(); op != nil && p.r.call.Operation == nil {
		p.r.call.Operation = op
	}
}

// unescape resolves the escapes of a JSON string, as long as the block lives.
func (s *stage) unescape(v []byte) []byte {
	at := len(s.text)
	s.text = appendUnescaped(s.text, v)
	return s.text[at:len(s.text):len(s.text)]
}

// appendUnescaped appends v with its JSON escapes resolved. Half a surrogate
// pair becomes the replacement character.
func appendUnescaped(dst, v []byte) []byte {
	for {
		i := bytes.IndexByte(v, '\\')
		if i < 0 || i+1 >= len(v) {
			return append(dst, v...)
		}
		dst = append(dst, v[:i]...)
		c := v[i+1]
		v = v[i+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			var r rune
			r, v = unicodeEscape(v)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

// unicodeEscape reads the digits behind "\u", and a second escape when they are
// the first half of a surrogate pair.
func unicodeEscape(v []byte) (rune, []byte) {
	r, ok := hex4(v)
	if !ok {
		return utf8.RuneError, v
	}
	v = v[4:]
	if r >= 0xD800 && r < 0xDC00 && len(v) >= 6 && v[0] == '\\' && v[1] == 'u' {
		if low, ok := hex4(v[2:]); ok && low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, v[6:]
		}
	}
	return r, v
}

func hex4(v []byte) (rune, bool) {
	if len(v) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range v[:4] {
		if !hexDigit(c) {
			return 0, false
		}
		d := rune(c - '0')
		if c >= 'A' {
			d = rune(c|0x20) - 'a' + 10
		}
		r = r<<4 | d
	}
	return r, true
}
