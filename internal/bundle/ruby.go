package bundle

import (
	"fmt"
	"regexp"
)

// rubyForm is how Bundler writes a Ruby (rubygems/rubygems
// bundler/lib/bundler/ruby_version.rb), and .ruby-version files: the patch level
// stands behind a "p" and orders nothing that a release's number does not.
var rubyForm = regexp.MustCompile(`^\s*(?:ruby[- ])?([0-9]+(?:\.[0-9]+)*?)(?:p-?[0-9]+|[.-]?((?:preview|rc|dev|pre)[0-9]*))?(?:\s*\(([a-z]+) [^()]+\))?\s*$`)

// ParseRuby reads what Lock.Ruby and .ruby-version hold: "3.1.2p20",
// "ruby-3.3.0-preview1", "2.5.7p206 (jruby 9.2.9.0)". Version is that of the
// language, without the patch level, which ParseVersion would take for a
// prerelease; engine is "ruby" or the one in parentheses, whose bugs are its own.
func ParseRuby(s string) (version Version, engine string, err error) {
	m := rubyForm.FindStringSubmatch(s)
	if m == nil {
		return Version{}, "", fmt.Errorf("malformed version of Ruby %q", s)
	}
	if engine = m[3]; engine == "" {
		engine = "ruby"
	}
	text := m[1]
	if m[2] != "" {
		text += "." + m[2]
	}
	version, err = ParseVersion(text)
	return version, engine, err
}
