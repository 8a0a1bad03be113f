package metrics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"culprit"
)

// tablePlan is what the columns of one table mean.
type tablePlan struct {
	time      int
	date      int // a column of dates beside one of times of day, -1 none
	timeOfDay bool
	width     int
	ragged    bool
	ids       []idColumn
	values    []valueColumn
	skipped   []string
	odd       []string // warnings
	header    []byte
	epoch     int
	plain     int // titles that a plain table has
	grafana   bool
}

type idKind uint8

const (
	idHost idKind = iota
	idPID
	idName
	idRole
	idSeries
	idTags
)

type idColumn struct {
	col  int
	what idKind
}

type valueColumn struct {
	col   int
	title string
	columnMeaning
	bare bool // the title names a resident set and no unit: may be KiB of ps
	t    *target
}

// timeTitles in order of preference, normalised.
var timeTitles = []string{
	"time", "timestamp", "ts", "date time", "datetime", "@timestamp", "at", "date", "when", "epoch", "time utc", "time ms",
	"time stamp", "unixtime", "unix time", "utc", "clock", "created at", "sampled at",
}

var idTitles = map[string]idKind{
	"host": idHost, "hostname": idHost, "server": idHost, "node": idHost, "instance": idHost, "machine": idHost, "pod": idHost, "dyno": idHost,
	"pid": idPID, "process id": idPID, "pids": idPID, "proc id": idPID,
	"process": idName, "process name": idName, "command": idName, "cmd": idName, "cmdline": idName, "container": idName,
	"comm": idName, "app": idName, "service": idName, "group": idName, "job": idName, "args": idName,
	"worker": idName, "worker name": idName, "host name": idHost, "pod name": idHost,
	"role": idRole, "series": idSeries, "metric": idSeries, "field": idSeries, "legend": idSeries, "tags": idTags,
}

// notValues are columns of process and host tables that hold no memory.
var notValues = words(`cpu %cpu %mem mem% cpu% user uid gid ppid tty stat state start started elapsed etime threads
	nlwp vsz vms virt vsize vmsize virtual shared shr priority nice requests count interval id index phase
	running backlog line level rank zone unit type loadavg load name`)

// requestColumns tell that the rows are requests, whose bytes are no memory.
var requestColumns = map[string]bool{
	"method": true, "path": true, "url": true, "uri": true, "request": true, "request id": true, "controller": true, "action": true,
	"user agent": true, "status code": true, "http status": true, "duration": true, "duration ms": true, "referer": true,
}

// planTable finds out what the columns are; nil when there is no time or
// nothing else.
func planTable(titles [][]byte) *tablePlan {
	p := &tablePlan{time: -1, date: -1, width: len(titles)}
	names := make([]string, len(titles))
	for i, t := range titles {
		names[i] = strings.TrimSpace(string(t))
	}
	p.findTime(names)
	if p.time < 0 || len(titles) < 2 {
		return nil
	}
	for _, n := range names {
		if requestColumns[normal(n)] {
			return nil
		}
	}
	ports := sharedPorts(names)
	for i, name := range names {
		n := normal(name)
		id, isID := idTitles[n]
		switch {
		case i == p.time || i == p.date || n == "":
		case isID && id == idName && (n == "job" || n == "app" || n == "process") && p.numericName(names):
			p.ids = append(p.ids, idColumn{i, idPID})
		case isID:
			p.ids = append(p.ids, idColumn{i, id})
			p.plain++
		case notValues[n] || strings.HasSuffix(n, "percent") || strings.HasPrefix(name, "%"):
			p.skipped = append(p.skipped, name)
			if n == "name" {
				p.ids = append(p.ids, idColumn{i, idName})
			}
		default:
			p.value(i, name, ports)
		}
	}
	p.check()
	return p
}

// numericName: a column "process" is the pid when there is no other.
func (p *tablePlan) numericName(names []string) bool {
	for _, n := range names {
		if k, ok := idTitles[normal(n)]; ok && k == idPID {
			return false
		}
	}
	return len(names) <= 4
}

func (p *tablePlan) findTime(names []string) {
	for _, want := range timeTitles {
		for i, n := range names {
			if normal(n) == want {
				p.time = i
				p.timeOfDay = want == "time" || want == "clock" || want == "at"
				if p.timeOfDay {
					p.date = slices.IndexFunc(names, func(n string) bool { return normal(n) == "date" || normal(n) == "day" })
				}
				return
			}
		}
	}
}

func (p *tablePlan) value(i int, name string, ports bool) {
	m := seriesTitle(name, ports)
	if m.slot == slotNone {
		p.skipped = append(p.skipped, name)
		return
	}
	if _, ok := titleSlots[normal(strings.TrimSuffix(name, ")"))]; ok || m.base == (culprit.Series{}) {
		p.plain++
	}
	v := valueColumn{col: i, title: name, columnMeaning: m}
	switch normal(name) {
	case "rss", "rsz", "res", "resident", "vmrss", "resident memory", "resident size":
		v.bare = true
	}
	p.values = append(p.values, v)
}

// check settles kinds that only the other columns tell, and what is worth a
// warning.
func (p *tablePlan) check() {
	kinds := map[slot]bool{}
	for i := range p.values {
		v := &p.values[i]
		if v.slot == slotUnknown && len(p.ids) == 0 {
			v.guess = true
			v.slot = slotUsed
			if v.base.PID > 0 || v.base.Role != "" {
				v.slot = slotRSS
			}
		}
		if v.guess && len(p.ids) == 0 {
			kinds[v.slot] = true
		}
	}
	for s := range kinds {
		p.odd = append(p.odd, fmt.Sprintf("columns do not say what they measure: taken as %s, in bytes", slotName(s)))
	}
	if len(p.values) > 0 && len(p.skipped) > 0 {
		p.odd = append(p.odd, "columns without memory left out: "+strings.Join(p.skipped[:min(len(p.skipped), 8)], ", "))
	}
}

func (p *tablePlan) repeats(line []byte) bool { return bytes.Equal(line, p.header) }

// commonPorts are those of exporters and application servers.
var commonPorts = words(`80 443 3000 8080 8000 9090 9091 9100 9102 9104 9126 9256 9273 9292 9394 9395 9405`)

// sharedPorts tells whether numbers behind a colon are ports: those that
// everybody has, or the same one behind every host.
func sharedPorts(names []string) bool {
	numbers, hosts := map[string]bool{}, map[string]bool{}
	all := true
	for _, n := range names {
		if m := portSuffix.FindStringSubmatch(n); m != nil {
			hosts[m[1]] = true
			numbers[m[2]] = true
			all = all && commonPorts[m[2]]
		}
	}
	return len(hosts) > 0 && (all || len(hosts) > 1 && len(numbers) == 1)
}

// tableHead finds the header among the first lines and how many of the
// following rows begin with a time.
func tableHead(h head) (p *tablePlan, share float64) {
	var sep byte
	for i, line := range h.lines[:min(len(h.lines), 5)] {
		line = bytes.TrimPrefix(line, []byte("#name#"))
		if bytes.HasPrefix(bytes.Trim(line, `"`), []byte("sep=")) {
			if rest := bytes.Trim(line[bytes.IndexByte(line, '=')+1:], `"`); len(rest) > 0 {
				sep = rest[0]
			}
			continue
		}
		s := sep
		if s == 0 {
			s = guessSeparator(line)
		}
		titles := splitCells(bytes.TrimPrefix(line, []byte("# ")), s, nil)
		if p = planTable(titles); p == nil {
			continue
		}
		p.grafana = sep != 0 || bytes.HasPrefix(line, []byte(`"Time"`)) || bytes.HasPrefix(line, []byte("Time")) || bytes.HasPrefix(line, []byte("Series")) || bytes.HasPrefix(line, []byte(`"Series"`))
		return p, rowShare(p, h.lines[i+1:], s)
	}
	return nil, 0
}

func rowShare(p *tablePlan, rows [][]byte, sep byte) float64 {
	if len(rows) == 0 {
		return 0.6
	}
	c := newClock(nil, time.Time{})
	good := 0
	for _, row := range rows {
		cells := splitCells(row, sep, nil)
		if p.time >= len(cells) {
			continue
		}
		_, ok := c.at(cells[p.time])
		if _, tod := timeOfDay(string(cells[p.time])); ok || tod && p.timeOfDay {
			good++
		}
	}
	return float64(good) / float64(len(rows))
}

func scoreGrafana(h head) float64 {
	p, share := tableHead(h)
	switch {
	case p == nil || len(p.values) == 0 && len(p.skipped) == 0:
		return 0
	case p.grafana:
		return 0.93 * share
	case p.plain == 0:
		return 0.9 * share
	}
	return 0.5 * share
}

func scoreCSV(h head) float64 {
	p, share := tableHead(h)
	switch {
	case p == nil || len(p.values) == 0:
		return 0
	case p.plain > 0 && !p.grafana:
		return 0.93 * share
	}
	return 0.6 * share
}
