package appdir

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"culprit/internal/app"
)

var (
	opensGroup  = regexp.MustCompile(`^group[\s(](.*?)\)?\s*do\b`)
	opensOther  = regexp.MustCompile(`\bdo\s*(\|[^|]*\|)?\s*$`)
	opensLogic  = regexp.MustCompile(`^(if|unless|case|while|begin)\b|=\s*(if|case|unless)\b`)
	closes      = regexp.MustCompile(`^end\b`)
	gemLine     = regexp.MustCompile(`^gem[\s(]+["']([A-Za-z0-9_.-]+)["'](.*)`)
	groupOption = regexp.MustCompile(`(?::groups?\s*=>|\bgroups?:)\s*(%[iIwW]?[\[({<][^\])}>]*[\])}>]|\[[^\]]*\]|:\w+|["']\w+["'])`)
	symbol      = regexp.MustCompile(`:(\w+)|["'](\w+)["']`)
	percent     = regexp.MustCompile(`%[iIwW][\[({<]([^\])}>]*)[\])}>]`)
	optional    = regexp.MustCompile(`,?\s*(:optional\s*=>|optional:)\s*\w+`)
	endsHere    = regexp.MustCompile(`[\s;]end\s*$`)
	anyGem      = regexp.MustCompile(`\bgem[\s(]+["']([A-Za-z0-9_.-]+)["']`)
	otherFile   = regexp.MustCompile(`^eval_gemfile[\s(]+["']([^"']+)["']`)
	trailing    = regexp.MustCompile(`\s(if|unless)\s`)
)

// gemfile reads which groups gems are in. A gem under logic that is not followed
// is left out: where it is loaded is not known.
func (r *reader) gemfile() {
	for _, name := range []string{"Gemfile", "gems.rb"} {
		if s := r.source(name); s != nil {
			r.a.Groups = map[string][]string{}
			r.gemfileOf(s, 0, nil)
			return
		}
	}
}

func (r *reader) gemfileOf(s *app.Source, depth int, within []block) {
	stack := slices.Clone(within)
	for _, line := range statements(s) {
		text := strings.TrimSpace(line.text)
		switch m := opensGroup.FindStringSubmatch(text); {
		case endsHere.MatchString(text) && (m != nil || opensLogic.MatchString(text)):
			// A block that opens and ends on its line: whose its gems are is not followed.
			for _, g := range anyGem.FindAllStringSubmatch(text, -1) {
				delete(r.a.Groups, g[1])
			}
		case m != nil:
			groups := symbols(optional.ReplaceAllString(m[1], ""))
			stack = append(stack, block{groups: groups, unclear: len(groups) == 0})
		case closes.MatchString(text):
			if len(stack) > len(within) {
				stack = stack[:len(stack)-1]
			}
		case opensLogic.MatchString(text):
			stack = append(stack, block{unclear: true})
		case gemLine.MatchString(text):
			r.takeGem(gemLine.FindStringSubmatch(text), stack)
		case otherFile.MatchString(text) && depth < 5:
			name := path.Join(path.Dir(s.Path), otherFile.FindStringSubmatch(text)[1])
			if other := r.text(name); other != "" {
				kind, blank := "ruby", blanker(nil)
				_, blank = kindOf("Gemfile")
				src := makeSource(name, kind, []byte(other), blank)
				r.gemfileOf(&src, depth+1, stack)
			}
		case opensOther.MatchString(text):
			stack = append(stack, block{unclear: strings.HasPrefix(text, "install_if")})
		}
	}
}

// block is one that is open: a group, or logic.
type block struct {
	groups  []string
	unclear bool
}

func (r *reader) takeGem(m []string, stack []block) {
	name, rest := m[1], m[2]
	var groups []string
	for _, b := range stack {
		if b.unclear {
			delete(r.a.Groups, name)
			return
		}
		groups = append(groups, b.groups...)
	}
	if trailing.MatchString(rest) {
		delete(r.a.Groups, name)
		return
	}
	if o := groupOption.FindStringSubmatch(rest); o != nil {
		groups = append(groups, symbols(o[1])...)
	}
	if len(groups) == 0 {
		groups = []string{"default"}
	}
	for _, g := range groups {
		if !slices.Contains(r.a.Groups[name], g) {
			r.a.Groups[name] = append(r.a.Groups[name], g)
		}
	}
}

func symbols(text string) []string {
	var list []string
	for _, m := range percent.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.Fields(m[1])...)
	}
	text = percent.ReplaceAllString(text, "")
	for _, m := range symbol.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

// statement is one statement that may stand on several lines, with its first.
type statement struct {
	text string
	line int // from 1
	raw  string
}

// statements joins lines that end in a comma, an operator or an open bracket
// with those that follow. It goes by lines: a semicolon splits nothing.
func statements(s *app.Source) []statement {
	var out []statement
	open := false
	depth := 0
	for i, line := range s.Code {
		bare := ""
		if i < len(s.Bare) {
			bare = strings.TrimSpace(s.Bare[i])
		}
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		if open || depth > 0 || strings.HasPrefix(text, ".") && len(out) > 0 {
			last := &out[len(out)-1]
			if len(last.text) < 4000 {
				last.text += " " + text
			}
		} else {
			out = append(out, statement{text, i + 1, strings.TrimSpace(s.Raw[i])})
		}
		depth = max(0, depth+strings.Count(bare, "(")+strings.Count(bare, "[")+strings.Count(bare, "{")-
			strings.Count(bare, ")")-strings.Count(bare, "]")-strings.Count(bare, "}"))
		open = strings.HasSuffix(bare, ",") || strings.HasSuffix(bare, "\\") || strings.HasSuffix(bare, "||") || strings.HasSuffix(bare, "&&") || strings.HasSuffix(bare, "=")
	}
	return out
}
