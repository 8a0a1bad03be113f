package style_test

import (
	"strings"
	"testing"
	"time"

	"culprit"
	"culprit/internal/present/style"
)

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestBytes(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0 B", 12: "12 B", 999: "999 B", 1000: "1 kB", 1500: "1.5 kB", 9_960: "10 kB", 999_499: "999 kB",
		999_600: "1 MB", 412e6: "412 MB", 5.2e9: "5.2 GB", 48e9: "48 GB", -3e6: "-3 MB", 0.02: "0 B", 2e15: "2 PB",
		3e18: "3000 PB",
	} {
		equal(t, "bytes", style.BytesOf(in), want)
	}
	equal(t, "bytes", style.Bytes(412_000_000), "412 MB")
	equal(t, "range", style.BytesRange(380e6, 450e6), "380 to 450 MB")
	equal(t, "range", style.BytesRange(900e3, 1.2e6), "900 kB to 1.2 MB")
	equal(t, "range", style.BytesRange(0, 1.2e6), "0 to 1.2 MB")
}

func TestNumbers(t *testing.T) {
	equal(t, "count", style.Count(9412), "9,412")
	equal(t, "count", style.Count(1234567), "1,234,567")
	equal(t, "count", style.Count(-1234), "-1,234")
	equal(t, "unknown", style.Count(culprit.Unknown), "?")
	equal(t, "plural", style.Plural(1, "call", "calls"), "1 call")
	equal(t, "plural", style.Plural(2, "process", "processes"), "2 processes")
	for in, want := range map[float64]string{0: "0 %", 0.004: "<1 %", 0.92: "92 %", 0.999: ">99 %", 1: "100 %", -1: "? %"} {
		equal(t, "share", style.Share(in), want)
	}
	for in, want := range map[float64]string{
		0.04: "40 ms", 0.9999: "1 s", 12.4: "12.4 s", 200: "3 min 20 s", 7500: "2 h 5 min", 3600: "1 h", 273600: "3 d 4 h", -1: "?",
	} {
		equal(t, "seconds", style.Seconds(in), want)
	}
}

func TestChance(t *testing.T) {
	p := func(f float64) *float64 { return &f }
	equal(t, "nil", style.Chance(nil), "chance not known")
	for in, want := range map[float64]string{
		0.00001: "chance alone: less than 1 in 10,000", 0.0005: "chance alone: less than 1 in 1,000",
		0.02: "chance alone: less than 1 in 20", 0.12: "chance alone: about 12 in 100", 0.6: "chance alone explains it as well",
	} {
		equal(t, "chance", style.Chance(p(in)), want)
	}
}

func TestInterval(t *testing.T) {
	p := func(f float64) *float64 { return &f }
	for want, i := range map[string]culprit.Interval{
		"~412 MB (380 to 450 MB)":  {Estimate: p(412e6), Low: p(380e6), High: p(450e6)},
		"at least 40 MB":           {Low: p(40e6)},
		"at most 3 MB":             {High: p(3e6)},
		"~4 MB (at most 9 MB)":     {Estimate: p(4e6), High: p(9e6)},
		"~4 MB (at least 900 kB)":  {Estimate: p(4e6), Low: p(900e3)},
		"~4 MB":                    {Estimate: p(4e6)},
		"40 to 90 MB":              {Low: p(40e6), High: p(90e6)},
		"~100 kB (-400 to 600 kB)": {Estimate: p(1e5), Low: p(-4e5), High: p(6e5)},
		"not estimable":            {},
	} {
		equal(t, "interval", style.Interval(i), want)
	}
}

func TestInstants(t *testing.T) {
	at := time.Date(2026, 11, 12, 4, 14, 7, 0, time.FixedZone("cet", 3600))
	equal(t, "time", style.Time(at), "2026-11-12 03:14:07")
	equal(t, "clock", style.Clock(at), "12 Nov 03:14:07")
	equal(t, "zero", style.Clock(time.Time{}), "?")
	equal(t, "span", style.Span(at, at.Add(time.Hour)), "12 Nov 03:14-04:14 UTC")
	equal(t, "span", style.Span(at, at.Add(24*time.Hour)), "12 Nov 03:14 - 13 Nov 03:14 UTC")
}

func TestText(t *testing.T) {
	equal(t, "clean", style.Clean("a\x1b[31m\nb\u202ec\t\xff"), "a?[31m?b?c \ufffd")
	equal(t, "cut", style.Cut("abcdefghij", 7), "abcd...")
	equal(t, "cut middle", style.CutMiddle("Admin::ReportsController#export", 20), "Admin...oller#export")
	equal(t, "list", style.List([]string{"a", "b", "c", "d"}, 2), "a, b and 2 more")
	equal(t, "list", style.List([]string{"a", "b"}, 2), "a and b")
	equal(t, "list", style.List(nil, 2), "nobody")
	if w := style.Width("\x1b[31m日本\x1b[0me\u0301"); w != 5 {
		t.Errorf("width %d, want 5", w)
	}
	equal(t, "command", strings.Join(style.WrapCommand(`culprit investigate "a b" --suspect 'x y' --full`, 30), "|"),
		`culprit investigate "a b" \|  --suspect 'x y' --full`)
}

func FuzzWrap(f *testing.F) {
	f.Add("some words that are wrapped and averyveryverylongwordthatisbroken", 12, 4)
	f.Add("日本語 テキスト", 9, 0)
	f.Fuzz(func(t *testing.T, s string, width, used int) {
		width, used = 10+abs(width)%100, abs(used)%10
		s = style.Clean(s)
		lines := style.WrapAfter(s, width, used)
		for _, l := range lines {
			if style.Width(l) > width {
				t.Errorf("line of %d columns, want at most %d: %q", style.Width(l), width, l)
			}
		}
		if joined := strings.Join(lines, ""); strings.Join(strings.Fields(s), "") != strings.Join(strings.Fields(joined), "") {
			t.Errorf("wrapping lost text: %q became %q", s, lines)
		}
		if got := style.Cut(s, width); style.Width(got) > width {
			t.Errorf("cut to %d columns, want at most %d", style.Width(got), width)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		n = -(n + 1)
	}
	return n
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		env      map[string]string
		terminal bool
		want     bool
	}{
		{nil, true, true},
		{nil, false, false},
		{map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, true, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, false, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false, false},
		{map[string]string{"TERM": "dumb"}, true, false},
		{map[string]string{"CLICOLOR": "0"}, true, false},
	} {
		if got := style.Colour(func(k string) string { return c.env[k] }, c.terminal); got != c.want {
			t.Errorf("%v terminal %t: colour %t, want %t", c.env, c.terminal, got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for lang, want := range map[string]bool{"C": true, "en_US.UTF-8": false, "de_DE.utf8": false, "": true} {
		if got := style.Plain(func(k string) string {
			if k == "LANG" {
				return lang
			}
			return ""
		}); got != want {
			t.Errorf("LANG=%s: plain %t, want %t", lang, got, want)
		}
	}
	equal(t, "bar", style.Bar(0.5, 6, true), "###---")
	equal(t, "small bar", style.Bar(0.001, 4, true), "#---")
	equal(t, "ascii", style.ASCII("é→x"), "??x")
}
