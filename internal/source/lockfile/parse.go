package lockfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"culprit/internal/bundle"
)

// section is where a line stands.
type section string

// The sections beside those that hold gems (bundle.SourceKind).
const (
	inNothing      section = ""
	inUnknown      section = "?"
	inPlatforms    section = "PLATFORMS"
	inDependencies section = "DEPENDENCIES"
	inChecksums    section = "CHECKSUMS"
	inRuby         section = "RUBY VERSION"
	inBundler      section = "BUNDLED WITH"
)

// place is what the next line belongs to: the indices are -1 when there is none.
type place struct {
	section section
	source  int // in Lock.Sources
	spec    int // in Lock.Specs
	unknown int // in Lock.Unknown
}

var nowhere = place{source: -1, spec: -1, unknown: -1}

// entry is what a checksum belongs to.
type entry struct{ name, version, platform string }

// maxKept is how many problems and unknown headings are kept: a file with more is
// hardly a lockfile.
const maxKept = 1000

// parser reads line after line.
type parser struct {
	lock    *bundle.Lock
	at      place
	merge   merge
	sums    map[entry]string
	skipped []int // lines under each of Lock.Unknown
	more    int   // problems that were not kept
	torn    bool  // a marker of a merge was there
	known   bool  // a heading that lockfiles have was there
	gemfile bool  // a line that Gemfiles have was there
}

// heading is how Bundler tells headings from other text that is not indented.
var heading = regexp.MustCompile(`^\w[\w ]*$`)

// gemfileLine is what stands in nearly every Gemfile.
var gemfileLine = regexp.MustCompile(`^\s*(?:source|gem|gemspec|group)\b\s*[("':]`)

// line reads one line; long tells that its end was cut off.
func (p *parser) line(number int, text string, long bool) {
	full := strings.TrimRight(text, " \t\r")
	text = strings.TrimLeft(full, " ")
	if text == "" {
		return
	}
	p.lock.Lines++
	indent := len(full) - len(text)
	var why string
	switch {
	case indent == 0 && !long && p.marker(number, text):
		return
	case p.merge.part == ancestor:
		p.merge.skipped++ // of neither side: read, it would name gems that nobody wants
		return
	case long:
		why = fmt.Sprintf("longer than %d KiB", MaxLine>>10)
	case indent == 0:
		why = p.heading(number, text)
	default:
		why = p.entry(number, indent, text)
	}
	switch {
	case why != "":
		p.problem(number, full, why)
	case p.at.section != inUnknown:
		p.lock.Understood++
	}
	p.gemfile = p.gemfile || gemfileLine.MatchString(full)
}

// problem keeps a line that could not be read, up to a number that nobody reads
// either; Lines and Understood count them all.
func (p *parser) problem(number int, text, why string) {
	if len(p.lock.Problems) < maxKept {
		p.lock.Problems = append(p.lock.Problems, bundle.Problem{Line: number, Text: cut(text), Why: why})
		return
	}
	p.more++
}

// heading reads a line that is not indented. What does not look like a heading
// leaves the section open: one broken line must not cost the gems after it.
func (p *parser) heading(number int, text string) (why string) {
	switch section(text) {
	case section(bundle.FromGem), section(bundle.FromGit), section(bundle.FromPath), section(bundle.FromPlugin):
		p.lock.Sources = append(p.lock.Sources, bundle.Source{Kind: bundle.SourceKind(text), Line: number})
		p.at = place{section: section(text), source: len(p.lock.Sources) - 1, spec: -1, unknown: -1}
	case inPlatforms, inDependencies, inChecksums, inRuby, inBundler:
		p.at = nowhere
		p.at.section = section(text)
	default:
		if !heading.MatchString(text) {
			return "not indented, and not a heading"
		}
		if len(p.lock.Unknown) == maxKept {
			p.at = nowhere
			return "one more heading that is not known here"
		}
		p.lock.Unknown = append(p.lock.Unknown, bundle.Problem{Line: number, Text: cut(text)})
		p.skipped = append(p.skipped, 0)
		p.at = nowhere
		p.at.section, p.at.unknown = inUnknown, len(p.lock.Unknown)-1
		return ""
	}
	p.known = true
	return ""
}

// entry reads a line under a heading.
func (p *parser) entry(number, indent int, text string) (why string) {
	switch p.at.section {
	case inNothing:
		return "before any heading"
	case inUnknown:
		p.skipped[p.at.unknown]++
		return ""
	case inPlatforms:
		return p.platform(indent, text)
	case inDependencies:
		return p.wanted(indent, text)
	case inChecksums:
		return p.checksum(indent, text)
	case inRuby:
		return p.ruby(text)
	case inBundler:
		return p.bundler(text)
	}
	return p.sourceEntry(number, indent, text)
}

// finish puts the checksums where they belong and says how much was not read.
func (p *parser) finish() {
	p.endAncestor()
	if p.more > 0 {
		p.lock.Problems[maxKept-1].Why += fmt.Sprintf("; %d more lines could not be read", p.more)
	}
	for i := range p.lock.Specs {
		s := &p.lock.Specs[i]
		s.Checksum = p.sums[entry{s.Name, s.Version.String(), s.Platform}]
	}
	for i, n := range p.skipped {
		p.lock.Unknown[i].Why = "a section that is not known here, " + unread(n)
	}
}

// cut shortens a line for people.
func cut(s string) string {
	const most = 120
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// unread says that n lines were left out.
func unread(n int) string {
	if n == 1 {
		return "1 line under it was not read"
	}
	return fmt.Sprintf("%d lines under it were not read", n)
}

// wrongIndent says that nothing stands at this depth.
func wrongIndent(indent int) string {
	return fmt.Sprintf("indented by %d, where this section has nothing", indent)
}

// gemName tells whether name can be a gem's: rubygems/rubygems
// lib/rubygems/specification.rb, VALID_NAME_PATTERN.
func gemName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return name != ""
}

// parentheses cuts "name (inner) rest" in three; rest has no space before it.
// Without parentheses all is name.
func parentheses(text string) (name, inner, rest string, has, ok bool) {
	name, after, has := strings.Cut(text, " (")
	if !has {
		return text, "", "", false, true
	}
	inner, rest, ok = strings.Cut(after, ")")
	return name, inner, strings.TrimPrefix(rest, " "), true, ok
}
