package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/livefacts"
	"culprit/internal/stat"
)

// What a recording has to show before it speaks. Half is the majority of the growth.
// Who always runs is in every sample by that alone: to be caught, the odds of being at work
// while it grew are at least three times those of being at work while nothing grew. A
// bystander that is at work half of the time would have to be in 15 of 20 samples for that:
// 2 % by chance (binomial), so there are at least 20 samples of each. Samples of one
// request are not independent; episodes are, so they convict: see chance.
const (
	caughtShare   = 0.5
	enoughSamples = 20
	caughtOdds    = 3
	// twice is how many episodes convict: one can be a coincidence.
	twice = 2
)

// caught is one who was at work in episodes.
type caught struct {
	name, kind string
	episodes   int // in which it made most of the growth
	all        int // that can tell
	names      int // of those who were seen in any
	bytes      culprit.Bytes
	share      float64 // smallest in its episodes
	// grew are the samples in which it was at work and memory had grown, of all such.
	grew, of int
	// usual is where it was at work while nothing grew, by process: the most samples that
	// an episode tells of.
	usual map[string]usual
	kinds map[string]culprit.Bytes
}

// usual is how often one was at work while nothing grew.
type usual struct{ busy, quiet float64 }

// Witness holds recordings of live processes (culprit inspect record) against a verdict.
// Stacks name who was at work while memory grew, also where logs cannot tell the process;
// where calls are too short for stacks, the logs tell who was in flight at each rise.
func Witness(r *culprit.Report, episodes []livefacts.Episode, c *casefile.Case) {
	list, total := hands(episodes)
	if total <= 0 {
		return
	}
	r.Verdict.Notes = append(r.Verdict.Notes, fmt.Sprintf("recorded live: %d growths of %s in all", len(episodes), total))
	if len(list) == 0 {
		r.Verdict.Notes = append(r.Verdict.Notes, "recorded live: nobody was at work in most of the samples of any growth")
	}
	for _, c := range list {
		r.Verdict.Notes = append(r.Verdict.Notes, c.sentence(total))
	}
	if r.Verdict.Outcome == culprit.OutcomeHealthy {
		return // what grew needs nobody to blame
	}
	switch {
	case len(list) == 0 || 2*list[0].bytes < total:
		witnessCalls(r, episodes, c)
	case list[0].kind == "thread":
		witnessThread(r, list[0])
	default:
		witnessAction(r, list[0], total)
	}
	if r.Verdict.Category == "" && r.Verdict.Outcome != culprit.OutcomeHealthy {
		r.Verdict.Category = majority(episodes)
	}
}

// hands finds who was at work in most of the growth of each episode, most bytes first.
// Code that is neither an action nor a named thread is nobody.
func hands(episodes []livefacts.Episode) (list []caught, total culprit.Bytes) {
	by, names, all := map[[2]string]*caught{}, map[[2]string]bool{}, 0
	for _, e := range episodes {
		total += max(e.Bytes, 0)
		for _, q := range e.Who {
			// Code is never named, and one that did nothing cannot have been it.
			if q.Kind != "code" && (q.Samples > 0 || q.Share > 0) {
				names[[2]string{q.Kind, q.Name}] = true
			}
		}
		if e.Samples < enoughSamples || !watched(e) {
			continue
		}
		all++
		if len(e.Who) == 0 || e.Who[0].Share < caughtShare || e.Who[0].Kind != "action" && e.Who[0].Kind != "thread" {
			continue
		}
		top := e.Who[0]
		c := by[[2]string{top.Kind, top.Name}]
		if c == nil {
			c = &caught{name: top.Name, kind: top.Kind, share: 1, usual: map[string]usual{}, kinds: map[string]culprit.Bytes{}}
			by[[2]string{top.Kind, top.Name}] = c
		}
		c.add(e)
	}
	for _, c := range by {
		for _, e := range episodes {
			c.learn(e)
		}
		c.all, c.names = all, len(names)
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b caught) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), strings.Compare(a.name, b.name))
	})
	return list, total
}

// watched tells whether samples saw half of an episode: a step of a second is over before
// they begin. Recordings without rises do not tell.
func watched(e livefacts.Episode) bool {
	var seen culprit.Bytes
	for _, x := range e.Rises {
		seen += x.Bytes
	}
	return len(e.Rises) == 0 || 2*seen >= e.Bytes
}

// add counts an episode that it made most of.
func (c *caught) add(e livefacts.Episode) {
	top := e.Who[0]
	c.episodes++
	c.bytes += e.Bytes
	c.share = min(c.share, top.Share)
	if top.Kind == "thread" && e.Faults {
		// A thread that sleeps and works in turn is seen at work by chance; its faults tell
		// what it did in between.
		c.grew += int(top.Share * float64(e.Grew))
	} else {
		c.grew += top.Grew
	}
	c.of += e.Grew
	c.kinds[e.Kind] += e.Bytes
}

// learn takes from an episode how often it usually is at work.
func (c *caught) learn(e livefacts.Episode) {
	for _, q := range e.Who {
		if q.Kind != c.kind || q.Name != c.name {
			continue
		}
		process := fmt.Sprint(e.Host, "/", e.PID)
		if float64(e.Quiet) >= c.usual[process].quiet {
			c.usual[process] = usual{busy: q.Usual * float64(e.Quiet), quiet: float64(e.Quiet)}
		}
	}
}

// always is how often it is at work while nothing grows.
func (c caught) always() (u usual) {
	for _, p := range c.usual {
		u.busy += p.busy
		u.quiet += p.quiet
	}
	return u
}

// stands tells whether it is at work more often while memory grows than it usually is.
func (c caught) stands() bool {
	u := c.always()
	return c.of >= enoughSamples && u.quiet >= enoughSamples &&
		odds(float64(c.grew), float64(c.of)) >= caughtOdds*odds(u.busy, u.quiet)
}

// sure tells whether it was caught often enough to convict.
func (c caught) sure() bool { return c.stands() && c.episodes >= twice && c.chance() <= alphaConvict }

// likely tells whether it was caught often enough to suspect. That its thread has touched
// the new pages does not do: where another has filled the heap, whoever comes next does.
func (c caught) likely() bool { return c.stands() && c.chance() <= alphaSuspect }

// chance is how likely anybody who has nothing to do with the growth would be at work for
// most of so many episodes of all. How often it usually is at work is known from samples
// only: the probability of k in n is that of a binomial with a rate that has Jeffreys'
// posterior (beta-binomial), times the names that could have been it (Bonferroni).
func (c caught) chance() float64 {
	u := c.always()
	return min(1, float64(c.names)*stat.BetaBinomTail(c.episodes, c.all, u.busy+0.5, max(u.quiet-u.busy, 0)+0.5))
}

// odds of k in n, half a sample added to each side so that none is infinite.
func odds(k, n float64) float64 { return (k + 0.5) / (max(n-k, 0) + 0.5) }

func (c caught) sentence(total culprit.Bytes) string {
	s := fmt.Sprintf("recorded live: %s was at work in at least %.0f %% of the growth of %d episodes, %s of %s", c.name, 100*c.share, c.episodes, c.bytes, total)
	if !c.stands() {
		s += "; how much it runs while nothing grows is not known well enough, or is as much"
	}
	return s
}

// witnessThread: what grew was a thread that no log shows.
func witnessThread(r *culprit.Report, c caught) {
	if r.Verdict.Outcome == culprit.OutcomeCulprit || c.episodes < twice || !c.likely() {
		return
	}
	r.Verdict.Outcome = culprit.OutcomeNotRequests
	r.Verdict.Method = "recorded"
	r.Verdict.Headline = fmt.Sprintf("Not requests: the thread %q was at work while memory grew, %d times", c.name, c.episodes)
	r.Verdict.AbstainedBecause = ""
	r.Verdict.Category = largestKind(c.kinds)
}

// witnessAction: an action or a job was caught at work.
func witnessAction(r *culprit.Report, c caught, total culprit.Bytes) {
	named := false
	for _, s := range r.Suspects {
		if s.Finding != culprit.Convicted {
			continue
		}
		if s.Name == c.name {
			named = true
			continue
		}
		r.Verdict.Warnings = append(r.Verdict.Warnings, fmt.Sprintf("the recording contradicts: %s was at work while memory grew, and not %s", c.name, s.Name))
	}
	if named || r.Verdict.Outcome == culprit.OutcomeCulprit {
		return // confirmed by the note, or contradicted by the warning
	}
	if !c.likely() {
		return
	}
	if i := plain(r, c.name); i >= 0 && r.Suspects[i].Finding == culprit.Acquitted {
		// Logs have an alibi for it: one of the two is wrong, so nobody is named.
		r.Verdict.Warnings = append(r.Verdict.Warnings, fmt.Sprintf("the recording contradicts the logs, which acquit %s: %s", c.name, r.Suspects[i].Reason))
		return
	}
	s := charge{name: c.name, sure: c.sure(), bytes: c.bytes, share: float64(c.bytes) / float64(max(total, r.Coverage.GrowthBytes)), reason: c.sentence(total), in: c.episodes, of: c.all}
	s.headline = fmt.Sprintf("%s was caught at work while memory grew: %s in %d episodes", c.name, c.bytes, c.episodes)
	s.because = "it was caught too seldom to convict"
	s.bring(r)
	r.Verdict.Category = largestKind(c.kinds)
}

// charge is what a recording brings against an action or a job.
type charge struct {
	name, headline, reason string
	sure                   bool
	because                string // it is not
	bytes                  culprit.Bytes
	share                  float64
	in, of                 int
}

// bring puts it at the head of the suspects.
func (x charge) bring(r *culprit.Report) {
	s := culprit.Suspect{Name: x.name, Kind: "endpoint", Dimension: map[string]string{}, Examples: []culprit.Example{}}
	if strings.HasSuffix(x.name, "#perform") {
		s.Kind = "job"
	}
	if i := plain(r, x.name); i >= 0 {
		s = r.Suspects[i]
		r.Suspects = slices.Delete(r.Suspects, i, i+1)
	}
	s.Finding, r.Verdict.Outcome = culprit.Suspected, culprit.OutcomeSuspected
	if x.sure {
		s.Finding, r.Verdict.Outcome = culprit.Convicted, culprit.OutcomeCulprit
	}
	s.GrowthBytes, s.GrowthShare, s.PresentIn, s.Of, s.Reason = x.bytes, x.share, x.in, x.of, x.reason
	r.Suspects = slices.Insert(r.Suspects, 0, s)
	for k := range r.Suspects {
		r.Suspects[k].Rank = k + 1
	}
	r.Verdict.Method, r.Verdict.AbstainedBecause, r.Verdict.Headline = "recorded", x.because, x.headline
	if x.sure {
		r.Verdict.AbstainedBecause = ""
	}
}

// plain finds a suspect that is not narrowed, -1 none.
func plain(r *culprit.Report, name string) int {
	return slices.IndexFunc(r.Suspects, func(s culprit.Suspect) bool { return s.Name == name && len(s.Dimension) == 0 })
}

// largestKind is the kind of two thirds of the growth whose kind is known: with two like
// episodes of two kinds either may have grown a little more.
func largestKind(kinds map[string]culprit.Bytes) string {
	var known culprit.Bytes
	for kind, b := range kinds {
		if kind != "unknown" {
			known += b
		}
	}
	for kind, b := range kinds {
		if kind != "unknown" && b > 0 && 3*b >= 2*known {
			return kind
		}
	}
	return ""
}

// majority is the kind of most of what was recorded.
func majority(episodes []livefacts.Episode) string {
	kinds := map[string]culprit.Bytes{}
	for _, e := range episodes {
		kinds[e.Kind] += max(e.Bytes, 0)
	}
	return largestKind(kinds)
}
