package logs

import (
	"bytes"

	"culprit"
)

// extra is what a site added behind the combined format.
type extra struct {
	duration int64 // microseconds, Unknown
	named    bool  // duration had a name
	upstream bool
	apache   bool // written by httpd: stamped at the start
}

// read reads the fields behind status and size: quoted ones (the first two are
// referer and user agent), bare ones, and pairs. It returns the number of
// quoted fields without a name.
func (x *extra) read(b []byte, c *culprit.Call) (quotes int) {
	for len(b) > 0 {
		if b[0] == ' ' || b[0] == ',' || b[0] == '|' {
			b = b[1:]
			continue
		}
		if b[0] == '"' {
			end := closing(b[1:])
			if end < 0 {
				return quotes
			}
			if quotes++; quotes > 2 {
				x.value(b[1:1+end], c)
			}
			b = b[end+2:]
			continue
		}
		b = x.bare(b, c)
	}
	return quotes
}

// bare reads one unquoted field, or a pair, and returns the rest.
func (x *extra) bare(b []byte, call *culprit.Call) []byte {
	if c := b[0]; digit(c) || c == '-' { // no name begins so
		if us, n := micro(b); n > 1 && n < 16 && (n == len(b) || b[n] == ' ') && bytes.IndexByte(b[:n], '.') > 0 {
			x.time(us)
			return b[n:]
		}
		i := bareEnd(b)
		x.value(b[:i], call)
		return b[i:]
	}
	if n := keyLen(b); n > 0 {
		key, rest := b[:n], b[n+1:]
		var v []byte
		if len(rest) > 0 && rest[0] == '"' {
			end := closing(rest[1:])
			if end < 0 {
				return nil
			}
			v, rest = rest[1:1+end], rest[end+2:]
		} else {
			i := bareEnd(rest)
			v, rest = rest[:i], rest[i:]
		}
		x.pair(key, v, call)
		return rest
	}
	i := bareEnd(b)
	x.value(b[:i], call)
	return b[max(i, 1):]
}

// bareEnd returns the end of an unquoted field. nginx joins the values of
// several upstreams with ", " and " : ": those belong to one field.
func bareEnd(b []byte) int {
	i := 0
	for {
		if i = findByte(b, i, everySpace); i == len(b) {
			return i
		}
		switch {
		case i > 0 && b[i-1] == ',':
			i++
		case i+2 < len(b) && b[i+1] == ':' && b[i+2] == ' ':
			i += 3
		default:
			return i
		}
	}
}

// pair takes a field with a name. Names are the site's own; the usual ones are
// known, the rest is judged by its value.
func (x *extra) pair(key, v []byte, c *culprit.Call) {
	switch string(key) {
	case "rt", "request_time", "reqtime", "req_time", "time", "duration", "total", "t", "rtime":
		if us, n := seconds(v); n > 0 {
			x.duration, x.named = us, true
			if bytes.IndexByte(v, '.') > 0 {
				x.apache = false
			}
			if n < len(v) && v[n] == 'm' { // "12ms"
				x.duration /= 1000
			}
		}
	case "uct", "uht", "urt", "upstream_response_time", "upstream_time", "upstream_connect_time",
		"upstream_header_time", "ut", "cs", "ucs", "pipe", "gz", "gzip", "len", "request_length", "connection":
		x.upstream = true
	case "us", "D":
		if us, ok := whole(v); ok {
			x.duration, x.named, x.apache = us, true, true
		}
	case "pid", "worker_pid":
		return // the web server's own process
	case "ua", "upstream", "upstream_addr", "addr", "backend", "us_addr":
		c.Upstream = lastOf(v)
		x.upstream = true
	case "rid", "request_id", "id", "req_id", "x_request_id", "x-request-id":
		if len(v) > 1 {
			c.RequestID = v
		}
	default:
		x.value(v, c)
	}
}

// value takes a field without a name: a time by its decimal point, an address by
// its port, a request id by its length, microseconds (httpd's %D) as the last
// resort.
func (x *extra) value(v []byte, c *culprit.Call) {
	if len(v) == 0 || v[0] == '-' {
		return
	}
	if len(v) == 36 && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-' {
		if c.RequestID == nil {
			c.RequestID = v
		}
		return
	}
	if digit(v[0]) || v[0] == '[' || v[0] == 'u' {
		if x.figure(v) {
			return
		}
	}
	switch {
	case len(v) >= 16 && len(v) <= 64 && looksID(v):
		if c.RequestID == nil {
			c.RequestID = v
		}
	case hasPrefix(v, "unix:"), isAddress(v):
		c.Upstream = lastOf(v)
		x.upstream = true
	case len(v) > 4 && hasPrefix(v, "**") && hasSuffix(v, "**"): // "**0/123456**", a common httpd recipe
		x.value(v[2:len(v)-2], c)
	}
}

// figure takes a value that begins with a digit. It reports whether it was a
// time.
func (x *extra) figure(v []byte) bool {
	whole, n := atoi(v)
	switch {
	case n == 0:
		return false
	case n == len(v):
		if n >= 16 {
			return false // an id
		}
		if x.duration < 0 && !x.upstream {
			x.duration, x.apache = whole, true
		}
		return true
	case v[n] == '/' && n+1 < len(v): // %T/%D
		if us, k := atoi(v[n+1:]); k > 0 && n+1+k == len(v) {
			x.duration, x.apache = us, true
			return true
		}
		return false
	case v[n] == '.':
		us, k := seconds(v)
		switch {
		case k == len(v):
			x.time(us)
			return true
		case v[k] == ',' || v[k] == ' ': // times of several upstreams
			x.upstream = true
			return true
		}
	}
	return false
}

// time takes a number of seconds: the first is the request's, the second the
// upstream's. Where they were written the other way round the longer one wins.
func (x *extra) time(us int64) {
	if x.duration >= 0 {
		x.upstream = true
	}
	if !x.named && us > x.duration {
		x.duration = us
		x.apache = false // httpd has no decimal point; a name in front is nginx's $host
	}
}

// isAddress recognises "10.0.0.1:80", also several, and "[::1]:80".
func isAddress(v []byte) bool {
	i := bytes.LastIndexByte(v, ':')
	if i < 3 {
		return false
	}
	if _, ok := whole(v[i+1:]); !ok {
		return false
	}
	return v[0] == '[' || bytes.Count(v[:i], []byte{'.'}) >= 3
}
