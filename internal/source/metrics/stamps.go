package metrics

import (
	"bytes"
	"regexp"
	"time"
)

// stamps keeps the time that loops write between their outputs: a line of
// date(1), an epoch, a stamp in brackets or rules, "top - 10:00:00 up 3 days".
type stamps struct {
	o    *out
	at   int64
	have bool
}

var topHead = regexp.MustCompile(`^top - (\d\d:\d\d:\d\d) `)

// stampWords may stand before or around a stamp.
var stampWords = [][]byte{
	[]byte("date:"), []byte("time:"), []byte("timestamp:"), []byte("Date:"), []byte("Time:"), []byte("Timestamp:"), []byte("at"), []byte("scrape"), []byte("sample"),
}

// take tells whether the line is a stamp, and keeps it.
func (s *stamps) take(line []byte) bool {
	text := trimStamp(line)
	if len(text) < 5 || len(text) > 48 {
		return s.top(line)
	}
	if at, ok := s.o.clock.at(text); ok {
		s.at, s.have = at, true
		return true
	}
	if tod, ok := timeOfDay(string(text)); ok {
		s.tod(tod)
		return true
	}
	return s.top(line)
}

func (s *stamps) top(line []byte) bool {
	m := topHead.FindSubmatch(line)
	if m == nil {
		return false
	}
	tod, ok := timeOfDay(string(m[1]))
	if ok {
		s.tod(tod)
	}
	return ok
}

func (s *stamps) tod(tod int64) {
	if s.o.days == nil {
		s.o.days = &dayHold{}
	}
	s.at, s.have = s.o.days.stamp(tod), true
}

// trimStamp takes rules, brackets and words off.
func trimStamp(line []byte) []byte {
	text := bytes.Trim(line, "=#-*_[]()<>|~ \t")
	for _, w := range stampWords {
		text = bytes.TrimPrefix(text, w)
	}
	return bytes.Trim(text, "=#-*_[]()<>|~ \t")
}

// isStamp is take without memory, for scores.
func isStamp(line []byte) bool {
	s := stamps{o: &out{clock: newClock(nil, time.Time{})}}
	return s.take(line)
}
