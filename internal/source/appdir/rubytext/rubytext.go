// Package rubytext tells comments and the text of strings in Ruby source from
// what is run, so that a line that is commented out is never taken for code.
//
// It owns the lexical shape of Ruby and of the templates that hold Ruby. It
// refuses to parse: it knows no statement, and where only a parser could decide
// (is "/" a division?) it takes what programmers mostly write. Held against
// Ripper over all Ruby files of a Debian system.
package rubytext

import "bytes"

// Blank returns src twice, byte for byte as long and with the same lines: code
// has comments blanked (# to the end of the line, =begin to =end, and all behind
// __END__), bare has the text of string literals blanked too. Interpolated code
// is kept in both; quotes and other delimiters are kept.
func Blank(src []byte) (code, bare []byte) {
	l := &lexer{s: src, code: bytes.Clone(src), bare: bytes.Clone(src), value: true}
	l.lineStart()
	l.run(0)
	return l.code, l.bare
}

// heredoc is one that was announced and begins on the next line.
type heredoc struct {
	id     []byte
	indent bool // <<~ or <<-: the end may be indented
	plain  bool // <<'ID': no interpolation
}

type lexer struct {
	s, code, bare []byte
	i             int
	value         bool // an operand is expected: "/" begins a regexp
	named         bool // the last thing was a name, which may take arguments without brackets
	dot           bool // the last thing was a dot: a name after it is a method's
	pending       []heredoc
	depth         int // of nesting, bounded
}

// maxDepth bounds interpolation within interpolation.
const maxDepth = 100

func (l *lexer) peek(n int) byte {
	if l.i+n < len(l.s) && l.i+n >= 0 {
		return l.s[l.i+n]
	}
	return 0
}

func blank(b []byte, from, to int) {
	for i := from; i < to && i < len(b); i++ {
		if b[i] != '\n' && b[i] != '\r' {
			b[i] = ' '
		}
	}
}

func (l *lexer) comment(to int) {
	blank(l.code, l.i, to)
	blank(l.bare, l.i, to)
	l.i = to
}

// run scans code up to the bracket that closes it, or to the end for 0.
func (l *lexer) run(closing byte) {
	l.depth++
	defer func() { l.depth-- }()
	open := 0
	for l.i < len(l.s) {
		c := l.s[l.i]
		switch {
		case c == '{':
			open++
			l.operator()
		case c == '}':
			if closing == '}' && open == 0 {
				return
			}
			open--
			l.operand()
		default:
			l.token(c)
		}
	}
}

func (l *lexer) operator() { l.i++; l.value, l.named, l.dot = true, false, false }
func (l *lexer) operand()  { l.i++; l.value, l.named, l.dot = false, false, false }

// token scans one thing that begins with c.
func (l *lexer) token(c byte) {
	switch {
	case c == '\n':
		l.newline()
	case c == ' ' || c == '\t' || c == '\r':
		l.i++
	case c == '\\':
		l.i = min(l.i+1, len(l.s))
		if l.peek(0) == '\n' {
			l.i++ // a line that goes on
		}
	case c == '#':
		l.comment(l.lineEnd())
	case c == '"' || c == '`':
		l.quoted()
	case c == '\'':
		l.i++
		l.text('\'', 0, false)
		l.ended()
	case c == ':':
		l.colon()
	case c == '%' && l.percent():
	case c == '/' && l.regexp():
	case c == '<' && l.heredoc():
	case c == '?' && l.character():
	case wordy(c) || c == '@' || c == '$':
		l.word()
	case c == ')' || c == ']':
		l.operand()
	case c == '.':
		l.operator()
		l.dot = l.peek(0) != '.' && l.peek(-2) != '.'
	default:
		l.operator()
	}
}

func (l *lexer) ended() { l.value, l.named, l.dot = false, false, false }

func (l *lexer) lineEnd() int {
	if n := bytes.IndexByte(l.s[l.i:], '\n'); n >= 0 {
		return l.i + n
	}
	return len(l.s)
}

// newline ends a line: announced heredocs follow, and a comment of lines may.
func (l *lexer) newline() {
	l.i++
	l.value, l.named, l.dot = true, false, false
	for len(l.pending) > 0 {
		h := l.pending[0]
		l.pending = l.pending[1:]
		l.body(h)
	}
	l.lineStart()
}

// lineStart looks for what only the beginning of a line can be.
func (l *lexer) lineStart() {
	for {
		rest := l.s[l.i:]
		switch {
		case begins(rest, "=begin"):
			end := bytes.Index(rest, []byte("\n=end"))
			if end < 0 {
				l.comment(len(l.s))
				return
			}
			l.comment(l.i + end + 1)
			l.comment(l.lineEnd())
			if l.i < len(l.s) {
				l.i++
			}
		case begins(rest, "__END__") && (len(rest) == 7 || rest[7] == '\n' || rest[7] == '\r'):
			l.comment(len(l.s))
			return
		default:
			return
		}
	}
}

func begins(s []byte, word string) bool {
	if !bytes.HasPrefix(s, []byte(word)) {
		return false
	}
	return len(s) == len(word) || !wordy(s[len(word)])
}

func wordy(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// word scans a name, a keyword, a number or a variable.
func (l *lexer) word() {
	from := l.i
	if l.s[l.i] == '$' {
		l.i++
		if c := l.peek(0); !wordy(c) && c != '\n' && c != 0 {
			l.i++ // $/ $' $" $# $$ and their like
			l.ended()
			return
		}
	}
	for l.i < len(l.s) && l.s[l.i] == '@' {
		l.i++
	}
	for l.i < len(l.s) && wordy(l.s[l.i]) {
		l.i++
	}
	if c := l.peek(0); (c == '?' || c == '!') && l.peek(1) != '=' && !(c == '?' && l.peek(1) == ':' && l.peek(2) != ':') {
		l.i++ // valid? save!
	}
	text := string(l.s[from:l.i])
	after := l.dot
	l.dot = false
	l.value, l.named = false, false
	switch {
	case after || text == "":
		l.named = text != "" && !digit(text[0])
	case l.peek(0) == ':' && l.peek(1) != ':':
		l.i++ // a label: what follows is its value
		l.value = true
	case keyword(text):
		l.value = true
	case text == "def":
		l.method()
	default:
		l.named = !digit(text[0]) && text[0] != '@' && text[0] != '$'
	}
	if l.i == from {
		l.i++
	}
}

// method skips the name of a method that is defined: it may be an operator.
func (l *lexer) method() {
	for l.peek(0) == ' ' {
		l.i++
	}
	if begins(l.s[l.i:], "self") && l.peek(4) == '.' {
		l.i += 5
	}
	for l.i < len(l.s) && bytes.IndexByte([]byte("+-*/%<>=!~^&|[]`"), l.s[l.i]) >= 0 {
		l.i++
	}
	l.dot = true // a name of its own, whatever it is called
	if !wordy(l.peek(0)) {
		l.dot = false
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// keyword tells words that an operand follows.
func keyword(s string) bool {
	switch s {
	case "if", "unless", "while", "until", "and", "or", "not", "return", "when", "in", "then", "do", "else", "elsif",
		"case", "begin", "ensure", "rescue", "yield", "break", "next", "super", "puts", "raise", "defined":
		return true
	}
	return false
}
