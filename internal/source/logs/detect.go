package logs

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"culprit"
)

// headLines is how many lines of a file's head take part in recognising it.
const headLines = 2000

// minScore is the share of a head's lines that must be understood.
const minScore = 0.05

func detect(head []byte, _ string) (Guess, bool) {
	lines := splitHead(head)
	if len(lines) == 0 {
		return Guess{}, false
	}
	o := &Options{}
	p, claims := rank(lines, o)
	if claims == 0 {
		return Guess{}, false
	}
	d := newDispatcher(p, o)
	understood := 0
	for _, l := range lines {
		d.m = meta{}
		if d.line(l, nothing{}) != unknown {
			understood++
		}
	}
	g := Guess{Format: p.label(), Kind: p.formats[0].kind, Score: float64(understood) / float64(len(lines))}
	return g, g.Score >= minScore
}

// planFor decides how a file is read from its head and the options.
func planFor(head []byte, o *Options) (*plan, error) {
	p, _ := rank(splitHead(head), o)
	if o.Format == "" {
		return p, nil
	}
	wrap, name, ok := strings.Cut(o.Format, "+")
	if !ok {
		wrap, name = "", o.Format
	}
	i := slices.IndexFunc(p.formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown log format %q", o.Format)
	}
	if wrap != "" {
		if !isWrapper(wrap) {
			return nil, fmt.Errorf("unknown wrapper %q in log format %q", wrap, o.Format)
		}
		p.wrap = wrap
	}
	f := p.formats[i]
	p.formats = slices.Insert(slices.Delete(p.formats, i, i+1), 0, f)
	return p, nil
}

// splitHead cuts a head into lines, without the last one when it is not whole.
func splitHead(head []byte) [][]byte {
	var lines [][]byte
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for len(head) > 0 && len(lines) < headLines {
		i := bytes.IndexByte(head, '\n')
		if i < 0 {
			if len(lines) == 0 {
				lines = append(lines, head)
			}
			break
		}
		if l := bytes.TrimSuffix(head[:i], []byte("\r")); len(l) > 0 {
			lines = append(lines, l)
		}
		head = head[i+1:]
	}
	return lines
}

// rank counts which formats claim the lines of a head and puts the one with the
// most claims first; the others keep the registry's order. It returns how many
// lines anybody claimed.
func rank(lines [][]byte, o *Options) (*plan, int) {
	p := &plan{formats: formats()}
	p.wrap = wrapperOf(lines, o)
	w := newWrapper(p.wrap, o)
	claims := make([]int, len(p.formats))
	c := newClock(o)
	prefixed, total := 0, 0
	var m meta
	for _, l := range lines {
		m = meta{}
		if w != nil {
			w.reset(len(l))
			l = w.strip(l, &m)
		}
		inner := peel(l, &m, &c)
		if len(inner) != len(l) {
			prefixed++
		}
		for i := range p.formats {
			if p.formats[i].looks(inner) {
				claims[i]++
				total++
				break
			}
		}
	}
	best := 0
	for i, n := range claims {
		if n > claims[best] {
			best = i
		}
	}
	if total == 0 {
		// A head of nothing but debug lines is a Rails log all the same.
		best = max(0, slices.IndexFunc(p.formats, func(f format) bool { return f.name == "rails" }))
		total = prefixed
	}
	if len(p.formats) > 0 {
		f := p.formats[best]
		p.formats = slices.Insert(slices.Delete(p.formats, best, best+1), 0, f)
	}
	return p, total
}

// nothing is a sink for trying a format out.
type nothing struct{}

func (nothing) Call(*culprit.Call)                          {}
func (nothing) Happening(culprit.Happening)                 {}
func (nothing) Memory(culprit.Series, int64, culprit.Bytes) {}
