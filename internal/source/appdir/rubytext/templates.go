package rubytext

import "bytes"

// BlankERB does for ERB what Blank does for Ruby: in code, comments (<%# %>, and
// those of the Ruby inside) are blanked; in bare, all that is no Ruby is too.
func BlankERB(src []byte) (code, bare []byte) {
	code, bare = bytes.Clone(src), bytes.Clone(src)
	for at := 0; at < len(src); {
		i := bytes.Index(src[at:], []byte("<%"))
		if i < 0 {
			blank(bare, at, len(src))
			break
		}
		from := at + i + 2
		blank(bare, at, from)
		if from < len(src) && src[from] == '%' { // <%% is text
			at = from + 1
			blank(bare, from, at)
			continue
		}
		end := len(src)
		if j := bytes.Index(src[from:], []byte("%>")); j >= 0 {
			end = from + j
		}
		if from < len(src) && src[from] == '#' {
			blank(code, from, end)
			blank(bare, from, end)
		} else {
			inner := from
			for inner < end && (src[inner] == '=' || src[inner] == '-') {
				inner++
			}
			blank(bare, from, inner)
			c, b := Blank(src[inner:end])
			copy(code[inner:], c)
			copy(bare[inner:], b)
		}
		at = min(end+2, len(src))
		blank(bare, end, at)
	}
	return code, bare
}

// BlankIndented does it for HAML ("-#") and Slim ("/"), where a comment reaches
// over the lines that are indented under it. Text and code look alike there: bare
// is code.
func BlankIndented(src []byte, marks ...string) (code, bare []byte) {
	code = bytes.Clone(src)
	deep := -1 // indent of the comment that is open
	for at := 0; at < len(src); {
		end := at + bytes.IndexByte(src[at:], '\n') + 1
		if end <= at {
			end = len(src)
		}
		line := src[at:end]
		text := bytes.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		if len(bytes.TrimSpace(text)) > 0 && indent <= deep {
			deep = -1
		}
		if deep < 0 {
			for _, m := range marks {
				if bytes.HasPrefix(text, []byte(m)) {
					deep = indent
				}
			}
		}
		if deep >= 0 {
			blank(code, at, end)
		}
		at = end
	}
	return code, bytes.Clone(code)
}

// BlankHash does it for files whose comments begin with "#" at the beginning of
// a line or after a blank: YAML, Dockerfile, Procfile, shell.
func BlankHash(src []byte) (code, bare []byte) {
	code = bytes.Clone(src)
	quote := byte(0)
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\n':
			quote = 0
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			if i == 0 || !wordy(src[i-1]) { // not the one of "don't"
				quote = c
			}
		case c == '#' && (i == 0 || src[i-1] == ' ' || src[i-1] == '\t' || src[i-1] == '\n'):
			end := i + bytes.IndexByte(src[i:], '\n')
			if end < i {
				end = len(src)
			}
			blank(code, i, end)
			i = end - 1
		}
	}
	return code, bytes.Clone(code)
}
