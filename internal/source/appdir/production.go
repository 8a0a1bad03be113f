package appdir

import (
	"regexp"
	"strings"

	"culprit/internal/app"
)

var railsSetting = regexp.MustCompile(`^(config\.[a-z0-9_.]+[a-z0-9_?!])\s*=\s*([^=~].*)$`)

var (
	otherwise = regexp.MustCompile(`^(else|elsif\b.*|when\b.*)$`)
	branches  = regexp.MustCompile(`^(if|unless|case|begin)\b`)
)

// other is what holds in the branch after one: the opposite after "else". Further
// conditions are not followed.
func other(t tri, text string) tri {
	switch {
	case text != "else", t == unclear:
		return unclear
	case t == runs:
		return skips
	}
	return runs
}

// production reads the settings of Rails that hold in production, in the order
// in which they are made.
func (r *reader) production() {
	for _, name := range []string{"config/application.rb", "config/environments/production.rb"} {
		s := r.source(name)
		if s == nil {
			continue
		}
		var open []tri
		for _, st := range statements(s) {
			text := strings.TrimSpace(st.text)
			m := railsSetting.FindStringSubmatch(text)
			switch c := pumaIf.FindStringSubmatch(text); {
			case c != nil:
				open = append(open, conditionOf(c[1], c[2], false))
				continue
			case otherwise.MatchString(text):
				if len(open) > 0 {
					open[len(open)-1] = other(open[len(open)-1], text)
				}
				continue
			case closes.MatchString(text):
				if len(open) > 0 {
					open = open[:len(open)-1]
				}
				continue
			case m == nil:
				if opensOther.MatchString(text) || strings.HasPrefix(text, "class ") || strings.HasPrefix(text, "module ") || strings.HasPrefix(text, "def ") {
					open = append(open, runs)
				}
				if strings.HasPrefix(text, "case ") || text == "case" || strings.HasPrefix(text, "while ") {
					open = append(open, unclear)
				}
				continue
			}
			where := runs
			for _, t := range open {
				where = min(where, t)
			}
			value := strings.TrimSpace(m[2])
			if branches.MatchString(value) {
				where = min(where, unclear)
				if !endsHere.MatchString(value) {
					open = append(open, unclear)
				}
			}
			if t := pumaTrailing.FindStringSubmatchIndex(value); t != nil {
				where = min(where, conditionOf(value[t[2]:t[3]], value[t[4]:t[5]], false))
				value = strings.TrimSpace(value[:t[0]])
			}
			if where == skips {
				continue
			}
			r.a.Production = append(r.a.Production, app.Setting{
				Name: m[1], Value: value, File: name, Line: st.line, Text: st.raw,
				Dynamic: where == unclear || strings.Contains(value, "ENV"),
			})
		}
	}
}
