package markdown

import (
	"strings"

	"culprit/internal/present/style"
)

// text escapes what Markdown and HTML would read as markup, and what a tracker
// would turn into a mention or a reference to one of its issues.
func text(s string) string {
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

// code sets s in a code span that its own backticks cannot close. A vertical
// bar would end a table cell even there.
func code(s string) string {
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
