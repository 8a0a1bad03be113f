// Package lab builds worlds whose culprit is known and measures judges in them:
// fleets of servers with traffic, memory physics and planted causes, the rules
// of thumb that people use today as competitors, laws that every verdict must
// obey, and a stream of rows for throughput.
//
// It owns the simulator, its truth and the scoring. It refuses to judge by
// itself, to import the study, and to touch disks or clocks: every world follows
// from its scenario and its seed. The physics are those of a simulation study
// whose author is also the method's: a good score here is necessary, not proof.
package lab

import (
	"slices"

	"culprit"
	"culprit/internal/casefile"
)

// Planted is one cause of growth that the simulator put into the traffic.
type Planted struct {
	Name string // suspect name, as in the roster
	Kind string // "endpoint" or "job"
	// Key and Value narrow it ("param:per_page", "all"); empty = the endpoint.
	Key, Value string
	// Bytes a harmful call demands in expectation (a leak: bytes each call keeps).
	Bytes float64
	// Harmful counts the calls that did harm, and Logged those of them in the log.
	Harmful, Logged int
}

// Truth is what a judge of the world should find.
type Truth struct {
	Culprits []Planted
	// Shadows are suspects that the data cannot tell from a culprit (a page that
	// waits for it): naming one beside the culprit is no wrong conviction.
	Shadows []string
	// Companions are innocents who tend to be near a culprit.
	Companions []string
	// Minor are innocents whose calls really hold 16 MB or more for a while: to
	// convict one is wrong, but not made up.
	Minor []string
	// Outcome is the best verdict that the data allow.
	Outcome culprit.Outcome
	// Accept lists further outcomes that are no mistake, as abstaining is.
	Accept []culprit.Outcome
}

// World is a case with its truth.
type World struct {
	Case  *casefile.Case
	Truth Truth
}

// Accusation is a judge's finding on one suspect.
type Accusation struct {
	Name, Key, Value string
	Finding          culprit.Finding
	// Low, High and Estimate are bytes per harmful call; all 0 = not estimated.
	Low, High, Estimate float64
}

// Answer is what a judge says about a case: findings by rank, the worst suspect
// first, and the overall outcome ("" = the judge knows no outcomes).
type Answer struct {
	Outcome     culprit.Outcome
	Accusations []Accusation
}

// Judge is anything that can be measured here.
type Judge func(*casefile.Case) Answer

// Is tells whether an accusation names the planted cause: exactly, or only its
// endpoint.
func (p Planted) Is(a Accusation) (name, exact bool) {
	if a.Name != p.Name {
		return false, false
	}
	return true, a.Key == p.Key && a.Value == p.Value
}

// hit tells whether an accusation names any culprit.
func (t Truth) hit(a Accusation) bool {
	for _, p := range t.Culprits {
		if name, _ := p.Is(a); name {
			return true
		}
	}
	return false
}

// Accepts tells whether an outcome is right or a blameless abstention.
func (t Truth) Accepts(o culprit.Outcome) bool {
	if o == t.Outcome {
		return true
	}
	return slices.Contains(t.Accept, o)
}
