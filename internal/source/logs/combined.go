package logs

import (
	"bytes"

	"culprit"
)

func combinedFormat() format {
	return format{
		name:     "combined",
		kind:     "requests",
		title:    "nginx, Apache, Puma: common and combined log, with or without timing, upstream and request id",
		stamp:    culprit.StampEnd,
		source:   "nginx ngx_http_log_module, combined; httpd mod_log_config; rack lib/rack/common_logger.rb",
		verified: "live",
		looks:    combinedLooks,
		open:     func(o *Options) parser { return &combined{clock: newClock(o)} },
	}
}

// combinedLooks claims `... [10/Oct/2000:13:55:36 -0700] "`.
func combinedLooks(b []byte) bool {
	i := bytes.IndexByte(b[:min(len(b), 256)], '[')
	return i > 3 && len(b) > i+30 && b[i+3] == '/' && b[i+7] == '/' && b[i+27] == ']' && b[i+29] == '"'
}

// combined reads access logs of the combined family. What follows the fixed
// part differs from site to site and is recognised by what it looks like.
type combined struct {
	clock clock
	call  culprit.Call
	x     extra
}

func (p *combined) close(Sink) {}

func (p *combined) line(b []byte, m *meta, out Sink) bool {
	i := bytes.IndexByte(b[:min(len(b), 256)], '[')
	if i < 4 || len(b) < i+36 || b[i+27] != ']' || b[i+29] != '"' {
		return false
	}
	at, n := p.clock.clf(b[i+1:])
	if n == 0 {
		return false
	}
	c := &p.call
	c.Reset()
	c.Kind = culprit.CallProxy
	c.Offset = m.offset
	c.Host, c.PID, c.RequestID = m.host, m.pid, m.id
	front := b[:i-1]
	lead, n := micro(front) // $request_time in front of all
	if n < 3 || n >= len(front) || front[n] != ' ' || bytes.IndexByte(front[:n], '.') < 0 {
		lead, n = culprit.Unknown, -1
	}
	vhost := p.who(front[n+1:])
	rest, ok := p.request(b[i+30:])
	if !ok {
		return false
	}
	p.x = extra{duration: culprit.Unknown, apache: vhost}
	quotes := 0
	if len(rest) > 0 {
		quotes = p.x.read(rest, c)
	}
	if lead >= 0 {
		p.x.time(lead)
	}
	p.times(at, quotes)
	c.Truncated = truncated(c.Status)
	out.Call(c)
	return true
}

// who reads "1.2.3.4 - user" or, of Apache's vhost_combined, "name:443 1.2.3.4
// - user"; then it reports true.
func (p *combined) who(b []byte) bool {
	c := &p.call
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		c.Client = b
		return false
	}
	c.Client = b[:i]
	rest := b[i+1:]
	vhost := false
	if len(rest) > 3 && rest[0] != '-' {
		// a second address in front of the ident field
		if j := bytes.IndexByte(rest, ' '); j > 6 && looksIP(rest[:j]) {
			c.Client, rest, vhost = rest[:j], rest[j+1:], true
		}
	}
	if j := bytes.IndexByte(rest, ' '); j >= 0 && string(rest[j+1:]) != "-" {
		c.User = rest[j+1:]
	}
	return vhost
}

// request reads `GET /x?y HTTP/1.1" 200 2326` behind the opening quote and
// returns what follows.
func (p *combined) request(b []byte) ([]byte, bool) {
	c := &p.call
	end := closing(b)
	if end < 0 {
		return nil, false
	}
	line := b[:end]
	if i := bytes.IndexByte(line, ' '); i > 0 && line[0]-'A' < 26 {
		c.Method = line[:i]
		target := line[i+1:]
		if k := len(target) - 9; k > 0 && target[k] == ' ' {
			target = target[:k] // " HTTP/1.1"
		} else if k := bytes.LastIndexByte(target, ' '); k > 0 {
			target = target[:k]
		}
		p.target(target)
	}
	b = b[end+1:]
	if len(b) < 4 || b[0] != ' ' {
		return nil, false
	}
	v, n := atoi(b[1:])
	if n != 3 {
		return nil, b[1] == '-'
	}
	c.Status = int(v)
	b = b[1+n:]
	if len(b) < 2 || b[0] != ' ' {
		return nil, true
	}
	b = b[1:]
	if v, n = atoi(b); n > 0 {
		c.BodyBytes = v
		b = b[n:]
	} else if b[0] == '-' {
		b = b[1:]
	}
	return b, true
}

func (p *combined) target(t []byte) {
	if len(t) == 0 || t[0] != '/' {
		requestTarget(&p.call, t)
		return
	}
	if i := bytes.IndexByte(t, '?'); i >= 0 {
		query(&p.call, t[i+1:])
		t = t[:i]
	}
	p.call.Path = t
}

// times decides which end of the call the line was stamped at.
func (p *combined) times(at int64, quotes int) {
	c := &p.call
	x := &p.x
	c.Duration = x.duration
	if x.duration >= 0 && quotes == 0 && !x.upstream {
		c.Kind = culprit.CallWeb // Rack::CommonLogger: the application server itself
	}
	if x.apache {
		// httpd's %t is the time the request was received.
		c.Stamp, c.Start = culprit.StampStart, at
		if c.Duration >= 0 {
			c.End = at + c.Duration
		}
		return
	}
	c.Stamp, c.End = culprit.StampEnd, at
	if c.Duration >= 0 {
		c.Start = at - c.Duration
	}
}

// closing returns the index of the quote that ends a quoted field; Apache
// escapes quotes inside with a backslash, nginx writes \x22.
func closing(b []byte) int {
	from := 0
	for {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || b[i-1] != '\\' || !escaped(b[:i]) {
			return i
		}
		from = i + 1
	}
}
