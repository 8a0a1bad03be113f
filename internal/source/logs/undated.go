package logs

import (
	"fmt"

	"culprit"
)

// warner is a parser that has something to tell the user about its file, asked
// for after close.
type warner interface{ warnings() []string }

// undated counts what had to be left out because neither the line nor a wrapper
// dates it: at a wrong time it would mislead.
type undated struct {
	lines int
	hint  string // how to get dates
}

// happen emits a happening that has a time.
func (u *undated) happen(out Sink, h culprit.Happening) {
	if h.At == 0 {
		u.lines++
		return
	}
	out.Happening(h)
}

// warnings implements warner.
func (u *undated) warnings() []string {
	if u.lines == 0 {
		return nil
	}
	hint := u.hint
	if hint == "" {
		hint = "journald, docker logs --timestamps or a log collector adds one"
	}
	return []string{fmt.Sprintf("%d lines tell of events or jobs without a time and were left out; %s", u.lines, hint)}
}
