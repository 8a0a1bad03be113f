package logs

import (
	"bytes"

	"culprit"
)

// albFormat is the access log of AWS Application Load Balancers.
func albFormat() format {
	return format{
		name: "alb", kind: "requests", title: "AWS Application Load Balancer access log",
		stamp: culprit.StampEnd, verified: "sample",
		source: "docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
		looks:  looksALB,
		open:   func(o *Options) parser { return &alb{clock: newClock(o)} },
	}
}

// looksALB finds `https 2020-08-27T16:35:00.166351Z app/...`.
func looksALB(b []byte) bool {
	if len(b) < 60 || !startsWithAny(b, "http ", "https ", "h2 ", "grpcs ", "ws ", "wss ") {
		return false
	}
	_, rest := nextField(b)
	return len(rest) > 30 && rest[4] == '-' && rest[10] == 'T' && digit(rest[0])
}

type alb struct {
	clock clock
	call  culprit.Call
}

func (p *alb) close(Sink) {}

// The fields of an entry by position, of which older logs have fewer.
const (
	albTime = 1 + iota
	albName
	albClient
	albTarget
	albRequestTime
	albTargetTime
	albResponseTime
	albStatus
	albTargetStatus
	albReceived
	albSent
	albRequest
	albAgent
	albTrace      = 17
	albCreated    = 21
	albFieldCount = 22
)

func (p *alb) line(b []byte, m *meta, out Sink) bool {
	if !looksALB(b) {
		return false
	}
	var f [albFieldCount][]byte
	if quotedFields(b, f[:]) <= albRequest {
		return false
	}
	at, n := p.clock.iso(f[albTime])
	if n == 0 {
		return false
	}
	c := &p.call
	c.Reset()
	c.Kind, c.Stamp, c.End, c.Offset = culprit.CallProxy, culprit.StampEnd, at, m.offset
	c.Host, c.Client = m.host, withoutPort(f[albClient])
	if !requestLine(c, f[albRequest]) {
		return true // "- http://host:80- -": no request was understood
	}
	albAnswer(c, f[:])
	p.times(c, f[:])
	out.Call(c)
	return true
}

func albAnswer(c *culprit.Call, f [][]byte) {
	if v, ok := whole(f[albStatus]); ok {
		c.Status = int(v)
	}
	if v, ok := whole(f[albSent]); ok {
		c.BodyBytes = v // includes the answer's headers
	}
	if len(f[albTarget]) > 1 {
		c.Upstream = f[albTarget]
	}
	if root, ok := afterText(f[albTrace], "Root="); ok {
		c.RequestID, _, _ = cut(root, ';')
	}
}

// times sets duration and start. The three times are seconds; -1 in the
// target's time means that it died, timed out or the client left, so that the
// work may have gone on. 460 is a client that closed the connection.
func (p *alb) times(c *culprit.Call, f [][]byte) {
	sum, known := int64(0), true
	for _, t := range f[albRequestTime : albResponseTime+1] {
		us, n := seconds(t)
		known = known && n > 0 && n == len(t)
		sum += us
	}
	if known {
		c.Duration = sum
	}
	targetDied := hasPrefix(f[albTargetTime], "-") && len(c.Upstream) > 0
	c.Truncated = targetDied || c.Status == 460 || c.Status == 504
	c.Failed = targetDied
	if created, n := p.clock.iso(f[albCreated]); n > 0 && created <= c.End {
		c.Start, c.Stamp = created, culprit.StampBoth
		if !known {
			c.Duration = c.End - created
		}
		return
	}
	if known {
		c.Start = c.End - sum
	}
}

// quotedFields splits b at blanks into f, honouring double quotes, and returns
// how many fields it found (at most len(f)).
func quotedFields(b []byte, f [][]byte) int {
	n := 0
	for n < len(f) && len(b) > 0 {
		if b[0] == '"' {
			j := bytes.IndexByte(b[1:], '"')
			if j < 0 {
				f[n] = b[1:]
				return n + 1
			}
			f[n], b = b[1:1+j], trimLeft(b[j+2:])
		} else {
			f[n], b = nextField(b)
		}
		n++
	}
	return n
}
