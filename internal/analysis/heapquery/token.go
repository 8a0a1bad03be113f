package heapquery

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

const (
	endToken = iota
	wordToken
	quotedToken
	markToken
)

type token struct {
	kind int
	text string
	at   int
}

// split cuts a query into its parts.
func (p *parser) split() error {
	q := p.query
	for i := 0; i < len(q); {
		switch c := q[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			text, n, ok := quoted(q[i:])
			if !ok {
				return p.fail(i, "this quote has no end")
			}
			p.toks = append(p.toks, token{quotedToken, text, i})
			i += n
		case strings.IndexByte("(),=~", c) >= 0:
			p.toks = append(p.toks, token{markToken, q[i : i+1], i})
			i++
		case strings.IndexByte("<>!", c) >= 0:
			n := 1
			if i+1 < len(q) && (q[i+1] == '=' || c == '!' && q[i+1] == '~') {
				n = 2
			}
			if c == '!' && n == 1 {
				return p.fail(i, "expected != or !~")
			}
			p.toks = append(p.toks, token{markToken, q[i : i+n], i})
			i += n
		default:
			from := i
			for i < len(q) && strings.IndexByte(" \t\r\n\"'(),=~<>!", q[i]) < 0 {
				i++
			}
			p.toks = append(p.toks, token{wordToken, q[from:i], from})
		}
	}
	p.toks = append(p.toks, token{endToken, "", len(q)})
	return nil
}

// quoted reads a text in quotes; a backslash keeps the next character.
func quoted(q string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(q); i++ {
		switch {
		case q[i] == q[0]:
			return b.String(), i + 1, true
		case q[i] == '\\' && i+1 < len(q) && (q[i+1] == q[0] || q[i+1] == '\\'):
			i++
		}
		b.WriteByte(q[i])
	}
	return "", 0, false
}

// units are those of computers: 1 KB is 1,024 bytes, as memsize counts.
var units = regexp.MustCompile(`(?i)^([0-9][0-9_]*(?:\.[0-9]+)?)\s*(b|kb?|mb?|gb?|tb?|kib|mib|gib|tib)?$`)

// number reads what a field is compared with.
func number(f *field, text string) (float64, bool) {
	switch {
	case f.kind == flagField:
		return boolean(text)
	case f.name == "address":
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 64)
		return float64(n), err == nil
	case f.name == "generation" && strings.EqualFold(text, "none"):
		return -1, true
	}
	m := units.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], "_", ""), 64)
	if err != nil || math.IsInf(n, 0) {
		return 0, false
	}
	if m[2] != "" {
		if i := strings.IndexByte("bkmgt", m[2][0]|0x20); i > 0 {
			n *= math.Pow(1024, float64(i))
		}
	}
	return n, true
}

func boolean(text string) (float64, bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return 1, true
	case "false", "no", "0":
		return 0, true
	}
	return 0, false
}

func pattern(text string) (*regexp.Regexp, error) { return regexp.Compile(text) }

// matcher compares texts: exactly, or by * for anything.
func matcher(text string) func(string) bool {
	if !strings.Contains(text, "*") {
		return func(s string) bool { return s == text }
	}
	re := regexp.MustCompile("(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*") + "$")
	return re.MatchString
}
