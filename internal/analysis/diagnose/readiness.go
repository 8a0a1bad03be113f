package diagnose

import (
	"fmt"
	"strings"

	"culprit"
	"culprit/internal/app"
)

// LogSample is what the calls of one log carry.
type LogSample struct {
	Path, Format                                     string
	Host                                             string // by the file's name or its folder, ""
	Proxy                                            bool   // written in front of the app
	Calls                                            int64
	Timed, PID, ID, Hosts, Start, Duration, Upstream int64 // calls that carry it
	GraphQL, Operations                              int64 // GraphQL calls, and those with their operation
}

// enough is the share of calls that must carry a fact for it to count as there:
// a few lines may be of boots and errors.
const enough = 0.9

// want is one fact that a verdict needs.
type want struct {
	fact, why string
	count     func(LogSample) int64
	proxy     bool // asked of proxy logs
}

// wanted are the facts in the order in which they matter.
func wanted() []want {
	return []want{
		{"time", "when a call was: without it no line can be held against a curve", func(s LogSample) int64 { return s.Timed }, false},
		{"duration", "which calls were in flight when memory grew", func(s LogSample) int64 { return s.Duration }, false},
		{"request_start", "a call that never ended is the first suspect: only a line at its start shows it", func(s LogSample) int64 { return s.Start }, false},
		{"pid", "which process served a call: memory is per process", func(s LogSample) int64 { return s.PID }, false},
		{"host", "which server: only the file's name tells it otherwise", hosts, false},
		{"request_id", "joins the lines of one call, and the app's log with the proxy's", func(s LogSample) int64 { return s.ID }, false},
		{"proxy_timing", "streamed bodies and clients that went away: only the proxy sees the whole call", func(s LogSample) int64 { return s.Duration }, true},
		{"proxy_upstream", "which server the proxy sent a call to", func(s LogSample) int64 { return s.Upstream }, true},
	}
}

func hosts(s LogSample) int64 {
	if s.Host != "" {
		return s.Calls
	}
	return s.Hosts
}

// Ready says which facts a verdict needs that the logs do not carry, and the lines
// that add them. Samples are believed before settings.
func Ready(a *app.App, samples []LogSample) []culprit.Readiness {
	out := []culprit.Readiness{}
	if a == nil && len(samples) == 0 {
		return out
	}
	l := logging(a)
	for _, w := range wanted() {
		r := culprit.Readiness{Fact: w.fact, Why: w.why, Status: cannotTell}
		if !sampled(&r, w, samples) {
			l.status(&r)
		}
		// What nobody has looked at is not known to be missing.
		if r.Status == "missing" || r.Status == cannotTell && a != nil {
			l.remedy(&r)
		}
		out = append(out, r)
	}
	if g := graphql(a, samples, l); g != nil {
		out = append(out, *g)
	}
	return out
}

// sampled decides by real lines; it reports whether it could.
func sampled(r *culprit.Readiness, w want, samples []LogSample) bool {
	seen := false
	for _, s := range samples {
		if s.Proxy != w.proxy || s.Calls == 0 {
			continue
		}
		seen = true
		n := w.count(s)
		r.Why += fmt.Sprintf("; %d of %d calls in %s carry it", n, s.Calls, s.Path)
		if float64(n) >= enough*float64(s.Calls) {
			r.Status = "present"
			return true
		}
		r.Status = "missing"
	}
	return seen
}

// graphql: one endpoint hides hundreds of operations. It is nil where there is no
// GraphQL.
func graphql(a *app.App, samples []LogSample, c logConfig) *culprit.Readiness {
	r := culprit.Readiness{Fact: "graphql_operation", Why: "all queries are one path: without their operation they are one suspect", Status: cannotTell}
	calls, named := int64(0), int64(0)
	for _, s := range samples {
		calls += s.GraphQL
		named += s.Operations
	}
	switch {
	case calls > 0:
		r.Why += fmt.Sprintf("; %d of %d such calls name it", named, calls)
		r.Status = "missing"
		if float64(named) >= enough*float64(calls) {
			r.Status = "present"
		}
	case a == nil || !c.graphqlGem:
		return nil
	case c.read && c.other == "":
		r.Status = "missing"
		if c.lograge && c.options["operation"] {
			r.Status = "present"
		} else if !c.lograge && c.speaks() {
			r.Status = "present"
			r.Why += "; the line with Parameters tells it, where clients send one"
		}
	}
	if r.Status == "present" {
		return &r
	}
	r.Where, r.Add = c.where, c.lines()
	if !c.lograge {
		r.Where = "the client"
		r.Add = "operationName in each query: Rails logs it among Parameters"
	}
	return &r
}

// proxyFormat looks in the app's folder for a format of nginx's log that holds a
// variable.
func proxyFormat(a *app.App, r *culprit.Readiness, variable string) {
	for i := range a.Sources {
		s := &a.Sources[i]
		if !strings.HasSuffix(s.Path, ".conf") {
			continue
		}
		text := strings.Join(s.Code, "\n")
		if !strings.Contains(text, "proxy_pass") && !strings.Contains(text, "log_format") {
			continue
		}
		if strings.Contains(text, "log_format") && strings.Contains(text, variable) {
			r.Status, r.Where = "present", ""
			r.Why += "; by " + s.Path
			return
		}
		if r.Status != "missing" {
			r.Status, r.Where = "missing", s.Path
			r.Why += "; " + s.Path + " lacks " + variable
		}
	}
}
