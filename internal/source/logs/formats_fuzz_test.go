package logs

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"culprit"
)

// checkSink fails on what no parser may say, whatever the input.
type checkSink struct{ t *testing.T }

// Call checks a call's numbers.
func (s checkSink) Call(c *culprit.Call) {
	switch {
	case c.Duration < culprit.Unknown, c.MemBytes < culprit.Unknown, c.Allocations < culprit.Unknown, c.BodyBytes < culprit.Unknown:
		s.t.Errorf("a negative measure: %+v", c)
	case c.Open && c.End != 0:
		s.t.Errorf("open, with an end: %+v", c)
	case c.Start == 0 && c.End == 0:
		s.t.Errorf("a call without any time: %+v", c)
	case len(c.Path) == 0 && len(c.Name) == 0 && c.Kind == culprit.CallProxy:
		s.t.Errorf("a request without a path: %+v", c)
	case c.PID < 0:
		s.t.Errorf("pid %d", c.PID)
	}
}

// Happening checks kind and time.
func (s checkSink) Happening(h culprit.Happening) {
	if h.Kind == "" || h.At == 0 || h.PID < 0 || h.Bytes < 0 {
		s.t.Errorf("bad happening %+v", h)
	}
}

// Memory checks time and size.
func (s checkSink) Memory(k culprit.Series, at int64, b culprit.Bytes) {
	if at == 0 || b < 0 || k.PID < 0 {
		s.t.Errorf("bad reading %+v at %d: %d", k, at, b)
	}
}

// FuzzWorkFormats feeds lines to every format, whether it claims them or not.
func FuzzWorkFormats(f *testing.F) {
	for _, s := range workSamples {
		f.Add([]byte(strings.Join(s.lines, "\n")), s.prog)
	}
	for _, l := range foreignLines {
		f.Add([]byte(l), "app[web.1]")
	}
	all := workFormats()
	f.Fuzz(func(t *testing.T, data []byte, prog string) {
		for _, w := range all {
			p := w.open(&Options{})
			out := checkSink{t}
			for line := range bytes.SplitSeq(data, []byte("\n")) {
				claimed := w.looks(line)
				m := wrapped(prog)
				p.line(line, &m, out)
				m = meta{}
				if p.line(line, &m, out) && !claimed {
					t.Errorf("%s understands a line that it does not recognise: %q", w.name, line)
				}
			}
			p.close(out)
		}
	})
}

// FuzzCrontab checks that runs are in order, within the window and after Next's
// argument.
func FuzzCrontab(f *testing.F) {
	f.Add(systemCrontab)
	f.Add(userCrontab)
	f.Add("CRON_TZ=Pacific/Apia\n*/13 1-5/2 * * mon-fri x\n")
	from := time.Date(2020, 3, 28, 12, 7, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 3)
	f.Fuzz(func(t *testing.T, text string) {
		entries, _, err := ParseCrontab(strings.NewReader(text))
		if err != nil || len(entries) > 20 {
			return
		}
		for _, e := range entries {
			last := from.Add(-1)
			for _, at := range e.Between(from, to, nil) {
				if !at.After(last) || at.After(to) {
					t.Fatalf("%q: %v after %v", e.Schedule, at, last)
				}
				last = at
			}
			next := e.Next(from, nil)
			if !next.IsZero() && !next.After(from) {
				t.Fatalf("%q: next is %v", e.Schedule, next)
			}
		}
	})
}

// FuzzDeploys checks that nothing breaks and every deploy has a time.
func FuzzDeploys(f *testing.F) {
	f.Add("2020-06-10 21:00 release\n1591815600 b\nBranch main (at abc1234) deployed as release 20200610190000 by x\n")
	f.Fuzz(func(t *testing.T, text string) {
		deploys, _, _ := ParseDeploys(strings.NewReader(text), nil)
		for _, d := range deploys {
			if d.Kind != culprit.HappeningDeploy {
				t.Errorf("bad deploy %+v", d)
			}
		}
	})
}
