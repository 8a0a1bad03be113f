package metrics

import (
	"bytes"
	"io"
	"strings"

	"culprit"
)

// readFree reads the output of free(1), repeated in one file with a stamp
// before every round: procps of all ages (man free), -b, -k, -m, -g and -h.
func readFree(r io.Reader, o *out) error {
	f := &freeLoop{o: o, stamps: stamps{o: o}, t: o.target(culprit.Series{})}
	err := newLineReader(r, o).each(f.line)
	if f.undated > 0 {
		o.warn("%d rounds stand before any stamp and were not used: print the time before every round (date -Is)", f.undated)
		o.skip("rounds without a time")
	}
	return err
}

type freeLoop struct {
	o       *out
	stamps  stamps
	t       *target
	header  []string
	unit    float64
	undated int64
}

func (f *freeLoop) line(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	f.o.line(f.understand(line), line)
}

func (f *freeLoop) understand(line []byte) bool {
	switch {
	case freeHeader(line):
		f.header = strings.Fields(string(line))
		return true
	case bytes.HasPrefix(line, []byte("Swap:")), bytes.HasPrefix(line, []byte("-/+ buffers")), bytes.HasPrefix(line, []byte("Total:")),
		bytes.HasPrefix(line, []byte("Low:")), bytes.HasPrefix(line, []byte("High:")):
		return true
	case bytes.HasPrefix(line, []byte("Mem:")):
		return f.mem(strings.Fields(string(line[4:])))
	}
	if stamp, figures, ok := bytes.Cut(line, []byte("Mem:")); ok { // echo "$(date -Is) $(free -m | grep Mem)"
		cells := strings.Fields(string(figures))
		if f.header == nil {
			f.header = freeColumns(cells)
		}
		return f.stamps.take(stamp) && f.mem(cells)
	}
	return f.stamps.take(line)
}

// freeColumns tells the columns of a Mem: line without header: until procps
// 3.3.9 used and free made up the total.
func freeColumns(cells []string) []string {
	v := make([]float64, 6)
	for i := range min(len(cells), 6) {
		v[i], _ = number([]byte(cells[i]), false) // figures with units read as 0: the new columns
	}
	if len(cells) == 6 && v[0] > 0 && v[1]+v[2] > 0.999*v[0] {
		return []string{"total", "used", "free", "shared", "buffers", "cached"}
	}
	return []string{"total", "used", "free", "shared", "buff/cache", "available"}
}

// freeInLine recognises a Mem: line with its stamp in front.
func freeInLine(line []byte) bool {
	stamp, figures, ok := bytes.Cut(line, []byte("Mem:"))
	return ok && len(bytes.Fields(figures)) >= 3 && isStamp(stamp)
}

func freeHeader(line []byte) bool {
	w := strings.Fields(string(line))
	return len(w) >= 3 && w[0] == "total" && w[1] == "used" && w[2] == "free"
}

func (f *freeLoop) mem(cells []string) bool {
	if f.header == nil || len(cells) == 0 {
		return false
	}
	total, ok := f.number(cells[0])
	if !ok {
		return false
	}
	if f.unit == 0 {
		f.unit = freeUnit(total)
		if f.unit > 1 && !strings.ContainsAny(cells[0], "KMGTi") {
			f.o.warn("free: figures taken as %s", map[float64]string{1 << 10: "KiB", 1 << 20: "MiB", 1 << 30: "GiB"}[f.unit])
		}
	}
	var rd reading
	v := map[string]int64{}
	for i, name := range f.header {
		if i >= len(cells) {
			break
		}
		n, missing, _, ok := sizeCell([]byte(cells[i]), f.unit, false)
		if !ok {
			return false
		}
		if !missing {
			v[name] = n
		}
	}
	f.fill(&rd, v)
	if !f.stamps.have {
		f.undated++
		return true
	}
	return f.o.emit(f.t, f.stamps.at, &rd)
}

// fill minds what "used" meant over time: until procps 3.3.9 it included page
// cache and buffers.
func (f *freeLoop) fill(rd *reading, v map[string]int64) {
	rd.set(slotTotal, v["total"])
	used := v["used"]
	if cached, old := v["cached"]; old {
		rd.set(slotCached, cached)
		rd.set(slotBuffers, v["buffers"])
		used -= cached + v["buffers"]
	}
	if used >= 0 {
		rd.set(slotUsed, used)
	}
	if c, ok := v["buff/cache"]; ok {
		rd.set(slotCached, c)
	}
	if c, ok := v["cache"]; ok { // free -w
		rd.set(slotCached, c)
		rd.set(slotBuffers, v["buffers"])
	}
	if a, ok := v["available"]; ok {
		rd.set(slotAvailable, a)
	}
}

func (f *freeLoop) number(s string) (float64, bool) {
	if v, _, rounded, ok := sizeCell([]byte(s), 1, false); ok && rounded {
		f.unit = 1 // free -h: every figure carries its unit
		return float64(v), true
	}
	return number([]byte(s), false)
}

// freeUnit guesses the unit by the size of the machine: between 400 MB and
// 1.5 TB no two units overlap.
func freeUnit(total float64) float64 {
	switch {
	case total >= 1.6e9:
		return 1
	case total >= 4e5:
		return 1 << 10
	case total >= 400:
		return 1 << 20
	}
	return 1 << 30
}

func scoreFree(h head) float64 {
	good, mem := 0, 0
	for _, line := range h.lines {
		switch {
		case bytes.HasPrefix(line, []byte("Mem:")), freeInLine(line):
			mem++
			good++
		case freeHeader(line), bytes.HasPrefix(line, []byte("Swap:")), bytes.HasPrefix(line, []byte("-/+")), isStamp(line):
			good++
		}
	}
	if mem == 0 {
		return 0
	}
	return 0.94 * h.share(good)
}
