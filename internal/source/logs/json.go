package logs

import (
	"bytes"

	"culprit"
)

func jsonFormat() format {
	return format{
		name:     "json",
		kind:     "requests",
		title:    "JSON lines: lograge JSON and logstash, GitLab, rails_semantic_logger, ougai and bunyan, nginx escape=json; ActiveJob events",
		stamp:    culprit.StampEnd,
		source:   "roidrage/lograge lib/lograge/formatters/{json,logstash}.rb; reidmorrison/rails_semantic_logger; tilfin/ougai README.md; GitLab doc/administration/logs/_index.md",
		verified: "live",
		looks:    jsonLooks,
		stage: func(o *Options, s *stage) parser {
			return &jsonLines{
				recorder: recorder{s: s, clock: newClock(o)},
				top:      newShape(`"`, `":`), inner: newShape(`"`, `":`), process: newShape(`"`, `":`),
			}
		},
	}
}

// jsonLooks claims JSON objects that have the keys of a request or ActiveJob.
func jsonLooks(b []byte) bool {
	b = afterCee(b)
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	has := func(k string) bool { return bytes.Contains(b, []byte(k)) }
	if has(`"jid":`) {
		return false
	}
	switch {
	case has(`"controller":`), has(`"_controller":`), has(`"job_class":`), has(`"request_uri":`), has(`"request":"`):
		return true
	case has(`"status":`), has(`"statusCode":`):
		return has(`"path":`) || has(`"url":`) || has(`"uri":`)
	}
	return has(`"Started"`) && has(`"path":`)
}

// afterCee drops syslog's structured-logging cookie, "@cee: {".
func afterCee(b []byte) []byte {
	if hasPrefix(b, "@cee:") {
		return trimLeft(b[5:])
	}
	return b
}

// jsonLines reads one JSON object a line, without building it: values are kept
// as spans of the line, and only those of keys that mean something.
type jsonLines struct {
	recorder
	top, inner, process *shape

	b       []byte
	i       int
	escapes bool // the last string had a backslash
}

func (p *jsonLines) close(Sink) {}

func (p *jsonLines) line(b []byte, m *meta, out Sink) bool {
	b = afterCee(b)
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	p.r.reset()
	p.b, p.i = b, 1
	if !p.object(p.top, 0) {
		return false
	}
	return p.emit(m, out)
}

// object reads the members of an object behind its opening brace.
func (p *jsonLines) object(s *shape, depth int) bool {
	b := p.b
	cur := 0
	for {
		if p.i >= len(b) {
			return false
		}
		switch b[p.i] {
		case '}':
			p.i++
			return true
		case ',', ' ', '\t', '\r', '\n':
			p.i++
			continue
		case '"':
		default:
			return false
		}
		var f field
		g := s.slots[cur].next
		if guess := &s.slots[g]; guess.at(b, p.i) {
			p.i += len(guess.text)
			f = guess.f
			cur = g
		} else {
			key, ok := p.key()
			if !ok {
				return false
			}
			k := s.find(key)
			s.slots[cur].next = k
			cur = k
			if f = s.slots[k].f; k == 0 {
				f = structured[string(key)]
			}
		}
		if !p.value(f, depth) {
			return false
		}
	}
}

// blank skips white space.
func (p *jsonLines) blank() {
	for p.i < len(p.b) && p.b[p.i] <= ' ' {
		p.i++
	}
}

// key reads a key and its colon.
func (p *jsonLines) key() ([]byte, bool) {
	k, ok := p.quoted()
	if !ok {
		return nil, false
	}
	p.blank()
	if p.i >= len(p.b) || p.b[p.i] != ':' {
		return nil, false
	}
	p.i++
	return k, true
}

// quoted reads a string at p.i and returns what is between its quotes, escapes
// and all.
func (p *jsonLines) quoted() ([]byte, bool) {
	start := p.i + 1
	i := stringEnd(p.b, start)
	if i < len(p.b) && p.b[i] == '"' {
		p.i = i + 1
		return p.b[start:i], true
	}
	p.escapes = true
	for i = stringEnd(p.b, i); i < len(p.b) && p.b[i] == '\\'; {
		i = stringEnd(p.b, min(i+2, len(p.b)))
	}
	if i >= len(p.b) {
		return nil, false
	}
	p.i = i + 1
	return p.b[start:i], true
}

// pass skips a string at p.i. Those that nobody asks for are the long ones.
func (p *jsonLines) pass() bool {
	i := closing(p.b[p.i+1:])
	if i < 0 {
		return false
	}
	p.i += i + 2
	return true
}

// bareValue returns the end of a number, true, false or null at i.
func bareValue(b []byte, i int) int {
	for i < len(b) {
		if c := b[i]; c <= ',' && c != '+' || c == '}' || c == ']' {
			break
		}
		i++
	}
	return i
}

// escaped reports whether an odd number of backslashes ends b.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// value reads a value and hands it to the record if its key means something.
func (p *jsonLines) value(f field, depth int) bool {
	for p.i < len(p.b) && p.b[p.i] <= ' ' {
		p.i++
	}
	if p.i >= len(p.b) {
		return false
	}
	switch p.b[p.i] {
	case '"':
		if f == fNone || f >= fInner {
			return p.pass()
		}
		v, ok := p.quoted()
		if !ok {
			return false
		}
		if f == fParams {
			return p.paramText(v)
		}
		p.set(f, p.plain(v))
		return true
	case '{':
		return p.nested(f, depth)
	case '[':
		start := p.i
		if f == fParams {
			return p.paramList()
		}
		if !p.skip() {
			return false
		}
		if f == fTags || f == fError {
			p.set(f, p.b[start:p.i])
		}
		return true
	}
	start := p.i
	p.i = bareValue(p.b, start)
	if start == p.i {
		return false
	}
	if v := p.b[start:p.i]; f != fNone && f != fParams && f < fInner && v[0] != 'n' {
		p.set(f, v)
	}
	return true
}

// nested reads an object as a value.
func (p *jsonLines) nested(f field, depth int) bool {
	switch {
	case f == fInner && depth < 2:
		p.i++
		return p.object(p.inner, depth+1)
	case f == fProcess && depth < 2:
		p.i++
		return p.object(p.process, depth+1)
	case f == fParams:
		p.i++
		return p.paramObject(nil, 0)
	case f == fRequest && depth < 2:
		p.i++
		return p.object(p.inner, depth+1)
	case f == fError:
		start := p.i
		ok := p.skip()
		p.set(f, p.b[start:p.i])
		return ok
	}
	return p.skip()
}

// skip passes over an array or object.
func (p *jsonLines) skip() bool {
	depth := 0
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case '"':
			if _, ok := p.quoted(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				p.i++
				return true
			}
		}
		p.i++
	}
	return false
}

// plain returns a string's text: most have no escapes and are left alone.
func (p *jsonLines) plain(v []byte) []byte {
	if !p.escapes {
		return v
	}
	p.escapes = false
	if bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	return p.s.unescape(v)
}
