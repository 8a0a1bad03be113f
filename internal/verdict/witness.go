package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/livefacts"
)

// What a recording has to show before it speaks. Half is the majority of the growth.
// Who always runs is in every sample by that alone: to be caught, the odds of being at work
// while it grew are at least three times those of being at work while nothing grew. A
// bystander that is at work half of the time would have to be in 15 of 20 samples for that:
// 2 % by chance (binomial), so there are at least 20 samples of each, and two episodes.
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
	episodes   int
	bytes      culprit.Bytes
	samples    int
	share      float64 // smallest in its episodes
	// grew are the samples in which it was at work and memory had grown, of all such.
	grew, of int
	// usual is where it was at work while nothing grew, by process: the most samples that
	// an episode tells of.
	usual map[string]livefacts.Episode
	kinds []string
}

// Witness holds recordings of live processes (culprit inspect record) against a verdict.
// Stacks name who was at work while memory grew, also where logs cannot tell the process.
func Witness(r *culprit.Report, episodes []livefacts.Episode) {
	list, total := hands(episodes)
	if total <= 0 {
		return
	}
	r.Verdict.Notes = append(r.Verdict.Notes, fmt.Sprintf("recorded live: %d growths of %s in all", len(episodes), total))
	if len(list) == 0 {
		r.Verdict.Notes = append(r.Verdict.Notes, "recorded live: nobody was at work in most of the samples of any growth")
		return
	}
	for _, c := range list {
		r.Verdict.Notes = append(r.Verdict.Notes, c.sentence(total))
	}
	first := list[0]
	if 2*first.bytes < total {
		return
	}
	if first.kind == "thread" {
		witnessThread(r, first)
		return
	}
	witnessAction(r, first, total)
}

// hands finds who was at work in most of the growth of each episode, most bytes first.
// Code that is neither an action nor a named thread is nobody.
func hands(episodes []livefacts.Episode) (list []caught, total culprit.Bytes) {
	by := map[string]*caught{}
	for _, e := range episodes {
		total += max(e.Bytes, 0)
		if e.Samples < enoughSamples || len(e.Who) == 0 {
			continue
		}
		top := e.Who[0]
		if top.Share < caughtShare || top.Kind != "action" && top.Kind != "thread" {
			continue
		}
		c := by[top.Kind+" "+top.Name]
		if c == nil {
			c = &caught{name: top.Name, kind: top.Kind, share: 1, usual: map[string]livefacts.Episode{}}
			by[top.Kind+" "+top.Name] = c
		}
		c.episodes++
		c.bytes += e.Bytes
		c.samples += top.Samples
		c.share = min(c.share, top.Share)
		c.grew += top.Grew
		c.of += e.Grew
		if process := fmt.Sprint(e.Host, "/", e.PID); e.Quiet >= c.usual[process].Quiet {
			c.usual[process] = e
		}
		if !slices.Contains(c.kinds, e.Kind) && e.Kind != "unknown" {
			c.kinds = append(c.kinds, e.Kind)
		}
	}
	for _, c := range by {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b caught) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), strings.Compare(a.name, b.name))
	})
	return list, total
}

// sure tells whether it was caught often enough, and is at work more often while memory
// grows than it usually is.
func (c caught) sure() bool {
	quiet, busy := 0.0, 0.0
	for _, e := range c.usual {
		quiet += float64(e.Quiet)
		busy += e.Who[0].Usual * float64(e.Quiet)
	}
	return c.episodes >= twice && c.of >= enoughSamples && quiet >= enoughSamples &&
		odds(float64(c.grew), float64(c.of)) >= caughtOdds*odds(busy, quiet)
}

// odds of k in n, half a sample added to each side so that none is infinite.
func odds(k, n float64) float64 { return (k + 0.5) / (max(n-k, 0) + 0.5) }

func (c caught) sentence(total culprit.Bytes) string {
	s := fmt.Sprintf("recorded live: %s was at work in at least %.0f %% of the growth of %d episodes, %s of %s", c.name, 100*c.share, c.episodes, c.bytes, total)
	if !c.sure() {
		s += "; how much it runs while nothing grows is not known well enough, or is as much"
	}
	return s
}

// witnessThread: what grew was a thread that no log shows.
func witnessThread(r *culprit.Report, c caught) {
	if r.Verdict.Outcome == culprit.OutcomeCulprit || !c.sure() {
		return
	}
	r.Verdict.Outcome = culprit.OutcomeNotRequests
	r.Verdict.Method = "recorded"
	r.Verdict.Headline = fmt.Sprintf("Not requests: the thread %q was at work while memory grew, %d times", c.name, c.episodes)
	r.Verdict.AbstainedBecause = ""
	c.category(r)
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
	finding, outcome := culprit.Suspected, culprit.OutcomeSuspected
	if c.sure() {
		finding, outcome = culprit.Convicted, culprit.OutcomeCulprit
	}
	i := slices.IndexFunc(r.Suspects, func(s culprit.Suspect) bool { return s.Name == c.name && len(s.Dimension) == 0 })
	if i >= 0 && r.Suspects[i].Finding == culprit.Acquitted {
		// Logs have an alibi for it: one of the two is wrong, so nobody is named.
		r.Verdict.Warnings = append(r.Verdict.Warnings, fmt.Sprintf("the recording contradicts the logs, which acquit %s: %s", c.name, r.Suspects[i].Reason))
		return
	}
	s := culprit.Suspect{Name: c.name, Kind: "endpoint", Dimension: map[string]string{}, Examples: []culprit.Example{}}
	if strings.HasSuffix(c.name, "#perform") {
		s.Kind = "job"
	}
	if i >= 0 {
		s = r.Suspects[i]
		r.Suspects = slices.Delete(r.Suspects, i, i+1)
	}
	s.Finding, s.GrowthBytes = finding, c.bytes
	s.GrowthShare = float64(c.bytes) / float64(max(total, r.Coverage.GrowthBytes))
	s.PresentIn, s.Of = c.episodes, c.episodes
	s.Reason = c.sentence(total)
	r.Suspects = slices.Insert(r.Suspects, 0, s)
	for k := range r.Suspects {
		r.Suspects[k].Rank = k + 1
	}
	r.Verdict.Outcome, r.Verdict.Method, r.Verdict.AbstainedBecause = outcome, "recorded", ""
	r.Verdict.Headline = fmt.Sprintf("%s was caught at work while memory grew: %s in %d episodes", c.name, c.bytes, c.episodes)
	c.category(r)
}

// category takes the kind of growth, where all episodes agree.
func (c caught) category(r *culprit.Report) {
	if len(c.kinds) == 1 {
		r.Verdict.Category = c.kinds[0]
	}
}
