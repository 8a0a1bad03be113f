package metrics

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"

	"culprit"
)

// readTable reads tables with a time column: Grafana's CSV (joined by time, one
// column per series, or long with Series, Time and Value), plain CSV such as
// time,host,pid,bytes, the CSV of the influx client, and what a spreadsheet
// made of them. Separator: from "sep=", else comma, semicolon or tab, whichever
// the header has.
func readTable(r io.Reader, o *out) error {
	t := &table{o: o, targets: map[string]*tableSeries{}, taken: map[culprit.Series]int{}}
	lines := newLineReader(r, o)
	err := lines.each(t.line)
	if t.unit != nil {
		t.unit.flush()
	}
	if t.rounded {
		o.warn("values are rounded to three digits or so (%q): small steps are lost; download raw values (in Grafana: Formatted data off)", t.example)
	}
	return err
}

type table struct {
	o       *out
	sep     byte
	plan    *tablePlan
	cells   [][]byte
	key     []byte
	targets map[string]*tableSeries
	taken   map[culprit.Series]int
	rd      reading
	rounded bool
	example string
	unit    *unitGuess // of "rss" without a unit
	epoch   int        // epochs of columns, so that keys of different headers differ
}

func (t *table) line(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	if bytes.HasPrefix(line, []byte("sep=")) || bytes.HasPrefix(line, []byte(`"sep=`)) {
		if rest := bytes.Trim(line[bytes.IndexByte(line, '=')+1:], `"`); len(rest) > 0 {
			t.sep = rest[0]
		}
		t.o.line(true, nil)
		return
	}
	if full := gfHeader(line); full != nil { // Grafana's header style "full"
		if !bytes.HasPrefix(line, []byte("#name#")) {
			t.o.line(true, nil)
			return
		}
		line = full
	} else if line[0] == '#' && t.plan != nil {
		t.o.line(true, nil)
		return
	}
	if t.plan == nil {
		t.o.line(t.head(line), line)
		return
	}
	t.cells = splitCells(line, t.sep, t.cells[:0])
	t.o.line(t.row() || t.plan.repeats(line) || t.head(line), line)
}

func gfHeader(line []byte) []byte {
	for _, p := range []string{"#name#", "#type#", "#unit#", "#dateFormat#"} {
		if rest, ok := bytes.CutPrefix(line, []byte(p)); ok {
			return rest
		}
	}
	return nil
}

// head reads a header; several tables may follow one another.
func (t *table) head(line []byte) bool {
	line = bytes.TrimPrefix(line, []byte("# "))
	sep := t.sep
	if sep == 0 {
		sep = guessSeparator(line)
	}
	titles := splitCells(line, sep, nil)
	plan := planTable(titles)
	if plan == nil {
		return false
	}
	t.sep, t.plan = sep, plan
	plan.header = append([]byte{}, line...)
	t.epoch++
	plan.epoch = t.epoch
	for _, m := range plan.odd {
		t.o.warn("%s", m)
	}
	if len(plan.values) == 0 {
		for _, n := range plan.skipped {
			t.o.skip("column " + n)
		}
	}
	return true
}

func guessSeparator(header []byte) byte {
	best, count := byte(','), 0
	for _, c := range []byte{',', ';', '\t'} {
		if n := bytes.Count(header, []byte{c}); n > count {
			best, count = c, n
		}
	}
	return best
}

// row reads one row of values.
func (t *table) row() bool {
	p := t.plan
	if p.time >= len(t.cells) {
		return false
	}
	at, ok := t.time(t.cells[p.time])
	if !ok {
		return false
	}
	if len(t.cells) > p.width && !p.ragged {
		return false
	}
	good := true
	for i := range p.values {
		v := &p.values[i]
		if v.col >= len(t.cells) {
			continue
		}
		n, missing, rounded, ok := sizeCell(t.cells[v.col], v.mul, t.sep != ',')
		if !ok {
			good = false
			continue
		}
		if missing {
			continue
		}
		if rounded && !t.rounded {
			t.rounded, t.example = true, string(t.cells[v.col])
		}
		good = t.put(v, at, n) && good
	}
	return good
}

func (t *table) time(cell []byte) (int64, bool) {
	if t.plan.timeOfDay {
		tod, ok := timeOfDay(string(bytes.TrimSpace(cell)))
		if !ok {
			return t.o.clock.at(cell)
		}
		if d := t.plan.date; d >= 0 && d < len(t.cells) {
			if at, ok := t.o.clock.at(bytes.Join([][]byte{t.cells[d], cell}, []byte{' '})); ok {
				return at, true
			}
		}
		if t.o.days == nil {
			t.o.days = &dayHold{}
		}
		return t.o.days.stamp(tod), true
	}
	return t.o.clock.at(cell)
}

func (t *table) put(v *valueColumn, at, n int64) bool {
	if len(t.plan.ids) == 0 {
		if v.t == nil {
			v.t = t.o.target(t.unique(v.base, v.slot))
		}
		return t.emit(v, tableSeries{v.t, v.slot}, at, n)
	}
	t.key = strconv.AppendInt(t.key[:0], int64(v.col), 10)
	t.key = strconv.AppendInt(append(t.key, '/'), int64(t.plan.epoch), 10)
	for _, id := range t.plan.ids {
		t.key = append(t.key, 0)
		if id.col < len(t.cells) {
			t.key = append(t.key, t.cells[id.col]...)
		}
	}
	ts := t.targets[string(t.key)]
	if ts == nil {
		ts = t.open(v)
		if len(t.targets) < maxTagSets {
			t.targets[string(t.key)] = ts
		}
	}
	if ts.t == nil {
		return true // a row about something else than memory
	}
	return t.emit(v, *ts, at, n)
}

func (t *table) emit(v *valueColumn, ts tableSeries, at, n int64) bool {
	if v.bare && ts.slot == slotRSS && !t.rounded {
		if t.unit == nil {
			t.unit = &unitGuess{o: t.o, what: "column " + v.title}
		}
		return t.unit.add(ts.t, at, ts.slot, float64(n))
	}
	t.rd.reset()
	t.rd.set(ts.slot, n)
	return t.o.emit(ts.t, at, &t.rd)
}

// tableSeries is what rows with one identity are about; t is nil when that is
// no memory.
type tableSeries struct {
	t    *target
	slot slot
}

func (t *table) open(v *valueColumn) *tableSeries {
	base, what, ok := t.identity(v)
	if !ok {
		t.o.skip(base.Name)
		return &tableSeries{}
	}
	return &tableSeries{t: t.o.target(base), slot: what}
}

// hostAndPID is a worker called after its host and process: "web1-13134".
var hostAndPID = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9.-]*[A-Za-z0-9])[-:/ #]+(\d{3,7})$`)

// identity reads the columns that tell whose memory a row is about.
func (t *table) identity(v *valueColumn) (s culprit.Series, what slot, ok bool) {
	s, what = v.base, v.slot
	pidSeen := false
	for _, id := range t.plan.ids {
		if id.col >= len(t.cells) {
			continue
		}
		text := string(bytes.TrimSpace(t.cells[id.col]))
		if text == "" {
			continue
		}
		switch id.what {
		case idHost:
			s.Host = stripPort(text)
		case idPID:
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				s.PID, pidSeen = n, true
			} else {
				s.Name = strings.TrimSpace(s.Name + " " + text)
			}
		case idName:
			if strings.Contains(text, "host:") { // Datadog's groups: "host:web1,pid:77"
				labels := titleLabels(text)
				s.Host = labels["host"]
				s.PID, _ = strconv.Atoi(labels["pid"]) // 0 when it has none
				continue
			}
			if m := hostAndPID.FindStringSubmatch(text); m != nil && s.Host == "" && s.PID == 0 {
				s.Host = m[1]
				s.PID, _ = strconv.Atoi(m[2]) // at most seven digits
				pidSeen = true
				continue
			}
			s.Name = strings.TrimSpace(s.Name + " " + processName(text))
			if role, _, _ := roleOf(text); role != "" {
				s.Role = role
			}
		case idRole:
			s.Role = text
		case idTags:
			base, _ := telegrafSeries(familyProcess, "", titleLabels(text))
			s.Host, s.PID = base.Host, base.PID
			if base.Name != "" {
				s.Name = base.Name
			}
		case idSeries:
			m := seriesTitle(text, false)
			if m.slot == slotNone {
				return m.base, slotNone, false
			}
			s = m.base
			if v.slot == slotUnknown || v.guess {
				what = m.slot
			}
			if m.guess {
				t.o.warn("%q does not say what it measures: taken as %s, in bytes", text, slotName(what))
			}
		}
	}
	if what == slotUnknown || v.guess && what == v.slot {
		what = slotUsed
		if s.PID > 0 || pidSeen || s.Role == "worker" {
			what = slotRSS
		}
		t.o.warn("column %q taken as %s, in bytes", v.title, slotName(what))
	}
	return s, what, true
}

// unique keeps two columns from becoming one series.
func (t *table) unique(s culprit.Series, what slot) culprit.Series {
	probe := s
	probe.Kind = culprit.MemoryKind(what)
	t.taken[probe]++
	if n := t.taken[probe]; n > 1 && t.plan.epoch == 1 {
		s.Name = strings.TrimSpace(s.Name + " #" + strconv.Itoa(n))
	}
	return s
}

// splitCells cuts a line at separators outside of quotes. Quoted cells lose
// their quotes; doubled quotes are resolved in a copy.
func splitCells(line []byte, sep byte, cells [][]byte) [][]byte {
	for {
		line = bytes.TrimLeft(line, " ")
		if len(line) > 0 && line[0] == '"' {
			cell, rest, more := quotedCell(line[1:], sep)
			cells = append(cells, cell)
			if !more {
				return cells
			}
			line = rest
			continue
		}
		i := bytes.IndexByte(line, sep)
		if i < 0 {
			return append(cells, line)
		}
		cells = append(cells, line[:i])
		line = line[i+1:]
	}
}

func quotedCell(b []byte, sep byte) (cell, rest []byte, more bool) {
	var copied []byte
	for i := 0; i < len(b); i++ {
		if b[i] != '"' {
			if copied != nil {
				copied = append(copied, b[i])
			}
			continue
		}
		if i+1 < len(b) && b[i+1] == '"' {
			if copied == nil {
				copied = append(make([]byte, 0, len(b)), b[:i]...)
			}
			copied = append(copied, '"')
			i++
			continue
		}
		cell = b[:i]
		if copied != nil {
			cell = copied
		}
		if j := bytes.IndexByte(b[i:], sep); j >= 0 {
			return cell, b[i+j+1:], true
		}
		return cell, nil, false
	}
	return b, nil, false
}
