package metrics

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"culprit"
)

// readRSSLoop reads what home-made loops over ps or /proc write: a time, then a
// pid and its resident set, with a host before or a command behind, or all of
// it as key=value:
//
//	2020-06-10 23:00:01 13114 148600 puma: cluster worker 0: 13100
//	1591822801 web3 13114 148600
//	2020-06-10T23:00:01Z pid=13114 rss=148600
//
// A single number is the resident set of whatever was watched.
func readRSSLoop(r io.Reader, o *out) error {
	l := &rssLoop{o: o, targets: map[string]*target{}, unit: &unitGuess{o: o, what: "resident sets"}}
	err := newLineReader(r, o).each(l.line)
	l.unit.flush()
	return err
}

type rssLoop struct {
	o       *out
	targets map[string]*target
	unit    *unitGuess
}

// rssRow is one line taken apart.
type rssRow struct {
	host, cmd string
	pid       int
	rss       []byte
	mul       float64 // 0: unit unknown
}

func (l *rssLoop) line(line []byte) {
	if line = bytes.TrimSpace(line); len(line) > 0 {
		l.o.line(line[0] == '#' || l.understand(line), line)
	}
}

func (l *rssLoop) understand(line []byte) bool {
	at, rest, ok := leadingTime(l.o, line)
	if !ok {
		return false
	}
	row, ok := rssFields(rest)
	if !ok {
		return false
	}
	t := l.target(row)
	if row.mul == 0 {
		if v, ok := number(row.rss, false); ok {
			return l.unit.add(t, at, slotRSS, v)
		}
		row.mul = 1
	}
	v, missing, _, ok := sizeCell(row.rss, row.mul, false)
	if !ok || missing {
		return ok
	}
	var rd reading
	rd.set(slotRSS, v)
	return l.o.emit(t, at, &rd)
}

func (l *rssLoop) target(r rssRow) *target {
	name := processName(r.cmd)
	key := r.host + "\x00" + strconv.Itoa(r.pid) + "\x00" + name
	if t := l.targets[key]; t != nil {
		return t
	}
	t := l.o.target(culprit.Series{Host: r.host, PID: r.pid, Name: name})
	l.o.applyTitle(t, r.cmd)
	if len(l.targets) < maxTagSets {
		l.targets[key] = t
	}
	return t
}

// leadingTime reads the stamp that a line begins with: up to six words.
func leadingTime(o *out, line []byte) (at int64, rest []byte, ok bool) {
	for _, words := range []int{3, 2, 1, 6, 5} {
		stamp, rest, ok := cutWords(line, words)
		if !ok {
			continue
		}
		if at, ok := o.clock.at(trimStamp(stamp)); ok {
			return at, rest, true
		}
		if tod, ok := timeOfDay(string(trimStamp(stamp))); ok && words < 3 { // "11:00:01 PM" has two
			if o.days == nil {
				o.days = &dayHold{}
			}
			return o.days.stamp(tod), rest, true
		}
	}
	return 0, nil, false
}

func cutWords(line []byte, n int) (first, rest []byte, ok bool) {
	rest = line
	for range n {
		rest = bytes.TrimLeft(rest, " \t,;|")
		i := bytes.IndexAny(rest, " \t,;|")
		if i < 0 {
			return nil, nil, false
		}
		rest = rest[i:]
	}
	return line[:len(line)-len(rest)], bytes.TrimLeft(rest, " \t,;|"), true
}

func rssFields(rest []byte) (r rssRow, ok bool) {
	if bytes.IndexByte(rest, '=') > 0 || bytes.Contains(rest, []byte("VmRSS:")) {
		return rssPairs(string(rest))
	}
	if bytes.Contains(rest, []byte("Mem:")) || bytes.Contains(rest, []byte("Swap:")) {
		return r, false // free(1)
	}
	fields := bytes.FieldsFunc(rest, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '|' })
	i := 0
	if len(fields) > 1 && fields[0][0] > '9' && len(fields) > i+1 { // a word before the numbers
		r.host = strings.TrimSuffix(string(fields[0]), ":")
		i++
	}
	if i >= len(fields) {
		return r, false
	}
	pid, isPID := num(fields[i])
	if i+1 < len(fields) && isPID {
		if _, _, _, good := sizeCell(fields[i+1], 1, false); good && !isMissing(fields[i+1]) {
			r.pid, r.rss = pid, fields[i+1]
			i += 2
			if i < len(fields) && (string(fields[i]) == "kB" || string(fields[i]) == "KiB") {
				r.mul = 1 << 10
				i++
			}
			if i < len(fields) {
				at := bytes.Index(rest, fields[i])
				r.cmd = string(bytes.TrimSpace(rest[max(at, 0):]))
			}
			return r, pid > 0
		}
	}
	if _, _, _, good := sizeCell(fields[i], 1, false); !good || len(fields) > i+2 {
		return r, false
	}
	r.rss = fields[i]
	if i+1 < len(fields) && string(fields[i+1]) == "kB" {
		r.mul = 1 << 10
	}
	return r, true
}

// rssPairs reads pid=13114 rss=148600 host=web3.
func rssPairs(s string) (r rssRow, ok bool) {
	s = strings.NewReplacer("VmRSS:\t", "VmRSS=", "VmRSS: ", "VmRSS=").Replace(s)
	for field := range strings.FieldsSeq(s) {
		k, v, found := strings.Cut(strings.Trim(field, ","), "=")
		if !found {
			if field == "kB" && r.rss != nil && r.mul == 0 {
				r.mul = 1 << 10
			}
			continue
		}
		switch k = strings.ToLower(k); k {
		case "pid":
			r.pid, _ = num([]byte(v))
		case "host", "hostname":
			r.host = v
		case "name", "process", "cmd", "comm":
			r.cmd = v
		default:
			name, mul, unit := unitOfTitle(k)
			if titleSlots[normal(name)] == slotRSS && r.rss == nil {
				r.rss = []byte(v)
				if unit {
					r.mul = mul
				}
			}
		}
	}
	return r, r.rss != nil
}

func scoreRSSLoop(h head) float64 {
	good := 0
	if len(h.lines) > 0 && (bytes.Contains(h.lines[0], []byte("percent")) || bytes.IndexByte(h.lines[0], '%') >= 0) {
		return 0 // a share of the memory is no size
	}
	o := newOut(nil, Options{}, nil) //nolint:staticcheck // only its clock is used
	for _, line := range h.lines {
		if _, rest, ok := leadingTime(o, line); ok {
			if r, ok := rssFields(rest); ok && (r.pid > 0 || len(bytes.Fields(rest)) <= 2) {
				good++
			}
		}
	}
	return 0.8 * h.share(good)
}
