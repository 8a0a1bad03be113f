package metrics

import (
	"bytes"
	"io"
)

// readSadf reads "sadf -d -- -r" (sysstat/sysstat man/sadf.in): a header line
// that begins with "# hostname;interval;timestamp;", rows separated by
// semicolons. Stamps end in UTC, or in nothing with -t, or are epochs with -U.
func readSadf(r io.Reader, o *out) error {
	s := &sadfTable{o: o, book: newHostBook(o)}
	return newLineReader(r, o).each(s.line)
}

type sadfTable struct {
	o     *out
	book  *hostBook
	cols  []string
	width int
	cells [][]byte
}

func (s *sadfTable) line(line []byte) {
	if line = bytes.TrimSpace(line); len(line) > 0 {
		s.o.line(s.understand(line), line)
	}
}

func (s *sadfTable) understand(line []byte) bool {
	s.cells = splitCells(bytes.TrimLeft(line, "# "), ';', s.cells[:0])
	if line[0] == '#' {
		names := cellTexts(s.cells)
		s.cols, s.width = nil, len(names)
		memory := false
		for _, n := range names {
			s.cols = append(s.cols, sarColumns[n])
			memory = memory || n == "kbmemused"
		}
		if !memory {
			if len(names) > 3 {
				s.o.skip(names[3])
			}
			s.cols = []string{}
		}
		return len(names) > 3
	}
	if len(s.cells) > 3 && bytes.HasPrefix(s.cells[3], []byte("LINUX-RESTART")) || len(s.cells) > 4 && string(s.cells[3]) == "COM" {
		return true
	}
	if s.cols == nil || len(s.cells) < 4 {
		return false
	}
	if len(s.cols) == 0 {
		return true // another report
	}
	return s.row()
}

func (s *sadfTable) row() bool {
	if len(s.cells) != s.width {
		return false
	}
	at, ok := s.o.clock.at(s.cells[2])
	if !ok {
		return false
	}
	v := map[string]float64{}
	for i, c := range s.cols {
		if c == "" {
			continue
		}
		n, ok := sarNumber(s.cells[i])
		if !ok {
			return false
		}
		v[c] = n
	}
	rd, ok := sarReading(v)
	return ok && s.o.emit(s.book.target(string(s.cells[0])), at, &rd)
}

func scoreSadf(h head) float64 {
	if len(h.lines) == 0 || !bytes.HasPrefix(h.lines[0], []byte("# hostname;interval;timestamp")) {
		return 0
	}
	return 0.98
}

// readSadfJSON reads "sadf -j -- -r".
func readSadfJSON(r io.Reader, o *out) error {
	p := &sadfJSON{s: newJSONScanner(r), o: o, book: newHostBook(o)}
	return p.s.documents(func() error { return p.within("sysstat", func() error { return p.within("hosts", p.hosts) }) })
}

type sadfJSON struct {
	s    *jsonScanner
	o    *out
	book *hostBook
	host string
}

// within calls f at the value of one key and passes over the others.
func (p *sadfJSON) within(name string, f func() error) error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	return p.s.object(func(key string) error {
		if key == name {
			return f()
		}
		return p.s.skip()
	})
}

func (p *sadfJSON) hosts() error {
	if p.s.peek() != '[' {
		return p.s.skip()
	}
	return p.s.array(func() error {
		if p.s.peek() != '{' {
			return p.s.skip()
		}
		return p.s.object(func(key string) error {
			switch c := p.s.peek(); {
			case key == "nodename" && c == '"':
				b, err := p.s.str()
				p.host = string(b)
				return err
			case key == "statistics" && c == '[':
				return p.s.array(p.statistics)
			}
			return p.s.skip()
		})
	})
}

// statistics reads one interval.
func (p *sadfJSON) statistics() error {
	if p.s.peek() != '{' {
		return p.s.skip()
	}
	var stamp, memory map[string]string
	err := p.s.object(func(key string) (err error) {
		switch c := p.s.peek(); {
		case key == "timestamp" && c == '{':
			stamp, err = p.s.stringMap()
			return err
		case key == "memory" && c == '{':
			memory, err = p.s.stringMap()
			return err
		case key != "timestamp":
			p.o.skip(key)
		}
		return p.s.skip()
	})
	if err != nil {
		return err
	}
	text := stamp["date"] + " " + stamp["time"]
	p.o.line(memory == nil || p.reading(text, stamp, memory), valueText(p.host, text))
	return nil
}

func (p *sadfJSON) reading(text string, stamp, memory map[string]string) bool {
	if stamp["utc"] == "1" || stamp["utc"] == "true" {
		text += " UTC"
	}
	at, ok := p.o.clock.at([]byte(text))
	if !ok {
		return false
	}
	v := map[string]float64{}
	for key, value := range memory {
		if c := sarColumns[key]; c != "" {
			n, ok := sarNumber([]byte(value))
			if !ok {
				return false
			}
			v[c] = n
		}
	}
	rd, ok := sarReading(v)
	return ok && p.o.emit(p.book.target(p.host), at, &rd)
}

func scoreSadfJSON(h head) float64 {
	if bytes.HasPrefix(bytes.TrimSpace(h.data), []byte("{")) && bytes.Contains(h.data, []byte(`"sysstat"`)) {
		return 0.98
	}
	return 0
}
