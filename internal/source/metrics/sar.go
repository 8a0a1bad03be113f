package metrics

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"time"
)

// readSar reads what "sar -r" prints: the date stands in the first line, rows
// carry the time of day with a 12- or 24-hour clock, local to the machine or to
// whoever ran sar. Other reports in the same output are passed over.
func readSar(r io.Reader, o *out) error {
	s := &sarText{o: o, book: newHostBook(o)}
	return newLineReader(r, o).each(s.line)
}

type sarText struct {
	o    *out
	book *hostBook
	host string
	day  time.Time
	last int64
	cols []string // of the memory table, nil inside other tables
	skip int      // words of the time
}

// sarHead: "Linux 5.10.0-8-amd64 (web3) 	06/10/2020 	_x86_64_	(4 CPU)".
var sarHead = regexp.MustCompile(`^(?:Linux|SunOS|FreeBSD|AIX) \S+ \(([^)]*)\)\s+(\S+)`)

func (s *sarText) line(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		s.cols = nil // a blank line ends a table
		return
	}
	s.o.line(s.understand(line), line)
}

func (s *sarText) understand(line []byte) bool {
	if m := sarHead.FindSubmatch(line); m != nil {
		s.host = string(m[1])
		return s.date(string(m[2]))
	}
	fields := bytes.Fields(line)
	if bytes.HasPrefix(line, []byte("Average:")) || bytes.Contains(line, []byte("RESTART")) || bytes.Contains(line, []byte("COM ")) || len(fields) < 2 {
		return len(fields) > 1
	}
	tod, words, ok := sarTime(fields)
	if !ok {
		return bytes.HasSuffix(fields[0], []byte(":")) // "Average:" of another language
	}
	if header(fields[words:]) {
		s.cols = nil
		for _, f := range fields[words:] {
			s.cols = append(s.cols, sarColumns[string(f)])
		}
		s.skip = words
		if !bytes.Contains(line, []byte("kbmemused")) {
			s.o.skip(strings.Join(cellTexts(fields[words:min(len(fields), words+3)]), " "))
			s.cols = []string{} // a table without memory
		}
		return true
	}
	if s.cols != nil && len(s.cols) == 0 {
		return true
	}
	return s.row(fields[words:], tod)
}

func (s *sarText) row(fields [][]byte, tod int64) bool {
	if s.cols == nil || len(fields) < len(s.cols) || s.day.IsZero() {
		return false
	}
	v := map[string]float64{}
	for i, c := range s.cols {
		if c == "" {
			continue
		}
		n, ok := sarNumber(fields[i])
		if !ok {
			return false
		}
		v[c] = n
	}
	rd, ok := sarReading(v)
	if !ok {
		return false
	}
	if tod < s.last-microsPerDay/2 {
		s.day = s.day.AddDate(0, 0, 1)
	}
	s.last = tod
	return s.o.emit(s.book.target(s.host), onDay(s.day, tod, s.o.clock.loc), &rd)
}

// date reads 06/10/2020, 06/10/20, 2020-06-10, 10.06.2020.
func (s *sarText) date(text string) bool {
	s.cols, s.last = nil, 0
	day := strings.NewReplacer(".", "/").Replace(text)
	if strings.Contains(text, "-") {
		t, err := time.ParseInLocation(time.DateOnly, text, s.o.clock.loc)
		s.day = t
		return err == nil
	}
	c := *s.o.clock
	// In the C locale, which servers have, sar writes month/day. Dots mean day.month.
	c.monthDay = !strings.Contains(text, ".")
	if parts := strings.Split(day, "/"); len(parts) == 3 {
		if n, ok := num([]byte(parts[0])); ok && n > 12 {
			c.monthDay = false
		}
	}
	at, ok := c.slashed(day + " 00:00:00")
	if ok {
		s.day = time.UnixMicro(at).In(s.o.clock.loc)
	}
	return ok
}

// sarTime reads the time that begins a row, one or two words.
func sarTime(fields [][]byte) (tod int64, words int, ok bool) {
	if len(fields) > 1 && (string(fields[1]) == "AM" || string(fields[1]) == "PM") {
		tod, ok = timeOfDay(string(fields[0]) + " " + string(fields[1]))
		return tod, 2, ok
	}
	tod, ok = timeOfDay(string(fields[0]))
	return tod, 1, ok
}

// header: column names begin with letters or a percent sign.
func header(fields [][]byte) bool {
	for _, f := range fields {
		if c := f[0]; c >= '0' && c <= '9' || c == '-' || c == '+' {
			return false
		}
	}
	return len(fields) > 0
}

func scoreSar(h head) float64 {
	if len(h.lines) == 0 || !sarHead.Match(h.lines[0]) {
		return 0
	}
	good := 1
	for _, line := range h.lines[1:] {
		fields := bytes.Fields(line)
		if _, _, ok := sarTime(fields); ok || sarHead.Match(line) || bytes.HasPrefix(line, []byte("Average:")) {
			good++
		}
	}
	return 0.97 * h.share(good)
}
