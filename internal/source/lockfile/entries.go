package lockfile

import (
	"regexp"
	"strings"

	"culprit/internal/bundle"
)

// What is wrong with a line.
const (
	whyVersion     = "no version that RubyGems would take"
	whyRequirement = "no requirement that RubyGems would take"
	whyName        = "no name of a gem"
	whyParentheses = "parentheses that do not close, or text behind them"
)

// option is a setting of a source. Plugins choose their own names.
var option = regexp.MustCompile(`^([A-Za-z][\w-]*):(?: (.*))?$`)

// sourceEntry reads a line of GEM, GIT, PATH or PLUGIN SOURCE: settings at two
// spaces, gems at four, and what they need at six.
func (p *parser) sourceEntry(number, indent int, text string) (why string) {
	switch indent {
	case 2:
		return p.option(text)
	case 4:
		return p.spec(number, text)
	case 6:
		if p.at.spec < 0 {
			return "what a gem needs, and the gem before it could not be read"
		}
		d, why := dependency(text)
		if why == "" {
			s := &p.lock.Specs[p.at.spec]
			s.Dependencies = append(s.Dependencies, d)
		}
		return why
	}
	return wrongIndent(indent)
}

// option reads a setting of the source.
func (p *parser) option(text string) (why string) {
	m := option.FindStringSubmatch(text)
	source := &p.lock.Sources[p.at.source]
	switch {
	case m == nil:
		return "not a setting of a source"
	case m[1] == "specs" && m[2] == "": // gems follow
	case m[1] == "remote":
		source.Remotes = append(source.Remotes, m[2])
	case m[1] == "revision" && source.Kind == bundle.FromGit:
		source.Revision = m[2]
	default:
		if source.Options == nil {
			source.Options = map[string]string{}
		}
		if before, twice := source.Options[m[1]]; twice {
			m[2] = before + ", " + m[2] // a plugin may list
		}
		source.Options[m[1]] = m[2]
	}
	return ""
}

// spec reads a locked gem: "nokogiri (1.15.4-x86_64-linux)".
func (p *parser) spec(number int, text string) (why string) {
	p.at.spec = -1 // what a gem needs that could not be read is nobody's
	s, rest, why := locked(text)
	switch {
	case why != "":
		return why
	case rest != "":
		return whyParentheses
	}
	s.Source, s.Line = p.at.source, number
	p.lock.Specs = append(p.lock.Specs, s)
	p.at.spec = len(p.lock.Specs) - 1
	return ""
}

// locked reads "name (version-platform)" and gives what stands behind it.
func locked(text string) (s bundle.Spec, rest, why string) {
	name, inner, rest, has, ok := parentheses(text)
	switch {
	case !ok:
		return s, "", whyParentheses
	case !gemName(name):
		return s, "", whyName
	case !has || strings.TrimSpace(inner) == "":
		return s, "", whyVersion
	}
	text, platform := bundle.CutPlatform(inner)
	version, err := bundle.ParseVersion(text)
	switch {
	case err != nil:
		return s, "", whyVersion
	case !gemName(platform): // the same letters
		return s, "", "no name of a platform"
	}
	return bundle.Spec{Name: name, Version: version, Platform: platform}, rest, ""
}

// dependency reads "name", "name (>= 1, < 3)", each with "!" behind it when it is
// pinned.
func dependency(text string) (d bundle.Dependency, why string) {
	text, pinned := strings.CutSuffix(text, "!")
	name, inner, rest, _, ok := parentheses(text)
	switch {
	case !ok || rest != "":
		return d, whyParentheses
	case !gemName(name):
		return d, whyName
	}
	requirement, err := bundle.ParseRequirement(inner)
	if err != nil {
		return d, whyRequirement
	}
	return bundle.Dependency{Name: name, Requirement: requirement, Pinned: pinned}, ""
}

// wanted reads a line of DEPENDENCIES.
func (p *parser) wanted(indent int, text string) (why string) {
	if indent != 2 {
		return wrongIndent(indent)
	}
	d, why := dependency(text)
	if why == "" {
		p.lock.Dependencies = append(p.lock.Dependencies, d)
	}
	return why
}

// platform reads a line of PLATFORMS.
func (p *parser) platform(indent int, text string) (why string) {
	switch {
	case indent != 2:
		return wrongIndent(indent)
	case !gemName(text):
		return "no name of a platform"
	}
	p.lock.Platforms = append(p.lock.Platforms, text)
	return ""
}

// checksum reads "name (version-platform) sha256=...", with nothing behind the
// gem when Bundler had no checksum of it.
func (p *parser) checksum(indent int, text string) (why string) {
	if indent != 2 {
		return wrongIndent(indent)
	}
	s, sum, why := locked(text)
	switch {
	case why != "":
		return why
	case sum == "":
		return ""
	case !strings.Contains(sum, "=") || strings.Contains(sum, " "):
		return "no checksum: an algorithm, \"=\" and the digits"
	}
	p.sums[entry{s.Name, s.Version.String(), s.Platform}] = sum
	return ""
}

// ruby reads the line of RUBY VERSION: "ruby 3.1.2p20", of other engines
// "ruby 2.5.7p206 (jruby 9.2.9.0)".
func (p *parser) ruby(text string) (why string) {
	version, ok := strings.CutPrefix(text, "ruby ")
	version = strings.TrimSpace(version)
	if !ok || version == "" || version[0] < '0' || version[0] > '9' {
		return "no version of Ruby"
	}
	p.lock.Ruby = version
	return ""
}

// bundler reads the line of BUNDLED WITH.
func (p *parser) bundler(text string) (why string) {
	if _, err := bundle.ParseVersion(text); err != nil {
		return whyVersion
	}
	p.lock.BundledWith = text
	return ""
}
