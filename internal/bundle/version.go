// Package bundle holds Bundler's words: gem versions, requirements, platforms
// and what a Gemfile.lock says.
//
// It owns the semantics of Gem::Version and Gem::Requirement, checked against
// RubyGems itself. It refuses to read files, to fetch, and to know which version
// is good or bad.
//
// The semantics are our own code because the Go modules that offer them differ
// from RubyGems 3.3 on the questions of oracle_test.go:
//   - github.com/aquasecurity/go-gem-version (8eed6fe): asked twice whether
//     "~> 1.2" allows 1.3, it says yes and then no; 18446744073709551616 counts
//     as a word, so that 2 is newer, and "~>" with it panics; "== 1" and
//     "< 2 < 3" pass.
//   - deps.dev/util/semver (2946ae4): 1.0.a and 1.0.A are equal; ">= 1.0.dev"
//     does not allow 1.0.dev; "!= 0" allows 0; "0.z.1 " is refused.
//
// TestWhereLibrariesDiffer holds these pairs.
package bundle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// space is what Ruby's \s matches.
const space = " \t\r\n\f\v"

// Version is a gem's version. The zero Version is not valid: it stands before
// every other one and satisfies nothing.
type Version struct {
	text     string
	segments []segment // as in Gem::Version#segments
	// canonical is segments without the zeros that end the numbers before the
	// first letter, and those that end the rest: 1.0.a.0 is [1 a].
	canonical []segment
}

// segment is a run of digits or of letters. Digits lose their leading zeros, so
// that zero is "" and no number is too long.
type segment struct {
	text   string
	number bool
}

// ParseVersion reads a version as Gem::Version.new does; what it refuses is an
// error. Blank text is version 0, "-" begins a prerelease ("1-2" is 1.pre.2).
// The rules: rubygems/rubygems lib/rubygems/version.rb.
func ParseVersion(s string) (Version, error) {
	text := strings.Trim(s, space)
	if text == "" {
		text = "0"
	}
	if !wellFormed(text) {
		return Version{}, fmt.Errorf("malformed version %q", s)
	}
	v := Version{text: text, segments: split(strings.ReplaceAll(text, "-", ".pre."))}
	letters := slices.IndexFunc(v.segments, func(p segment) bool { return !p.number })
	if letters < 0 {
		letters = len(v.segments)
	}
	v.canonical = slices.Concat(trimZeros(v.segments[:letters]), trimZeros(v.segments[letters:]))
	return v, nil
}

// wellFormed is Gem::Version::ANCHORED_VERSION_PATTERN for text without space
// around it: digits, words after dots, and after the first dash words that may
// hold dashes themselves.
func wellFormed(text string) bool {
	head, tail, dash := strings.Cut(text, "-")
	for i, word := range strings.Split(head, ".") {
		if word == "" || !only(word, func(c byte) bool { return digit(c) || i > 0 && letter(c) }) {
			return false
		}
	}
	if !dash {
		return true
	}
	for word := range strings.SplitSeq(tail, ".") {
		if word == "" || !only(word, func(c byte) bool { return digit(c) || letter(c) || c == '-' }) {
			return false
		}
	}
	return true
}

// split cuts text into runs of digits and runs of letters.
func split(text string) []segment {
	var list []segment
	for i := 0; i < len(text); {
		kind := letter
		if digit(text[i]) {
			kind = digit
		}
		end := i
		for end < len(text) && kind(text[end]) {
			end++
		}
		switch {
		case end == i: // a dot
			i++
			continue
		case digit(text[i]):
			list = append(list, segment{strings.TrimLeft(text[i:end], "0"), true})
		default:
			list = append(list, segment{text[i:end], false})
		}
		i = end
	}
	return list
}

// trimZeros is list without the zeros at its end.
func trimZeros(list []segment) []segment {
	for len(list) > 0 && list[len(list)-1] == (segment{number: true}) {
		list = list[:len(list)-1]
	}
	return list
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// only tells whether ok holds for every byte.
func only(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// String is the version as written, without space around it.
func (v Version) String() string { return v.text }

// IsZero tells whether v is the zero Version, which no text gives.
func (v Version) IsZero() bool { return v.segments == nil }

// Compare orders v and w as Gem::Version#<=> does: -1, 0 or +1. Versions that
// are written differently may be equal: 1.0 and 1.
func (v Version) Compare(w Version) int {
	if v.IsZero() || w.IsZero() {
		return cmp.Compare(len(v.segments), len(w.segments))
	}
	zero := segment{number: true}
	for i := range max(len(v.canonical), len(w.canonical)) {
		a, b := zero, zero // the shorter one goes on with zeros
		if i < len(v.canonical) {
			a = v.canonical[i]
		}
		if i < len(w.canonical) {
			b = w.canonical[i]
		}
		if c := a.compare(b); c != 0 {
			return c
		}
	}
	return 0
}

// compare orders two segments: letters before numbers, letters by their bytes.
func (p segment) compare(q segment) int {
	switch {
	case p.number != q.number && p.number:
		return 1
	case p.number != q.number:
		return -1
	case p.number && len(p.text) != len(q.text):
		return cmp.Compare(len(p.text), len(q.text))
	}
	return strings.Compare(p.text, q.text)
}

// Prerelease tells whether v holds a letter.
func (v Version) Prerelease() bool {
	return slices.ContainsFunc(v.segments, func(p segment) bool { return !p.number })
}

// Segments are the numbers and words of v, as Gem::Version#segments gives them:
// "1.02.rc-1" is 1, 2, rc, pre, 1.
func (v Version) Segments() []string {
	var list []string
	for _, p := range v.segments {
		list = append(list, p.String())
	}
	return list
}

// String is the segment as Ruby prints it.
func (p segment) String() string {
	if p.text == "" {
		return "0"
	}
	return p.text
}

// Release is v without its prerelease part, as Gem::Version#release gives it:
// 1.2.0 for 1.2.0.rc1, and v itself when it is none.
func (v Version) Release() Version {
	if !v.Prerelease() {
		return v
	}
	return fromNumbers(v.numbers())
}

// Bump is the first version that "~> v" no longer allows, as Gem::Version#bump
// gives it: 1.3 for 1.2.5, 2 for 1.2 and for 1.
func (v Version) Bump() Version {
	if v.IsZero() {
		return v
	}
	list := v.numbers()
	if len(list) > 1 {
		list = list[:len(list)-1]
	}
	list[len(list)-1].text = successor(list[len(list)-1].text)
	return fromNumbers(list)
}

// numbers is a copy of the segments before the first letter: at least one.
func (v Version) numbers() []segment {
	for i, p := range v.segments {
		if !p.number {
			return slices.Clone(v.segments[:i])
		}
	}
	return slices.Clone(v.segments)
}

// fromNumbers is the version of these numbers.
func fromNumbers(list []segment) Version {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.String()
	}
	return Version{text: strings.Join(words, "."), segments: list, canonical: trimZeros(list)}
}

// successor is the decimal number n plus one; "" is zero.
func successor(n string) string {
	b := []byte(n)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}
