package logs

import (
	"bytes"

	"culprit"
)

// nginxErrorFormat is nginx's error log. It names requests that the access log
// may never tell of while they run.
func nginxErrorFormat() format {
	return format{
		name: "nginx-error", kind: "events", title: "nginx error log",
		stamp: culprit.StampEnd, verified: "live",
		source: "nginx/nginx src/http/ngx_http_upstream.c, src/http/ngx_http_request.c (ngx_http_log_error_handler)",
		looks:  looksNginxError,
		open:   func(o *Options) parser { return &nginxError{clock: newClock(o)} },
	}
}

// looksNginxError finds "2026/11/23 06:48:55 [error] 10775#".
func looksNginxError(b []byte) bool {
	if len(b) < 30 || b[4] != '/' || b[7] != '/' || b[10] != ' ' || b[19] != ' ' || b[20] != '[' {
		return false
	}
	i := bytes.IndexByte(b[21:min(len(b), 32)], ']')
	return i > 0 && digit(b[0]) && bytes.IndexByte(b[21+i:min(len(b), 60)], '#') > 0
}

type nginxError struct {
	clock clock
	call  culprit.Call
}

func (p *nginxError) close(Sink) {}

// The ways in which nginx parts from an upstream that has the request.
const (
	upstreamTimedOut = 1 + iota
	upstreamDied
	clientLeft
)

// nginxParting says how the upstream was left; 0 when it never had the request
// or nothing of the sort happened.
func nginxParting(b []byte) int {
	reading := holds(b, " while reading ") || holds(b, " while sending ")
	switch {
	case !reading || !holds(b, "upstream"):
		return 0
	case holds(b, "upstream timed out ("):
		return upstreamTimedOut
	case holds(b, "client prematurely closed connection"):
		return clientLeft
	case holds(b, "upstream prematurely closed connection"),
		holds(b, "recv() failed ("), holds(b, "readv() failed ("), holds(b, "upstream sent no valid"):
		return upstreamDied
	}
	return 0
}

func (p *nginxError) line(b []byte, m *meta, out Sink) bool {
	if !looksNginxError(b) {
		return false
	}
	at, n := p.clock.iso(b)
	if n == 0 {
		return false
	}
	how := nginxParting(b)
	if how == 0 {
		return true
	}
	// Untrusted text comes last in the line, so the first mark is nginx's own.
	request := nginxQuoted(b, `, request: "`)
	c := &p.call
	c.Reset()
	if !requestLine(c, request) {
		return true
	}
	c.Kind, c.Stamp, c.End, c.Offset = culprit.CallProxy, culprit.StampEnd, at, m.offset
	c.Truncated, c.Host = true, m.host
	c.Upstream = upstreamAddress(nginxQuoted(b, `, upstream: "`))
	if rest, ok := afterText(b, ", client: "); ok {
		c.Client, _, _ = cut(rest, ',')
	}
	c.Failed = how == upstreamDied
	c.Status = map[int]int{upstreamTimedOut: 504, upstreamDied: 502, clientLeft: 499}[how]
	out.Call(c)
	if how != clientLeft {
		out.Happening(culprit.Happening{Kind: culprit.HappeningTimeout, At: at, Host: string(m.host), Name: string(request)})
	}
	return true
}

// nginxQuoted returns what stands after mark up to the closing quote.
func nginxQuoted(b []byte, mark string) []byte {
	rest, ok := afterText(b, mark)
	if !ok {
		return nil
	}
	text, _, _ := cut(rest, '"')
	return text
}

// upstreamAddress cuts "http://10.0.0.7:3000/features" down to host and port and
// "http://unix:/run/puma.sock:/features" down to the socket.
func upstreamAddress(b []byte) []byte {
	if i := bytes.Index(b, []byte("://")); i >= 0 {
		b = b[i+3:]
	}
	if hasPrefix(b, "unix:") {
		if i := bytes.IndexByte(b[5:], ':'); i >= 0 {
			return b[:5+i]
		}
		return b
	}
	addr, _, _ := cut(b, '/')
	return addr
}
