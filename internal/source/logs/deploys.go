package logs

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"culprit"
)

// maxDeployLine bounds one line of a deploys file.
const maxDeployLine = 64 << 10

// ParseDeploys reads a file that says when what was deployed, one line each:
//
//	2020-06-10T21:00:00+02:00 release 412
//	2020-06-10 21:00 release 412
//	1591815600 release 412
//	Branch main (at abc1234) deployed as release 20200610190000 by deploy
//
// The time may be RFC 3339, a date with hours and minutes (seconds optional) in
// loc, or seconds or milliseconds of the epoch. A comma, semicolon or tab may
// stand between time and text. The fourth form is Capistrano's revisions.log,
// whose release number is a UTC time (capistrano/capistrano
// lib/capistrano/i18n.rb). Lines starting with '#' are comments. loc nil means
// UTC. Lines that cannot be read are told in warnings.
func ParseDeploys(r io.Reader, loc *time.Location) (deploys []culprit.Happening, warnings []string, err error) {
	c := clock{loc: loc}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxDeployLine)
	n := 0
	for s.Scan() {
		n++
		line := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		at, text, ok := deployLine(&c, line)
		if !ok {
			if why := deployWarning(line, n); why != "" {
				warnings = append(warnings, why)
			}
			continue
		}
		deploys = append(deploys, culprit.Happening{Kind: culprit.HappeningDeploy, At: at, Name: text})
	}
	if err := s.Err(); err != nil {
		return deploys, warnings, fmt.Errorf("reading deploys, line %d: %w", n+1, err)
	}
	return deploys, warnings, nil
}

// deployWarning explains a line without a usable time. A heading is no fault.
func deployWarning(line string, n int) string {
	switch {
	case strings.Contains(line, " rolled back to release "):
		return fmt.Sprintf("line %d: a rollback, but the line does not say when", n)
	case n == 1 && strings.Contains(strings.ToLower(line), "time"):
		return ""
	}
	return fmt.Sprintf("line %d: no time at its start (2006-01-02T15:04:05Z, 2006-01-02 15:04 or seconds since 1970)", n)
}

// deployLine reads one line: the instant in microseconds and the text.
func deployLine(c *clock, line string) (at int64, text string, ok bool) {
	b := []byte(strings.TrimLeft(line, `"`))
	if at, n := shortStamp(c, b); n > 0 {
		return at, deployText(string(b[n:])), true
	}
	if at, n := epochAt(b); n > 0 {
		return at, deployText(string(b[n:])), true
	}
	return capistrano(line)
}

func deployText(s string) string { return strings.Trim(s, " \t,;\"") }

// epochAt reads seconds (10 digits) or milliseconds (13 digits) of the epoch,
// which covers 2001 to 2286.
func epochAt(b []byte) (at int64, n int) {
	v, n := atoi(b)
	if n < len(b) && strings.IndexByte(" \t,;\".", b[n]) < 0 {
		return 0, 0
	}
	switch n {
	case 10:
		at, k := seconds(b)
		return at, k
	case 13:
		return v * 1000, n
	}
	return 0, 0
}

// capistrano reads "Branch main (at abc) deployed as release 20200610190000 by x".
func capistrano(line string) (at int64, text string, ok bool) {
	_, rest, found := strings.Cut(line, " deployed as release ")
	if !found || !strings.HasPrefix(line, "Branch ") || len(rest) < 14 {
		return 0, "", false
	}
	t, err := time.Parse("20060102150405", rest[:14])
	if err != nil {
		return 0, "", false
	}
	return t.UnixMicro(), line, true
}
