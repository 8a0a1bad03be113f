// Package words says the parts of a report in plain English, so that every
// window says them alike.
//
// It owns phrases and the order in which things are told. It refuses to lay out,
// to colour, to write, and to conclude anything the report does not say: it only
// picks and phrases.
package words

import (
	"maps"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/present/style"
)

// Outcome says the overall verdict in a few words.
func Outcome(o culprit.Outcome) string {
	switch o {
	case culprit.OutcomeCulprit:
		return "culprit named"
	case culprit.OutcomeSuspected:
		return "suspected"
	case culprit.OutcomeNotRequests:
		return "not the requests"
	case culprit.OutcomeTraffic:
		return "traffic as a whole"
	case culprit.OutcomeHealthy:
		return "healthy"
	case culprit.OutcomeInsufficient:
		return "not enough evidence"
	}
	return style.Clean(string(o))
}

// Finding says the verdict on one suspect.
func Finding(f culprit.Finding) string {
	if f == culprit.CannotJudge {
		return "cannot be judged"
	}
	return style.Clean(string(f))
}

// Category says what kind of memory trouble it is, "" when the data does not show it.
func Category(c string) string {
	switch c {
	case "bloat":
		return "bloat: single calls need very much at once"
	case "retention":
		return "retention: objects are kept and never let go"
	case "native":
		return "native: grown outside of Ruby's heap"
	case "fragmentation":
		return "fragmentation: freed memory that the allocator cannot give back"
	case "configuration":
		return "configuration: more threads, workers or cache than memory"
	case "page_cache":
		return "page cache: files kept by the kernel, given back on demand"
	}
	return style.Clean(c)
}

// Title names a suspect with what narrows it: "ReportsController#export (format=xlsx)".
func Title(s culprit.Suspect) string {
	name := style.Clean(s.Name)
	if len(s.Dimension) == 0 {
		return name
	}
	return name + " (" + Dimension(s.Dimension) + ")"
}

// Dimension says what narrows a suspect: "format=xlsx, locale=fr".
func Dimension(d map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(d)) {
		parts = append(parts, style.Clean(strings.TrimPrefix(k, "param:")+"="+d[k]))
	}
	return strings.Join(parts, ", ")
}

// Weight says how much of the growth a suspect has caused.
func Weight(s culprit.Suspect) string { return style.Share(s.GrowthShare) + " of the growth" }

// Cost says what one call of a suspect costs: "~412 MB a call (380 to 450 MB)".
func Cost(s culprit.Suspect) string {
	i := s.BytesPerCall
	unit := " a " + noun(s.Kind)
	if i.Estimate == nil && i.Low == nil && i.High == nil {
		return "size of one" + strings.TrimPrefix(unit, " a") + " not known"
	}
	text := style.Interval(i)
	if i.Estimate == nil {
		return text + unit
	}
	head, tail, found := strings.Cut(text, " (")
	if !found {
		return head + unit
	}
	return head + unit + " (" + tail
}

// noun says what one execution of a suspect is called.
func noun(kind string) string {
	switch kind {
	case "job", "task":
		return "run"
	case "process", "event":
		return "time"
	}
	return "call"
}

// Presence says how often a suspect was there when memory grew: "in 11 of 12 events".
func Presence(s culprit.Suspect) string {
	if s.Of <= 0 {
		return ""
	}
	return "in " + style.Count(int64(s.PresentIn)) + " of " + style.Count(int64(s.Of)) + " events"
}

// Bound says the most that an acquitted suspect can have caused, "" when unknown.
func Bound(s culprit.Suspect) string {
	if s.GrowthShareHigh == nil {
		return ""
	}
	share := style.Share(*s.GrowthShareHigh)
	if less, found := strings.CutPrefix(share, "<"); found {
		return "less than " + less + " of the growth"
	}
	return "at most " + share + " of the growth"
}

// Call says where an example ran: "12 Nov 03:14:07, 12.4 s, web3 pid 4121".
func Call(e culprit.Example) string {
	took := style.Seconds(e.Seconds)
	if e.Open {
		took = "never finished"
	}
	text := style.Clock(e.At) + ", " + took
	if where := Unit(e.Host, e.PID); where != "" {
		text += ", " + where
	}
	return text
}

// Unit names a process or a host: "web3 pid 4121", "web3", "".
func Unit(host string, pid int) string {
	host = style.Clean(host)
	switch {
	case pid <= 0:
		return host
	case host == "":
		return "pid " + style.Clean(itoa(pid))
	}
	return host + " pid " + itoa(pid)
}

// Basis says what the verdict rests on.
func Basis(r culprit.Report) string {
	c := r.Coverage
	var work []string
	if c.Requests > 0 || c.Jobs <= 0 {
		work = append(work, style.Plural(max(c.Requests, 0), "request", "requests"))
	}
	if c.Jobs > 0 {
		work = append(work, style.Plural(c.Jobs, "job", "jobs"))
	}
	hosts := style.Plural(int64(c.Hosts), "host", "hosts")
	where := style.Plural(int64(c.Processes), "process", "processes") + ", " + hosts
	if c.Level == culprit.LevelHost {
		where = hosts + " (no pids: per host)"
	}
	text := strings.Join(work, ", ") + "; " + where
	if !r.From.IsZero() && !r.To.IsZero() {
		text += "; " + style.Span(r.From, r.To)
	}
	return text
}

// Grown says how much memory grew and in how many events, warm-up left out.
func Grown(r culprit.Report) string {
	n := 0
	for _, g := range r.Growth {
		if g.Shape != "warmup" {
			n++
		}
	}
	if n == 0 {
		return "no growth beyond warm-up"
	}
	return style.Bytes(r.Coverage.GrowthBytes) + " grown in " + style.Plural(int64(n), "event", "events")
}

// WhatIf says the peak without the named suspects, "" when nobody is named.
func WhatIf(c *culprit.Counterfactual) string {
	if c == nil {
		return ""
	}
	if c.Text != "" {
		return style.Clean(c.Text)
	}
	names := make([]string, len(c.Without))
	for i, n := range c.Without {
		names[i] = style.Clean(n)
	}
	return "Without " + style.List(names, 2) + " the peak would have been " +
		style.Bytes(c.PeakThen) + " instead of " + style.Bytes(c.Peak) + "."
}
