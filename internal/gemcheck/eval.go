package gemcheck

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/app"
	"culprit/internal/bundle"
)

// eval answers the probes of documents for one app.
type eval struct {
	a      *app.App
	files  int // sources of code
	locked map[string][]bundle.Spec
}

func newEval(a *app.App) *eval {
	e := &eval{a: a, locked: map[string][]bundle.Spec{}}
	if a.Lock != nil {
		for _, s := range a.Lock.Specs {
			e.locked[s.Name] = append(e.locked[s.Name], s)
		}
	}
	for i := range a.Sources {
		if isCode(a.Sources[i].Kind) {
			e.files++
		}
	}
	return e
}

func isCode(kind string) bool { return kind == "ruby" || kind == "template" }

// of evaluates an expression for a gem that matched with platform.
func (e *eval) of(x *Expr, m match) truth {
	switch {
	case x.All != nil:
		return every(e.each(x.All, m))
	case x.Any != nil:
		return some(e.each(x.Any, m))
	case x.Not != nil:
		return e.of(x.Not, m).not()
	case x.Calls != nil:
		return e.calls(x.Calls)
	case x.Constant != "":
		return e.constant(x.Constant)
	case x.Code != nil:
		return e.code(x.Code)
	case x.Gem != nil:
		return e.gem(x.Gem)
	case x.Groups != nil:
		return e.groups(x.Groups, m)
	case x.Ruby != "":
		return e.ruby(x.Ruby)
	case x.Env != nil:
		return e.env(x.Env)
	case x.Production != nil:
		return e.production(x.Production)
	case x.Puma != nil:
		return e.puma(x.Puma)
	case x.Platform != "":
		return m.on(x.Platform)
	case x.Mistaken != "":
		return truth{is: no, why: []string{x.Mistaken}}
	}
	return truth{why: []string{"it depends on how the app is run"}}
}

func (e *eval) each(list []Expr, m match) []truth {
	out := make([]truth, len(list))
	for i := range list {
		out[i] = e.of(&list[i], m)
	}
	return out
}

// seen turns lines that were found into a truth; without any, what was read
// decides whether that means no.
func (e *eval) seen(ev []culprit.Evidence, shows, none string) truth {
	if len(ev) > 0 {
		return truth{is: yes, ev: ev, why: []string{at(ev[0]) + " " + shows + more(len(ev))}}
	}
	if !e.a.CodeRead {
		return truth{why: []string{"the app's code was not read, or not all of it"}}
	}
	return truth{is: no, why: []string{fmt.Sprintf("no line of the app %s (%d files read)", none, e.files)}}
}

func at(v culprit.Evidence) string {
	if v.Line == 0 {
		return v.File
	}
	return v.File + ":" + strconv.Itoa(v.Line)
}

func more(n int) string {
	switch n {
	case 1:
		return ""
	case 2:
		return ", and 1 line more"
	}
	return fmt.Sprintf(", and %d lines more", n-1)
}

func (e *eval) calls(names []string) truth {
	var ev []culprit.Evidence
	for i := range e.a.Sources {
		s := &e.a.Sources[i]
		if !isCode(s.Kind) {
			continue
		}
		for n, line := range s.Bare {
			for _, name := range names {
				if callsOn(line, s.Code[n], name) {
					ev = append(ev, lineOf(s, n, "calls "+name))
					break
				}
			}
		}
	}
	list := strings.Join(names, " or ")
	return e.seen(ev, "calls "+list, "calls "+list)
}

func lineOf(s *app.Source, n int, text string) culprit.Evidence {
	return culprit.Evidence{Text: text, File: s.Path, Line: n + 1, Code: cut(strings.TrimSpace(s.Raw[n]), 200)}
}

func (e *eval) constant(name string) truth {
	var ev []culprit.Evidence
	for i := range e.a.Sources {
		s := &e.a.Sources[i]
		if !isCode(s.Kind) {
			continue
		}
		for n, line := range s.Bare {
			if mentions(line, name) {
				ev = append(ev, lineOf(s, n, "mentions "+name))
			}
		}
	}
	return e.seen(ev, "mentions "+name, "mentions "+name)
}

func (e *eval) code(p *CodeProbe) truth {
	re := regexp.MustCompile(p.Match) // compiled once before, in valid
	var in []*regexp.Regexp
	for _, g := range p.In {
		if r, err := glob(g); err == nil {
			in = append(in, r)
		}
	}
	var ev []culprit.Evidence
	for i := range e.a.Sources {
		s := &e.a.Sources[i]
		if !within(s, in) {
			continue
		}
		for n, line := range s.Code {
			if re.MatchString(line) {
				ev = append(ev, lineOf(s, n, "does that"))
			}
		}
	}
	return e.seen(ev, "does that", "does that")
}

func within(s *app.Source, in []*regexp.Regexp) bool {
	if len(in) == 0 {
		return isCode(s.Kind)
	}
	for _, r := range in {
		if r.MatchString(s.Path) {
			return true
		}
	}
	return false
}

func (e *eval) gem(p *GemProbe) truth {
	if e.a.Lock == nil {
		return truth{why: []string{"there is no lockfile"}}
	}
	want, err := bundle.ParseRequirement(p.Version)
	if err != nil {
		return truth{why: []string{err.Error()}}
	}
	for _, s := range e.locked[p.Name] {
		if want.Allows(s.Version) {
			text := p.Name + " " + s.Version.String() + " is in the bundle"
			return truth{is: yes, why: []string{text}, ev: []culprit.Evidence{{Text: text, File: e.a.Lockfile, Line: s.Line}}}
		}
	}
	return truth{is: no, why: []string{strings.TrimSpace(p.Name+" "+p.Version) + " is not in the bundle"}}
}

func (e *eval) groups(p *GroupProbe, m match) truth {
	groups, known := e.a.Groups[m.gem]
	if !known {
		return truth{why: []string{"the Gemfile does not say in which groups " + m.gem + " is"}}
	}
	text := m.gem + " is in group " + strings.Join(groups, ", ")
	if subset(groups, p.Only) {
		return truth{is: yes, why: []string{text + " only"}}
	}
	return truth{is: no, why: []string{text}}
}

func (e *eval) ruby(requirement string) truth {
	want, err := bundle.ParseRequirement(requirement)
	v, s, ok := rubyOf(e.a)
	if err != nil || !ok {
		return truth{why: []string{"the app's files do not tell the version of Ruby"}}
	}
	ev := []culprit.Evidence{{Text: "Ruby " + v.String(), File: s.File, Line: s.Line, Code: s.Text}}
	text := "Ruby is " + v.String()
	if want.Allows(v) {
		return truth{is: yes, why: []string{text}, ev: ev}
	}
	return truth{is: no, why: []string{text}, ev: ev}
}

// rubyOf is the version of Ruby that the app's files name, MRI's only.
func rubyOf(a *app.App) (bundle.Version, app.Setting, bool) {
	for _, s := range a.Ruby {
		if s.Value == "" {
			continue
		}
		v, engine, err := bundle.ParseRuby(s.Value)
		if err != nil {
			continue
		}
		return v, s, engine == "ruby"
	}
	return bundle.Version{}, app.Setting{}, false
}

func subset(list, of []string) bool {
	for _, x := range list {
		found := false
		for _, y := range of {
			found = found || x == y
		}
		if !found {
			return false
		}
	}
	return len(list) > 0
}
