package style

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a log safe to print on one line: control characters,
// escape sequences, line breaks and marks that turn the reading direction become
// one visible "?" each, and broken UTF-8 becomes U+FFFD.
func Clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\u00a0':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// ASCII replaces what a plain terminal cannot show with "?".
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, s)
}

// Width returns the number of terminal columns of s, colour sequences excluded.
func Width(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if j := sequence(s[i:]); j > 0 {
			i += j
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		n += columns(r)
		i += size
	}
	return n
}

// sequence returns the length of the colour sequence that s begins with, or 0.
func sequence(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	end := strings.IndexByte(s, 'm')
	return end + 1
}

// columns returns the columns of one rune: 0 for marks, 2 for wide scripts.
func columns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// Cut shortens plain text to at most width columns, ending in "...".
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width <= 3 {
		return strings.Repeat(".", max(width, 0))
	}
	head, _ := split(s, width-3)
	return strings.TrimRight(head, " ") + "..."
}

// CutMiddle shortens plain text to at most width columns, keeping both ends:
// "Admin::Rep...oller#export".
func CutMiddle(s string, width int) string {
	if Width(s) <= width || width <= 7 {
		return Cut(s, width)
	}
	keep := width - 3
	head, _ := split(s, keep/3)
	tail := s
	for Width(tail) > keep-keep/3 {
		_, size := utf8.DecodeRuneInString(tail)
		tail = tail[size:]
	}
	return head + "..." + tail
}

// split cuts s after at most width columns.
func split(s string, width int) (head, rest string) {
	n := 0
	for i, r := range s {
		if n += columns(r); n > width {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// Pad fills s with spaces on the right up to width columns.
func Pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-Width(s), 0))
}

// PadLeft fills s with spaces on the left up to width columns.
func PadLeft(s string, width int) string {
	return strings.Repeat(" ", max(width-Width(s), 0)) + s
}

// Wrap breaks plain text at spaces into lines of at most width columns. A word
// longer than a line is broken where it must be.
func Wrap(s string, width int) []string { return WrapAfter(s, width, 0) }

// WrapAfter wraps as Wrap does, leaving used columns of the first line free.
func WrapAfter(s string, width, used int) []string {
	width = max(width, 8)
	room := max(width-used, 8)
	var lines []string
	line := ""
	flush := func() {
		if line != "" {
			lines = append(lines, line)
			room = width
		}
		line = ""
	}
	for word := range strings.FieldsSeq(s) {
		if line != "" && Width(line)+1+Width(word) <= room {
			line += " " + word
			continue
		}
		flush()
		for Width(word) > room {
			line, word = split(word, room)
			flush()
		}
		line = word
	}
	flush()
	return lines
}

// WrapCommand breaks a shell command over lines that can be pasted back: every
// line but the last ends in a backslash. Words and quoted text are never broken,
// so a very long word makes a long line.
func WrapCommand(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range shellWords(s) {
		switch {
		case line == "":
			line = word
		case Width(line)+1+Width(word) <= width-2:
			line += " " + word
		default:
			lines = append(lines, line+" \\")
			line = "  " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// shellWords splits a command at spaces outside of quotes.
func shellWords(s string) []string {
	var quote rune
	return strings.FieldsFunc(s, func(r rune) bool {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
			return false
		case r == '\'' || r == '"':
			quote = r
			return false
		}
		return r == ' '
	})
}

// List says names as a sentence part, at most n of them: "a, b and 12 more".
func List(names []string, n int) string {
	switch {
	case len(names) == 0:
		return "nobody"
	case len(names) == 1:
		return names[0]
	case len(names) <= n:
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	case n <= 0:
		return Count(int64(len(names)))
	}
	return strings.Join(names[:n], ", ") + " and " + Count(int64(len(names)-n)) + " more"
}
