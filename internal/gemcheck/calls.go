package gemcheck

import (
	"slices"
	"strings"
)

// callsOn tells whether a line calls a method of that name, or hands its name on
// to be called. bare has no comments and no text of strings; code has the latter.
func callsOn(bare, code, name string) bool {
	for from := 0; ; {
		i := strings.Index(bare[from:], name)
		if i < 0 {
			break
		}
		i += from
		from = i + len(name)
		if whole(bare, i, name) && isCall(bare, i, from) {
			return true
		}
	}
	return sentByText(code, name)
}

// whole tells whether name stands at i as a name of its own.
func whole(s string, i int, name string) bool {
	end := i + len(name)
	if i > 0 && (wordy(s[i-1]) || s[i-1] == '@' || s[i-1] == '$') {
		return false
	}
	if end == len(s) {
		return true
	}
	last := name[len(name)-1]
	if wordy(s[end]) && wordy(last) {
		return false
	}
	// "valid" is not "valid?" and not "valid!", but "x != y" and "a ? b" are no part of it.
	if wordy(last) && (s[end] == '?' || s[end] == '!') && !strings.HasPrefix(s[end:], "!=") {
		return s[end] == '?' && end+1 < len(s) && s[end+1] == ':' // a?:b does not occur in earnest
	}
	return true
}

func wordy(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// isCall looks at what stands before and behind a name.
func isCall(s string, i, end int) bool {
	before := strings.TrimRight(s[:i], " \t")
	after := s[end:]
	next := strings.TrimLeft(after, " \t")
	switch {
	case defines(before):
		return false
	case strings.HasSuffix(before, ".") && !strings.HasSuffix(before, ".."):
		return true
	case strings.HasSuffix(before, ":"):
		return strings.HasSuffix(s[:i], ":") && handedOn(before, next)
	case i > 0 && s[i-1] == '"' || strings.HasPrefix(after, `"`):
		return false
	}
	return calledBare(before, after, next)
}

// defines tells whether a name after this text is defined and not called.
func defines(before string) bool {
	before = strings.TrimSuffix(before, ".")
	if f := strings.Fields(before); len(f) > 0 {
		last := f[len(f)-1]
		return last == "def" || last == "alias" || last == "undef" ||
			len(f) > 1 && f[len(f)-2] == "def" && strings.TrimLeft(last, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:") == ""
	}
	return false
}

// handedOn: ":name" as an argument is called by whoever gets it; as a key of a
// hash, or after "::", it is not.
func handedOn(before, next string) bool {
	return !strings.HasSuffix(before, "::") && !strings.HasPrefix(next, "=>")
}

// calledBare: a name alone is a call when it has arguments, a block, a receiver's
// dot behind it, or makes up the statement; it is none when it is assigned to, is
// a key, or a parameter.
func calledBare(before, after, next string) bool {
	switch {
	case strings.HasPrefix(after, "("), strings.HasPrefix(after, "."), strings.HasPrefix(after, "&."):
		return true
	case strings.HasPrefix(after, ":"):
		return false
	case strings.HasPrefix(next, "=") && !strings.HasPrefix(next, "==") && !strings.HasPrefix(next, "=~"):
		return false
	case strings.HasPrefix(next, "{"), strings.HasPrefix(next, "do ") || next == "do":
		return true
	}
	starts := before == "" || strings.HasSuffix(before, ";") || strings.HasSuffix(before, "<%") || strings.HasSuffix(before, "<%=") ||
		strings.HasSuffix(before, "=") || strings.HasSuffix(before, "{") || endsWithWord(before, "return", "then", "do", "if", "unless", "and", "or", "not", "else")
	if !starts {
		return false
	}
	if next == "" || strings.HasPrefix(next, ";") || strings.HasPrefix(next, "%>") || strings.HasPrefix(next, "}") || strings.HasPrefix(next, "if ") || strings.HasPrefix(next, "unless ") {
		return true
	}
	if len(after) == len(next) {
		return false // an operator or a bracket
	}
	return wordy(next[0]) || strings.ContainsRune(`"':@$[&*`, rune(next[0]))
}

func endsWithWord(s string, words ...string) bool {
	f := strings.Fields(s)
	if len(f) == 0 {
		return false
	}
	return slices.Contains(words, f[len(f)-1])
}

// sentByText finds send("name") and its relatives.
func sentByText(code, name string) bool {
	for _, verb := range []string{"send(", "public_send(", "__send__(", "method("} {
		for _, quote := range []string{`"`, `'`} {
			if strings.Contains(code, verb+quote+name+quote) {
				return true
			}
		}
	}
	return false
}

// mentions tells whether a line names a constant, or a longer one that begins
// with it.
func mentions(bare, name string) bool {
	for from := 0; ; {
		i := strings.Index(bare[from:], name)
		if i < 0 {
			return false
		}
		i += from
		from = i + len(name)
		if i > 0 && (wordy(bare[i-1]) || bare[i-1] == ':' && !rooted(bare, i)) {
			continue
		}
		if from < len(bare) && wordy(bare[from]) {
			continue
		}
		return true
	}
}

// rooted tells whether the constant at i begins with "::" of its own.
func rooted(s string, i int) bool {
	return i >= 2 && s[i-2] == ':' && (i == 2 || !wordy(s[i-3]))
}
