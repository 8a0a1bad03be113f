package gemcheck

import "slices"

// developmentGroups are those that nobody installs in production.
var developmentGroups = []string{"development", "test", "ci", "lint", "rubocop"}

// developmentOnly names the groups through which alone a gem comes into the
// bundle, when none of them is loaded in production: nil when one is, or when
// the Gemfile does not say.
func (e *eval) developmentOnly(gem string) []string {
	a := e.a
	if a.Lock == nil || len(a.Groups) == 0 {
		return nil
	}
	var through []string
	for _, d := range a.Lock.Dependencies {
		if !e.needs(d.Name, gem, map[string]bool{}) {
			continue
		}
		groups, known := a.Groups[d.Name]
		if !known || !subset(groups, developmentGroups) {
			return nil
		}
		for _, g := range groups {
			if !slices.Contains(through, g) {
				through = append(through, g)
			}
		}
	}
	slices.Sort(through)
	return through
}

// needs tells whether from is gem, or depends on it.
func (e *eval) needs(from, gem string, seen map[string]bool) bool {
	if from == gem {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, s := range e.locked[from] {
		for _, d := range s.Dependencies {
			if e.needs(d.Name, gem, seen) {
				return true
			}
		}
	}
	return false
}
