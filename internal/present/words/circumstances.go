package words

import (
	"strconv"
	"strings"

	"culprit"
	"culprit/internal/present/style"
)

// Standing says what an incident says of a circumstance.
func Standing(s culprit.Standing) string {
	switch s {
	case culprit.StandingNotIt:
		return "not it"
	case culprit.StandingMinor:
		return "a small part"
	case culprit.StandingToTest:
		return "to be tested"
	case culprit.StandingCannotTell:
		return "cannot tell"
	}
	return style.Clean(string(s))
}

// Finder says which command found a circumstance.
func Finder(source string) string {
	switch source {
	case "gems", "boot", "doctor":
		return "culprit " + source
	}
	return style.Clean(source)
}

// Besides sums the suspects that need no traffic up in one line, "" when there
// are none: "1 to be tested (zipline 1.1.0), 2 cannot tell, 5 not it".
func Besides(list []culprit.Circumstance) string {
	var parts []string
	for _, s := range []culprit.Standing{
		culprit.StandingToTest, culprit.StandingCannotTell, culprit.StandingMinor, culprit.StandingNotIt,
	} {
		var names []string
		for _, c := range list {
			if c.Standing == s {
				names = append(names, brief(c))
			}
		}
		if len(names) == 0 {
			continue
		}
		text := style.Count(int64(len(names))) + " " + Standing(s)
		if s == culprit.StandingToTest {
			text += " (" + style.List(names, 2) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// brief names a circumstance where there is little room: a gem by its name, the
// rest, whose names are sentences, by its id.
func brief(c culprit.Circumstance) string {
	if strings.Count(c.Name, " ") > 1 {
		return style.Clean(c.ID)
	}
	return style.Clean(c.Name)
}

// Lookup says where a piece of evidence can be looked up: "app/models/a.rb:7", an
// address, or "".
func Lookup(e culprit.Evidence) string {
	switch {
	case e.File != "" && e.Line > 0:
		return style.Clean(e.File) + ":" + strconv.Itoa(e.Line)
	case e.File != "":
		return style.Clean(e.File)
	}
	return style.Clean(e.URL)
}
