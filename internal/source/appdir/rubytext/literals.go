package rubytext

import "bytes"

// quoted scans a string with interpolation that begins at the quote here.
func (l *lexer) quoted() {
	q := l.s[l.i]
	l.i++
	l.text(q, 0, true)
	if q == '"' && l.peek(0) == ':' && l.peek(1) != ':' {
		l.i++ // "label": value
		l.value, l.named, l.dot = true, false, false
		return
	}
	l.ended()
}

// text scans the text of a literal up to its closing delimiter; open is the
// opening one where it nests, 0 otherwise.
func (l *lexer) text(closing, open byte, interpolates bool) {
	nested := 0
	from := l.i
	for l.i < len(l.s) {
		c := l.s[l.i]
		switch {
		case c == '\\':
			l.i = min(l.i+2, len(l.s))
		case c == '#' && interpolates && l.peek(1) == '{' && l.depth < maxDepth:
			blank(l.bare, from, l.i)
			l.i += 2
			l.value, l.named, l.dot = true, false, false
			l.run('}')
			l.i = min(l.i+1, len(l.s))
			from = l.i
		case c == closing && nested == 0:
			blank(l.bare, from, l.i)
			l.i++
			return
		case open != 0 && c == open:
			nested++
			l.i++
		case c == closing:
			nested--
			l.i++
		case c == '\n' && len(l.pending) > 0:
			// A heredoc announced before this string begins in the middle of it.
			blank(l.bare, from, l.i)
			l.i++
			for len(l.pending) > 0 {
				h := l.pending[0]
				l.pending = l.pending[1:]
				l.body(h)
			}
			from = l.i
		default:
			l.i++
		}
	}
	blank(l.bare, from, l.i)
}

// colon scans "::", ":symbol", `:"symbol"` or the one of "a ? b : c".
func (l *lexer) colon() {
	switch c := l.peek(1); {
	case c == ':':
		l.i += 2
		l.value, l.named, l.dot = true, false, false
		l.dot = wordy(l.peek(0))
	case c == '"':
		l.i++
		l.quoted()
	case c == '\'':
		l.i += 2
		l.text('\'', 0, false)
		l.ended()
	case wordy(c) && !digit(c) || c == '@' || c == '$':
		l.i++
		l.dot = true // a symbol may be called like a keyword
		l.word()
		l.named = false
		if l.peek(0) == '=' && l.peek(1) != '=' && l.peek(1) != '~' && l.peek(1) != '>' {
			l.i++
		}
	case bytes.IndexByte([]byte("+-*/%<>=!~^&|[`"), c) >= 0 && c != 0 && l.value:
		l.i++
		for l.i < len(l.s) && bytes.IndexByte([]byte("+-*/%<>=!~^&|[]`"), l.s[l.i]) >= 0 {
			l.i++
		}
		l.ended()
	default:
		l.operator()
	}
}

// argument tells whether a literal can begin here: an operand is expected, or a
// name stands before with a blank between, and none behind, as in "split /,/".
func (l *lexer) argument(after byte) bool {
	if l.value {
		return true
	}
	before := l.peek(-1)
	return l.named && (before == ' ' || before == '\t') && after != ' ' && after != '=' && after != '\t' && after != '\n'
}

// regexp scans /.../ when it is one.
func (l *lexer) regexp() bool {
	if !l.argument(l.peek(1)) {
		return false
	}
	l.i++
	l.text('/', 0, true)
	for l.i < len(l.s) && l.s[l.i] >= 'a' && l.s[l.i] <= 'z' {
		l.i++
	}
	l.ended()
	return true
}

// percent scans %w[...] and its relatives when it is one.
func (l *lexer) percent() bool {
	kind, at := byte('Q'), 1
	if c := l.peek(1); c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		if bytes.IndexByte([]byte("qQwWiIrxs"), c) < 0 {
			return false
		}
		kind, at = c, 2
	}
	open := l.peek(at)
	if open == 0 || wordy(open) || open == '\n' || open == ' ' || open == '=' && !l.value {
		return false
	}
	if !l.argument(l.peek(1)) {
		return false
	}
	closing, nests := open, byte(0)
	if i := bytes.IndexByte([]byte("([{<"), open); i >= 0 {
		closing, nests = ")]}>"[i], open
	}
	l.i += at + 1
	l.text(closing, nests, bytes.IndexByte([]byte("qwis"), kind) < 0)
	if kind == 'r' {
		for l.i < len(l.s) && l.s[l.i] >= 'a' && l.s[l.i] <= 'z' {
			l.i++
		}
	}
	l.ended()
	return true
}

// character scans ?x when it is one.
func (l *lexer) character() bool {
	c := l.peek(1)
	if !l.argument(c) || c == 0 || c == ' ' || c == '\n' || c == '\t' || c == '\r' {
		return false
	}
	n := 2
	if c == '\\' {
		n = 3
		for l.peek(n) == '\\' || l.peek(n-1) == '-' || l.peek(n) == '-' {
			n++ // ?\C-\M-x
		}
	} else if wordy(c) && wordy(l.peek(2)) && c < 0x80 {
		return false
	}
	for l.peek(n) >= 0x80 && c >= 0x80 {
		n++
	}
	l.i = min(l.i+n, len(l.s))
	l.ended()
	return true
}

// heredoc notes <<~ID when it is one; its text begins on the next line.
func (l *lexer) heredoc() bool {
	if l.peek(1) != '<' {
		return false
	}
	at := 2
	h := heredoc{}
	if c := l.peek(at); c == '~' || c == '-' {
		h.indent = true
		at++
	}
	quote := l.peek(at)
	if quote == '"' || quote == '\'' || quote == '`' {
		end := bytes.IndexByte(l.s[min(l.i+at+1, len(l.s)):], quote)
		if end <= 0 || !(h.indent || l.argument(quote)) {
			return false
		}
		h.id, h.plain = l.s[l.i+at+1:l.i+at+1+end], quote == '\''
		if bytes.IndexByte(h.id, '\n') >= 0 {
			return false
		}
		l.i += at + end + 2
	} else {
		end := l.i + at
		for end < len(l.s) && wordy(l.s[end]) {
			end++
		}
		id := l.s[l.i+at : end]
		if len(id) == 0 || digit(id[0]) || !(l.value || l.named && l.peek(-1) == ' ' || h.indent && l.peek(-1) == ' ') {
			return false
		}
		if !h.indent && (id[0] < 'A' || id[0] > 'Z') && !l.value {
			return false
		}
		h.id = id
		l.i = end
	}
	l.pending = append(l.pending, h)
	l.ended()
	return true
}

// body scans the text of a heredoc, which begins here.
func (l *lexer) body(h heredoc) {
	for l.i < len(l.s) {
		end := l.lineEnd()
		line := bytes.TrimRight(l.s[l.i:end], "\r")
		if h.indent {
			line = bytes.TrimLeft(line, " \t")
		}
		if bytes.Equal(line, h.id) {
			l.i = min(end+1, len(l.s))
			return
		}
		l.bodyLine(end, h.plain)
		if l.i < len(l.s) && l.s[l.i] == '\n' {
			l.i++
		}
	}
}

// bodyLine scans one line of a heredoc; interpolated code may carry it further.
func (l *lexer) bodyLine(end int, plain bool) {
	from := l.i
	for l.i < end {
		switch {
		case l.s[l.i] == '\\' && !plain && l.peek(1) != '\n':
			l.i = min(l.i+2, len(l.s))
		case l.s[l.i] == '#' && !plain && l.peek(1) == '{' && l.depth < maxDepth:
			blank(l.bare, from, l.i)
			l.i += 2
			held := l.pending
			l.pending = nil
			l.value, l.named, l.dot = true, false, false
			l.run('}')
			l.pending = append(l.pending, held...)
			l.i = min(l.i+1, len(l.s))
			from = l.i
			if from > end {
				end = l.lineEnd()
			}
		default:
			l.i++
		}
	}
	blank(l.bare, from, min(l.i, len(l.s)))
	l.value = true
}
