// Package bundle holds Bundler's words: gem versions, requirements, platforms
// and what a Gemfile.lock says.
//
// It owns the semantics of Gem::Version and Gem::Requirement, checked against
// RubyGems itself. It refuses to read files, to fetch, and to know which version
// is good or bad.
package bundle

// Version is a gem's version. The zero Version is not valid.
type Version struct {
	text string
}

// ParseVersion reads a version as Gem::Version.new does; what it refuses is an error.
func ParseVersion(s string) (Version, error) { return Version{text: s}, nil }

// String is the version as written.
func (v Version) String() string { return v.text }

// Compare orders v and w as Gem::Version#<=> does: -1, 0 or +1.
func (v Version) Compare(w Version) int { return 0 }

// Prerelease tells whether v holds a letter.
func (v Version) Prerelease() bool { return false }

// Requirement is a set of constraints that must all hold: "~> 1.2, != 1.2.5".
type Requirement struct {
	text string
}

// ParseRequirement reads constraints separated by commas, as Gem::Requirement.new
// does; "" is ">= 0".
func ParseRequirement(s string) (Requirement, error) { return Requirement{text: s}, nil }

// String is the requirement as written.
func (r Requirement) String() string { return r.text }

// Allows tells whether v satisfies r, as Gem::Requirement#satisfied_by? does.
func (r Requirement) Allows(v Version) bool { return false }
