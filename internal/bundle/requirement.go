package bundle

import (
	"fmt"
	"strings"
)

// Requirement is a set of constraints that must all hold: "~> 1.2, != 1.2.5".
// The zero Requirement is ">= 0".
type Requirement struct {
	text  string
	tests []constraint
}

// constraint is an operator and the version on its right.
type constraint struct {
	operator string
	version  Version
}

// ParseRequirement reads constraints separated by commas, as Gem::Requirement.new
// does with each of them; "" is ">= 0", and a version alone must be equal. That
// is how Bundler reads the lockfile. The rules: rubygems/rubygems
// lib/rubygems/requirement.rb.
func ParseRequirement(s string) (Requirement, error) {
	r := Requirement{text: strings.Trim(s, space)}
	// Ruby's split drops what is empty at the end: "1.2," is "1.2".
	list := strings.TrimRight(s, ",")
	if list == "" {
		return r, nil
	}
	for one := range strings.SplitSeq(list, ",") {
		c, err := parseConstraint(strings.Trim(one, space))
		if err != nil {
			return Requirement{}, fmt.Errorf("malformed requirement %q: %w", s, err)
		}
		r.tests = append(r.tests, c)
	}
	return r, nil
}

// parseConstraint reads one operator, "=" when there is none, and its version.
func parseConstraint(s string) (constraint, error) {
	c := constraint{operator: "="}
	for _, op := range [...]string{"!=", ">=", "<=", "~>", "=", ">", "<"} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			c.operator, s = op, strings.TrimLeft(rest, space)
			break
		}
	}
	if s == "" {
		return c, fmt.Errorf("%q has no version", c.operator) // Gem::Version alone would take it for 0
	}
	var err error
	c.version, err = ParseVersion(s)
	return c, err
}

// String is the requirement as written, "" when nothing was.
func (r Requirement) String() string { return r.text }

// Any tells whether r asks for nothing: no constraint, or only ">= 0".
func (r Requirement) Any() bool {
	switch len(r.tests) {
	case 0:
		return true
	case 1:
		c := r.tests[0]
		return c.operator == ">=" && len(c.version.canonical) == 0
	}
	return false
}

// Allows tells whether v satisfies r, as Gem::Requirement#satisfied_by? does.
// Prereleases are versions like any other: "< 2" allows 2.rc1, and ">= 0" does
// not allow 0.a. RubyGems leaves them out elsewhere, when it looks for a gem.
func (r Requirement) Allows(v Version) bool {
	if v.IsZero() {
		return false
	}
	if len(r.tests) == 0 {
		return v.Compare(fromNumbers([]segment{{number: true}})) >= 0
	}
	for _, c := range r.tests {
		if !c.allows(v) {
			return false
		}
	}
	return true
}

// allows tells whether v satisfies one constraint.
func (c constraint) allows(v Version) bool {
	order := v.Compare(c.version)
	switch c.operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case ">":
		return order > 0
	case "<":
		return order < 0
	case ">=":
		return order >= 0
	case "<=":
		return order <= 0
	}
	return order >= 0 && v.Release().Compare(c.version.Bump()) < 0 // ~>
}
