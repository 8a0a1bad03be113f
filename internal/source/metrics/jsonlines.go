package metrics

import (
	"bytes"
	"io"
	"strconv"

	"culprit"
)

// readJSONLines reads one JSON object per reading, as scripts write them:
//
//	{"time":"2020-06-10T23:00:01Z","host":"web3","pid":13114,"rss":148643840}
//
// Keys are named like the columns of a table; nested objects count by their
// innermost key ({"memory":{"rss":...}}).
func readJSONLines(r io.Reader, o *out) error {
	j := &jsonLines{o: o, keys: map[string]*jsonKey{}, targets: map[string]*target{}, unit: &unitGuess{o: o, what: "rss"}}
	j.s = newJSONScanner(nil)
	err := newLineReader(r, o).each(j.line)
	j.unit.flush()
	return err
}

type jsonLines struct {
	o       *out
	s       *jsonScanner
	keys    map[string]*jsonKey
	targets map[string]*target
	unit    *unitGuess
}

// jsonKey is what one key means.
type jsonKey struct {
	rank  int // as time; -1 none
	id    bool
	kind  idKind
	value bool
	slot  slot
	mul   float64
	unit  bool // the key tells the unit
}

type jsonValue struct {
	key *jsonKey
	v   float64
}

type jsonRow struct {
	at     int64
	rank   int
	series culprit.Series
	title  string
	values []jsonValue
	bad    bool
}

func (j *jsonLines) line(line []byte) {
	if line = bytes.TrimRight(bytes.TrimSpace(line), ","); len(line) > 0 {
		if len(line) == 1 && (line[0] == '[' || line[0] == ']') {
			return // an array with one object per line
		}
		j.o.line(j.understand(line), line)
	}
}

func (j *jsonLines) understand(line []byte) bool {
	row := jsonRow{rank: len(timeTitles)}
	if line[0] != '{' || j.parse(line, &row) != nil || row.bad {
		return false
	}
	if len(row.values) == 0 {
		return true // another event
	}
	if row.at == 0 {
		return false
	}
	t := j.target(&row)
	ok := true
	for _, v := range row.values {
		s := v.key.slot
		if s == slotUnknown {
			s = slotUsed
			if row.series.PID > 0 {
				s = slotRSS
			}
		}
		if s == slotRSS && !v.key.unit {
			ok = j.unit.add(t, row.at, s, v.v) && ok
			continue
		}
		n, missing, good := bytesFloat(v.v * v.key.mul)
		if !good || missing {
			ok = ok && good
			continue
		}
		var rd reading
		rd.set(s, n)
		ok = j.o.emit(t, row.at, &rd) && ok
	}
	return ok
}

func (j *jsonLines) parse(line []byte, row *jsonRow) error {
	*j.s = jsonScanner{buf: line, b: len(line), err: io.EOF, text: j.s.text}
	return j.object(row, "")
}

// object reads the members of an object; in nests of Elastic's kind a name such
// as "bytes" means something together with its parent's only.
func (j *jsonLines) object(row *jsonRow, parent string) error {
	return j.s.object(func(name string) error {
		switch j.s.peek() {
		case '{':
			return j.object(row, name)
		case '[':
			return j.s.skip()
		}
		b, quoted, err := j.s.scalar()
		if err != nil {
			return err
		}
		if quoted || string(b) != "null" {
			switch {
			case parent != "" && (name == "name" || name == "bytes" || name == "kb" || name == "mb"):
				name = parent + "_" + name
			case parent == "memory" && name == "size": // Metricbeat: the virtual size
				return nil
			}
			j.field(row, j.key(name), b)
		}
		return nil
	})
}

func (j *jsonLines) field(row *jsonRow, k *jsonKey, b []byte) {
	switch {
	case k.rank >= 0:
		if at, ok := j.o.clock.at(b); ok && k.rank < row.rank {
			row.at, row.rank = at, k.rank
		}
	case k.id:
		j.identity(row, k.kind, string(b))
	case k.value:
		if v, ok := number(b, false); ok {
			row.values = append(row.values, jsonValue{k, v})
		} else if n, missing, _, ok := sizeCell(b, 1, false); ok && !missing {
			exact := *k
			exact.unit, exact.mul = true, 1
			row.values = append(row.values, jsonValue{&exact, float64(n)})
		} else if !ok {
			row.bad = true
		}
	}
}

func (j *jsonLines) identity(row *jsonRow, kind idKind, text string) {
	switch kind {
	case idHost:
		row.series.Host = stripPort(text)
	case idPID:
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			row.series.PID = n
		}
	case idName:
		row.series.Name, row.title = processName(text), text
	case idRole:
		row.series.Role = text
	case idSeries, idTags:
	}
}

func (j *jsonLines) target(row *jsonRow) *target {
	s := row.series
	key := s.Host + "\x00" + strconv.Itoa(s.PID) + "\x00" + s.Name + "\x00" + s.Role
	if t := j.targets[key]; t != nil {
		return t
	}
	t := j.o.target(s)
	j.o.applyTitle(t, row.title)
	if len(j.targets) < maxTagSets {
		j.targets[key] = t
	}
	return t
}

func (j *jsonLines) key(name string) *jsonKey {
	if k := j.keys[name]; k != nil {
		return k
	}
	k := meaningOfKey(name)
	if len(j.keys) < 10_000 {
		j.keys[name] = k
	}
	return k
}

func meaningOfKey(name string) *jsonKey {
	k := &jsonKey{rank: -1, mul: 1}
	n := normal(name)
	for i, t := range timeTitles {
		if n == t {
			k.rank = i
			return k
		}
	}
	if kind, ok := idTitles[n]; ok {
		k.id, k.kind = true, kind
		return k
	}
	rest, mul, unit := unitOfTitle(name)
	s, ok := titleSlots[n]
	if ok {
		mul = 1
		unit = unit && n != "rss"
	} else if s, ok = titleSlots[normal(rest)]; !ok {
		if s, ok = processFields[name]; !ok || s == slotPID {
			return k
		}
		mul, unit = 1, true
	}
	k.value, k.slot, k.mul, k.unit = true, s, mul, unit
	return k
}

// scoreJSONLines keeps off request logs, which may carry memory, too.
func scoreJSONLines(h head) float64 {
	j := &jsonLines{o: newOut(nil, Options{}, nil), s: newJSONScanner(nil), keys: map[string]*jsonKey{}} //nolint:staticcheck // only its clock is used
	good := 0
	for _, line := range h.lines {
		line = bytes.TrimRight(line, ",")
		if len(line) == 1 && (line[0] == '[' || line[0] == ']') {
			good++
			continue
		}
		if len(line) == 0 || line[0] != '{' {
			continue
		}
		for _, no := range []string{`"method"`, `"path"`, `"controller"`, `"message"`, `"status"`, `"jid"`, `"msg"`, `"severity"`, `"MESSAGE"`, `"verb"`, `"request"`, `"request_uri"`} {
			if bytes.Contains(line, []byte(no)) {
				return 0
			}
		}
		row := jsonRow{rank: len(timeTitles)}
		if j.parse(line, &row) == nil && row.at > 0 && len(row.values) > 0 {
			good++
		}
	}
	return 0.92 * h.share(good)
}
