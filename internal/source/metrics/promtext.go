package metrics

import (
	"bytes"
	"io"
	"strings"
)

// readPromText reads the Prometheus exposition format and OpenMetrics
// (prometheus/docs content/docs/instrumenting/exposition_formats.md;
// OpenObservability/OpenMetrics specification) with timestamps, as federation,
// backfilling and "promtool tsdb dump" write them. Scrapes that were appended
// to one file by a loop are dated by stamp lines between them.
func readPromText(r io.Reader, o *out) error {
	p := &promText{o: o, book: newLabelBook(o), known: map[string]*labelled{}, stamps: stamps{o: o}}
	err := newLineReader(r, o).each(p.line)
	if p.undated > 0 {
		o.warn("%d values carry no timestamp and were not used: put a line with the time before every scrape (date -Is), or query a server instead", p.undated)
		o.skip("values without timestamp")
	}
	p.book.close()
	return err
}

type promText struct {
	o       *out
	book    *labelBook
	known   map[string]*labelled
	stamps  stamps
	undated int64
}

func (p *promText) line(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	if line[0] == '#' {
		p.stamps.take(line)
		p.o.line(true, nil)
		return
	}
	good := p.sample(line)
	if !good && p.stamps.take(line) {
		good = true
	}
	p.o.line(good, line)
}

// sample reads `name{label="value"} 1.5e+08 1591780000000`.
func (p *promText) sample(line []byte) bool {
	end := promKeyEnd(line)
	if end <= 0 {
		return false
	}
	rest := line[end:]
	if i := bytes.Index(rest, []byte(" # {")); i >= 0 {
		rest = rest[:i] // an exemplar
	}
	fields := bytes.Fields(rest)
	if len(fields) < 1 || len(fields) > 2 {
		return false
	}
	v, missing, ok := bytesText(fields[0])
	l, valid := p.find(line[:end])
	if !valid {
		return false
	}
	if l == nil {
		return ok || string(fields[0]) == "+Inf" || string(fields[0]) == "-Inf" || fields[0][0] == '-'
	}
	if !ok {
		return false
	}
	at, dated := p.stamps.at, p.stamps.have
	if len(fields) == 2 {
		if at, dated = epochText(fields[1]); !dated {
			return false
		}
	}
	if missing {
		return true
	}
	if !dated {
		p.undated++
		return true
	}
	return p.book.put(l, at, v)
}

func (p *promText) find(key []byte) (l *labelled, valid bool) {
	if l, ok := p.known[string(key)]; ok {
		return l, true
	}
	labels, ok := promLabels(key)
	if !ok {
		return nil, false
	}
	l = p.book.find(labels)
	if len(p.known) < maxTagSets {
		p.known[string(key)] = l
	}
	return l, true
}

// promKeyEnd is the end of name and labels.
func promKeyEnd(line []byte) int {
	open := bytes.IndexByte(line, '{')
	space := bytes.IndexAny(line, " \t")
	if open < 0 || space >= 0 && space < open {
		return space
	}
	quoted := false
	for i := open; i < len(line); i++ {
		switch {
		case line[i] == '\\' && quoted:
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '}' && !quoted:
			return i + 1
		}
	}
	return -1
}

// promLabels reads name and labels.
func promLabels(key []byte) (map[string]string, bool) {
	labels := map[string]string{}
	name, rest, braces := strings.Cut(string(key), "{")
	if name != "" {
		if !metricName(name) {
			return nil, false
		}
		labels["__name__"] = name
	}
	if !braces {
		return labels, name != ""
	}
	rest = strings.TrimSuffix(rest, "}")
	for {
		rest = strings.TrimLeft(rest, ", ")
		if rest == "" {
			return labels, true
		}
		k, after, ok := strings.Cut(rest, "=")
		after = strings.TrimLeft(after, " ")
		if !ok || !strings.HasPrefix(after, `"`) {
			return nil, false
		}
		value, tail, ok := promString(after[1:])
		if !ok {
			return nil, false
		}
		labels[strings.TrimSpace(k)] = value
		rest = tail
	}
}

func promString(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i >= len(s) {
				return "", "", false
			}
			if s[i] == 'n' {
				b.WriteByte('\n')
				continue
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

func metricName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func scorePromText(h head) float64 {
	good, comments := 0, 0
	for _, line := range h.lines {
		if bytes.HasPrefix(line, []byte("# HELP ")) || bytes.HasPrefix(line, []byte("# TYPE ")) || bytes.HasPrefix(line, []byte("# UNIT ")) || bytes.Equal(line, []byte("# EOF")) {
			comments++
			continue
		}
		end := promKeyEnd(line)
		if end <= 0 {
			continue
		}
		fields := bytes.Fields(line[end:])
		if len(fields) < 1 || len(fields) > 2 {
			continue
		}
		if _, _, ok := floatBytes(fields[0]); !ok {
			continue
		}
		labels, ok := promLabels(line[:end])
		if ok && (len(labels) > 1 || comments > 0) {
			good++
		}
	}
	if good == 0 && comments < 2 {
		return 0
	}
	return 0.96 * h.share(good+comments)
}
