package logs

import (
	"bytes"

	"culprit"
)

// record is one structured line on its way to a call.
type record struct {
	call    culprit.Call
	at      int64 // stamp of the line
	atTop   bool  // at came from the key that goes before others
	unitMS  bool  // duration came from a key that names its unit
	proxy   bool  // keys that only a web server in front writes
	thread  bool  // rails_semantic_logger's keys
	ltsv    bool
	host    []byte // of a "host" key
	message []byte
	query   []byte // GraphQL text
	jobID   []byte
	tags    []byte // text of a tags array
}

func (r *record) reset() {
	p := r.call.Params
	*r = record{}
	r.call.Params = p
	r.call.Reset()
}

// recorder turns records into calls; it is the part that JSON, key=value and
// LTSV lines share.
type recorder struct {
	s     *stage
	clock clock
	r     record
}

// set takes the value of a field, without quotes.
func (p *recorder) set(f field, v []byte) {
	r := &p.r
	c := &r.call
	switch f {
	case fMethod:
		c.Method = v
	case fPath:
		p.path(v)
	case fRequest:
		p.request(v)
	case fFormat:
		c.Format = v
	case fController:
		c.Controller = v
	case fAction:
		c.Action = v
	case fEndpoint:
		if k, a, ok := cut(v, '#'); ok && c.Controller == nil {
			c.Controller, c.Action = k, a
		}
	case fStatus:
		if n, ok := whole(v); ok && n < 1000 {
			c.Status = int(n)
		}
	case fMillis, fSeconds, fMicros, fLength:
		r.duration(f, v)
	case fTime, fTimeTop:
		p.time(v, f == fTimeTop)
	default:
		p.set2(f, v)
	}
}

// set2 takes the rarer fields.
func (p *recorder) set2(f field, v []byte) {
	r := &p.r
	c := &r.call
	switch f {
	case fPID:
		if n, ok := whole(v); ok && n < 1<<31 {
			c.PID = int(n)
		}
	case fTID:
		c.TID = v
	case fThread:
		c.TID = v
		r.thread = true
	case fSemantic:
		r.thread = true
	case fHostname:
		c.Host = v
	case fHost:
		r.host = v
	case fRequestID:
		if c.RequestID == nil && len(v) > 1 {
			c.RequestID = v
		}
	case fUser:
		c.User = given(v)
	case fUserWeak:
		if c.User == nil {
			c.User = given(v)
		}
	case fClient:
		if c.Client == nil {
			c.Client = given(v)
		}
	case fJobClass:
		c.Name = v
	case fJobID:
		r.jobID = v
	case fQueue:
		c.Queue = v
	case fTags:
		r.tags = v
	case fMessage:
		r.message = v
	case fError:
		c.Failed = given(v) != nil
	case fUpstream:
		c.Upstream = lastOf(v)
		r.proxy = true
	case fOperation:
		c.Operation = given(v)
	case fQuery:
		if isGraphQL(v) {
			r.query = v
		}
	default:
		r.number(f, v)
	}
}

// number takes the fields that are counts.
func (r *record) number(f field, v []byte) {
	n, ok := whole(v)
	if !ok {
		return
	}
	c := &r.call
	switch f {
	case fAllocations:
		c.Allocations = n
	case fMemory:
		if c.MemBytes == culprit.Unknown {
			c.MemBytes = n
		}
	case fMemoryTotal:
		c.MemBytes = n
	case fBody:
		c.BodyBytes = n
	}
}

// given returns nil for the texts that mean "nothing".
func given(v []byte) []byte {
	switch string(v) {
	case "", "-", "null", "nil", "None", "[]", "{}", "false":
		return nil
	}
	return v
}

// lastOf returns the last of nginx's "a, b" or "a : b": the server that answered.
func lastOf(v []byte) []byte {
	if i := bytes.LastIndexByte(v, ' '); i >= 0 {
		v = v[i+1:]
	}
	return given(v)
}

// path takes a path or an address, without its query.
func (p *recorder) path(v []byte) {
	c := &p.r.call
	if len(c.Path) > 0 || len(v) == 0 {
		return
	}
	if v[0] != '/' {
		requestTarget(c, v)
		return
	}
	if i := bytes.IndexByte(v, '?'); i >= 0 {
		query(c, v[i+1:])
		v = v[:i]
	}
	c.Path = v
}

// query adds the parameters of a query string.
func query(c *culprit.Call, q []byte) {
	for len(q) > 0 && len(c.Params) < maxParams {
		pair := q
		if i := bytes.IndexByte(q, '&'); i >= 0 {
			pair, q = q[:i], q[i+1:]
		} else {
			q = nil
		}
		if k, v, _ := cut(pair, '='); len(k) > 0 {
			c.Params = append(c.Params, culprit.Param{Key: k, Value: v})
		}
	}
}

// request takes "GET /x HTTP/1.1".
func (p *recorder) request(v []byte) {
	if len(v) > 0 && v[0] == '/' { // logstash's grok: the target alone
		p.path(v)
		p.r.proxy = true
		return
	}
	m, rest, ok := cut(v, ' ')
	if !ok || len(m) == 0 || m[0] < 'A' || m[0] > 'Z' {
		return
	}
	target, _, _ := cut(rest, ' ')
	if p.r.call.Method == nil {
		p.r.call.Method = m
	}
	p.path(target)
	p.r.proxy = true
}

// duration takes a duration; a key that names its unit goes before one that
// does not.
func (r *record) duration(f field, v []byte) {
	if r.unitMS && f == fLength {
		return
	}
	us, n := micro(v)
	if n == 0 {
		return
	}
	switch f {
	case fSeconds:
		r.proxy = r.proxy || r.call.Controller == nil && !r.ltsv
	case fMicros:
		us /= 1_000_000
	case fMillis:
		us /= 1000
	default:
		if n < len(v) && v[n] == 's' {
			break // "1.2s"
		}
		us /= 1000
	}
	r.unitMS = f != fLength
	r.call.Duration = us
}

// time takes a stamp as text in any of the usual notations, or as a number of
// seconds, milliseconds or microseconds since the epoch.
func (p *recorder) time(v []byte, top bool) {
	if len(v) < 10 || p.r.atTop {
		return
	}
	us, n := p.clock.iso(v)
	if n == 0 {
		if v[0] == '[' {
			v = v[1:]
		}
		us, n = p.clock.clf(v)
	}
	if n == 0 {
		us, n = epoch(v)
	}
	if n == 0 {
		return
	}
	p.r.at, p.r.atTop = us, top
}

// epoch reads a number of seconds, milliseconds, microseconds or nanoseconds
// since 1970; which one, its size tells.
func epoch(v []byte) (int64, int) {
	whole, n := atoi(v)
	switch {
	case n < 10 || n > 19:
		return 0, 0
	case n <= 11:
		us, k := micro(v)
		return us, k
	case n <= 14:
		return whole * 1000, n
	case n <= 17:
		return whole, n
	}
	return whole / 1000, n // atoi saturates beyond 17 digits
}
