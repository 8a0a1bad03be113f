package rubyboot

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"culprit"
)

// mostLine is the longest line of the wire: a backtrace of 200 lines and its
// message.
const mostLine = 1 << 20

// story is what the prelude has told.
type story struct {
	rec     culprit.BootRecording
	engine  string
	version string // of Ruby
	rails   string // its version, "" without it
	failure *failure
	where   []string // the backtrace at the time limit, innermost first
	notes   []string // as the prelude writes them
	bad     int      // lines that were not understood
	cut     bool     // the prelude gave up telling
}

// failure is the exception that ended a boot.
type failure struct {
	class, message           string
	causeClass, causeMessage string
	backtrace                []string
}

// hear reads the wire to its end. A line that is not understood is counted, the
// last one may have been cut by the end of the process.
func hear(r io.Reader) (story, error) {
	var s story
	s.rec.Before, s.rec.After = unknownPages(), unknownPages()
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), mostLine)
	for lines.Scan() {
		if !s.line(strings.Split(lines.Text(), "\t")) {
			s.bad++
		}
	}
	if err := lines.Err(); err != nil {
		return s, fmt.Errorf("reading what the boot told: %w", err)
	}
	return s, nil
}

func unknownPages() culprit.BootPages {
	return culprit.BootPages{
		RSS: culprit.Unknown, PSS: culprit.Unknown, SharedDirty: culprit.Unknown,
		SharedClean: culprit.Unknown, Anonymous: culprit.Unknown,
	}
}

// line takes one line apart: its kind is the first field.
func (s *story) line(f []string) bool {
	if len(f[0]) != 1 {
		return false
	}
	kind, f := f[0][0], f[1:]
	switch kind {
	case 'S', 'Z', 'E', 'L', 'N', 'X', 'A', 'U':
		e, ok := event(culprit.BootEventKind(kind), f)
		if ok {
			s.rec.Events = append(s.rec.Events, e)
		}
		return ok
	case 'T':
		s.cut = true
		return true
	}
	for i := range f {
		f[i] = unescape(f[i])
	}
	return s.fact(kind, f)
}

// fact takes a line that is no event.
func (s *story) fact(kind byte, f []string) bool {
	switch {
	case kind == 'V' && len(f) == 3:
		s.rec.Ruby, s.version, s.engine = f[0]+" "+f[1], f[0], f[2]
	case kind == 'B' && len(f) == 1:
		n, err := strconv.ParseInt(f[0], 10, 64)
		s.rec.TimeNS = n
		return err == nil
	case kind == 'G' && len(f) >= 4:
		s.rec.Specs = append(s.rec.Specs, culprit.BootSpec{Name: f[0], Version: f[1], Dirs: f[3:]})
	case kind == 'D':
		s.rec.RubyDirs = f
	case kind == 'Y':
		s.rec.SharedDirs = f
	case kind == 'C' && len(f) == 3:
		s.deny(f[0], firstOf(f[1], f[2]))
	case kind == 'P' && len(f) == 16:
		return s.forked(f)
	case kind == 'R' && len(f) >= 4:
		s.failure = &failure{f[0], f[1], f[2], f[3], f[4:]}
	case kind == 'K':
		s.where = f
	case kind == 'W' && len(f) >= 1:
		s.notes = append(s.notes, strings.Join(f, "\t"))
	case kind == 'F' && len(f) == 3:
		s.rails = f[1]
	default:
		return false
	}
	return true
}

// event reads the fields of one event.
func event(kind culprit.BootEventKind, f []string) (culprit.BootEvent, bool) {
	e := culprit.BootEvent{Kind: kind}
	var ok bool
	switch kind { //exhaustive:enforce
	case culprit.BootStart, culprit.BootStop:
		if len(f) == 5 {
			e.At, ok = reading(f)
		}
	case culprit.BootEnter:
		if len(f) == 9 {
			e.At, ok = reading(f[3:8])
			e.ID, e.Parent, e.Thread, e.Name = number(f[0], &ok), number(f[1], &ok), number(f[2], &ok), unescape(f[8])
		}
	case culprit.BootLoaded, culprit.BootNothing, culprit.BootFailed:
		if len(f) == 8 {
			e.At, ok = reading(f[2:7])
			e.ID, e.Thread, e.Name = number(f[0], &ok), number(f[1], &ok), unescape(f[7])
		}
	case culprit.BootAgain, culprit.BootLate:
		if ok = len(f) >= 2; ok {
			e.Parent, e.Name = number(f[0], &ok), unescape(f[1])
		}
	}
	return e, ok
}

// reading reads nanoseconds, RSS, PSS, objects and their bytes.
func reading(f []string) (culprit.BootReading, bool) {
	var n [5]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return culprit.BootReading{}, false
		}
	}
	return culprit.BootReading{NS: n[0], RSS: culprit.Bytes(n[1]), PSS: culprit.Bytes(n[2]), Objects: n[3], ObjectBytes: culprit.Bytes(n[4])}, true
}

func number(s string, ok *bool) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		*ok = false
		return 0
	}
	return n
}

// forked reads four times RSS, shared dirty, shared clean and anonymous.
func (s *story) forked(f []string) bool {
	var n [16]culprit.Bytes
	for i := range n {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return false
		}
		n[i] = culprit.Bytes(v)
	}
	set := func(n []culprit.Bytes) culprit.BootPages {
		return culprit.BootPages{RSS: n[0], PSS: culprit.Unknown, SharedDirty: n[1], SharedClean: n[2], Anonymous: n[3]}
	}
	s.rec.Fork = &culprit.BootForked{Master: set(n[:4]), Forked: set(n[4:8]), Worked: set(n[8:12]), Unbooted: set(n[12:])}
	return true
}

// deny counts a connection that was refused.
func (s *story) deny(address, from string) {
	for i, d := range s.rec.Denied {
		if d.Address == address && d.From == from {
			s.rec.Denied[i].Times++
			return
		}
	}
	s.rec.Denied = append(s.rec.Denied, culprit.BootDenied{Address: address, From: from, Times: 1})
}

// unescape takes back what the wire escapes: backslash, tab and newline.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n").Replace(s)
}

// open names the requires that were under way at the end, outermost first.
func (s *story) open() []string {
	var stack []culprit.BootEvent
	for _, e := range s.rec.Events {
		if e.Thread != 0 {
			continue
		}
		switch e.Kind {
		case culprit.BootEnter:
			stack = append(stack, e)
		case culprit.BootLoaded, culprit.BootNothing, culprit.BootFailed:
			for len(stack) > 0 && stack[len(stack)-1].ID >= e.ID {
				stack = stack[:len(stack)-1]
			}
		}
	}
	names := make([]string, len(stack))
	for i, e := range stack {
		names[i] = e.Name
	}
	return names
}
