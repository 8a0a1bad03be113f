package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"culprit"
	"culprit/internal/app"
)

// LogSample is what the calls of one log carry.
type LogSample struct {
	Path, Format                                     string
	Proxy                                            bool // written in front of the app
	Calls                                            int64
	PID, ID, Host, Start, Duration, GraphQL, Operate int64 // calls that carry it
}

// enough is the share of calls that must carry a fact for it to count as there:
// a few lines may be of boots and errors.
const enough = 0.9

// facts that a verdict needs, in the order in which they matter.
var wanted = []struct {
	fact, why string
	count     func(LogSample) int64
	proxy     bool // asked of proxy logs
}{
	{"request_start", "a call that never ended is the first suspect: only a line at its start shows it", func(s LogSample) int64 { return s.Start }, false},
	{"duration", "which calls were in flight when memory grew", func(s LogSample) int64 { return s.Duration }, false},
	{"pid", "which process served a call: memory is per process", func(s LogSample) int64 { return s.PID }, false},
	{"host", "which server: only the file's name tells it otherwise", func(s LogSample) int64 { return s.Host }, false},
	{"request_id", "joins the lines of one call, and the app's log with the proxy's", func(s LogSample) int64 { return s.ID }, false},
	{"proxy_timing", "streamed bodies and clients that went away: only the proxy sees the whole call", func(s LogSample) int64 { return s.Duration }, true},
}

// Ready says which facts a verdict needs that the logs do not carry, and the lines
// that add them. Samples are believed before settings.
func Ready(a *app.App, samples []LogSample) []culprit.Readiness {
	out := []culprit.Readiness{}
	if a == nil && len(samples) == 0 {
		return out
	}
	l := logging(a)
	for _, w := range wanted {
		r := culprit.Readiness{Fact: w.fact, Why: w.why, Status: cannotTell}
		if !sampled(&r, w.proxy, w.count, samples) {
			l.status(&r)
		}
		if r.Status != "present" {
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
func sampled(r *culprit.Readiness, proxy bool, count func(LogSample) int64, samples []LogSample) bool {
	seen := false
	for _, s := range samples {
		if s.Proxy != proxy || s.Calls == 0 {
			continue
		}
		seen = true
		n := count(s)
		if float64(n) >= enough*float64(s.Calls) {
			r.Status = "present"
			r.Why += fmt.Sprintf("; %d of %d calls in %s carry it", n, s.Calls, s.Path)
			return true
		}
		r.Status = "missing"
		r.Why += fmt.Sprintf("; %d of %d calls in %s carry it", n, s.Calls, s.Path)
	}
	return seen
}

// logConfig is what the settings say of the app's logs.
type logConfig struct {
	read, lograge, json, keepsOriginal bool
	formatter, idTag, pidTag           bool
	options                            map[string]bool // words within lograge's options
	graphqlGem                         bool
	where                              string
}

var (
	logragePid  = regexp.MustCompile(`\b(Process\.pid|\$\$|pid:)`)
	logrageID   = regexp.MustCompile(`request_id`)
	logrageHost = regexp.MustCompile(`\b(hostname|host:|Socket\.gethostname)`)
	logrageTime = regexp.MustCompile(`\b(time:|timestamp|Time\.(now|current))`)
	operation   = regexp.MustCompile(`operation(_name|Name)?\b`)
)

func logging(a *app.App) logConfig {
	c := logConfig{options: map[string]bool{}, where: "config/environments/production.rb"}
	if a == nil {
		return c
	}
	c.graphqlGem = len(a.Lock.Find("graphql")) > 0
	for _, s := range a.Production {
		c.read = true
		switch s.Name {
		case "config.lograge.enabled":
			c.lograge = s.Value != "false"
		case "config.lograge.formatter":
			c.json = strings.Contains(s.Value, "Json") || strings.Contains(s.Value, "Logstash")
		case "config.lograge.keep_original_rails_log":
			c.keepsOriginal = s.Value == "true"
		case "config.log_formatter":
			c.formatter = strings.Contains(s.Value, "Logger::Formatter") && !strings.Contains(s.Value, "Simple")
		case "config.log_tags":
			c.idTag, c.pidTag = strings.Contains(s.Value, "request_id"), logragePid.MatchString(s.Value)
		case "config.logger":
			c.formatter = c.formatter || strings.Contains(s.Value, "Logger::Formatter")
		}
	}
	c.initializers(a)
	return c
}

// initializers looks for what is added to lograge's lines anywhere in config and
// in the controllers that hand facts on.
func (c *logConfig) initializers(a *app.App) {
	for i := range a.Sources {
		s := &a.Sources[i]
		if !strings.HasPrefix(s.Path, "config/") && !strings.HasPrefix(s.Path, "app/controllers/") {
			continue
		}
		text := strings.Join(s.Code, "\n")
		if strings.Contains(text, "lograge.enabled = true") {
			c.lograge, c.read = true, true
		}
		if strings.HasPrefix(s.Path, "config/") && !strings.Contains(text, "lograge") {
			continue
		}
		for name, re := range map[string]*regexp.Regexp{"pid": logragePid, "request_id": logrageID, "host": logrageHost, "time": logrageTime, "operation": operation} {
			c.options[name] = c.options[name] || re.MatchString(text)
		}
	}
}

// status decides by settings.
func (c logConfig) status(r *culprit.Readiness) {
	if !c.read || r.Fact == "proxy_timing" {
		return
	}
	has := false
	switch r.Fact {
	case "request_start":
		has = !c.lograge || c.keepsOriginal
	case "duration":
		has = true // Completed ... in 12ms, and lograge's duration
	case "pid":
		has = c.formatter && !c.lograge || c.pidTag && !c.lograge || c.lograge && c.options["pid"]
	case "request_id":
		has = c.idTag && !c.lograge || c.lograge && c.options["request_id"]
	case "host":
		has = c.lograge && c.options["host"]
	}
	r.Status = "missing"
	if has {
		r.Status = "present"
	}
	r.Why += "; by " + c.where
}

// remedy gives the exact lines.
func (c logConfig) remedy(r *culprit.Readiness) {
	switch r.Fact {
	case "proxy_timing":
		r.Where, r.Add = "nginx.conf, in http {}", nginxFormat
	case "request_start":
		if c.lograge {
			r.Where, r.Add = c.where, "config.lograge.keep_original_rails_log = true\nconfig.lograge.logger = ActiveSupport::Logger.new(\"log/lograge.log\")"
			return
		}
		r.Where, r.Add = c.where, railsLog
	case "host":
		if c.lograge {
			r.Where, r.Add = c.where, lograge
			return
		}
		r.Where, r.Add = "the file's name or its folder", "web3/production.log, or web3.production.log"
	default:
		r.Where, r.Add = c.where, railsLog
		if c.lograge {
			r.Add = lograge
		}
	}
}

const nginxFormat = `log_format culprit '$remote_addr - - [$time_iso8601] "$request" $status $body_bytes_sent '
  '"$http_referer" "$http_user_agent" rt=$request_time urt=$upstream_response_time '
  'ua="$upstream_addr" rid=$request_id';
access_log /var/log/nginx/access.log culprit;`

const railsLog = `config.log_level = :info
config.log_tags = [:request_id]
config.log_formatter = ::Logger::Formatter.new`

const lograge = `config.lograge.custom_payload { |c| { request_id: c.request.request_id, operation: c.params[:operationName] } }
config.lograge.custom_options = ->(event) { { time: Time.now.utc.iso8601(3), pid: Process.pid, host: Socket.gethostname,
  request_id: event.payload[:request_id], operation: event.payload[:operation] }.compact }`

// graphql: one endpoint hides hundreds of operations. It is nil where there is no
// GraphQL.
func graphql(a *app.App, samples []LogSample, c logConfig) *culprit.Readiness {
	r := culprit.Readiness{Fact: "graphql_operation", Why: "all queries are one path: without their operation they are one suspect", Status: cannotTell}
	calls, named := int64(0), int64(0)
	for _, s := range samples {
		calls += s.GraphQL
		named += s.Operate
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
	case c.options["operation"]:
		r.Status = "present"
	case c.read:
		r.Status = "missing"
	}
	if r.Status == "present" {
		return &r
	}
	r.Where = "app/controllers/graphql_controller.rb, and " + c.where
	r.Add = "def append_info_to_payload(payload)\n  super\n  payload[:operation] = params[:operationName]\nend"
	if c.lograge {
		r.Add += "\n" + lograge
	}
	return &r
}
