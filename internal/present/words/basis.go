package words

import (
	"strings"

	"culprit"
	"culprit/internal/present/style"
)

// Fact is one named line about the data.
type Fact struct{ Name, Text string }

// Coverage says what the data of r can speak about, line by line.
func Coverage(r culprit.Report) []Fact {
	c := r.Coverage
	list := []Fact{
		{"Calls", calls(c)},
		{"Memory", memory(c)},
		{"Matched", style.Share(c.Matched) + " of the calls, " + level(c.Level)},
		{"Growth", style.Bytes(c.GrowthBytes) + " beyond " + style.Bytes(c.WarmupBytes) + " of warm-up; peak " + style.Bytes(c.PeakBytes)},
	}
	if !r.From.IsZero() || !r.To.IsZero() {
		list = append([]Fact{{"Span", style.Time(r.From) + " to " + style.Time(r.To) + " UTC"}}, list...)
	}
	if text := families(c); text != "" {
		list = append(list, Fact{"Compared with", text})
	}
	if r.Verdict.Method != "" {
		list = append(list, Fact{"Method", method(r.Verdict.Method)})
	}
	if text := Category(r.Verdict.Category); text != "" {
		list = append(list, Fact{"Kind", text})
	}
	return list
}

func calls(c culprit.Coverage) string {
	text := style.Plural(max(c.Requests, 0), "request", "requests")
	if c.Jobs > 0 {
		text += ", " + style.Plural(c.Jobs, "job", "jobs")
	}
	if c.Unfinished > 0 {
		text += ", " + style.Count(c.Unfinished) + " never finished"
	}
	return text
}

func memory(c culprit.Coverage) string {
	text := style.Plural(max(c.Samples, 0), "sample", "samples") + " of " +
		style.Plural(int64(c.Processes), "process", "processes") + " on " +
		style.Plural(int64(c.Hosts), "host", "hosts")
	if c.IntervalSeconds > 0 {
		text += ", one every " + style.Seconds(c.IntervalSeconds)
	}
	return text
}

func level(l culprit.Level) string {
	if l == culprit.LevelHost {
		return "host by host: nothing says which process ran them"
	}
	return "process by process"
}

func families(c culprit.Coverage) string {
	text := strings.Join(looks(c.Families), ", ")
	if len(c.MissingFamilies) > 0 {
		if text != "" {
			text += "; "
		}
		text += "not possible: " + strings.Join(looks(c.MissingFamilies), ", ")
	}
	return text
}

// looks says what each family of look-alikes compares a growth event with.
func looks(list []string) []string {
	out := make([]string, len(list))
	for i, f := range list {
		switch f {
		case "time":
			out[i] = "other times of the same process"
		case "hour":
			out[i] = "the same hour on other days"
		case "unit":
			out[i] = "other processes at the same time"
		default:
			out[i] = style.Clean(f)
		}
	}
	return out
}

func method(m string) string {
	switch m {
	case "line-up":
		return "line-up: who was in flight when memory grew, against look-alike moments"
	case "ledger":
		return "ledger: slow growth of each process set against the calls it served"
	case "direct":
		return "direct: the log itself says what each call allocated"
	case "recorded":
		return "recorded: stacks of the live process, read while memory grew"
	}
	return style.Clean(m)
}

// Input says what became of one file, part by part.
func Input(in culprit.Input) []string {
	parts := []string{style.Clean(in.Kind)}
	if in.Format != "" {
		parts = append(parts, style.Clean(in.Format))
	}
	parts = append(parts, Understood(in))
	if in.Bytes > 0 {
		parts = append(parts, style.Bytes(culprit.Bytes(in.Bytes)))
	}
	if !in.First.IsZero() && !in.Last.IsZero() {
		parts = append(parts, style.Span(in.First, in.Last))
	}
	if in.Clock != "" {
		parts = append(parts, "stamped at "+style.Clean(in.Clock))
	}
	return parts
}
