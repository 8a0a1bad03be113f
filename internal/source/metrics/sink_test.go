package metrics

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"culprit"
)

// record is a sink that keeps everything.
type record struct {
	series    []culprit.Series
	index     map[culprit.Series]int
	samples   [][]point
	collapsed map[int]int
}

func newRecord() *record {
	return &record{index: map[culprit.Series]int{}, collapsed: map[int]int{}}
}

func (r *record) Series(s culprit.Series) int {
	s.Collapsed = false
	if i, ok := r.index[s]; ok {
		return i
	}
	r.index[s] = len(r.series)
	r.series = append(r.series, s)
	r.samples = append(r.samples, nil)
	return len(r.series) - 1
}

func (r *record) Sample(series int, at, v int64) {
	r.samples[series] = append(r.samples[series], point{at, v})
}

func (r *record) Collapsed(series, pids int) { r.collapsed[series] = pids }

// text renders every series with its samples, sorted, for tables of tests.
func (r *record) text() string {
	var lines []string
	for i, s := range r.series {
		var b strings.Builder
		fmt.Fprintf(&b, "%s host=%s pid=%d name=%s", s.Kind, s.Host, s.PID, s.Name)
		if s.Role != "" {
			fmt.Fprintf(&b, " role=%s", s.Role)
		}
		if n := r.collapsed[i]; n > 0 {
			fmt.Fprintf(&b, " collapsed=%d", n)
		}
		b.WriteString(":")
		for _, p := range r.samples[i] {
			fmt.Fprintf(&b, " %s=%d", time.UnixMicro(p.at).UTC().Format("0102T150405.999999"), p.v)
		}
		lines = append(lines, b.String())
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func readText(t *testing.T, text string, opt Options) (*record, Result, error) {
	t.Helper()
	r := newRecord()
	res, err := Read(context.Background(), bytes.NewReader([]byte(text)), opt, r)
	return r, res, err
}

// parseCase is one sample of a format and what has to come out.
type parseCase struct {
	name   string
	format string // "" to recognise
	want   string // expected format
	text   string
	opt    Options
	series string // record.text
	lines  int64  // 0: not checked
	bad    int64
	warn   string // part of a warning, "" none needed
	err    string // part of the error
}

func runCases(t *testing.T, cases []parseCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.opt.Format = c.format
			rec, res, err := readText(t, c.text, c.opt)
			if c.want != "" && res.Format != c.want {
				t.Errorf("format %q, want %q", res.Format, c.want)
			}
			switch {
			case c.err == "" && err != nil:
				t.Errorf("error %v", err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want %q", err, c.err)
			}
			if want := strings.TrimSpace(dedent(c.series)); rec.text() != want {
				t.Errorf("series\n got:\n%s\nwant:\n%s", rec.text(), want)
			}
			if got := res.Lines - res.Understood; got != c.bad {
				t.Errorf("%d lines not understood, want %d: %q", got, c.bad, res.BadSample)
			}
			if c.lines > 0 && res.Lines != c.lines {
				t.Errorf("%d lines, want %d", res.Lines, c.lines)
			}
			if c.warn != "" && !strings.Contains(strings.Join(res.Warnings, "\n"), c.warn) {
				t.Errorf("warnings %q, want %q", res.Warnings, c.warn)
			}
		})
	}
}

func dedent(s string) string {
	var lines []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}
