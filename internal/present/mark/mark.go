// Package mark makes text safe in Markdown: what a dump, a log or a name holds must not
// become markup, a mention or a reference.
//
// It owns the escapes. It refuses to know what the text says.
package mark

import (
	"strings"

	"culprit/internal/present/style"
)

// Text escapes what Markdown and HTML would read as markup, and what a tracker
// would turn into a mention or a reference to one of its issues.
func Text(s string) string {
	var b strings.Builder
	clean := style.Clean(s)
	for i, r := range clean {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '|', '~', '$':
			b.WriteByte('\\')
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '#', '@':
			b.WriteRune(r)
			if calls(r, clean[i+1:]) {
				b.WriteString("\u2060") // a word joiner keeps "#12" and "@x" apart
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Code sets s in a code span that its own backticks cannot close. A vertical
// bar would end a table cell even there.
func Code(s string) string {
	s = strings.ReplaceAll(style.Clean(s), "|", "\\|")
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(s, " ") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// calls reports whether a tracker would read mark and what follows as a
// reference to an issue or a person.
func calls(mark rune, rest string) bool {
	if rest == "" {
		return false
	}
	c := rest[0]
	return c >= '0' && c <= '9' || mark == '@' && (c|0x20 >= 'a' && c|0x20 <= 'z')
}
