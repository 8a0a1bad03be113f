package gemcheck

import (
	"strings"

	"culprit"
)

// tri is a truth of three values, as Kleene's strong logic has them.
type tri int8

const (
	no tri = iota - 1
	unknown
	yes
)

// truth is a value with what shows it: the lines, and a clause in words.
type truth struct {
	is  tri
	why []string // clauses: "app/a.rb:3 calls x", "no line of the app calls y (212 files read)"
	ev  []culprit.Evidence
	// sign: something of the app speaks for it, though the whole is unknown.
	sign bool
}

// maxEvidence is how many lines of the app one finding tells.
const maxEvidence = 20

func (t truth) not() truth {
	t.is = -t.is
	return t
}

// every is the conjunction: as false as its falsest part. What decided is kept,
// and where nothing is decided, the parts that hold are kept too: they are signs.
func every(parts []truth) truth { return join(parts, no) }

// some is the disjunction: as true as its truest part.
func some(parts []truth) truth { return join(parts, yes) }

// join combines parts, where one that is strong decides all.
func join(parts []truth, strong tri) truth {
	out := truth{is: -strong}
	for _, p := range parts {
		if p.is == strong {
			out.is = strong
		} else if p.is == unknown && out.is != strong {
			out.is = unknown
		}
	}
	for _, p := range parts {
		if p.is == out.is {
			out.why = append(out.why, p.why...)
			out.ev = append(out.ev, p.ev...)
		} else if out.is == unknown && p.is == yes {
			out.ev = append(out.ev, p.ev...)
		}
		out.sign = out.sign || out.is == unknown && (p.sign || p.is == yes && len(p.ev) > 0)
	}
	return out
}

// words joins the clauses of a truth, each said once.
func (t truth) words() string {
	seen := map[string]bool{}
	var list []string
	for _, w := range t.why {
		if !seen[w] {
			seen[w] = true
			list = append(list, w)
		}
	}
	return strings.Join(list, "; ")
}
