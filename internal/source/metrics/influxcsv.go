package metrics

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// readInfluxCSV reads annotated CSV as InfluxDB 2.x answers Flux queries
// (docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv): tables with
// headers of their own follow one another; long, with _field and _value, or
// pivoted with one column per field.
func readInfluxCSV(r io.Reader, o *out) error {
	c := newInfluxCSV(o)
	return newLineReader(r, o).each(c.line)
}

func newInfluxCSV(o *out) *influxCSV {
	return &influxCSV{o: o, targets: map[string]*influxCSVSeries{}, headers: map[string]uint32{}}
}

type influxCSV struct {
	o        *out
	types    []string
	defaults []string
	cols     *influxCols
	cells    [][]byte
	key      []byte
	targets  map[string]*influxCSVSeries
	headers  map[string]uint32
	current  uint32 // number of the header at hand: columns mean the same under one
	rd       reading
}

// influxCols tells where things are in the table at hand.
type influxCols struct {
	names       []string
	time, value int
	field       int
	measurement int
	err         int
	tags        []int
	fields      []int // pivoted
}

// influxCSVSeries is one tag set: with one slot when the table is long.
type influxCSVSeries struct {
	t     *target
	slot  rowColumn
	slots []rowColumn // of influxCols.fields
}

func (c *influxCSV) line(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		c.cols = nil // the next table has a header of its own
		return
	}
	if line[0] == '#' {
		cells := cellTexts(splitCells(line, ',', nil))
		switch cells[0] {
		case "#datatype":
			c.types, c.cols = cells, nil
		case "#default":
			c.defaults, c.cols = cells, nil
		case "#group":
			c.cols = nil
		}
		c.o.line(true, nil)
		return
	}
	c.cells = splitCells(line, ',', c.cells[:0])
	if c.cols == nil || c.repeats() {
		c.o.line(c.header(), line)
		return
	}
	c.o.line(c.row(), line)
}

func cellTexts(cells [][]byte) []string {
	texts := make([]string, len(cells))
	for i, b := range cells {
		texts[i] = strings.TrimSpace(string(b))
	}
	return texts
}

// repeats: answers without annotations repeat the header after nothing but a
// blank line, and some tools lose that one.
func (c *influxCSV) repeats() bool {
	return len(c.cells) == len(c.cols.names) && len(c.cells) > 2 && string(bytes.TrimSpace(c.cells[1])) == "result" && c.cols.names[1] == "result"
}

func (c *influxCSV) header() bool {
	names := cellTexts(c.cells)
	k := &influxCols{names: names, time: -1, value: -1, field: -1, measurement: -1, err: -1}
	for i, n := range names {
		switch n {
		case "_time", "time":
			k.time = i
		case "_value":
			k.value = i
		case "_field":
			k.field = i
		case "_measurement":
			k.measurement = i
		case "error":
			k.err = i
		case "", "result", "table", "_start", "_stop", "reference":
		default:
			if c.numeric(i) {
				k.fields = append(k.fields, i)
			} else {
				k.tags = append(k.tags, i)
			}
		}
	}
	c.cols = k
	c.number(strings.Join(names, "\x00"))
	return k.time >= 0 || k.err >= 0
}

// number finds the header among those seen.
func (c *influxCSV) number(header string) {
	n, ok := c.headers[header]
	if !ok {
		n = uint32(len(c.headers))
		if len(c.headers) < maxTagSets {
			c.headers[header] = n
		}
	}
	c.current = n
}

// numeric tells fields from tags in a pivoted table, by type or, without
// annotations, by name.
func (c *influxCSV) numeric(i int) bool {
	if i < len(c.types) {
		switch c.types[i] {
		case "double", "long", "unsignedLong":
			return true
		case "string":
			return false
		}
	}
	n := c.cells[i]
	return bytes.HasPrefix(n, []byte("memory")) || hostFields[string(n)] != slotNone
}

func (c *influxCSV) cell(i int) []byte {
	if i < 0 {
		return nil
	}
	if i < len(c.cells) && len(c.cells[i]) > 0 {
		return c.cells[i]
	}
	if i < len(c.defaults) {
		return []byte(c.defaults[i])
	}
	return nil
}

func (c *influxCSV) row() bool {
	k := c.cols
	if k.err >= 0 {
		c.o.warn("%s: %.200s", errServer, c.cell(k.err))
		c.o.skip(fmt.Sprintf("an error (%.120s)", c.cell(k.err)))
		return true
	}
	if k.time < 0 || len(c.cells) != len(k.names) {
		return false
	}
	s := c.series()
	if s.t == nil {
		return true
	}
	at, ok := c.o.clock.at(c.cell(k.time))
	if !ok {
		return false
	}
	c.rd.reset()
	if k.value >= 0 {
		ok = c.set(k.value, s.slot)
	}
	for i, f := range k.fields {
		ok = c.set(f, s.slots[i]) && ok
	}
	if c.rd.have == 0 {
		return ok
	}
	return c.o.emit(s.t, at, &c.rd) && ok
}

func (c *influxCSV) set(i int, col rowColumn) bool {
	if col.slot == slotNone {
		return true
	}
	v, missing, ok := bytesText(c.cell(i))
	if ok && !missing {
		c.rd.set(col.slot, v*col.mul)
	}
	return ok
}

// series finds the tag set of a row. The _field is part of the key, and of the
// slot, but not of the target: the pid field has to meet the memory fields.
func (c *influxCSV) series() *influxCSVSeries {
	k := c.cols
	c.key = append(c.key[:0], c.cell(k.measurement)...)
	for _, i := range k.tags {
		c.key = append(append(c.key, 0), c.cell(i)...)
	}
	shared := len(c.key)
	c.key = append(binary.LittleEndian.AppendUint32(append(c.key, 1), c.current), c.cell(k.field)...)
	if s := c.targets[string(c.key)]; s != nil {
		return s
	}
	s := c.open(string(c.key[:shared]))
	if len(c.targets) < maxTagSets {
		c.targets[string(c.key)] = s
	}
	return s
}

func (c *influxCSV) open(shared string) *influxCSVSeries {
	k := c.cols
	tags := map[string]string{}
	for _, i := range k.tags {
		tags[k.names[i]] = string(c.cell(i))
	}
	name := string(c.cell(k.measurement))
	plan := &rowPlan{name: name, family: familyOf(name), tags: tags}
	s := &influxCSVSeries{}
	if k.value >= 0 {
		s.slot = c.fieldColumn(plan, string(c.cell(k.field)))
		plan.cols = append(plan.cols, s.slot)
	}
	for _, f := range k.fields {
		s.slots = append(s.slots, c.fieldColumn(plan, k.names[f]))
	}
	plan.cols = append(plan.cols, s.slots...)
	if !plan.memory() && s.slot.slot != slotPID {
		c.o.skip(strings.TrimSuffix(name+" "+string(c.cell(k.field)), " "))
		return s
	}
	if other := c.targets[shared]; other != nil {
		s.t = other.t
		return s
	}
	base, title := telegrafSeries(plan.family, name, tags)
	s.t = c.o.target(base)
	c.o.applyTitle(s.t, title)
	c.targets[shared] = s
	return s
}

func (c *influxCSV) fieldColumn(plan *rowPlan, field string) rowColumn {
	if field == "" {
		field = "value" // dropped by the query
	}
	col := columnSlot(c.o, plan, field)
	if col.slot == slotPID && plan.tags["pid"] != "" {
		col.slot = slotNone
	}
	return col
}

func scoreInfluxCSV(h head) float64 {
	for i, line := range h.lines[:min(len(h.lines), 8)] {
		switch {
		case bytes.HasPrefix(line, []byte("#datatype,")), bytes.HasPrefix(line, []byte("#group,")) && i < 4:
			return 0.98
		case bytes.HasPrefix(line, []byte(",result,table,")), bytes.HasPrefix(line, []byte("result,table,_start")):
			return 0.97
		case bytes.HasPrefix(line, []byte("error,reference")):
			return 0.9
		}
	}
	return 0
}
