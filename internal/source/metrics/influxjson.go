package metrics

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strings"
)

// readInfluxJSON reads answers of InfluxDB 1.x' /query, and of the same
// endpoint of 2.x: docs.influxdata.com/influxdb/v1/guides/query_data and
// influxdata/influxdb (1.8) models/rows.go. Chunked answers, several statements
// and several series are one document after another.
func readInfluxJSON(r io.Reader, o *out) error {
	return influxAnswers(r, o, map[string]*target{})
}

// influxAnswers reads answers whose series go on in the next ones.
func influxAnswers(r io.Reader, o *out, targets map[string]*target) error {
	p := &influxJSON{s: newJSONScanner(r), o: o, targets: targets}
	return p.s.documents(p.document)
}

type influxJSON struct {
	s       *jsonScanner
	o       *out
	targets map[string]*target
	row     []influxCell
	key     []byte
}

type influxCell struct {
	text   []byte
	quoted bool
}

func (p *influxJSON) document() error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	return p.s.object(func(key string) error {
		switch {
		case key == "results" && p.s.peek() == '[':
			return p.s.array(p.result)
		case key == "error":
			return p.failed()
		}
		return p.s.skip()
	})
}

// failed notes an error inside the answer; other statements go on.
func (p *influxJSON) failed() error {
	b, _, err := p.s.scalar()
	if err == nil {
		p.o.warn("%s: %.200s", errServer, b)
		p.o.skip(fmt.Sprintf("an error (%.120s)", b))
	}
	return err
}

func (p *influxJSON) result() error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	return p.s.object(func(key string) error {
		switch {
		case key == "series" && p.s.peek() == '[':
			return p.s.array(p.series)
		case key == "error":
			return p.failed()
		}
		return p.s.skip()
	})
}

func (p *influxJSON) series() error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	var name string
	var tags map[string]string
	var columns []string
	var plan *rowPlan
	return p.s.object(func(key string) error {
		switch c := p.s.peek(); {
		case key == "name" && c == '"':
			b, err := p.s.str()
			name = string(b)
			return err
		case key == "tags" && c == '{':
			var err error
			tags, err = p.s.stringMap()
			return err
		case key == "columns" && c == '[':
			return p.s.array(func() error {
				b, _, err := p.s.scalar()
				columns = append(columns, string(b))
				return err
			})
		case key == "values" && c == '[':
			plan = planRow(p.o, name, tags, columns)
			return p.s.array(func() error { return p.values(plan) })
		}
		return p.s.skip()
	})
}

func (p *influxJSON) values(plan *rowPlan) error {
	if p.s.peek() != '[' {
		return p.s.skip()
	}
	n := 0
	err := p.s.array(func() error {
		if c := p.s.peek(); c == '[' || c == '{' {
			return p.s.skip()
		}
		b, quoted, err := p.s.scalar()
		if err != nil {
			return err
		}
		if n == len(p.row) {
			p.row = append(p.row, influxCell{})
		}
		p.row[n].text = append(p.row[n].text[:0], b...)
		p.row[n].quoted = quoted
		n++
		return nil
	})
	if err != nil {
		return err
	}
	good := p.cells(plan, p.row[:n])
	p.o.numbered(good, "row")
	return nil
}

func (p *influxJSON) cells(plan *rowPlan, row []influxCell) bool {
	if !plan.memory() {
		return true
	}
	if plan.time < 0 || plan.time >= len(row) {
		return false
	}
	at, ok := p.o.clock.at(row[plan.time].text)
	if !ok {
		return false
	}
	var rd reading
	for i, c := range plan.cols {
		if i >= len(row) || c.slot == slotNone || !row[i].quoted && string(row[i].text) == "null" || plan.pidTag(row, i) {
			continue
		}
		v, missing, ok := bytesText(row[i].text)
		if !ok {
			return false
		}
		if !missing {
			rd.set(c.slot, v*c.mul)
		}
	}
	if rd.empty() {
		return true // an empty bucket
	}
	return p.o.emit(p.target(plan, row), at, &rd)
}

// target finds the series of a row: the tags of the answer and, after SELECT *,
// tags that came as columns.
func (p *influxJSON) target(plan *rowPlan, row []influxCell) *target {
	p.key = append(p.key[:0], plan.key...)
	for _, i := range plan.tagCols {
		p.key = append(p.key, 0)
		if i < len(row) {
			p.key = append(p.key, row[i].text...)
		}
	}
	if plan.pidTag(row, plan.pid) {
		p.key = append(append(p.key, 1), row[plan.pid].text...)
	}
	if t := p.targets[string(p.key)]; t != nil {
		return t
	}
	tags := map[string]string{}
	maps.Copy(tags, plan.tags)
	for _, i := range plan.tagCols {
		if i < len(row) && string(row[i].text) != "null" {
			tags[plan.columns[i]] = string(row[i].text)
		}
	}
	if plan.pidTag(row, plan.pid) {
		tags["pid"] = string(row[plan.pid].text)
	}
	base, title := telegrafSeries(plan.family, plan.name, tags)
	base.Name += plan.suffix
	t := p.o.target(base)
	p.o.applyTitle(t, title)
	if len(p.targets) < maxTagSets {
		p.targets[string(p.key)] = t
	}
	return t
}

// rowPlan is what the columns of an answer mean.
type rowPlan struct {
	name    string
	family  family
	tags    map[string]string
	columns []string
	key     string
	suffix  string
	time    int
	pid     int // column of the pid, -1 none
	cols    []rowColumn
	tagCols []int
}

type rowColumn struct {
	slot slot
	mul  int64
}

func (r *rowPlan) memory() bool {
	for _, c := range r.cols {
		if c.slot != slotNone && c.slot != slotPID {
			return true
		}
	}
	return false
}

// pidTag tells whether column i is the pid and a tag: after SELECT * tags come
// as strings, fields as numbers.
func (r *rowPlan) pidTag(row []influxCell, i int) bool {
	return i >= 0 && i == r.pid && i < len(row) && row[i].quoted
}

// tagNames are the tags of procstat, mem, cgroup and docker that tell series
// apart, for answers to SELECT *.
var tagNames = words(`host pid process_name cmdline pattern systemd_unit user exe pidfile path container_name
	pod_name node_name cgroup unit engine_host level parent_pid child_level`)

func planRow(o *out, name string, tags map[string]string, columns []string) *rowPlan {
	p := &rowPlan{name: name, family: familyOf(name), tags: tags, columns: columns, key: name + "\x00" + labelKey(tags), time: -1, pid: -1}
	for i, c := range columns {
		switch {
		case c == "time":
			p.time = i
		case tagNames[c] && c != "pid" && tags[c] == "":
			p.tagCols = append(p.tagCols, i)
		}
	}
	for i, c := range columns {
		col := rowColumn{mul: 1}
		switch {
		case i == p.time:
		case c == "pid" && p.family == familyProcess:
			p.pid = i
			col.slot = slotPID
		case tagNames[c]:
		default:
			col = columnSlot(o, p, c)
		}
		p.cols = append(p.cols, col)
	}
	if !p.memory() {
		o.skip(name)
	}
	return p
}

// aggregates are InfluxQL functions, which name their columns.
var aggregates = words(`mean max min last first median mode sum value percentile sample top bottom spread`)

func columnSlot(o *out, p *rowPlan, column string) rowColumn {
	c := strings.ToLower(column)
	if s, mul := fieldSlot(p.family, p.name, c); s != slotNone {
		return rowColumn{s, mul}
	}
	if agg, rest, ok := strings.Cut(c, "_"); ok && aggregates[agg] {
		if s, mul := fieldSlot(p.family, p.name, rest); s != slotNone && s != slotPID {
			return rowColumn{s, mul}
		}
	}
	if aggregates[c] {
		s := map[family]slot{familyProcess: slotRSS, familyHost: slotUsed, familyCgroup: slotUsage, familyContainer: slotWorking}[p.family]
		if s != slotNone && (p.family != familyProcess || strings.HasPrefix(p.name, "procstat") || p.tags["pid"] != "") {
			if !strings.Contains(p.name, "memory_") {
				o.warn("column %q of %s does not tell its field: taken as %s", column, p.name, slotName(s))
			}
			return rowColumn{s, 1}
		}
	}
	return rowColumn{slotNone, 1}
}

func scoreInfluxJSON(h head) float64 {
	d := h.data
	has := func(s string) bool { return bytes.Contains(d, []byte(s)) }
	if len(d) > 0 && d[0] == '{' && has(`"results"`) && (has(`"columns"`) || has(`"statement_id"`) || has(`"error"`) || has(`{"results":[]}`)) {
		return 0.98
	}
	return 0
}
