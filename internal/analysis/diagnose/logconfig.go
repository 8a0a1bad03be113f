package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"culprit"
	"culprit/internal/app"
)

// logConfig is what the settings say of the app's logs.
type logConfig struct {
	a                      *app.App
	read                   bool // settings were found
	lograge, keepsOriginal bool
	stamped                bool   // lograge's formatter writes the time
	level                  string // "" Rails' own
	tags                   string // Ruby text of config.log_tags
	formatter              bool   // a formatter with time and pid
	logger                 *app.Setting
	options                map[string]bool // facts within lograge's options
	optionsAt              string          // where these are
	graphqlGem             bool
	other                  string // a gem that writes the log in its own way
	where                  string
}

var (
	logPid     = regexp.MustCompile(`\bProcess\.pid\b|\$\$|\bpid:`)
	logID      = regexp.MustCompile(`request_id|\.uuid\b`)
	logHost    = regexp.MustCompile(`\bhostname\b|\bhost:|Socket\.gethostname`)
	logTime    = regexp.MustCompile(`\btime:|timestamp|Time\.(now|current)`)
	logOp      = regexp.MustCompile(`\boperation(_?[nN]ame)?\b`)
	withPid    = regexp.MustCompile(`\bLogger::Formatter\b`)
	logTarget  = regexp.MustCompile(`(?:Logger\.new|TaggedLogging\.logger)\(\s*([^(),]+)`)
	quietLevel = regexp.MustCompile(`\b(warn|error|fatal|unknown)\b`)
)

// otherLoggers write lines of their own; what they carry is seen in the lines.
func otherLoggers() []string {
	return []string{"rails_semantic_logger", "semantic_logger", "logstasher", "ougai", "timber", "rails_structured_logging"}
}

func logging(a *app.App) logConfig {
	c := logConfig{a: a, options: map[string]bool{}, where: "config/environments/production.rb"}
	if a == nil {
		return c
	}
	c.graphqlGem = len(a.Lock.Find("graphql")) > 0
	for _, name := range otherLoggers() {
		if c.other == "" && len(a.Lock.Find(name)) > 0 {
			c.other = name
		}
	}
	for i := range a.Production {
		c.read = true
		c.setting(&a.Production[i])
	}
	c.initializers(a)
	return c
}

func (c *logConfig) setting(s *app.Setting) {
	switch s.Name {
	case "config.lograge.enabled":
		c.lograge = s.Value != "false"
	case "config.lograge.formatter":
		c.stamped = strings.Contains(s.Value, "Logstash") || strings.Contains(s.Value, "Graylog2")
	case "config.lograge.keep_original_rails_log":
		c.keepsOriginal = s.Value == "true"
	case "config.log_level":
		c.level = s.Value
	case "config.log_formatter":
		c.formatter = withPid.MatchString(s.Value)
	case "config.log_tags":
		c.tags = s.Value
	case "config.logger":
		// One that is set under a condition takes its formatter from above, as Rails
		// has generated it since 5.0.
		if !s.Dynamic {
			c.logger = s
		}
	}
}

// initializers looks for what is added to lograge's lines anywhere in config.
func (c *logConfig) initializers(a *app.App) {
	for i := range a.Sources {
		s := &a.Sources[i]
		if !strings.HasPrefix(s.Path, "config/") || s.Kind != "ruby" {
			continue
		}
		text := strings.Join(s.Code, "\n")
		if !strings.Contains(text, "lograge") {
			continue
		}
		if strings.Contains(text, "lograge.enabled = true") {
			c.lograge, c.read = true, true
		}
		if strings.Contains(text, "keep_original_rails_log = true") {
			c.keepsOriginal = true
		}
		c.stamped = c.stamped || strings.Contains(text, "Formatters::Logstash") || strings.Contains(text, "Formatters::Graylog2")
		for line, code := range s.Code {
			if strings.Contains(code, "lograge.custom_options") || strings.Contains(code, "lograge.custom_payload") {
				c.optionsAt = fmt.Sprintf("%s:%d", s.Path, line+1)
			}
		}
		for name, re := range map[string]*regexp.Regexp{"pid": logPid, "request_id": logID, "host": logHost, "time": logTime, "operation": logOp} {
			c.options[name] = c.options[name] || c.optionsAt != "" && re.MatchString(text)
		}
	}
}

// speaks tells whether requests are logged at all.
func (c logConfig) speaks() bool { return !quietLevel.MatchString(c.level) }

// prefixed tells whether lines begin with time and pid.
func (c logConfig) prefixed() bool {
	if c.logger != nil {
		return withPid.MatchString(c.logger.Value) || strings.Contains(c.logger.Value, "config.log_formatter") && c.formatter
	}
	return c.formatter
}

// proxyVariable is nginx's name for a fact, "" for a fact of the app's log.
func proxyVariable(fact string) string {
	switch fact {
	case "proxy_timing":
		return "$request_time"
	case "proxy_upstream":
		return "$upstream_addr"
	}
	return ""
}

// status decides by settings.
func (c logConfig) status(r *culprit.Readiness) {
	if variable := proxyVariable(r.Fact); variable != "" {
		if c.a != nil {
			proxyFormat(c.a, r, variable)
		}
		return
	}
	if !c.read {
		return
	}
	if c.other != "" {
		r.Why += "; " + c.other + " writes the log: give some of its lines with --log"
		return
	}
	has := c.rails(r.Fact)
	if c.lograge {
		has = c.lograges(r.Fact)
	}
	r.Status = "missing"
	if has && c.speaks() {
		r.Status = "present"
	}
	r.Why += "; by " + c.where
}

func (c logConfig) rails(fact string) bool {
	switch fact {
	case "time", "duration", "request_start": // Started ... at, Completed ... in
		return true
	case "pid":
		return c.prefixed() || logPid.MatchString(c.tags)
	case "request_id":
		return logID.MatchString(c.tags)
	}
	return false
}

func (c logConfig) lograges(fact string) bool {
	switch fact {
	case "duration":
		return true
	case "request_start":
		return c.keepsOriginal
	case "time":
		return c.stamped || c.options["time"] || c.prefixed()
	case "pid":
		return c.options["pid"] || c.prefixed()
	case "request_id":
		return c.options["request_id"] || logID.MatchString(c.tags)
	}
	return c.options[fact]
}

// remedy gives the exact lines.
func (c logConfig) remedy(r *culprit.Readiness) {
	switch {
	case proxyVariable(r.Fact) != "":
		if r.Where == "" {
			r.Where = "nginx.conf"
		}
		r.Where, r.Add = r.Where+", in http {}", nginxFormat
	case c.other != "":
		return
	case r.Fact == "host" && !c.lograge:
		r.Where, r.Add = "the file's name or its folder", "web3/production.log, or web3.production.log"
	case r.Fact == "request_start" && c.lograge:
		r.Where, r.Add = c.where, "config.lograge.keep_original_rails_log = true\nconfig.lograge.logger = ActiveSupport::Logger.new(\"log/lograge.log\")\n"+c.railsLines()
	default:
		r.Where, r.Add = c.where, c.lines()
	}
	if c.lograge && c.optionsAt != "" && r.Fact != "request_start" && proxyVariable(r.Fact) == "" {
		r.Where = c.optionsAt + ", joined with what is there"
	}
	if r.Status == cannotTell && r.Add != "" {
		r.Where += ", unless it is there"
	}
}

// lines are those that add what can be added to the app's log.
func (c logConfig) lines() string {
	if c.lograge {
		return lograge
	}
	return c.railsLines()
}

// railsLines give each line of Rails its time, pid and request id. Rails applies
// config.log_formatter only to a logger that it makes itself (railties,
// application/bootstrap.rb): where the app sets config.logger, that line is to be
// changed.
func (c logConfig) railsLines() string {
	var lines []string
	if !c.speaks() {
		lines = append(lines, "config.log_level = :info")
	}
	tags := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(c.tags), "["), "]"))
	switch {
	case tags == "":
		lines = append(lines, "config.log_tags = [:request_id]")
	case !logID.MatchString(tags):
		lines = append(lines, "config.log_tags = [:request_id, "+tags+"]")
	}
	switch {
	case c.prefixed():
	case c.logger == nil:
		lines = append(lines, "config.log_formatter = ::Logger::Formatter.new")
	default:
		target := "STDOUT"
		if m := logTarget.FindStringSubmatch(c.logger.Value); m != nil {
			target = strings.TrimSpace(m[1])
		}
		lines = append(lines,
			fmt.Sprintf("# in place of config.logger at line %d:", c.logger.Line),
			"config.logger = ActiveSupport::TaggedLogging.new(",
			"  ActiveSupport::Logger.new("+target+").tap { |logger| logger.formatter = ::Logger::Formatter.new })")
	}
	return strings.Join(lines, "\n")
}

// nginxFormat is a combined log with names for what is added, which culprit reads.
const nginxFormat = `log_format culprit '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent '
  '"$http_referer" "$http_user_agent" rt=$request_time urt=$upstream_response_time '
  'ua="$upstream_addr" rid=$request_id';
access_log /var/log/nginx/access.log culprit;
# in each location with proxy_pass, so that the app logs the same id:
#   proxy_set_header X-Request-Id $request_id;`

const lograge = `config.lograge.custom_payload { |c| { request_id: c.request.request_id, operation: c.params[:operationName] } }
config.lograge.custom_options = ->(event) { { time: Time.now.utc.iso8601(3), pid: Process.pid, host: Socket.gethostname,
  request_id: event.payload[:request_id], operation: event.payload[:operation] }.compact }`
