package heapquery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"culprit/internal/analysis/holding"
)

// Query is a query that was understood, for one heap.
type Query struct {
	v    *holding.View
	text holding.Text
	is   func(uint32) bool
	// lines tells that the dump's lines have to be read.
	lines bool
	err   error
	// at is the object whose line is in hand.
	at   uint32
	line []byte
}

// Check tells whether a query can be understood.
func Check(query string) error {
	if len(query) == 0 {
		return nil
	}
	_, err := parse(query)
	return err
}

// Compile understands a query. text gives the lines for fields that stand there only;
// an empty query finds all objects.
func Compile(query string, v *holding.View, text holding.Text) (*Query, error) {
	q := &Query{v: v, text: text, at: holding.None}
	if len(query) == 0 {
		q.is = func(uint32) bool { return true }
		return q, nil
	}
	n, err := parse(query)
	if err != nil {
		return nil, err
	}
	q.is = q.compile(n)
	return q, nil
}

func (q *Query) compile(n *node) func(uint32) bool {
	switch n.op {
	case "and":
		a, b := q.compile(n.left), q.compile(n.right)
		if q.costs(n.left) && !q.costs(n.right) {
			a, b = b, a // columns before lines
		}
		return func(i uint32) bool { return a(i) && b(i) }
	case "or":
		a, b := q.compile(n.left), q.compile(n.right)
		return func(i uint32) bool { return a(i) || b(i) }
	case "not":
		a := q.compile(n.left)
		return func(i uint32) bool { return !a(i) }
	}
	switch f := n.field; {
	case f.kind == lineField:
		q.lines = true
		return q.inLine(n)
	case f.kind == textField:
		return q.inTable(n)
	}
	return q.inColumn(n)
}

// costs tells whether a part needs the dump's lines.
func (q *Query) costs(n *node) bool {
	if n == nil {
		return false
	}
	return n.field != nil && n.field.kind == lineField || q.costs(n.left) || q.costs(n.right)
}

func (q *Query) inColumn(n *node) func(uint32) bool {
	get, v := n.field.num, q.v
	holds := numbers(n)
	if n.field.name == "generation" && (n.op[0] == '<' || n.op[0] == '>') {
		// What was not traced is neither older nor younger.
		return func(i uint32) bool { g := get(v, i); return g >= 0 && holds(g) }
	}
	return func(i uint32) bool { return holds(get(v, i)) }
}

func numbers(n *node) func(float64) bool {
	want := n.value[0].num
	switch n.op {
	case "=":
		return func(x float64) bool { return x == want }
	case "!=":
		return func(x float64) bool { return x != want }
	case "<":
		return func(x float64) bool { return x < want }
	case "<=":
		return func(x float64) bool { return x <= want }
	case ">":
		return func(x float64) bool { return x > want }
	case ">=":
		return func(x float64) bool { return x >= want }
	}
	list := n.value
	return func(x float64) bool { return slices.ContainsFunc(list, func(v value) bool { return v.num == x }) }
}

// texts makes the comparison of a text.
func texts(n *node) func(string) bool {
	switch n.op {
	case "~", "!~":
		re, err := pattern(n.value[0].text)
		if err != nil { // told when it was parsed
			return func(string) bool { return false }
		}
		return func(s string) bool { return re.MatchString(s) == (n.op == "~") }
	case "!=":
		same := matcher(n.value[0].text)
		return func(s string) bool { return !same(s) }
	case "in":
		var list []func(string) bool
		for _, v := range n.value {
			list = append(list, matcher(v.text))
		}
		return func(s string) bool {
			return slices.ContainsFunc(list, func(same func(string) bool) bool { return same(s) })
		}
	}
	return matcher(n.value[0].text)
}

// inTable compares each text once.
func (q *Query) inTable(n *node) func(uint32) bool {
	f, v, holds := n.field, q.v, texts(n)
	if f.key == nil {
		known := map[string]bool{}
		return func(i uint32) bool {
			s := f.own(v, i)
			is, ok := known[s]
			if !ok {
				is = holds(s)
				known[s] = is
			}
			return is
		}
	}
	const unknown, no, yes = 0, 1, 2
	seen := make([]uint8, f.keys(v))
	return func(i uint32) bool {
		k := f.key(v, i)
		if seen[k] == unknown {
			seen[k] = no
			if s := q.named(f, i, k); holds(s) {
				seen[k] = yes
			}
		}
		return seen[k] == yes
	}
}

func (q *Query) named(f *field, i uint32, k int) string {
	if f.own != nil {
		return f.own(q.v, i)
	}
	return f.text(q.v, k)
}

// inLine compares what stands in the line; a field that is not there is no match,
// and none of its comparisons but != and !~ hold.
func (q *Query) inLine(n *node) func(uint32) bool {
	v := n.value[0]
	asText := n.op == "=" || n.op == "!=" || n.op == "~" || n.op == "!~" || n.op == "in"
	text := func(string) bool { return false }
	if asText {
		text = texts(n)
	}
	num := numbers(n)
	return func(i uint32) bool {
		s, ok := fromLine(q.lineOf(i), n.field.name)
		if !ok {
			return n.op == "!=" || n.op == "!~"
		}
		if x, err := strconv.ParseFloat(s, 64); err == nil && v.isIt && n.op != "~" && n.op != "!~" {
			return num(x)
		}
		return asText && text(s)
	}
}

func (q *Query) lineOf(i uint32) []byte {
	if q.at == i {
		return q.line
	}
	if q.text == nil {
		q.err = errors.New("the lines of this dump cannot be read again; hint: give a file")
		return nil
	}
	line, err := q.text.Line(i)
	if err != nil && q.err == nil {
		q.err = err
	}
	q.at, q.line = i, line
	return line
}

// Found is what a query finds.
type Found struct {
	Objects  int64
	Bytes    uint64
	Retained uint64 // of those that no other of them holds
	IDs      []uint32
}

// often is how many objects pass between looks at the context.
const often = 1 << 16

// Run finds all objects that fit, in the order of the dump.
func (q *Query) Run(ctx context.Context) (f Found, err error) {
	for i := range uint32(q.v.Len()) {
		if i%often == 0 && ctx.Err() != nil {
			return f, ctx.Err()
		}
		if q.is(i) {
			f.IDs = append(f.IDs, i)
			f.Bytes += q.v.Size(i)
		}
		if q.err != nil {
			return f, fmt.Errorf("reading the dump's lines: %w", q.err)
		}
	}
	f.Objects = int64(len(f.IDs))
	f.Retained = q.v.RetainedBy(f.IDs)
	return f, nil
}

// Sort sorts found objects by a field, largest first, numbers as numbers.
func (q *Query) Sort(ids []uint32, by string) error {
	f := fieldNamed(by)
	if f == nil || f.kind == lineField {
		return fmt.Errorf("no field %q to sort by; hint: memsize, retained, generation, references, class, location or another column", by)
	}
	v := q.v
	slices.SortStableFunc(ids, func(a, b uint32) int {
		if f.num != nil {
			switch x, y := f.num(v, a), f.num(v, b); {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		}
		x, _ := Value(v, a, f.name)
		y, _ := Value(v, b, f.name)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return nil
}

// Group is found objects with one value of a field.
type Group struct {
	Key     string `json:"key"`
	Objects int64  `json:"objects"`
	Bytes   uint64 `json:"bytes"`
}

// Group puts found objects together by a field, most bytes first.
func (q *Query) Group(ids []uint32, by string) ([]Group, error) {
	at, list := map[string]int{}, []Group{}
	for _, i := range ids {
		k, err := Value(q.v, i, by)
		if err != nil {
			return nil, err
		}
		n, ok := at[k]
		if !ok {
			n = len(list)
			at[k] = n
			list = append(list, Group{Key: k})
		}
		list[n].Objects++
		list[n].Bytes += q.v.Size(i)
	}
	slices.SortStableFunc(list, func(a, b Group) int {
		switch {
		case a.Bytes > b.Bytes:
			return -1
		case a.Bytes < b.Bytes:
			return 1
		}
		return 0
	})
	return list, nil
}
