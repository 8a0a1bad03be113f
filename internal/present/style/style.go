// Package style turns values into words that people read: sizes, durations,
// shares, instants and chances, and lays text out in columns.
//
// It owns the look of numbers and text in every window. Sizes are SI: 1 MB is
// 1,000,000 bytes, 1 GB is 1,000 MB. Instants are UTC. It refuses to know a
// report: it formats one value at a time, computes nothing new, writes nowhere
// and reads no environment by itself.
package style

import (
	"math"
	"strconv"
	"strings"
	"time"

	"culprit"
)

// Bytes formats an amount of memory: "412 MB", "5.2 GB", "0 B", "-3 MB".
func Bytes(b culprit.Bytes) string { return BytesOf(float64(b)) }

// BytesOf formats an estimated amount of memory as Bytes does.
func BytesOf(b float64) string {
	n, unit := scale(b)
	return n + " " + unit
}

// BytesRange formats two amounts with the unit said once where both share it:
// "380 to 450 MB", "900 kB to 1.2 MB".
func BytesRange(low, high float64) string {
	a, ua := scale(low)
	b, ub := scale(high)
	if ua == ub || a == "0" {
		return a + " to " + b + " " + ub
	}
	return a + " " + ua + " to " + b + " " + ub
}

// scale picks the unit of b and rounds it to two or three digits.
func scale(b float64) (number, unit string) {
	if math.IsNaN(b) || math.IsInf(b, 0) {
		return "?", "B"
	}
	sign := ""
	if b < 0 {
		sign, b = "-", -b
	}
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for i < len(units)-1 && math.Round(b) >= 1000 {
		b /= 1000
		i++
	}
	if math.Round(b*10) == 0 {
		return "0", units[i]
	}
	if i > 0 && math.Round(b*10) < 100 {
		return sign + strings.TrimSuffix(strconv.FormatFloat(b, 'f', 1, 64), ".0"), units[i]
	}
	return sign + strconv.FormatFloat(math.Round(b), 'f', 0, 64), units[i]
}

// Count formats a whole number with thousands separated: "9,412". Unknown is "?".
func Count(n int64) string {
	if n == culprit.Unknown {
		return "?"
	}
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Plural formats a count with its noun: "1 call", "9,412 calls". The plural of
// "process" is given as the second noun.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Share formats a share of one: "92 %", "<1 %", "0 %".
func Share(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0) || f < 0:
		return "? %"
	case f == 0:
		return "0 %"
	case f < 0.01:
		return "<1 %"
	case f > 0.99 && f < 1:
		return ">99 %"
	}
	return strconv.FormatFloat(math.Round(f*100), 'f', 0, 64) + " %"
}

// Seconds formats a duration: "40 ms", "12.4 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
func Seconds(s float64) string {
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0) || s < 0:
		return "?"
	case s < 0.9995:
		return strconv.FormatFloat(math.Round(s*1000), 'f', 0, 64) + " ms"
	case s < 99.95:
		return strings.TrimSuffix(strconv.FormatFloat(s, 'f', 1, 64), ".0") + " s"
	}
	n := int64(math.Round(s))
	switch {
	case n < 3600:
		return pair(n/60, "min", n%60, "s")
	case n < 86400:
		return pair(n/3600, "h", n%3600/60, "min")
	}
	return pair(n/86400, "d", n%86400/3600, "h")
}

func pair(a int64, ua string, b int64, ub string) string {
	s := strconv.FormatInt(a, 10) + " " + ua
	if b == 0 {
		return s
	}
	return s + " " + strconv.FormatInt(b, 10) + " " + ub
}

// Time formats an instant in UTC to the second: "2026-11-12 03:14:07". Zero is "?".
func Time(t time.Time) string { return stamp(t, "2006-01-02 15:04:05") }

// Minute formats an instant in UTC to the minute: "12 Nov 03:14".
func Minute(t time.Time) string { return stamp(t, "2 Jan 15:04") }

// Clock formats an instant in UTC as "12 Nov 03:14:07".
func Clock(t time.Time) string { return stamp(t, "2 Jan 15:04:05") }

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format(layout)
}

// Span formats a stretch of time, the date of its end only where it differs:
// "12 Nov 02:00-08:00 UTC", "12 Nov 22:00 - 13 Nov 04:00 UTC".
func Span(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "unknown span"
	}
	end := "-" + to.UTC().Format("15:04")
	if from.UTC().Format(time.DateOnly) != to.UTC().Format(time.DateOnly) {
		end = " - " + Minute(to)
	}
	return Minute(from) + end + " UTC"
}

// Chance says how often chance alone would do as well, in words, for a
// calibrated p-value: "chance alone: less than 1 in 1,000".
func Chance(p *float64) string {
	if p == nil || math.IsNaN(*p) || *p < 0 {
		return "chance not known"
	}
	switch v := *p; {
	case v < 0.0001:
		return "chance alone: less than 1 in 10,000"
	case v < 0.001:
		return "chance alone: less than 1 in 1,000"
	case v < 0.01:
		return "chance alone: less than 1 in 100"
	case v < 0.05:
		return "chance alone: less than 1 in 20"
	case v < 0.2:
		return "chance alone: about " + strconv.FormatFloat(math.Round(v*100), 'f', 0, 64) + " in 100"
	}
	return "chance alone explains it as well"
}

// Interval says an estimate in bytes with its interval:
// "~412 MB (380 to 450 MB)", "at least 40 MB", "at most 3 MB", "not estimable".
func Interval(i culprit.Interval) string {
	switch {
	case i.Estimate != nil && i.Low != nil && i.High != nil:
		return "~" + BytesOf(*i.Estimate) + " (" + BytesRange(*i.Low, *i.High) + ")"
	case i.Low != nil && i.High != nil:
		return BytesRange(*i.Low, *i.High)
	case i.Estimate != nil && i.Low != nil:
		return "~" + BytesOf(*i.Estimate) + " (at least " + BytesOf(*i.Low) + ")"
	case i.Estimate != nil && i.High != nil:
		return "~" + BytesOf(*i.Estimate) + " (at most " + BytesOf(*i.High) + ")"
	case i.Estimate != nil:
		return "~" + BytesOf(*i.Estimate)
	case i.Low != nil:
		return "at least " + BytesOf(*i.Low)
	case i.High != nil:
		return "at most " + BytesOf(*i.High)
	}
	return "not estimable"
}
