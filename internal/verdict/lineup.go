package verdict

import (
	"cmp"
	"math"
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/lineup"
	"culprit/internal/stat"
)

// grade of evidence.
type grade int

const (
	nothing grade = iota
	weak          // some family below 5 %
	strong        // the relaxed rule
	certain       // every family agrees
)

// gradeOf applies the rules of the method, section 7, with the families that
// exist. Without other processes to compare with nobody is convicted: what the
// whole fleet does at one moment cannot be told from what one call does.
func gradeOf(l *lineup.Lineup, e *lineup.Evidence) grade {
	if e.Score[lineup.Time] <= 0 && e.Score[lineup.Unit] <= 0 {
		return nothing
	}
	worst, has := 0.0, 0
	for f := lineup.Time; f <= lineup.Unit; f++ {
		if l.Has[f] {
			has++
			worst = max(worst, e.P[f])
		}
	}
	clusters := len(presentClusters(l, e))
	switch {
	case has == 0, merelyFrequent(l, e):
		return nothing
	case worst <= alphaConvict && l.Has[lineup.Unit] && l.Has[lineup.Time] && clusters >= minClusters:
		return certain
	case first(l, e) <= alphaSuspect && worst <= alphaVeto && clusters >= 2:
		return strong
	case first(l, e) <= alphaVeto && clusters >= 2:
		return weak
	}
	return nothing
}

// merelyFrequent suspects cover episodes by many short calls and miss a tenth of
// them: whatever makes a process busy brings them in. A culprit's single call
// spans what it makes grow, or its calls are there every time.
func merelyFrequent(l *lineup.Lineup, e *lineup.Evidence) bool {
	return e.Solo < 0.5 && len(e.Present)*10 < len(l.Events)*9
}

// first is the p-value of the time family, or of the best one there is.
func first(l *lineup.Lineup, e *lineup.Evidence) float64 {
	if l.Has[lineup.Time] {
		return e.P[lineup.Time]
	}
	return e.P[lineup.Unit]
}

// worstP is the largest p-value over the families that exist.
func worstP(l *lineup.Lineup, e *lineup.Evidence) float64 {
	worst := 0.0
	for f := lineup.Time; f <= lineup.Unit; f++ {
		if l.Has[f] {
			worst = max(worst, e.P[f])
		}
	}
	return worst
}

// score is the least evidence over the families, in nats.
func score(l *lineup.Lineup, e *lineup.Evidence) float64 {
	s := math.Inf(1)
	for f := lineup.Time; f <= lineup.Unit; f++ {
		if l.Has[f] && f != lineup.Hour {
			s = min(s, e.Score[f])
		}
	}
	if math.IsInf(s, 1) {
		return 0
	}
	return s
}

// presentClusters are the clusters with an episode that the suspect covered.
func presentClusters(l *lineup.Lineup, e *lineup.Evidence) []int {
	var out []int
	for i, cl := range l.Clusters {
		for _, ev := range cl {
			if slices.Contains(e.Present, ev) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// stages bounds the step-down: more than three culprits at once are not told
// apart by this much data (method, 4.7).
const stages = 3

// tryLineup convicts by step-down: the best suspect is convicted, its episodes
// are taken away, and the rest is tried again, the smaller ones included.
func (t *trial) tryLineup() {
	best, g := t.best(t.lineup)
	for stage := 0; g >= strong && t.matters(t.lineup0, best); {
		t.name(t.lineup0, best, g)
		stage++
		if stage == stages {
			return
		}
		pool := t.unexplained()
		if len(pool) < 2 {
			return
		}
		rest, _ := growth.Raise(pool)
		if bytesOf(rest) < t.growth.Total/10 {
			return // what is left is not what anybody came for
		}
		l := t.runLineup(rest)
		t.lineup0 = l
		best, g = t.best(l)
	}
}

// matters: whoever is named must have been there for a twentieth of all growth.
// Somebody does something to every process.
func (t *trial) matters(l *lineup.Lineup, e *lineup.Evidence) bool {
	return presentBytes(l, e) >= t.growth.Total/20
}

func bytesOf(events []growth.Event) int64 {
	var sum int64
	for _, e := range events {
		sum += e.Bytes
	}
	return sum
}

func presentBytes(l *lineup.Lineup, e *lineup.Evidence) int64 {
	var sum int64
	for _, i := range e.Present {
		sum += l.Events[i].Bytes
	}
	return sum
}

// name puts a suspect among the named with the episodes that are its own.
func (t *trial) name(l *lineup.Lineup, best *lineup.Evidence, g grade) {
	a := t.accused(int32(best.Suspect))
	a.channel = "line-up"
	a.finding = culprit.Suspected
	if g == certain {
		a.finding = culprit.Convicted
	}
	a.p, a.score, a.chance = worstP(l, best), score(l, best), best.Chance
	a.of, a.lineup = len(l.Events), l
	for _, e := range best.Present {
		a.events = append(a.events, l.Events[e])
	}
	t.named = append(t.named, a)
	t.shadows(l, best)
}

// presence is who was in flight in every episode, large and small.
func (t *trial) presence() *lineup.Lineup {
	if t.everyone == nil {
		pool := slices.Concat(t.growth.Events, t.growth.Minor)
		slices.SortFunc(pool, func(a, b growth.Event) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.Unit, b.Unit)) })
		t.everyone = t.lineupWith(pool, lineup.Options{Seed: t.f.Seed, Shift: t.skew, Slack: t.slack, Presence: true})
	}
	return t.everyone
}

// claim gives a named suspect the smaller episodes that it was present in, too:
// they carry no weight in court, but they belong to its bill and to its mean.
func (t *trial) claim() {
	if len(t.named) == 0 || len(t.growth.Minor) == 0 {
		return
	}
	l := t.presence()
	for i, e := range l.Events {
		if slices.ContainsFunc(t.growth.Events, same(e)) {
			continue
		}
		for _, a := range t.named {
			if a.channel == "line-up" && slices.Contains(l.Evidence[a.index].Present, i) && !t.owned(e) {
				a.events = append(a.events, e)
			}
		}
	}
	// Out of the large episodes, and the small ones that are somebody's.
	of := len(t.growth.Events)
	for _, e := range t.growth.Minor {
		if t.owned(e) {
			of++
		}
	}
	for _, a := range t.named {
		a.of = of
	}
}

func same(e growth.Event) func(growth.Event) bool {
	return func(x growth.Event) bool { return x.Unit == e.Unit && x.A == e.A }
}

func (t *trial) owned(e growth.Event) bool {
	for _, a := range t.named {
		if slices.ContainsFunc(a.events, func(x growth.Event) bool { return x.Unit == e.Unit && x.A == e.A }) {
			return true
		}
	}
	return false
}

// unexplained are the episodes, large and small, in which no named suspect was
// present.
func (t *trial) unexplained() []growth.Event {
	l := t.presence()
	gone := map[int]bool{}
	for _, a := range t.named {
		for _, e := range l.Evidence[a.index].Present {
			gone[e] = true
		}
	}
	return rest(l.Events, gone)
}

func rest(events []growth.Event, taken map[int]bool) []growth.Event {
	var out []growth.Event
	for i, e := range events {
		if !taken[i] {
			out = append(out, e)
		}
	}
	return out
}

// best picks the strongest suspect, and the narrowest that explains it: a
// narrowed one replaces its endpoint when it covers the same episodes and has a
// nat more (method, 4.8).
func (t *trial) best(l *lineup.Lineup) (*lineup.Evidence, grade) {
	var top *lineup.Evidence
	var topGrade grade
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if len(e.Present) == 0 || t.already(int32(i)) {
			continue
		}
		g := gradeOf(l, e)
		if g == nothing {
			continue
		}
		if top == nil || better(l, e, g, top, topGrade) {
			top, topGrade = e, g
		}
	}
	if top == nil {
		return nil, nothing
	}
	return t.narrow(l, top, topGrade)
}

func (t *trial) already(s int32) bool {
	for _, a := range t.named {
		if t.endpointOf(a.index) == t.endpointOf(s) {
			return true
		}
	}
	return false
}

func better(l *lineup.Lineup, e *lineup.Evidence, g grade, top *lineup.Evidence, topGrade grade) bool {
	if g != topGrade {
		return g > topGrade
	}
	return score(l, e) > score(l, top)
}

// narrow settles between an endpoint and its narrowed forms.
func (t *trial) narrow(l *lineup.Lineup, top *lineup.Evidence, g grade) (*lineup.Evidence, grade) {
	ep := t.endpointOf(int32(top.Suspect))
	parent := &l.Evidence[ep]
	pg := gradeOf(l, parent)
	best, bestG := parent, pg
	for i := range l.Evidence {
		e := &l.Evidence[i]
		if t.suspect(int32(i)).Parent != int(ep) {
			continue
		}
		eg := gradeOf(l, e)
		if eg < strong || len(e.Present)*10 < len(parent.Present)*9 {
			continue
		}
		better := eg > bestG || (eg >= bestG && score(l, e) > score(l, best)+margin(best == parent))
		if !better && best == parent && eg >= bestG && score(l, e) > score(l, parent)-1 {
			better = concentrated(e, parent)
		}
		if better {
			best, bestG = e, eg
		}
	}
	if bestG < g && best != top {
		return top, g
	}
	return best, bestG
}

// concentrated: the parent did harm in calls of this form far more often than
// its calls have this form, so that its other calls are cleared rather than
// accused with it. One in a thousand, since an endpoint has a dozen parameters.
func concentrated(e, parent *lineup.Evidence) bool {
	if parent.Calls == 0 {
		return false
	}
	q := float64(e.Calls) / float64(parent.Calls)
	return stat.BinomTail(len(e.Present), len(parent.Present), q) <= 0.001
}

// margin in nats that a narrowed suspect must have over its endpoint; among
// narrowed ones the better wins.
func margin(overParent bool) float64 {
	if overParent {
		return 1
	}
	return 0
}

// shadows marks suspects that were significant before, but only in episodes
// that are now another's.
func (t *trial) shadows(l *lineup.Lineup, best *lineup.Evidence) {
	for i := range l.Evidence {
		e := &l.Evidence[i]
		s := int32(i)
		if i == best.Suspect || t.endpointOf(s) == t.endpointOf(int32(best.Suspect)) || gradeOf(l, e) < weak {
			continue
		}
		a := t.accused(s)
		if a.shadowOf < 0 {
			a.shadowOf = int32(best.Suspect)
		}
		if gradeOf(l, e) >= strong && sameSet(e.Present, best.Present) && score(l, e) > score(l, best)-0.5 {
			t.accused(int32(best.Suspect)).twin = s
		}
	}
}

func sameSet(a, b []int) bool { return slices.Equal(a, b) }

// byEvidence orders suspects: strongest first.
func byEvidence(a, b *accused) int {
	order := map[culprit.Finding]int{culprit.Convicted: 0, culprit.Suspected: 1, culprit.CannotJudge: 2, culprit.Acquitted: 3}
	return cmp.Or(
		cmp.Compare(order[a.finding], order[b.finding]),
		-cmp.Compare(a.bytes, b.bytes),
		-cmp.Compare(a.score, b.score),
		cmp.Compare(a.index, b.index),
	)
}
