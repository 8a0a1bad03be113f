package logs

import (
	"culprit"
)

// herokuRouterFormat is the router's line, wrapper removed.
func herokuRouterFormat() format {
	return format{
		name: "heroku-router", kind: "requests", title: "Heroku router",
		stamp: culprit.StampEnd, verified: "sample",
		source: "devcenter.heroku.com/articles/http-routing#heroku-router-log-format",
		looks:  looksHerokuRouter,
		open:   func(*Options) parser { return &herokuRouter{} },
	}
}

func looksHerokuRouter(b []byte) bool {
	return startsWithAny(b, "at=info ", "at=error ", "at=warning ", "sock=client ", "sock=backend ") &&
		holds(b, "dyno=") && holds(b, "service=")
}

type herokuRouter struct{ call culprit.Call }

func (p *herokuRouter) close(Sink) {}

func (p *herokuRouter) line(b []byte, m *meta, out Sink) bool {
	if !looksHerokuRouter(b) {
		return false
	}
	if m.at == 0 {
		return true // the time stands in the wrapper only
	}
	c := &p.call
	c.Reset()
	c.Kind, c.Offset = culprit.CallProxy, m.offset
	c.Method, _ = keyed(b, "method=")
	path, _ := keyed(b, "path=")
	requestTarget(c, path)
	if len(c.Path) == 0 {
		return true // a cut line
	}
	c.Host, _ = keyed(b, "dyno=")
	c.Upstream = c.Host
	c.RequestID, _ = keyed(b, "request_id=")
	c.Client, _ = keyed(b, "fwd=")
	herokuAnswer(c, b)
	endCall(c, nil, m.at, herokuDuration(b))
	out.Call(c)
	return true
}

// herokuDuration adds connect and service time, "connect=0ms service=101ms".
func herokuDuration(b []byte) int64 {
	text, _ := keyed(b, "service=")
	service, n := millis(text)
	if n == 0 {
		return culprit.Unknown
	}
	text, _ = keyed(b, "connect=")
	connect, _ := millis(text)
	return connect + service
}

// herokuAnswer reads status, size and error code. With these codes the router
// stopped waiting while the dyno may have worked on (H12 timeout, H15 idle,
// H18, H27 and H28 client gone) or died during the request (H13).
// Source: devcenter.heroku.com/articles/error-codes.
func herokuAnswer(c *culprit.Call, b []byte) {
	text, _ := keyed(b, "status=")
	if v, ok := whole(text); ok {
		c.Status = int(v)
	}
	text, _ = keyed(b, "bytes=")
	if v, ok := whole(text); ok {
		c.BodyBytes = v
	}
	code, _ := keyed(b, "code=")
	switch string(code) {
	case "H12", "H13", "H15", "H18", "H27", "H28":
		c.Truncated = true
	}
	c.Failed = len(code) > 0
}
