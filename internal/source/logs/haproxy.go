package logs

import (
	"bytes"

	"culprit"
)

// haproxyFormat is HAProxy's "option httplog" and "option httpslog".
func haproxyFormat() format {
	return format{
		name: "haproxy", kind: "requests", title: "HAProxy HTTP log (option httplog)",
		stamp: culprit.StampStart, verified: "live",
		source: "haproxy/haproxy doc/configuration.txt section 8.2.3",
		looks:  looksHAProxy,
		open:   func(o *Options) parser { return &haproxy{clock: newClock(o)} },
	}
}

// looksHAProxy finds `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] `: the common
// log format has no port before the bracket and no milliseconds in it.
func looksHAProxy(b []byte) bool {
	i := haproxyDate(b)
	return i > 0 && i+26 < len(b) && b[i+20] == '.' && b[i+24] == ']'
}

// haproxyDate returns the index of the accept date, 0 when there is none.
func haproxyDate(b []byte) int {
	head := b[:min(len(b), 100)]
	i := bytes.Index(head, []byte(" ["))
	if i < 2 || !digit(b[i-1]) || bytes.IndexByte(b[:i], ':') < 0 || bytes.IndexByte(b[:i], ' ') >= 0 {
		return 0
	}
	i += 2
	if i+26 > len(b) || b[i+2] != '/' || b[i+6] != '/' || b[i+11] != ':' {
		return 0
	}
	return i
}

type haproxy struct {
	clock clock
	call  culprit.Call
}

func (p *haproxy) close(Sink) {}

// line reads
// client:port [accept] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cc sc state ...  "request".
func (p *haproxy) line(b []byte, m *meta, out Sink) bool {
	i := haproxyDate(b)
	if i == 0 {
		return false
	}
	at, n := p.clock.clf(b[i:])
	if n == 0 || i+n+2 > len(b) || b[i+n] != ']' {
		return false
	}
	var f [8][]byte // frontend, backend/server, timers, status, bytes, two cookies, state
	rest := b[i+n+2:]
	for k := range f {
		if len(rest) == 0 {
			return false
		}
		f[k], rest = nextField(rest)
	}
	if bytes.Count(f[2], []byte("/")) != 4 || len(f[7]) != 4 {
		return false
	}
	c := &p.call
	c.Reset()
	c.Kind, c.Stamp, c.Start, c.Offset = culprit.CallProxy, culprit.StampStart, at, m.offset
	c.Host, c.Client = m.host, withoutPort(b[:i-2])
	haproxyTimes(c, f[2], f[7])
	haproxyAnswer(c, f[1], f[3], f[4])
	if !haproxyRequest(c, rest) {
		return true // <BADREQ>: nothing reached the application
	}
	out.Call(c)
	return true
}

// haproxyTimes reads the timers in milliseconds; -1 stands for a phase that was
// never reached. A leading '+' means that the line was written before the end
// (option logasap). state's first character tells who ended the session, the
// second in which phase: C and Q are before the application saw the request.
func haproxyTimes(c *culprit.Call, timers, state []byte) {
	total := timers[bytes.LastIndexByte(timers, '/')+1:]
	if len(total) > 0 && total[0] == '+' {
		total, c.Truncated = total[1:], true
	}
	if us, n := millis(total); n > 0 {
		c.Duration, c.End = us, c.Start+us
	}
	reached := state[1] != 'C' && state[1] != 'Q' && state[1] != 'R'
	if reached && bytes.IndexByte([]byte("CcSsPKDUI"), state[0]) >= 0 {
		c.Truncated = true
	}
	c.Failed = state[0] == 'S' || state[0] == 's'
}

func haproxyAnswer(c *culprit.Call, backend, status, size []byte) {
	if _, server, ok := cut(backend, '/'); ok && !hasPrefix(server, "<") {
		c.Upstream = server
	}
	if v, ok := whole(status); ok {
		c.Status = int(v)
	} else {
		c.Truncated = true // -1: no answer before the end
	}
	if len(size) > 0 && size[0] == '+' {
		size = size[1:]
	}
	if v, ok := whole(size); ok {
		c.BodyBytes = v // includes the answer's headers
	}
}

// haproxyRequest reads the captured headers and the request line.
func haproxyRequest(c *culprit.Call, rest []byte) bool {
	headers, line, ok := cut(rest, '"')
	if !ok {
		return false
	}
	c.RequestID = capturedUUID(headers)
	line, _, _ = cut(line, '"')
	return requestLine(c, line)
}

// capturedUUID returns the first captured header value that is a UUID: the
// request id, for who captures it. Headers stand as {a|b|c}.
func capturedUUID(b []byte) []byte {
	for i := 0; i+36 <= len(b); i++ {
		if i > 0 && (b[i-1] == '{' || b[i-1] == '|') && isUUID(b[i:i+36]) {
			return b[i : i+36]
		}
	}
	return nil
}

// isUUID reports whether b is 8-4-4-4-12 hexadecimal digits.
func isUUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !hexDigit(c) {
			return false
		}
	}
	return true
}
