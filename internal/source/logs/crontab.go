package logs

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// CronEntry is one line of a crontab that runs a command.
type CronEntry struct {
	Schedule string // the fields as written: "*/5 * * * *", "@daily"
	User     string // of /etc/crontab; "" in a user's own crontab
	Command  string // up to the first unescaped '%', where cron's input begins
	Line     int
	// Reboot entries run when cron starts and have no times.
	Reboot bool
	// Location of CRON_TZ, nil: the machine's, which the caller knows.
	Location *time.Location

	plan cronPlan
}

// maxCrontabLine bounds one line; longer ones are refused by cron too.
const maxCrontabLine = 64 << 10

// ParseCrontab reads a crontab, a user's or the system's (which has a column for
// the user). Lines that it cannot read are told in warnings, not in the error,
// which is only about reading itself.
func ParseCrontab(r io.Reader) (entries []CronEntry, warnings []string, err error) {
	t := crontab{}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxCrontabLine)
	for s.Scan() {
		t.line++
		t.read(strings.TrimSpace(s.Text()))
	}
	if err := s.Err(); err != nil {
		return t.entries, t.warnings, fmt.Errorf("reading crontab, line %d: %w", t.line+1, err)
	}
	if t.systemwide() {
		for i := range t.entries {
			e := &t.entries[i]
			e.User, e.Command = cutBlank(e.Command)
		}
	}
	return t.entries, t.warnings, nil
}

// crontab is a file being read.
type crontab struct {
	entries  []CronEntry
	warnings []string
	line     int
	userHint bool // a comment announces the column for the user
	loc      *time.Location
}

func (t *crontab) warn(format string, a ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf("line %d: ", t.line)+fmt.Sprintf(format, a...))
}

func (t *crontab) read(s string) {
	switch {
	case s == "":
	case s[0] == '#':
		low := strings.ToLower(s)
		t.userHint = t.userHint || strings.Contains(low, "user-name") || strings.Contains(low, "dow user")
	case isEnvironment(s):
		t.environment(s)
	case s[0] == '@':
		t.named(s)
	default:
		t.fields(s)
	}
}

// isEnvironment recognises NAME=value: the equals sign comes before any blank
// that is followed by more than the sign itself.
func isEnvironment(s string) bool {
	name, _, ok := strings.Cut(s, "=")
	name = strings.Trim(strings.TrimSpace(name), `"'`)
	if !ok || name == "" || strings.ContainsAny(name, " \t*/@") {
		return false
	}
	return name[0] < '0' || name[0] > '9'
}

// environment honours CRON_TZ, which holds for the lines after it (cronie). TZ
// only reaches the commands and does not move their times.
func (t *crontab) environment(s string) {
	name, value, _ := strings.Cut(s, "=")
	if strings.TrimSpace(name) != "CRON_TZ" {
		return
	}
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	loc, err := time.LoadLocation(value)
	if err != nil {
		t.warn("unknown time zone %q in CRON_TZ", value)
		return
	}
	t.loc = loc
}

// cronNames are the schedules with a name, as crontab(5) defines them.
var cronNames = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

func (t *crontab) named(s string) {
	name, command := cutBlank(s)
	e := CronEntry{Schedule: name, Line: t.line, Location: t.loc}
	spec, ok := cronNames[name]
	switch {
	case name == "@reboot":
		e.Reboot = true
	case !ok:
		t.warn("unknown schedule %q", name)
		return
	default:
		plan, err := parseCronPlan(strings.Fields(spec))
		if err != nil {
			t.warn("%v", err)
			return
		}
		e.plan = plan
	}
	t.add(e, command)
}

func (t *crontab) fields(s string) {
	// SUSE's and cronie's leading dash keeps the run out of syslog.
	rest := strings.TrimPrefix(s, "-")
	var field [5]string
	for i := range field {
		field[i], rest = cutBlank(rest)
	}
	plan, err := parseCronPlan(field[:])
	if err != nil {
		t.warn("%v", err)
		return
	}
	t.add(CronEntry{Schedule: strings.Join(field[:], " "), Line: t.line, Location: t.loc, plan: plan}, rest)
}

func (t *crontab) add(e CronEntry, command string) {
	e.Command = strings.TrimSpace(beforePercent(command))
	if e.Command == "" {
		t.warn("no command")
		return
	}
	t.entries = append(t.entries, e)
}

// beforePercent cuts the command at cron's newline sign and unescapes "\%".
func beforePercent(s string) string {
	for i := range len(s) {
		if s[i] == '%' && (i == 0 || s[i-1] != '\\') {
			s = s[:i]
			break
		}
	}
	return strings.ReplaceAll(s, `\%`, "%")
}

// cutBlank cuts the first word off s.
func cutBlank(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// systemUsers are names that stand in the user column more often than any
// command of the same name stands first in a line.
var systemUsers = []string{"root", "www-data", "deploy", "deployer", "app", "rails", "ubuntu", "nobody", "git", "postgres", "discourse", "mastodon"}

// systemwide decides whether the first word of all commands is a user: a comment
// says so, or at least one is a user's name and every one could be.
func (t *crontab) systemwide() bool {
	known := t.userHint
	for i := range t.entries {
		word, rest := cutBlank(t.entries[i].Command)
		if !isUserName(word) || rest == "" {
			return false
		}
		for _, u := range systemUsers {
			known = known || word == u
		}
	}
	return known && len(t.entries) > 0
}

// isUserName follows useradd(8): lower-case letters, digits, dashes.
func isUserName(s string) bool {
	for i, c := range s {
		lower := c >= 'a' && c <= 'z' || c == '_'
		if !lower && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// parseCronNumber reads a number or a three-letter name.
func parseCronNumber(s string, names []string, base int) (int, error) {
	for i, n := range names {
		if strings.EqualFold(s, n) {
			return i + base, nil
		}
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return v, nil
}
