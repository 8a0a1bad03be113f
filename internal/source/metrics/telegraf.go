package metrics

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"culprit"
)

// readTelegraf reads InfluxDB line protocol as Telegraf's file output,
// "telegraf --test" and "influx_inspect export" write it. Definition:
// docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference.
func readTelegraf(r io.Reader, o *out) error {
	p := &lineProtocol{o: o, measurements: map[string]*measurement{}}
	lines := newLineReader(r, o)
	err := lines.each(p.line)
	if p.undated > 0 {
		o.warn("%d lines carry no timestamp and were not used", p.undated)
	}
	return err
}

type lineProtocol struct {
	o            *out
	measurements map[string]*measurement
	rd           reading
	undated      int64
}

// measurement is what is known of one measurement name.
type measurement struct {
	name   string
	family family
	series map[string]*lineSeries
}

// lineSeries is one measurement with one tag set. Writers keep the order of
// fields, so that the keys of the last line tell what the next line's are.
type lineSeries struct {
	t      *target
	fields []lineField
	titled bool
}

type lineField struct {
	key   string
	slot  slot
	mul   int64
	title bool // the command line, a field unless tag_with asks for a tag
}

// maxTagSets bounds the memory for names when tags carry request ids or the like.
const maxTagSets = 200_000

func (p *lineProtocol) line(line []byte) {
	line = bytes.TrimPrefix(line, []byte("> ")) // telegraf --test
	if len(line) == 0 {
		return
	}
	if line[0] == '#' || line[0] == 'C' && bytes.HasPrefix(line, []byte("CREATE ")) || line[0] == 'D' && bytes.Equal(line, []byte("DELETE")) {
		p.o.line(true, nil) // head of an influx_inspect export
		return
	}
	p.o.line(p.point(line), line)
}

// point reads one point; false when the line is not understood.
func (p *lineProtocol) point(line []byte) bool {
	end := keyEnd(line)
	if end <= 0 || end+3 > len(line) {
		return false
	}
	key, rest := line[:end], line[end+1:]
	m := p.measurement(key)
	if m.family == familyOther {
		return bytes.IndexByte(rest, '=') > 0
	}
	s := m.series[string(key)]
	if s == nil {
		if s = p.open(m, key); s == nil {
			return false
		}
	}
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return p.fields(s, m, rest)
}

// fields reads the field set and the time.
func (p *lineProtocol) fields(s *lineSeries, m *measurement, rest []byte) bool {
	p.rd.reset()
	ok := true
	for i := 0; ; i++ {
		eq := fieldKeyEnd(rest)
		if eq <= 0 || eq+1 >= len(rest) {
			return false
		}
		f := s.field(i, rest[:eq], m)
		rest = rest[eq+1:]
		n := valueEnd(rest)
		if n <= 0 {
			return false
		}
		if f.slot != slotNone && !p.value(f, rest[:n]) {
			ok = false
		}
		if f.title && !s.titled {
			p.title(s, rest[:n])
		}
		if n >= len(rest) {
			rest = nil
			break
		}
		more := rest[n] == ','
		rest = rest[n+1:]
		if !more {
			break
		}
	}
	if p.rd.have == 0 {
		return ok
	}
	at, good := lineTime(rest)
	if !good {
		if len(bytes.TrimSpace(rest)) == 0 {
			p.undated++
		}
		return false
	}
	return p.o.emit(s.t, at, &p.rd) && ok
}

func (p *lineProtocol) value(f lineField, text []byte) bool {
	if text[0] == '"' {
		text = bytes.Trim(text, `"`)
	}
	v, missing, ok := bytesText(text)
	if !ok {
		return false
	}
	if !missing {
		p.rd.set(f.slot, v*f.mul)
	}
	return true
}

// title takes the role from a command line that is a field, before the first
// reading goes out.
func (p *lineProtocol) title(s *lineSeries, value []byte) {
	s.titled = true
	if s.t.base.Role == "" && s.t.wait == nil && s.t.fresh() {
		text := unescape(string(bytes.Trim(value, `"`)))
		p.o.applyTitle(s.t, text)
		if s.t.base.Role != "" || s.t.wait != nil {
			s.t.base.Name = processName(text)
		}
	}
}

// field finds what the i-th field is, from the last line where it can.
func (s *lineSeries) field(i int, key []byte, m *measurement) lineField {
	if i < len(s.fields) && s.fields[i].key == string(key) {
		return s.fields[i]
	}
	f := lineField{key: string(key)}
	f.slot, f.mul = fieldSlot(m.family, m.name, unescape(f.key))
	if s.t.base.PID != 0 && f.slot == slotPID {
		f.slot = slotNone
	}
	f.title = f.key == "cmdline" && m.family == familyProcess && s.t.base.PID != 0
	if i < len(s.fields) {
		s.fields[i] = f
	} else if i == len(s.fields) {
		s.fields = append(s.fields, f)
	}
	return f
}

func (p *lineProtocol) measurement(key []byte) *measurement {
	name := key[:tokenEnd(key, ',')]
	m := p.measurements[string(name)]
	if m == nil {
		n := unescape(string(name))
		m = &measurement{name: n, family: familyOf(n), series: map[string]*lineSeries{}}
		if len(p.measurements) < maxTagSets {
			p.measurements[string(name)] = m
		}
		if m.family == familyOther {
			p.o.skip(n)
		}
	}
	return m
}

func (p *lineProtocol) open(m *measurement, key []byte) *lineSeries {
	tags, ok := parseTags(key[tokenEnd(key, ','):])
	if !ok || len(m.series) >= maxTagSets {
		return nil
	}
	base, title := telegrafSeries(m.family, m.name, tags)
	s := &lineSeries{t: p.o.target(base)}
	p.o.applyTitle(s.t, title)
	m.series[string(key)] = s
	return s
}

// parseTags reads ",key=value,key=value".
func parseTags(b []byte) (map[string]string, bool) {
	tags := map[string]string{}
	for len(b) > 0 {
		b = b[1:]
		eq := tokenEnd(b, '=')
		if eq <= 0 || eq >= len(b) {
			return nil, false
		}
		end := eq + 1 + tokenEnd(b[eq+1:], ',')
		tags[unescape(string(b[:eq]))] = unescape(string(b[eq+1 : end]))
		b = b[end:]
	}
	return tags, true
}

// telegrafSeries makes the identity out of tags, and the process title if the
// tags tell one.
func telegrafSeries(f family, name string, tags map[string]string) (s culprit.Series, title string) {
	s.Host = tags["host"]
	if pid, err := strconv.Atoi(tags["pid"]); err == nil && pid > 0 {
		s.PID = pid
	}
	switch f {
	case familyProcess:
		title = firstOf(tags, "cmdline", "process_name", "exe")
		s.Name = processName(firstOf(tags, "cmdline", "process_name", "pattern", "systemd_unit", "unit", "cgroup", "exe", "pidfile", "process", "name"))
	case familyCgroup:
		s.Name = tags["path"]
	case familyContainer:
		s.Name = firstOf(tags, "container_name", "com.docker.compose.service", "pod_name")
		s.Role = "container"
		if s.Host == "" {
			s.Host = firstOf(tags, "node_name", "engine_host")
		}
	case familyHost, familyOther:
	}
	if s.Name == "" && f != familyHost {
		s.Name = name
	}
	return s, title
}

func firstOf(tags map[string]string, keys ...string) string {
	for _, k := range keys {
		if v := tags[k]; v != "" {
			return v
		}
	}
	return ""
}

// lineTime reads the time behind the fields.
func lineTime(b []byte) (int64, bool) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return epochMicros(n)
}

// keyEnd is the first space that is not escaped.
func keyEnd(b []byte) int { return escapedIndex(b, ' ') }

// tokenEnd is the first unescaped c, or the length.
func tokenEnd(b []byte, c byte) int {
	if i := escapedIndex(b, c); i >= 0 {
		return i
	}
	return len(b)
}

func fieldKeyEnd(b []byte) int { return escapedIndex(b, '=') }

func escapedIndex(b []byte, c byte) int {
	from := 0
	for {
		i := bytes.IndexByte(b[from:], c)
		if i < 0 {
			return -1
		}
		if i += from; i == 0 || b[i-1] != '\\' {
			return i
		}
		from = i + 1
	}
}

// valueEnd is the end of a field value: a comma or a space outside of quotes.
func valueEnd(b []byte) int {
	if b[0] != '"' {
		for i, c := range b {
			if c == ',' || c == ' ' {
				return i
			}
		}
		return len(b)
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,= \"`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// scoreTelegraf wants points: a key, fields with "=", and a time.
func scoreTelegraf(h head) float64 {
	good, memory := 0, false
	for _, line := range h.lines {
		line = bytes.TrimPrefix(line, []byte("> "))
		end := keyEnd(line)
		if end <= 0 || bytes.HasPrefix(line, []byte("#")) || bytes.HasPrefix(line, []byte("{")) {
			continue
		}
		key, rest := line[:end], line[end+1:]
		if _, ok := parseTags(key[tokenEnd(key, ','):]); !ok {
			continue
		}
		eq := fieldKeyEnd(rest)
		sp := bytes.LastIndexByte(rest, ' ')
		if eq <= 0 || sp < eq || bytes.IndexByte(rest[:eq], ' ') >= 0 {
			continue
		}
		if _, ok := lineTime(rest[sp:]); !ok {
			continue
		}
		good++
		memory = memory || familyOf(unescape(string(key[:tokenEnd(key, ',')]))) != familyOther
	}
	if memory {
		return h.share(good)
	}
	return h.share(good) * 0.9
}
