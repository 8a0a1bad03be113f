// Package alibi studies the reasons why a suspect cannot have been it: it was
// not there (absence), or it was there a thousand times and nothing happened
// (impunity).
//
// It owns the arithmetic of alibis with an explicit allowance for lost log
// lines. It refuses to acquit: it says what share of the growth is still
// possible, and the court decides. Method: attribution method, section 6.
package alibi

import "culprit/internal/stat"

// DefaultLoss is the share of calls taken to leave no usable log line when it
// could not be measured, 2 %.
const DefaultLoss = 0.02

// Absence is the alibi of not having been there.
type Absence struct {
	Events, Present int
	// CanHave is the largest number of episodes it can have caused, allowing for
	// lost lines at the 1 % level.
	CanHave int
}

// Share is CanHave over Events.
func (a Absence) Share() float64 {
	if a.Events == 0 {
		return 1
	}
	return float64(a.CanHave) / float64(a.Events)
}

// Absent computes the alibi of absence: with c episodes caused and a share loss
// of lines lost, at least c - present of them must have lost their line.
func Absent(events, present int, loss float64) Absence {
	a := Absence{Events: events, Present: present}
	for c := 0; c <= events; c++ {
		if c <= present || stat.BinomTail(c-present, c, loss) > 0.01 {
			a.CanHave = c
		}
	}
	return a
}

// Impunity is the alibi of having run without harm.
type Impunity struct {
	Calls, Harmful int64
	// Up is the one-sided 95 % upper bound of the share of harmful calls.
	Up float64
}

// Unpunished computes it from informative calls: those at which harm would have
// shown.
func Unpunished(informative int64, harmful int) Impunity {
	i := Impunity{Calls: informative, Harmful: int64(harmful), Up: 1}
	if informative > 0 {
		n := int(min(informative, 1<<30))
		i.Up = stat.BinomUpper(min(harmful, n), n, 0.95)
	}
	return i
}
