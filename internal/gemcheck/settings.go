package gemcheck

import (
	"fmt"
	"regexp"
	"strconv"

	"culprit"
	"culprit/internal/app"
	"culprit/internal/bundle"
)

func shown(s app.Setting, text string) culprit.Evidence {
	return culprit.Evidence{Text: text, File: s.File, Line: s.Line, Code: cut(s.Text, 200)}
}

// env: a file of the app shows that a variable is set. That none does says
// nothing, for it may be set elsewhere.
func (e *eval) env(p *EnvProbe) truth {
	for _, s := range e.a.Env {
		if s.Name != p.Name {
			continue
		}
		ev := []culprit.Evidence{shown(s, "sets "+p.Name)}
		here := at(ev[0])
		if p.Match == "" {
			t := truth{is: yes, ev: ev, why: []string{here + " sets " + p.Name}}
			if !*p.Set {
				t.is = no
			}
			return t
		}
		if s.Dynamic && s.Value == "" {
			return truth{ev: ev, why: []string{here + " sets " + p.Name + " to what is computed elsewhere"}}
		}
		text := here + " sets " + p.Name + " to " + strconv.Quote(s.Value)
		if regexp.MustCompile(p.Match).MatchString(s.Value) { // compiled once before, in valid
			return truth{is: yes, ev: ev, why: []string{text}}
		}
		return truth{is: no, ev: ev, why: []string{text}}
	}
	return truth{why: []string{"no file of the app sets " + p.Name + ", and it may be set elsewhere"}}
}

// productionFile is where Rails keeps what holds in production.
const productionFile = "config/environments/production.rb"

func (e *eval) production(p *ValueProbe) truth {
	there := false
	for i := range e.a.Sources {
		there = there || e.a.Sources[i].Path == productionFile
	}
	if !there {
		return truth{why: []string{"there is no " + productionFile}}
	}
	var last *app.Setting
	for i := range e.a.Production {
		if e.a.Production[i].Name == p.Name {
			last = &e.a.Production[i]
		}
	}
	if last == nil {
		return truth{is: no, why: []string{p.Name + " is not set for production"}}
	}
	ev := []culprit.Evidence{shown(*last, "sets "+p.Name)}
	text := at(ev[0]) + " sets " + p.Name + " to " + cut(last.Value, 60)
	if p.Match == "" || regexp.MustCompile(p.Match).MatchString(last.Value) { // compiled once before, in valid
		return truth{is: yes, ev: ev, why: []string{text}}
	}
	return truth{is: no, ev: ev, why: []string{text}}
}

func (e *eval) puma(p *PumaProbe) truth {
	q := &e.a.Puma
	if q.File == "" {
		return truth{why: []string{"there is no config/puma.rb"}}
	}
	var parts []truth
	if p.Workers != "" {
		parts = append(parts, number(q, q.Workers, "workers", 0, p.Workers))
	}
	if p.Threads != "" {
		// Puma's own default is 5 threads (Puma 5 to 7: lib/puma/configuration.rb).
		parts = append(parts, number(q, q.ThreadsMax, "threads", 5, p.Threads))
	}
	if p.Preload != nil {
		parts = append(parts, e.preload(*p.Preload))
	}
	if p.ForkWorker != nil {
		parts = append(parts, flag(q, q.ForkWorker, "fork_worker", *p.ForkWorker))
	}
	return every(parts)
}

// number holds a count of config/puma.rb against a comparison; what is not set
// is Puma's default.
func number(q *app.Puma, s *app.Setting, name string, preset int, comparison string) truth {
	n, ev := preset, []culprit.Evidence{{Text: name + " is not set", File: q.File}}
	text := fmt.Sprintf("%s leaves %s at %d", q.File, name, preset)
	if s != nil {
		v, err := strconv.Atoi(s.Value)
		ev = []culprit.Evidence{shown(*s, "sets "+name)}
		if err != nil {
			return truth{ev: ev, why: []string{at(ev[0]) + " computes " + name}}
		}
		n, text = v, fmt.Sprintf("%s sets %s to %d", at(ev[0]), name, v)
		if s.Dynamic {
			text += " unless the environment says otherwise"
		}
	} else if len(q.Unread) > 0 {
		return truth{ev: []culprit.Evidence{shown(q.Unread[0], "was not followed")}, why: []string{q.File + " has logic that was not followed"}}
	}
	if ok, err := compare(comparison, n); err == nil && ok {
		return truth{is: yes, ev: ev, why: []string{text}}
	}
	return truth{is: no, ev: ev, why: []string{text}}
}

// preload: Puma 7 preloads clusters by default (History.md, 7.0.0).
func (e *eval) preload(want bool) truth {
	q := &e.a.Puma
	if q.Preload == nil && e.a.Lock != nil {
		seven, err := bundle.ParseRequirement(">= 7")
		for _, s := range e.locked["puma"] {
			if err == nil && seven.Allows(s.Version) {
				is := no
				if want {
					is = yes
				}
				return truth{is: is, why: []string{"Puma " + s.Version.String() + " preloads by default"}}
			}
		}
	}
	return flag(q, q.Preload, "preload_app!", want)
}

func flag(q *app.Puma, s *app.Setting, name string, want bool) truth {
	on, ev, text := false, []culprit.Evidence{{Text: name + " is not set", File: q.File}}, q.File+" does not set "+name
	if s != nil {
		ev = []culprit.Evidence{shown(*s, "sets "+name)}
		if s.Value != "true" && s.Value != "false" {
			return truth{ev: ev, why: []string{at(ev[0]) + " sets " + name + " by what is computed"}}
		}
		on, text = s.Value == "true", at(ev[0])+" sets "+name+" "+s.Value
	} else if len(q.Unread) > 0 {
		return truth{ev: []culprit.Evidence{shown(q.Unread[0], "was not followed")}, why: []string{q.File + " has logic that was not followed"}}
	}
	t := truth{is: no, ev: ev, why: []string{text}}
	if on == want {
		t.is = yes
	}
	return t
}
