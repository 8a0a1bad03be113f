package cli

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"culprit"
)

var (
	mail    = regexp.MustCompile(`[A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
	address = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	longID  = regexp.MustCompile(`\b(?:\d{5,}|[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f-]{27})\b`)
	query   = regexp.MustCompile(`\?[^ "]*`)
)

// hide takes out of a text what may name a person: e-mails, addresses, long
// numbers and query strings.
func hide(s string) string {
	s = query.ReplaceAllString(s, "?…")
	s = mail.ReplaceAllString(s, "(e-mail)")
	s = address.ReplaceAllString(s, "(address)")
	return longID.ReplaceAllString(s, ":id")
}

// anonymize hides free text that doors passed on: in names, and in every
// sentence that uses them. Parameters' values that reach a report are enumerated
// ones by construction.
func anonymize(r *culprit.Report) {
	names := hidden(r)
	say := func(texts ...*string) {
		for _, s := range texts {
			// Numbers of sentences are bytes, calls and pids, and stay.
			*s = mail.ReplaceAllString(names.Replace(*s), "(e-mail)")
		}
	}
	sayAll := func(list []string) {
		for i := range list {
			say(&list[i])
		}
	}
	say(&r.Verdict.Headline, &r.Verdict.AbstainedBecause)
	sayAll(r.Verdict.Warnings)
	sayAll(r.Verdict.Notes)
	if cf := r.Counterfactual; cf != nil {
		say(&cf.Text)
		sayAll(cf.Without)
	}
	for i := range r.Next {
		say(&r.Next[i].Do, &r.Next[i].Settles, &r.Next[i].Command)
	}
	for i := range r.Inputs {
		sayAll(r.Inputs[i].Warnings)
	}
	for i := range r.Happenings {
		r.Happenings[i].Name = hide(r.Happenings[i].Name)
	}
	for i := range r.Suspects {
		s := &r.Suspects[i]
		say(&s.Name, &s.Reason)
		for k, v := range s.Dimension {
			s.Dimension[k] = hide(v)
		}
		for j := range s.Examples {
			s.Examples[j].Shape = hide(s.Examples[j].Shape)
		}
	}
	if r.Picture == nil {
		return
	}
	for i := range r.Picture.Lanes {
		for j := range r.Picture.Lanes[i].Marks {
			say(&r.Picture.Lanes[i].Marks[j].Label)
		}
	}
}

// hidden replaces the names of suspects and happenings that hold something to
// hide, wherever they stand.
func hidden(r *culprit.Report) *strings.Replacer {
	var names []string
	for i := range r.Suspects {
		s := &r.Suspects[i]
		if s.Kind != "process" { // a pid is nobody's secret
			names = append(names, s.Name)
		}
		for _, v := range s.Dimension {
			names = append(names, v)
		}
	}
	for _, h := range r.Happenings {
		names = append(names, h.Name)
	}
	// A name may be part of another one: the longest goes first.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(-cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	var pairs []string
	for _, n := range slices.Compact(names) {
		if h := hide(n); h != n {
			pairs = append(pairs, n, h)
		}
	}
	return strings.NewReplacer(pairs...)
}
