package metrics

import (
	"bytes"
	"io"

	"culprit"
)

// readHeroku reads the samples of Heroku's log-runtime-metrics
// (devcenter.heroku.com/articles/log-runtime-metrics), in a file that holds
// little else; inside a whole log they belong to the log's reader:
//
//	2021-09-21T20:10:41+00:00 heroku[web.1]: source=web.1 dyno=heroku.2808254.d97d0ea7 sample#memory_total=21.00MB sample#memory_rss=21.22MB ...
//
// Heroku counts 1024 kB to the MB. A dyno is a container: its name stands for
// the host.
func readHeroku(r io.Reader, o *out) error {
	h := &heroku{o: o, book: newHostBook(o)}
	return newLineReader(r, o).each(h.line)
}

type heroku struct {
	o    *out
	book *hostBook
}

var herokuSlots = map[string]slot{
	"sample#memory_total": slotUsage, "sample#memory_rss": slotCgroupRSS, "sample#memory_cache": slotCgroupCache,
}

var herokuMark = []byte("sample#")

func (h *heroku) line(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	if !bytes.Contains(line, herokuMark) {
		h.o.line(true, nil) // a line of something else
		return
	}
	h.o.line(h.sample(line), line)
}

func (h *heroku) sample(line []byte) bool {
	var rd reading
	var dyno string
	var at int64
	for i, f := range bytes.Fields(line) {
		if at == 0 && i < 6 {
			if t, ok := h.o.clock.iso(f); ok {
				at = t
				continue
			}
		}
		k, v, found := bytes.Cut(f, []byte("="))
		if !found {
			continue
		}
		if string(k) == "source" {
			dyno = string(v)
		}
		s := herokuSlots[string(k)]
		if s == slotNone {
			continue
		}
		n, ok := herokuSize(v)
		if !ok {
			return false
		}
		rd.set(s, n)
	}
	if rd.have == 0 {
		return true // load averages
	}
	if at == 0 || dyno == "" {
		return false
	}
	t := h.book.target(dyno)
	t.base = culprit.Series{Host: dyno, Name: dyno, Role: "container"}
	return h.o.emit(t, at, &rd)
}

func herokuSize(b []byte) (int64, bool) {
	digits, unit := splitUnit(b)
	mul := map[string]float64{"MB": 1 << 20, "kB": 1 << 10, "KB": 1 << 10, "GB": 1 << 30, "B": 1}[unit]
	f, ok := number(digits, false)
	if !ok || mul == 0 {
		return 0, false
	}
	v, missing, ok := bytesFloat(f * mul)
	return v, ok && !missing
}

func scoreHeroku(h head) float64 {
	good := 0
	for _, line := range h.lines {
		if bytes.Contains(line, herokuMark) {
			good++
		}
	}
	if s := h.share(good); s >= 0.95 {
		return s
	}
	return 0
}
