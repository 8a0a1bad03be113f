package bundle

// SourceKind is where Bundler gets a gem from: a section of Gemfile.lock.
type SourceKind string

// The sections that hold gems.
const (
	FromGem    SourceKind = "GEM"
	FromGit    SourceKind = "GIT"
	FromPath   SourceKind = "PATH"
	FromPlugin SourceKind = "PLUGIN SOURCE"
)

// Source is one section of the lockfile that holds gems.
type Source struct {
	Kind     SourceKind
	Remotes  []string
	Revision string            // GIT
	Options  map[string]string // ref, branch, tag, submodules, glob, type, as written
	Line     int               // of the section's heading, from 1
}

// Spec is one locked gem for one platform: a gem may stand there several times.
type Spec struct {
	Name    string
	Version Version
	// Platform is as written after the version, "ruby" when nothing is: a gem with
	// another platform comes precompiled, one of "ruby" may be compiled here.
	Platform     string
	Source       int // index in Lock.Sources
	Dependencies []Dependency
	Checksum     string // "sha256=...", "" none
	Line         int
}

// Dependency is a name with its requirement.
type Dependency struct {
	Name        string
	Requirement Requirement
	Pinned      bool // "!": from the source that the Gemfile names for it
}

// Lock is a whole Gemfile.lock.
type Lock struct {
	Sources      []Source
	Specs        []Spec
	Platforms    []string
	Dependencies []Dependency // what the Gemfile asks for
	Ruby         string       // RUBY VERSION, "" none: "3.1.2p20"; for ParseRuby, not ParseVersion
	BundledWith  string       // "" none
	// Unknown are headings that nobody knows, with their line.
	Unknown []Problem
	// Problems are lines that could not be read; the rest was.
	Problems []Problem
	// Lines and Understood count lines that are not blank.
	Lines, Understood int
}

// Problem is a line that was not understood.
type Problem struct {
	Line int
	Text string // the line, cut
	Why  string
}

// Find returns the specs of a gem, nil when it is not locked.
func (l *Lock) Find(name string) []Spec {
	var found []Spec
	if l == nil {
		return nil
	}
	for _, s := range l.Specs {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}
