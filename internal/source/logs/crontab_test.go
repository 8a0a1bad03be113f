package logs

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	_ "time/tzdata" // the test needs zones where the machine has none
)

// Debian's /etc/crontab (package cron), and a user's crontab as crontab(5) has it.
const (
	systemCrontab = `SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin
# m h dom mon dow user	command
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
52 6	1 * *	root	test -x /usr/sbin/anacron
`
	userCrontab = `MAILTO="ops@example.org"
FOO = a b
*/5 8-18 * * 1-5 /srv/app/bin/rails runner 'Purge.run'
0 22 * * 7 bundle exec rake report%stdin text
@daily  /usr/bin/backup --keep 7\%
@reboot /usr/bin/warm
61 * * * * /bin/never
CRON_TZ=Europe/Paris
30 2 * * * /usr/bin/nightly
CRON_TZ=Mars/Olympus
nonsense
`
)

func crontabOf(t *testing.T, text string) ([]CronEntry, []string) {
	t.Helper()
	e, w, err := ParseCrontab(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return e, w
}

func TestSystemCrontab(t *testing.T) {
	e, w := crontabOf(t, systemCrontab)
	if len(e) != 3 || len(w) != 0 {
		t.Fatalf("%d entries, warnings %q, want 3 and none", len(e), w)
	}
	if e[0].User != "root" || e[0].Command != "cd / && run-parts --report /etc/cron.hourly" || e[0].Schedule != "17 * * * *" {
		t.Errorf("first entry is %+v", e[0])
	}
}

func TestUserCrontab(t *testing.T) {
	e, w := crontabOf(t, userCrontab)
	if len(e) != 5 {
		t.Fatalf("%d entries, want 5: %+v", len(e), e)
	}
	if len(w) != 3 || !strings.HasPrefix(w[0], "line 7: ") {
		t.Errorf("warnings are %q, want lines 7, 10 and 11", w)
	}
	if e[0].User != "" || e[0].Command != "/srv/app/bin/rails runner 'Purge.run'" {
		t.Errorf("first entry is %+v", e[0])
	}
	if e[1].Command != "bundle exec rake report" || e[2].Command != "/usr/bin/backup --keep 7%" {
		t.Errorf("percent signs: %q, %q", e[1].Command, e[2].Command)
	}
	if !e[3].Reboot || !e[3].Next(time.Now(), nil).IsZero() {
		t.Errorf("@reboot has a time: %+v", e[3])
	}
	if e[4].Location == nil || e[4].Location.String() != "Europe/Paris" {
		t.Errorf("CRON_TZ was not honoured: %v", e[4].Location)
	}
}

func TestCrontabReadError(t *testing.T) {
	boom := errors.New("boom")
	if _, _, err := ParseCrontab(iotest.ErrReader(boom)); !errors.Is(err, boom) {
		t.Errorf("got %v, want boom", err)
	}
}

func entryOf(t *testing.T, schedule string) CronEntry {
	t.Helper()
	e, w := crontabOf(t, schedule+" /bin/true\n")
	if len(e) != 1 {
		t.Fatalf("%q gave %d entries, warnings %q", schedule, len(e), w)
	}
	return e[0]
}

// TestCronNext follows crontab(5); the dates are of 2020: 10 June is a Wednesday.
func TestCronNext(t *testing.T) {
	after := time.Date(2020, 6, 10, 21, 0, 30, 0, time.UTC)
	for schedule, want := range map[string]string{
		"* * * * *":                 "2020-06-10 21:01",
		"0 21 * * *":                "2020-06-11 21:00",
		"*/7 * * * *":               "2020-06-10 21:07",
		"5/20 * * * *":              "2020-06-10 21:05",
		"0-10/5,45 22 * * *":        "2020-06-10 22:00",
		"0 0 * * 7":                 "2020-06-14 00:00",
		"0 0 * * sun":               "2020-06-14 00:00",
		"0 0 * * 5-7":               "2020-06-12 00:00",
		"0 0 13 * fri":              "2020-06-12 00:00", // either day field
		"0 0 */2 * mon":             "2020-06-15 00:00", // a star: both (15 is odd, a Monday)
		"0 0 29 feb *":              "2024-02-29 00:00",
		"0 0 31 2 *":                "0001-01-01 00:00",
		"@hourly":                   "2020-06-10 22:00",
		"@weekly":                   "2020-06-14 00:00",
		"@monthly":                  "2020-07-01 00:00",
		"@annually":                 "2021-01-01 00:00",
		"0 12 1 jan,MAR *":          "2021-01-01 12:00",
		"-*/15 3 * * *":             "2020-06-11 03:00",
		"59 23 31 12 *":             "2020-12-31 23:59",
		"0 4 8-14 * *":              "2020-06-11 04:00",
		"0\t4   8-14\t*   * ":       "2020-06-11 04:00",
		"1,2,3,4,5,6 1-23/23 * * *": "2020-06-11 01:01",
	} {
		e := entryOf(t, schedule)
		if got := e.Next(after, nil).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%q runs next at %s, want %s", schedule, got, want)
		}
	}
}

func TestCronRefuses(t *testing.T) {
	for _, line := range []string{
		"60 * * * * x", "* 24 * * * x", "* * 0 * * x", "* * * 13 * x", "* * * * 8 x", "5-1 * * * * x", "*/0 * * * * x",
		"a * * * * x", "* * * * x", "0~59 * * * * x", "@sometimes x", "* * * * *", "1-2-3 * * * * x", ", * * * * x",
	} {
		if e, w := crontabOf(t, line); len(e) != 0 || len(w) != 1 {
			t.Errorf("%q gave entries %v, warnings %q", line, e, w)
		}
	}
}

func runs(e CronEntry, from, to string, loc *time.Location) string {
	parse := func(s string) time.Time {
		at, _ := time.ParseInLocation("2006-01-02 15:04", s, loc)
		return at
	}
	var out []string
	for _, at := range e.Between(parse(from), parse(to), loc) {
		out = append(out, at.UTC().Format("02 15:04"))
	}
	return strings.Join(out, ", ")
}

// TestCronAcrossTheClock: in Paris the clock goes from 2 to 3 on 29 March 2020
// and from 3 to 2 on 25 October. Jobs of a fixed time run once, as cron(8) says
// of changes of less than three hours.
func TestCronAcrossTheClock(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ schedule, from, to, want string }{
		{"30 2 * * *", "2020-03-28 00:00", "2020-03-30 12:00", "28 01:30, 29 01:00, 30 00:30"},
		{"30 2 * * *", "2020-10-24 00:00", "2020-10-26 12:00", "24 00:30, 25 00:30, 26 01:30"},
		{"30 * * * *", "2020-03-29 01:00", "2020-03-29 03:59", "29 00:30, 29 01:30"},
		{"30 * * * *", "2020-10-25 01:00", "2020-10-25 03:00", "24 23:30, 25 00:30, 25 01:30"},
		{"0 0 1 * *", "2020-01-15 00:00", "2020-03-01 00:00", "31 23:00, 29 23:00"},
	} {
		if got := runs(entryOf(t, c.schedule), c.from, c.to, paris); got != c.want {
			t.Errorf("%q from %s: %s, want %s", c.schedule, c.from, got, c.want)
		}
	}
}

// TestCronOddDays: a date that never was, a midnight that never was.
func TestCronOddDays(t *testing.T) {
	for _, c := range []struct {
		zone, from, to string
		want           int
	}{
		{"Pacific/Apia", "2011-12-28 00:00", "2012-01-02 00:00", 5},
		{"America/Sao_Paulo", "2018-11-02 00:00", "2018-11-06 00:00", 5},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		got := runs(entryOf(t, "0 0 * * *"), c.from, c.to, loc)
		if n := strings.Count(got, ":"); n != c.want {
			t.Errorf("%s: %d runs (%s), want %d", c.zone, n, got, c.want)
		}
	}
}

func TestBetweenIsInclusiveAndBounded(t *testing.T) {
	e := entryOf(t, "0 * * * *")
	from := time.Date(2020, 6, 10, 21, 0, 0, 0, time.UTC)
	if got := e.Between(from, from.Add(2*time.Hour), nil); len(got) != 3 {
		t.Errorf("%d runs, want 3", len(got))
	}
	if got := e.Between(from, from.Add(-time.Hour), nil); got != nil {
		t.Errorf("runs in a window that ends before it begins: %v", got)
	}
	every := entryOf(t, "* * * * *")
	if got := every.Between(from.AddDate(-2, 0, 0), from, nil); len(got) > maxCronRuns+24*60 {
		t.Errorf("%d runs, more than the bound", len(got))
	}
}
