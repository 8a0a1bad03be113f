package logs

import (
	"bytes"

	"culprit"
)

func lograge() format {
	return format{
		name:     "lograge",
		kind:     "requests",
		title:    "lograge key=value (one line a request)",
		stamp:    culprit.StampEnd,
		source:   "roidrage/lograge lib/lograge/formatters/key_value.rb",
		verified: "live",
		looks:    kvLooks,
		stage: func(o *Options, s *stage) parser {
			return &kvLines{recorder: recorder{s: s, clock: newClock(o)}, keys: newShape("", "=")}
		},
	}
}

// kvLooks claims "method=GET path=/x ..." and lines of the same keys in another
// order.
func kvLooks(b []byte) bool {
	if hasPrefix(b, "method=") {
		return bytes.Contains(b[:min(len(b), 4096)], []byte(" path=")) && !bytes.Contains(b, []byte(" dyno="))
	}
	if len(b) == 0 || !isNameByte(b[0]) {
		return false
	}
	has := func(k string) bool { return bytes.Contains(b, []byte(k)) }
	return has(" controller=") && has(" action=") && has(" status=")
}

// kvLines reads key=value pairs with blanks between them.
type kvLines struct {
	recorder
	keys *shape
}

func (p *kvLines) close(Sink) {}

func (p *kvLines) line(b []byte, m *meta, out Sink) bool {
	if len(b) < 16 || !isNameByte(b[0]) {
		return false
	}
	p.r.reset()
	at := 0
	if b[0] != 'm' { // a bare stamp in front
		if us, n := p.clock.iso(b); n > 0 && n < len(b) && b[n] == ' ' {
			p.r.at = us
			at = n + 1
		}
	}
	if keyLen(b[at:]) == 0 {
		return false
	}
	if !p.pairs(b, at) {
		return false
	}
	return p.emit(m, out)
}

// pairs reads the pairs from i on.
func (p *kvLines) pairs(b []byte, i int) bool {
	s := p.keys
	cur, found := 0, false
	for i < len(b) {
		if b[i] == ' ' {
			i++
			continue
		}
		var f field
		g := s.slots[cur].next
		if guess := &s.slots[g]; guess.at(b, i) {
			f = guess.f
			i += len(guess.text)
			cur = g
		} else {
			n := keyLen(b[i:])
			if n == 0 {
				// not a key: a word of a value that went on, or of a message
				i = afterWord(b, i)
				continue
			}
			k := s.find(b[i : i+n])
			s.slots[cur].next = k
			cur = k
			if f = s.slots[k].f; k == 0 {
				f = structured[string(b[i:i+n])]
			}
			i += n + 1
		}
		found = true
		var v []byte
		v, i = p.value(b, i, f)
		switch {
		case f == fNone:
		case f == fParams:
			if len(v) > 1 && v[0] == '{' {
				p.rubyParams(v)
			}
		case f == fUser:
			p.r.call.User = given(v)
		case f < fInner:
			p.set(f, v)
		}
	}
	return found
}

// keyLen returns the length of a key that an equals sign follows, 0 for none.
func keyLen(b []byte) int {
	for i, c := range b[:min(len(b), 64)] {
		if c == '=' {
			return i
		}
		if !isNameByte(c) && c != '.' && c != '-' && c != '@' {
			return 0
		}
	}
	return 0
}

func afterWord(b []byte, i int) int { return findByte(b, i, everySpace) }

// value reads a value at i: up to the next blank, or through quotes or brackets.
// A stamp may have a blank inside.
func (p *kvLines) value(b []byte, i int, f field) ([]byte, int) {
	if i >= len(b) {
		return nil, i
	}
	start := i
	switch b[i] {
	case '"':
		h := rubyHash{b: b, i: i}
		return h.quoted(), h.i
	case '{', '[':
		h := rubyHash{b: b, i: i}
		return h.balanced(), h.i
	}
	i = afterWord(b, i)
	if (f == fTime || f == fTimeTop) && i-start == 10 {
		if _, n := p.clock.iso(b[start:]); n > 0 {
			i = start + n
		}
	}
	return b[start:i], i
}

func ltsv() format {
	return format{
		name:     "ltsv",
		kind:     "requests",
		title:    "LTSV: tab-separated label:value (nginx, Apache, lograge)",
		stamp:    culprit.StampEnd,
		source:   "ltsv.org; roidrage/lograge lib/lograge/formatters/ltsv.rb",
		verified: "sample",
		looks:    ltsvLooks,
		stage: func(o *Options, s *stage) parser {
			return &ltsvLines{recorder: recorder{s: s, clock: newClock(o)}, keys: newShape("", ":")}
		},
	}
}

func ltsvLooks(b []byte) bool {
	tab := bytes.IndexByte(b, '\t')
	colon := bytes.IndexByte(b[:max(tab, 0)], ':')
	if colon <= 0 {
		return false
	}
	has := func(k string) bool { return bytes.Contains(b, []byte(k)) }
	return has("\tstatus:") && (has("method:") || has("req:") || has("request:") || has("uri:"))
}

// ltsvLines reads tab-separated label:value pairs.
type ltsvLines struct {
	recorder
	keys *shape
}

func (p *ltsvLines) close(Sink) {}

func (p *ltsvLines) line(b []byte, m *meta, out Sink) bool {
	if bytes.IndexByte(b, '\t') < 0 {
		return false
	}
	p.r.reset()
	p.r.ltsv = true
	for len(b) > 0 {
		pair := b
		if i := bytes.IndexByte(b, '\t'); i >= 0 {
			pair, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		k, v, ok := cut(pair, ':')
		if !ok {
			continue
		}
		switch string(k) {
		case "req":
			p.set(fRequest, v)
		case "apptime":
			// the application's own share; reqtime is the whole
			if p.r.call.Duration < 0 {
				p.set(fSeconds, v)
			}
		default:
			if f := p.keys.slots[p.keys.find(k)].f; f != fNone && f < fInner && f != fParams {
				p.set(f, v)
			}
		}
	}
	return p.emit(m, out)
}
