package logs

import "bytes"

// plan says how the lines of a file are read: which wrapper is taken off and in
// which order formats are asked. It is fixed before the first line is parsed,
// so that what becomes of a line never depends on how the file was cut.
type plan struct {
	wrap    string   // wrapper's name, ""
	formats []format // the file's own format first
}

// label is the name in Result.Format.
func (p *plan) label() string {
	name := ""
	if len(p.formats) > 0 {
		name = p.formats[0].name
	}
	if p.wrap == "" {
		return name
	}
	return p.wrap + "+" + name
}

// later is a line of a sequential format, kept until its block is settled.
type later struct {
	line   []byte
	m      meta
	entry  int
	number int64
}

// dispatcher finds the parser of every line of one block. It is reused from
// block to block, together with the block's memory.
type dispatcher struct {
	wrap    *wrapper
	first   parser // of the file's own format, asked before anything else; nil if sequential
	formats []format
	parsers []parser // by format; nil for sequential ones
	stage   stage
	later   []later
	m       meta
}

func newDispatcher(p *plan, o *Options) *dispatcher {
	d := &dispatcher{wrap: newWrapper(p.wrap, o), formats: p.formats}
	d.stage.clock = newClock(o)
	for i := range p.formats {
		f := &p.formats[i]
		var q parser
		switch {
		case f.stage != nil:
			q = f.stage(o, &d.stage)
		case !f.sequential:
			q = f.open(o)
		}
		d.parsers = append(d.parsers, q)
	}
	if len(d.parsers) > 0 {
		d.first = d.parsers[0]
	}
	return d
}

// parse runs over the lines of b and counts them.
func (d *dispatcher) parse(b *block, out Sink) {
	b.reset()
	d.stage.reset()
	d.later = d.later[:0]
	if d.wrap != nil {
		d.wrap.reset(len(b.data))
	}
	data, off := b.data, b.base
	for len(data) > 0 {
		line := data
		next := bytes.IndexByte(data, '\n') + 1
		if next == 0 {
			next = len(data)
		} else {
			line = data[:next-1]
		}
		if len(line) > maxLine {
			line = line[:maxLine]
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		b.lines++
		if off == 0 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		d.m = meta{offset: off}
		switch d.line(line, out) {
		case known:
			b.understood++
		case unknown:
			b.miss(line, b.lines)
		case deferred:
			d.later[len(d.later)-1].number = b.lines
		}
		data = data[next:]
		off += int64(next)
	}
}

// fate is what became of a line.
type fate uint8

const (
	unknown fate = iota
	known
	deferred
)

// line offers one line to the file's own format, then, without a Logger's
// prefix, to every other one that claims it.
func (d *dispatcher) line(b []byte, out Sink) fate {
	m := &d.m
	if d.wrap != nil {
		b = d.wrap.strip(b, m)
	}
	if d.first != nil && d.first.line(b, m, out) {
		return known
	}
	inner := peel(b, m, &d.stage.clock)
	for i := range d.formats {
		f := &d.formats[i]
		if !f.looks(inner) {
			continue
		}
		p := d.parsers[i]
		if p == nil {
			d.later = append(d.later, later{line: inner, m: *m, entry: i})
			return deferred
		}
		if p.line(inner, m, out) {
			return known
		}
	}
	if len(inner) != len(b) || isFiller(b) {
		return known
	}
	return unknown
}
