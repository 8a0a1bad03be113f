package appdir

import (
	"regexp"
	"strconv"
	"strings"

	"culprit/internal/app"
)

var (
	pumaDirective = regexp.MustCompile(`^(workers|threads|preload_app!|fork_worker)(?:[\s(]+(.*))?$`)
	pumaAssign    = regexp.MustCompile(`^([a-z_][a-z0-9_]*)\s*=\s*([^=~].*)$`)
	pumaIf        = regexp.MustCompile(`^(if|unless|elsif|case|while)\b\s*(.*)`)
	pumaTrailing  = regexp.MustCompile(`\s(if|unless)\s+(.+)$`)
	integer       = regexp.MustCompile(`^\d+$`)
	integerWord   = regexp.MustCompile(`\b\d+\b`)
	fromEnv       = regexp.MustCompile(`ENV(?:\.fetch\s*\(?|\[)\s*["'][A-Za-z0-9_]+["']`)
	fetchDefault  = regexp.MustCompile(`ENV\.fetch\s*\(?\s*["'][A-Za-z0-9_]+["']\s*(?:,\s*["']?([^"')]+?)["']?\s*\)|\)?\s*\{\s*["']?([^"'}]+?)["']?\s*\})`)
	orDefault     = regexp.MustCompile(`ENV\[\s*["'][A-Za-z0-9_]+["']\s*\]\s*\|\|\s*["']?([^"')]+?)["']?\s*(?:[).]|$)`)
)

// pumaFiles are where Puma looks for its configuration by itself, the most
// particular first (lib/puma/configuration.rb, config_files).
var pumaFiles = []string{"config/puma/production.rb", "config/puma.rb", "puma.rb"}

// puma reads the configuration of Puma as production runs it.
func (r *reader) puma() {
	for _, name := range pumaFiles {
		if s := r.source(name); s != nil {
			p := &pumaReader{p: &r.a.Puma, file: name, vars: map[string]app.Setting{}}
			p.p.File = name
			p.read(s)
			return
		}
	}
}

type pumaReader struct {
	p    *app.Puma
	file string
	vars map[string]app.Setting
	// open are the blocks that are open: whether production runs what is inside.
	open []tri
}

// tri is what is known of a condition.
type tri int

const (
	skips tri = iota - 1
	unclear
	runs
)

func (p *pumaReader) read(s *app.Source) {
	for _, st := range statements(s) {
		text := strings.TrimSpace(st.text)
		switch m := pumaIf.FindStringSubmatch(text); {
		case m != nil && m[1] == "elsif":
			p.swap(conditionOf("if", m[2], true))
		case m != nil:
			p.open = append(p.open, conditionOf(m[1], m[2], false))
		case text == "else":
			p.swap(-p.last())
		case text == "end" || strings.HasPrefix(text, "end "):
			if len(p.open) > 0 {
				p.open = p.open[:len(p.open)-1]
			}
		default:
			p.statement(st, text)
			if opensOther.MatchString(text) {
				p.open = append(p.open, runs) // a hook's block
			}
		}
	}
}

func (p *pumaReader) last() tri {
	if len(p.open) == 0 {
		return runs
	}
	return p.open[len(p.open)-1]
}

// swap is for another branch of the same condition: it runs only where the one
// before does not.
func (p *pumaReader) swap(to tri) {
	if len(p.open) == 0 {
		return
	}
	if to == runs && p.last() != skips {
		to = unclear
	}
	p.open[len(p.open)-1] = to
}

// conditionOf tells whether production runs what stands under a condition.
func conditionOf(word, text string, other bool) tri {
	t := unclear
	production := strings.Contains(text, "production")
	development := strings.Contains(text, "development") || strings.Contains(text, `"test"`)
	negated := strings.Contains(text, "!=") || strings.HasPrefix(text, "!")
	switch {
	case strings.Contains(text, "&&") || strings.Contains(text, "||") || other || word == "case" || word == "while":
	case production && !development:
		t = runs
	case development && !production:
		t = skips
	}
	if negated {
		t = -t
	}
	if word == "unless" {
		t = -t
	}
	return t
}

func (p *pumaReader) statement(st statement, text string) {
	where := runs
	for _, t := range p.open {
		where = min(where, t)
	}
	if m := pumaTrailing.FindStringSubmatchIndex(text); m != nil && pumaDirective.MatchString(text) {
		where = min(where, conditionOf(text[m[2]:m[3]], text[m[4]:m[5]], false))
		text = strings.TrimSpace(text[:m[0]])
	}
	if where == skips {
		return
	}
	if m := pumaAssign.FindStringSubmatch(text); m != nil {
		if where == runs {
			p.vars[m[1]] = p.value(m[1], m[2], st)
		} else {
			delete(p.vars, m[1])
		}
		return
	}
	m := pumaDirective.FindStringSubmatch(text)
	if m == nil {
		return
	}
	if where == unclear {
		p.p.Unread = append(p.p.Unread, app.Setting{Name: m[1], File: p.file, Line: st.line, Text: st.raw})
		return
	}
	p.directive(m[1], strings.TrimSuffix(strings.TrimSpace(m[2]), ")"), m[2], st)
}

func (p *pumaReader) directive(name, args, whole string, st statement) {
	switch name {
	case "workers":
		v := p.value(name, balanced(args, whole), st)
		p.p.Workers = &v
	case "threads":
		low, high := splitArguments(balanced(args, whole))
		if high == "" {
			high = low
		}
		a, b := p.value(name, low, st), p.value(name, high, st)
		p.p.ThreadsMin, p.p.ThreadsMax = &a, &b
	case "preload_app!":
		v := app.Setting{Name: name, Value: "true", File: p.file, Line: st.line, Text: st.raw}
		if strings.HasPrefix(args, "false") {
			v.Value = "false"
		} else if args != "" && !strings.HasPrefix(args, "true") {
			v.Value, v.Dynamic = "", true
		}
		p.p.Preload = &v
	case "fork_worker":
		p.p.ForkWorker = &app.Setting{Name: name, Value: "true", File: p.file, Line: st.line, Text: st.raw}
	}
}

// balanced gives args back its closing bracket where that one was its own.
func balanced(args, whole string) string {
	if strings.Count(args, "(") > strings.Count(args, ")") {
		return strings.TrimSpace(whole)
	}
	return args
}

// splitArguments splits "a, b" at the comma that is in no bracket.
func splitArguments(s string) (a, b string) {
	depth := 0
	for i, c := range s {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
			}
		}
	}
	return strings.TrimSpace(s), ""
}

// value reads a number, or what stands for one when the environment says nothing.
func (p *pumaReader) value(name, text string, st statement) app.Setting {
	s := app.Setting{Name: name, File: p.file, Line: st.line, Text: st.raw}
	text = strings.TrimSpace(text)
	if v, ok := p.vars[text]; ok {
		v.Name, v.File, v.Line, v.Text = name, s.File, s.Line, s.Text
		return v
	}
	switch {
	case integer.MatchString(text):
		s.Value = text
	case fromEnv.MatchString(text):
		s.Dynamic = true
		for _, re := range []*regexp.Regexp{fetchDefault, orDefault} {
			if m := re.FindStringSubmatch(text); m != nil {
				s.Value = p.preset(strings.TrimSpace(strings.Join(m[1:], "")))
				break
			}
		}
	default:
		s.Dynamic = true // Concurrent.physical_processor_count, Etc.nprocessors, a method
	}
	return s
}

// preset is a default as a number, "" when it is computed.
func (p *pumaReader) preset(text string) string {
	if v, ok := p.vars[text]; ok {
		return v.Value
	}
	if _, err := strconv.Atoi(text); err == nil {
		return text
	}
	if n := integerWord.FindAllString(text, -1); len(n) == 1 && strings.HasPrefix(text, "Integer(") {
		return n[0]
	}
	return ""
}
