package arch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// plan is the floor plan: which room may import which.
type plan struct {
	rooms []string                   // in order of first mention
	below map[string]map[string]bool // room -> everything it may import
}

// parsePlan reads the notation of plan.txt: statements of the form
// "a, b < c, d < e;" and walls "a !< b;". A wall that the other lines contradict
// is an error, as is a cycle or a room that no line lets in.
func parsePlan(text string) (*plan, error) {
	p := &plan{below: map[string]map[string]bool{}}
	var walls [][2]string
	for n, stmt := range strings.Split(stripComments(text), ";") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		if left, right, ok := strings.Cut(stmt, "!<"); ok {
			for _, a := range names(left) {
				for _, b := range names(right) {
					walls = append(walls, [2]string{a, b})
				}
			}
			continue
		}
		groups := strings.Split(stmt, "<")
		if len(groups) < 2 {
			return nil, fmt.Errorf("statement %d (%q): no <", n+1, strings.TrimSpace(stmt))
		}
		for i := 1; i < len(groups); i++ {
			if err := p.add(names(groups[i-1]), names(groups[i])); err != nil {
				return nil, fmt.Errorf("statement %d: %w", n+1, err)
			}
		}
	}
	p.close()
	for _, room := range p.rooms {
		if p.below[room][room] {
			return nil, fmt.Errorf("%s may import itself: the plan has a cycle", room)
		}
	}
	for _, w := range walls {
		for _, room := range w {
			if p.below[room] == nil {
				return nil, fmt.Errorf("wall %s !< %s: no such room %s", w[0], w[1], room)
			}
		}
		if p.below[w[1]][w[0]] {
			return nil, fmt.Errorf("the plan breaks its own wall %s !< %s", w[0], w[1])
		}
	}
	return p, nil
}

// add records that each of upper may import each of lower.
func (p *plan) add(lower, upper []string) error {
	if len(lower) == 0 || len(upper) == 0 {
		return errors.New("an empty side of <")
	}
	for _, u := range upper {
		if p.below[u] == nil {
			p.below[u] = map[string]bool{}
			p.rooms = append(p.rooms, u)
		}
		for _, l := range lower {
			if l == "NONE" {
				continue
			}
			if p.below[l] == nil {
				return fmt.Errorf("%s stands on %s, which no earlier line names", u, l)
			}
			p.below[u][l] = true
		}
	}
	return nil
}

// close makes below transitive.
func (p *plan) close() {
	for _, k := range p.rooms {
		for _, i := range p.rooms {
			if !p.below[i][k] {
				continue
			}
			for j := range p.below[k] {
				p.below[i][j] = true
			}
		}
	}
}

// has tells whether the plan knows a room.
func (p *plan) has(room string) bool { return slices.Contains(p.rooms, room) }

// allows tells whether room may import other.
func (p *plan) allows(room, other string) bool { return p.below[room][other] }

func stripComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}
