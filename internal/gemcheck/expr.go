package gemcheck

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"culprit/internal/bundle"
)

// valid holds an expression against the contract; at names it in errors.
func (e *Expr) valid(at string) error {
	set := 0
	for _, on := range []bool{
		e.All != nil, e.Any != nil, e.Not != nil, e.Calls != nil, e.Constant != "", e.Code != nil, e.Gem != nil,
		e.Groups != nil, e.Ruby != "", e.Env != nil, e.Production != nil, e.Puma != nil, e.Platform != "", e.Process != "", e.Mistaken != "",
	} {
		if on {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("%s: one condition is wanted, %d are there", at, set)
	}
	var problems []error
	for i := range e.All {
		problems = append(problems, e.All[i].valid(at+".all["+strconv.Itoa(i)+"]"))
	}
	for i := range e.Any {
		problems = append(problems, e.Any[i].valid(at+".any["+strconv.Itoa(i)+"]"))
	}
	if e.Not != nil {
		problems = append(problems, e.Not.valid(at+".not"))
	}
	if err := e.validProbe(); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", at, err))
	}
	return errors.Join(problems...)
}

// methodName is what calls: may name.
var methodName = regexp.MustCompile(`^[a-z_][A-Za-z0-9_]*[?!=]?$`)

func (e *Expr) validProbe() error {
	switch {
	case e.Calls != nil:
		for _, n := range e.Calls {
			if !methodName.MatchString(n) {
				return fmt.Errorf("calls: %q is no method's name", n)
			}
		}
	case e.Code != nil:
		if _, err := regexp.Compile(e.Code.Match); err != nil || e.Code.Match == "" {
			return fmt.Errorf("code: match: %q: %w", e.Code.Match, err)
		}
		for _, g := range e.Code.In {
			if _, err := glob(g); err != nil {
				return fmt.Errorf("code: in: %w", err)
			}
		}
	case e.Gem != nil:
		if e.Gem.Name == "" {
			return errors.New("gem: name is missing")
		}
		_, err := bundle.ParseRequirement(e.Gem.Version)
		return err
	case e.Groups != nil:
		if len(e.Groups.Only) == 0 {
			return errors.New("groups: only is missing")
		}
	case e.Ruby != "":
		_, err := bundle.ParseRequirement(e.Ruby)
		return err
	case e.Env != nil:
		return e.Env.valid()
	case e.Production != nil:
		_, err := regexp.Compile(e.Production.Match)
		if e.Production.Name == "" {
			return errors.New("production: name is missing")
		}
		return err
	case e.Puma != nil:
		return e.Puma.valid()
	case e.Platform != "":
		if !slices.Contains([]string{"native", "java", "ruby", "precompiled"}, e.Platform) {
			return fmt.Errorf("platform: %q is none of native, java, ruby, precompiled", e.Platform)
		}
	}
	return nil
}

func (p *EnvProbe) valid() error {
	if p.Name == "" || (p.Set == nil) == (p.Match == "") {
		return errors.New("env: name, and either set or match")
	}
	_, err := regexp.Compile(p.Match)
	return err
}

func (p *PumaProbe) valid() error {
	for _, c := range []string{p.Workers, p.Threads} {
		if c == "" {
			continue
		}
		if _, err := compare(c, 0); err != nil {
			return err
		}
	}
	if p.Workers == "" && p.Threads == "" && p.Preload == nil && p.ForkWorker == nil {
		return errors.New("puma: says nothing")
	}
	return nil
}

// compare holds n against a comparison: ">= 2".
func compare(c string, n int) (bool, error) {
	op, rest, ok := strings.Cut(strings.TrimSpace(c), " ")
	limit, err := strconv.Atoi(strings.TrimSpace(rest))
	if !ok || err != nil {
		return false, fmt.Errorf("puma: %q is no comparison like \">= 2\"", c)
	}
	switch op {
	case ">=":
		return n >= limit, nil
	case ">":
		return n > limit, nil
	case "<=":
		return n <= limit, nil
	case "<":
		return n < limit, nil
	case "=", "==":
		return n == limit, nil
	}
	return false, fmt.Errorf("puma: %q is no comparison like \">= 2\"", c)
}

// glob compiles a pattern of paths: * within a folder, ** across folders, ? one
// character, {a,b} either.
func glob(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^")
	braces := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '{':
			b.WriteString("(?:")
			braces++
		case c == '}' && braces > 0:
			b.WriteString(")")
			braces--
		case c == ',' && braces > 0:
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern of paths", pattern)
	}
	return re, nil
}
