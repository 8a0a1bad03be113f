// Package verdict is the court: the only room that may name a culprit, and the
// only one that may abstain.
//
// It owns the rules by which evidence becomes a finding, the grades, and the
// words that give the reason. It refuses to compute evidence, to read, and to
// print. Rules and their error rates: docs/JUDGE.md.
package verdict

import (
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/analysis/ledger"
	"culprit/internal/analysis/lineup"
	"culprit/internal/casefile"
)

// Significance levels. One per cent is the rate of false accusations promised;
// endpoints and narrowed suspects share it (method, 4.8).
const (
	alphaConvict = 0.005
	alphaSuspect = 0.01
	alphaVeto    = 0.05
	// minClusters is the least number of independent episodes for a conviction.
	minClusters = 3
)

// Facts are what the hall knows besides the case.
type Facts struct {
	Coverage  culprit.Coverage
	Inputs    []culprit.Input
	Warnings  []string
	PlainRPC  []string
	Enqueuers map[int32]bool
	Streamers map[int32]bool
	// Requested are names or words to report on in any case.
	Requested []string
	// Told is what the log says calls allocated, by endpoint.
	Told []Told
	Seed uint64
	// ShowValues: values of parameters may be shown that are not enumerated.
	ShowValues bool
}

// Told is a log's own memory figure, added up over the calls of an endpoint.
type Told struct {
	Name             string
	Calls, Sum, Most int64
}

// Ruling is the report with what the windows need to show examples and pictures.
type Ruling struct {
	Report culprit.Report
	// Roster index of every reported suspect, -1 for those that are none.
	Index []int32
	// Episodes by growth id, for pictures and examples.
	Episodes []growth.Event
	// Attributed[rank-1] are indexes into Episodes.
	Attributed [][]int
	Grew       map[int]bool
	// Skew is what was added to the clocks of the logs, microseconds.
	Skew int64
}

// Judge rules on a case.
func Judge(c *casefile.Case, f Facts) *Ruling {
	t := &trial{c: c, f: f}
	t.evidence()
	t.try()
	return t.rule()
}

// trial is the state of one judgement.
type trial struct {
	c      *casefile.Case
	f      Facts
	growth growth.Result
	lineup *lineup.Lineup // over all episodes that count
	// lineup0 is the line-up of the current stage of step-down.
	lineup0 *lineup.Lineup
	// everyone is who was present in every episode, once asked for.
	everyone *lineup.Lineup
	ledger   *ledger.Ledger
	// skew is what was added to the logs' clocks, per host; slack the widening of
	// tolerances; aligned whether either was needed.
	skew    []int64
	slack   int64
	aligned bool
	// usable is false when calls and series do not meet.
	usable bool

	cases    map[int32]*accused // by roster index
	named    []*accused         // convicted, then suspects, best first
	outcome  culprit.Outcome
	headline string
	category string
	because  string
	method   string
	warnings []string
	// direct is set when a process outside of the calls carries the growth.
	direct []culprit.Suspect
}

// accused is one suspect before the court.
type accused struct {
	index   int32
	finding culprit.Finding
	channel string // "line-up" or "ledger"
	reason  string
	events  []growth.Event // attributed episodes
	of      int            // of so many in its stage
	chance  float64
	lineup  *lineup.Lineup // of its stage
	p       float64
	score   float64
	size    culprit.Interval
	bytes   culprit.Bytes
	harm    *float64
	shareUp *float64
	ledger  *ledger.Entry
	// shadowOf is set when all its evidence is another's.
	shadowOf int32
	// twin is an inseparable companion, -1 none.
	twin int32
}

func (t *trial) evidence() {
	c := t.c
	t.growth = growth.Detect(c)
	t.usable = len(c.Units) > 0 && c.To > c.From && c.Calls > 0
	t.cases = map[int32]*accused{}
	t.lineup = &lineup.Lineup{Evidence: make([]lineup.Evidence, len(c.Roster.Suspects)), Omnibus: 1}
	t.ledger = &ledger.Ledger{Skipped: "no calls on the processes of the series"}
	if !t.usable {
		t.countOnly()
		return
	}
	t.lineup = t.runLineup(t.growth.Events)
	t.lineup0 = t.lineup
	if _, g := t.best(t.lineup); g < strong {
		t.align()
	}
	// The regression is dear, and where episodes hold most of the growth it has
	// nothing to say.
	if t.slowGrowth()*2 >= t.growth.Total {
		t.ledger = ledger.Run(c, &t.growth, t.f.Seed, t.skew)
	} else {
		t.ledger = &ledger.Ledger{Skipped: "growth came in episodes"}
	}
}

// countOnly counts the calls of everybody where nothing else can be said of them.
func (t *trial) countOnly() {
	if t.c.Rows == nil {
		return
	}
	for rows := range t.c.Rows {
		for i := range rows {
			for _, s := range t.c.Roster.Labels[rows[i].Label] {
				e := &t.lineup.Evidence[s]
				e.Logged++
				if rows[i].Flags&casefile.FlagOpen != 0 {
					e.Unfinished++
				}
			}
		}
	}
}

func (t *trial) runLineup(events []growth.Event) *lineup.Lineup {
	o := lineup.Options{Seed: t.f.Seed, Shift: t.skew, Slack: t.slack}
	if t.aligned {
		o.Rounds, o.Tries = skewRounds, skewTries
	}
	return t.lineupWith(events, o)
}

// allEpisodes are all episodes found: look-alikes must not touch any.
func (t *trial) allEpisodes() []growth.Event {
	return slices.Concat(t.growth.Events, t.growth.Minor, t.growth.Aside)
}

func (t *trial) accused(s int32) *accused {
	a := t.cases[s]
	if a == nil {
		a = &accused{index: s, p: 1, shadowOf: -1, twin: -1}
		t.cases[s] = a
	}
	return a
}

func (t *trial) suspect(s int32) *casefile.Suspect { return &t.c.Roster.Suspects[s] }

// endpointOf is the un-narrowed suspect.
func (t *trial) endpointOf(s int32) int32 {
	if p := t.suspect(s).Parent; p >= 0 {
		return int32(p)
	}
	return s
}
