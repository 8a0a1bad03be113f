package gemcheck

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culprit"
	"culprit/internal/app"
	"culprit/internal/bundle"
)

// match is a document that concerns an app: the gem, or whatever it is about, is
// here in a version that is affected.
type match struct {
	gem       string
	version   string
	platforms []string // as locked, empty when the subject is no gem
	line      int      // in the lockfile
	sign      bool     // the subject has a version that is affected: worth a word even if unclear
}

// Check holds documents against an app. It fills in everything of the result but
// Tool and Circumstances.
func Check(docs []Document, a *app.App) culprit.Gems {
	e := newEval(a)
	out := culprit.Gems{
		Schema: culprit.GemsSchema, App: a.Root, Lockfile: a.Lockfile, Checked: len(docs),
		Findings: []culprit.GemFinding{}, Circumstances: []culprit.Circumstance{}, Warnings: slices.Clone(a.Warnings),
	}
	if v, s, _ := rubyOf(a); s.Value != "" {
		out.Ruby = v.String()
	}
	if a.Lock != nil {
		names := map[string]bool{}
		for _, s := range a.Lock.Specs {
			names[s.Name] = true
		}
		out.Locked = len(names)
	}
	for i := range docs {
		d := &docs[i]
		if d.Checked.After(out.Knowledge) {
			out.Knowledge = d.Checked
		}
		for _, m := range e.matches(d) {
			if f, ok := e.finding(d, m); ok {
				out.Findings = append(out.Findings, f)
			}
		}
	}
	slices.SortStableFunc(out.Findings, func(x, y culprit.GemFinding) int {
		return cmp.Or(
			cmp.Compare(rank(x.Verdict), rank(y.Verdict)),
			cmp.Compare(slices.Index(Kinds(), x.Kind), slices.Index(Kinds(), y.Kind)),
			cmp.Compare(x.Gem, y.Gem), cmp.Compare(x.ID, y.ID),
		)
	})
	return out
}

func rank(v culprit.GemVerdict) int {
	return slices.Index([]culprit.GemVerdict{culprit.Applies, culprit.CannotTell, culprit.NotReachable}, v)
}

// matches finds what a document is about in an app.
func (e *eval) matches(d *Document) []match {
	switch {
	case !d.Versioned():
		return []match{{gem: d.Subject}}
	case d.Subject == "ruby":
		v, _, ok := rubyOf(e.a)
		if !ok || !d.affects(v) {
			return nil
		}
		return []match{{gem: "ruby", version: v.String(), sign: true}}
	}
	var found []match
	for _, s := range e.locked[d.Subject] {
		if !d.affects(s.Version) {
			continue
		}
		i := slices.IndexFunc(found, func(m match) bool { return m.version == s.Version.String() })
		if i < 0 {
			found = append(found, match{gem: s.Name, version: s.Version.String(), line: s.Line, sign: true})
			i = len(found) - 1
		}
		found[i].platforms = append(found[i].platforms, s.Platform)
	}
	return found
}

// affects tells whether a version has the problem.
func (d *Document) affects(v bundle.Version) bool {
	hit := func(list []string) bool {
		return slices.ContainsFunc(list, func(s string) bool {
			r, err := bundle.ParseRequirement(s)
			return err == nil && r.Allows(v)
		})
	}
	if len(d.except) > 0 {
		return !hit(d.except)
	}
	return len(d.Affected) == 0 || hit(d.Affected)
}

// finding judges one match; it reports false when there is nothing to say: a
// setting that is not as the document has it, or of which there is no sign.
func (e *eval) finding(d *Document, m match) (culprit.GemFinding, bool) {
	t := e.judge(d, m)
	if !m.sign && (t.is == no || t.is == unknown && !t.sign) {
		return culprit.GemFinding{}, false
	}
	f := culprit.GemFinding{
		ID: d.ID, Gem: m.gem, Version: m.version, Platform: strings.Join(m.platforms, ", "), Fixed: d.Fixed, Kind: d.Kind,
		Title: d.Title, Verdict: verdictOf(t.is), Because: capital(t.words()), Advice: d.Advice,
		Entered: e.entered(m), Evidence: []culprit.Evidence{},
	}
	if d.Condition != nil {
		f.Condition = d.Condition.Says
	}
	if d.Cost != nil {
		f.Cost = &culprit.Cost{Low: culprit.Bytes(d.Cost.Bytes[0]), High: culprit.Bytes(d.Cost.Bytes[1]), Per: d.Cost.Per, Source: d.Cost.Source}
	}
	if m.line > 0 {
		f.Evidence = append(f.Evidence, culprit.Evidence{Text: "locked at " + m.version, File: e.a.Lockfile, Line: m.line})
	}
	f.Evidence = append(f.Evidence, distinct(t.ev)...)
	for _, s := range d.Evidence {
		f.Evidence = append(f.Evidence, culprit.Evidence{Text: s.Says, URL: s.URL})
	}
	return f, true
}

// judge combines where a gem is used with the document's own condition.
func (e *eval) judge(d *Document, m match) truth {
	var parts []truth
	if d.Platforms != "" {
		parts = append(parts, m.on(d.Platforms))
	}
	if d.Condition != nil {
		parts = append(parts, e.of(&d.Condition.When, m))
	}
	if m.line > 0 && !mentionsGroups(d) {
		if only := e.developmentOnly(m.gem); len(only) > 0 {
			parts = append(parts, truth{is: no, why: []string{m.gem + " is in group " + strings.Join(only, ", ") + " only: it is not loaded in production"}})
		}
	}
	if len(parts) == 0 {
		return truth{is: yes, why: []string{"the version is affected, and no more is needed"}}
	}
	return every(parts)
}

func mentionsGroups(d *Document) bool {
	var walk func(x *Expr) bool
	walk = func(x *Expr) bool {
		if x == nil {
			return false
		}
		for _, list := range [][]Expr{x.All, x.Any} {
			for i := range list {
				if walk(&list[i]) {
					return true
				}
			}
		}
		return x.Groups != nil || walk(x.Not)
	}
	return d.Condition != nil && walk(&d.Condition.When)
}

func verdictOf(t tri) culprit.GemVerdict {
	switch t {
	case yes:
		return culprit.Applies
	case no:
		return culprit.NotReachable
	}
	return culprit.CannotTell
}

// on tells whether the locked platform is of a sort.
func (m match) on(sort string) truth {
	var parts []truth
	for _, p := range m.platforms {
		is := false
		switch sort {
		case "java":
			is = strings.Contains(p, "java")
		case "ruby":
			is = p == bundle.RubyPlatform
		case "precompiled":
			is = bundle.Precompiled(p)
		case "native":
			is = !strings.Contains(p, "java")
		}
		t := truth{is: no, why: []string{m.gem + " is locked for " + p}}
		if is {
			t = truth{is: yes} // as expected: not worth a word
		}
		parts = append(parts, t)
	}
	if len(parts) == 0 {
		return truth{why: []string{"the platform is not known"}}
	}
	all, any := every(parts), some(parts)
	if all.is == any.is {
		return all
	}
	return truth{why: []string{m.gem + " is locked for " + strings.Join(m.platforms, ", ") + ", and which of them is installed is not known"}}
}

// entered is when the locked version came into the lockfile: the latest change to
// it, for a version may come twice.
func (e *eval) entered(m match) time.Time {
	for _, c := range e.a.History[m.gem] {
		if c.Version == m.version {
			return c.At
		}
	}
	return time.Time{}
}

func distinct(list []culprit.Evidence) []culprit.Evidence {
	var out []culprit.Evidence
	for _, v := range list {
		if !slices.Contains(out, v) && len(out) < maxEvidence {
			out = append(out, v)
		}
	}
	return out
}

// capital begins a sentence; a path at its beginning stays as it is.
func capital(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if s == "" || strings.ContainsAny(first, "/.:") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
