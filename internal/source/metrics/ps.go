package metrics

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"culprit"
)

// readPS reads the output of ps or top -b, repeated in one file with a stamp
// before every round. Columns by the header; RSS of ps is in KiB (man ps, man
// top). A pid that is reported again with another command is another series.
func readPS(r io.Reader, o *out) error {
	p := &psLoop{o: o, stamps: stamps{o: o}, targets: map[string]*target{}}
	err := newLineReader(r, o).each(p.line)
	if p.undated > 0 {
		o.warn("%d rows stand before any stamp and were not used: print the time before every round (date -Is)", p.undated)
		o.skip("rows without a time")
	}
	return err
}

type psLoop struct {
	o       *out
	stamps  stamps
	cols    *psColumns
	targets map[string]*target
	undated int64
	key     []byte
}

// psColumns are positions of columns, -1 when absent.
type psColumns struct {
	pid, rss, pss, uss, swap, command int
	lstart                            int // the one column whose values have five words
	n                                 int
}

func psHeader(fields [][]byte) *psColumns {
	c := &psColumns{pid: -1, rss: -1, pss: -1, uss: -1, swap: -1, command: -1, lstart: -1, n: len(fields)}
	for i, f := range fields {
		switch string(f) {
		case "PID":
			c.pid = i
		case "RSS", "RSZ", "RSSIZE", "RES":
			c.rss = i
		case "PSS":
			c.pss = i
		case "USS":
			c.uss = i
		case "SWAP":
			c.swap = i
		case "COMMAND", "CMD", "ARGS", "Command":
			c.command = i
		case "STARTED":
			c.lstart = i
		}
	}
	if c.pid < 0 || c.rss < 0 && c.pss < 0 && c.uss < 0 {
		return nil
	}
	return c
}

func (p *psLoop) line(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	p.o.line(p.understand(line), line)
}

func (p *psLoop) understand(line []byte) bool {
	fields := bytes.Fields(line)
	if c := psHeader(fields); c != nil {
		p.cols = c
		return true
	}
	if p.stamps.take(line) || topNoise(line) {
		return true
	}
	if p.cols == nil && headless(fields) {
		p.cols = &psColumns{pid: 0, rss: 1, pss: -1, uss: -1, swap: -1, command: 2, lstart: -1}
	}
	return p.cols != nil && p.row(line, fields)
}

// headless recognises a row of ps -o pid=,rss=,cmd=, which has no header.
func headless(fields [][]byte) bool {
	if len(fields) < 2 {
		return false
	}
	pid, ok := num(fields[0])
	rss, good := num(fields[1])
	if !ok || !good || pid > 1<<22 || rss < 1000 {
		return false
	}
	if len(fields) == 2 {
		return true
	}
	_, number := num(fields[2])
	return !number
}

// topNoise are the summary lines above the table of top.
func topNoise(line []byte) bool {
	for _, w := range []string{"Tasks:", "%Cpu", "Cpu(s):", "MiB Mem", "KiB Mem", "MiB Swap", "KiB Swap", "GiB Mem", "Mem:", "Swap:"} {
		if bytes.HasPrefix(line, []byte(w)) {
			return true
		}
	}
	return false
}

func (p *psLoop) row(line []byte, fields [][]byte) bool {
	c := p.cols
	shift := func(i int) int {
		if c.lstart >= 0 && i > c.lstart && len(fields) > c.lstart && weekday(fields[c.lstart]) {
			return i + 4
		}
		return i
	}
	at := func(i int) []byte {
		if i = shift(i); i < 0 || i >= len(fields) {
			return nil
		}
		return fields[i]
	}
	pid, err := strconv.Atoi(string(at(c.pid)))
	if err != nil || pid <= 0 {
		return false
	}
	var rd reading
	for _, x := range []struct {
		col  int
		slot slot
	}{{c.rss, slotRSS}, {c.pss, slotPSS}, {c.uss, slotUSS}, {c.swap, slotSwap}} {
		if x.col < 0 {
			continue
		}
		v, missing, _, ok := sizeCell(at(x.col), 1<<10, false)
		if !ok {
			return false
		}
		if !missing {
			rd.set(x.slot, v)
		}
	}
	if v, ok := rd.get(slotRSS); ok && v == 0 || rd.empty() {
		return true // a kernel thread
	}
	if !p.stamps.have {
		p.undated++
		return true
	}
	cmd := ""
	if c.command >= 0 {
		cmd = string(fieldRest(line, shift(c.command)))
	}
	return p.o.emit(p.target(pid, cmd), p.stamps.at, &rd)
}

// fieldRest is the line from its n-th field on, fields counted from 0.
func fieldRest(line []byte, n int) []byte {
	for {
		line = bytes.TrimLeft(line, " \t")
		if n == 0 {
			return bytes.TrimSpace(line)
		}
		i := bytes.IndexAny(line, " \t")
		if i < 0 {
			return nil
		}
		line = line[i:]
		n--
	}
}

func weekday(b []byte) bool {
	return len(b) == 3 && strings.Contains("Mon Tue Wed Thu Fri Sat Sun", string(b))
}

func (p *psLoop) target(pid int, cmd string) *target {
	name := processName(cmd)
	p.key = append(strconv.AppendInt(p.key[:0], int64(pid), 10), name...)
	if t := p.targets[string(p.key)]; t != nil {
		return t
	}
	t := p.o.target(culprit.Series{PID: pid, Name: name})
	p.o.applyTitle(t, cmd)
	if len(p.targets) < maxTagSets {
		p.targets[string(p.key)] = t
	}
	return t
}

func scorePS(h head) float64 {
	good, headers, stampLines, bare := 0, 0, 0, 0
	var cols *psColumns
	for _, line := range h.lines {
		fields := bytes.Fields(line)
		switch c := psHeader(fields); {
		case c != nil:
			cols = c
			headers++
		case isStamp(line), topNoise(line):
			stampLines++
		case cols != nil && cols.pid < len(fields):
			if _, ok := num(fields[cols.pid]); ok {
				good++
			}
		case headless(fields):
			bare++
		}
	}
	if headers == 0 && bare > 0 && stampLines > 0 {
		return 0.8 * h.share(bare+stampLines)
	}
	if headers == 0 || good+headers == 0 {
		return 0
	}
	return 0.95 * h.share(good+headers+stampLines)
}
