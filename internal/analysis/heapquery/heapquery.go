// Package heapquery finds objects of a heap by what is asked of them:
//
//	class=String and memsize>1MB and generation<100
//
// It owns the language and its evaluation. It refuses to read dumps and to print.
package heapquery

import (
	"fmt"
	"slices"
	"strings"
)

// Error is a query that cannot be understood.
type Error struct {
	Query string
	At    int // byte at which it cannot be understood
	Msg   string
}

// Error tells what is wrong, and points at it.
func (e *Error) Error() string {
	return fmt.Sprintf("%s\n  %s\n  %s^", e.Msg, e.Query, strings.Repeat(" ", len([]rune(e.Query[:min(e.At, len(e.Query))]))))
}

// node is a part of a query that is true or false for an object.
type node struct {
	op    string // "and", "or", "not", or a comparison
	left  *node
	right *node
	field *field
	value []value
}

// value is what a field is compared with.
type value struct {
	text string
	num  float64
	isIt bool // num is what text says
	at   int
}

// maxDepth bounds parentheses.
const maxDepth = 100

type parser struct {
	query string
	toks  []token
	i     int
	depth int
}

func parse(query string) (*node, error) {
	p := &parser{query: query}
	if err := p.split(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != endToken {
		return nil, p.fail(t.at, "expected \"and\", \"or\" or the end")
	}
	return n, nil
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &Error{Query: p.query, At: at, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != endToken {
		p.i++
	}
	return t
}

func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == wordToken && strings.EqualFold(t.text, w) {
		p.i++
		return true
	}
	return false
}

func (p *parser) or() (*node, error) { return p.chain("or", p.and) }

func (p *parser) and() (*node, error) { return p.chain("and", p.not) }

func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	left, err := part()
	for err == nil && p.word(op) {
		var right *node
		right, err = part()
		left = &node{op: op, left: left, right: right}
	}
	return left, err
}

func (p *parser) not() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.peek().at, "too many parentheses")
	}
	defer func() { p.depth-- }()
	if p.word("not") {
		n, err := p.not()
		return &node{op: "not", left: n}, err
	}
	if t := p.peek(); t.kind == markToken && t.text == "(" {
		p.i++
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.next(); t.text != ")" || t.kind != markToken {
			return nil, p.fail(t.at, "expected \")\"")
		}
		return n, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (*node, error) {
	t := p.next()
	if t.kind != wordToken {
		return nil, p.fail(t.at, "expected the name of a field")
	}
	f := fieldNamed(t.text)
	if f == nil {
		return nil, p.fail(t.at, "no field %q; there are %s", t.text, strings.Join(Fields(), ", "))
	}
	op := p.peek()
	switch {
	case op.kind == markToken && slices.Contains([]string{"=", "!=", "<", "<=", ">", ">=", "~", "!~"}, op.text):
		p.i++
		return p.compare(f, op)
	case p.word("in"):
		return p.in(f)
	case f.kind == flagField:
		return &node{op: "=", field: f, value: []value{{text: "true", num: 1, isIt: true}}}, nil
	}
	return nil, p.fail(op.at, "expected =, !=, <, <=, >, >=, ~, !~ or in")
}

func (p *parser) compare(f *field, op token) (*node, error) {
	v, err := p.value(f)
	if err != nil {
		return nil, err
	}
	ordered := op.text[0] == '<' || op.text[0] == '>'
	switch {
	case ordered && f.kind == textField:
		return nil, p.fail(op.at, "%s is a text: compare it by =, !=, ~, !~ or in", f.name)
	case op.text == "~" || op.text == "!~":
		if f.kind == numberField || f.kind == flagField {
			return nil, p.fail(op.at, "%s is no text: compare it by =, !=, <, <=, >, >=", f.name)
		}
		if _, err := pattern(v.text); err != nil {
			return nil, p.fail(v.at, "%v", err)
		}
	}
	return &node{op: op.text, field: f, value: []value{v}}, nil
}

func (p *parser) in(f *field) (*node, error) {
	if t := p.next(); t.kind != markToken || t.text != "(" {
		return nil, p.fail(t.at, "expected \"(\"")
	}
	n := &node{op: "in", field: f}
	for {
		v, err := p.value(f)
		if err != nil {
			return nil, err
		}
		n.value = append(n.value, v)
		t := p.next()
		if t.kind == markToken && t.text == ")" {
			return n, nil
		}
		if t.kind != markToken || t.text != "," {
			return nil, p.fail(t.at, "expected \",\" or \")\"")
		}
	}
}

func (p *parser) value(f *field) (value, error) {
	t := p.next()
	if t.kind != wordToken && t.kind != quotedToken {
		return value{}, p.fail(t.at, "expected what %s is compared with", f.name)
	}
	v := value{text: t.text, at: t.at}
	v.num, v.isIt = number(f, t.text)
	if (f.kind == numberField || f.kind == flagField) && !v.isIt {
		return v, p.fail(t.at, "%s is compared with %s", f.name, f.wants())
	}
	return v, nil
}
