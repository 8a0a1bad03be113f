package lockfile

import (
	"strings"

	"culprit/internal/bundle"
)

// What is wrong with the markers that git left: the first one holds the hint.
const (
	whyConflict = "a marker of an unfinished merge, both sides were read; " +
		"hint: finish the merge first: keep one side, then run `bundle install`"
	whyMarker = "another marker of the unfinished merge"
)

// Conflict is the first marker of an unfinished merge, and whether there is one.
// Such a lockfile names gems of both sides: what is in it need not run anywhere.
// Why of the problem holds a hint.
func Conflict(l *bundle.Lock) (bundle.Problem, bool) {
	if l == nil {
		return bundle.Problem{}, false
	}
	for _, p := range l.Problems {
		if p.Why == whyConflict {
			return p, true
		}
	}
	return bundle.Problem{}, false
}

// part is where in an unfinished merge a line stands.
type part int

const (
	outside part = iota
	ours
	ancestor // git writes it with merge.conflictStyle diff3
	theirs
)

// merge remembers where the sides of a conflict begin.
type merge struct {
	part    part
	fork    place          // where both sides go on from
	base    bundle.Problem // the marker of the ancestor
	skipped int            // lines of the ancestor
}

// marker reads one of git's markers (git-merge(1), "How conflicts are
// presented"), and tells whether text is one. The second side goes on where the
// first began, even in the middle of a section or a gem. A marker whose partner
// was edited away changes nothing, and is told all the same.
func (p *parser) marker(number int, text string) bool {
	switch {
	case mark(text, '<'):
		p.endAncestor()
		p.merge = merge{part: ours, fork: p.at}
	case mark(text, '|') && p.merge.part == ours:
		p.merge.part = ancestor
		p.merge.base = bundle.Problem{Line: number, Text: text}
		return true // told when its lines are counted
	case mark(text, '='):
		p.endAncestor()
		if p.merge.part != outside {
			p.at, p.merge.part = p.merge.fork, theirs
		}
	case mark(text, '>'):
		p.endAncestor()
		p.merge.part = outside
	case !mark(text, '|'):
		return false
	}
	why := whyMarker
	if !p.torn {
		p.torn, why = true, whyConflict
	}
	p.problem(number, text, why)
	return true
}

// endAncestor tells the marker of an ancestor, with what stood under it.
func (p *parser) endAncestor() {
	if p.merge.part == ancestor {
		p.problem(p.merge.base.Line, p.merge.base.Text, "what both sides of the unfinished merge come from, "+unread(p.merge.skipped))
		p.merge.part, p.merge.skipped = ours, 0
	}
}

// mark tells whether text begins with seven or more of c, alone or before a space.
func mark(text string, c byte) bool {
	rest := strings.TrimLeft(text, string(c))
	return len(text)-len(rest) >= 7 && (rest == "" || rest[0] == ' ')
}
