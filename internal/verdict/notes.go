package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"culprit"
	"culprit/internal/analysis/growth"
	"culprit/internal/stat"
)

// notes are observations beside the verdict. None of them convicts: a place, a
// time of day or a date is where to look, not who did it.
func (t *trial) notes() []string {
	var out []string
	for _, note := range []string{t.asymmetry(), t.schedule(), t.deploys(), t.callers(), t.toldByLog()} {
		if note != "" {
			out = append(out, note)
		}
	}
	return out
}

// asymmetry: growth on some hosts and not on others speaks against what all of
// them run alike, and for single requests (puma issue 2179).
func (t *trial) asymmetry() string {
	byHost, all := map[string]int64{}, int64(0)
	hosts := map[string]bool{}
	for i := range t.c.Units {
		if t.c.Units[i].Fleet != "" {
			hosts[t.c.Units[i].Process.Host] = true
		}
	}
	for _, d := range t.growth.Drifts {
		if g := max(0, d.Bytes); hosts[t.c.Units[d.Unit].Process.Host] {
			byHost[t.c.Units[d.Unit].Process.Host] += g
			all += g
		}
	}
	if len(hosts) < 2 || all < 50<<20 || t.outcome == culprit.OutcomeHealthy {
		return ""
	}
	top, most := largest(byHost)
	_, least := smallest(byHost)
	fair := 1 / float64(len(hosts))
	part := float64(most) / float64(all)
	switch {
	case part >= 2*fair || part >= 0.8:
		return fmt.Sprintf("%s of the growth is on %s, one of %d hosts: that speaks for single calls and against what all hosts run alike", percent(part), hostOr(top), len(hosts))
	case float64(least) >= 0.6*float64(most):
		return fmt.Sprintf("all %d hosts grew alike", len(hosts))
	}
	return ""
}

func smallest(by map[string]int64) (string, int64) {
	name, least := "", int64(math.MaxInt64)
	for n, v := range by {
		if v < least || (v == least && n < name) {
			name, least = n, v
		}
	}
	return name, least
}

// schedule looks for episodes locked to the minute of the hour or the hour of
// the day (Rayleigh test on their beginnings, one per independent episode).
func (t *trial) schedule() string {
	starts := t.onsets()
	if len(starts) < 5 {
		return ""
	}
	span := float64(t.c.To-t.c.From) / 1e6
	for _, p := range []struct {
		seconds float64
		name    string
		layout  string
	}{{3600, "hour", "minute 04"}, {86400, "day", "15:04"}} {
		if span < 3*p.seconds {
			continue
		}
		if _, phase, pv := stat.Rayleigh(starts, p.seconds); pv < 0.001 {
			// phase is the mean angle; epoch time is aligned to hours and days in UTC.
			when := at(int64(math.Mod(phase/(2*math.Pi)+1, 1) * p.seconds * 1e6)).Format(p.layout)
			return fmt.Sprintf("the episodes begin around %s of the %s (UTC): compare with cron and with clients that come by the clock", when, p.name)
		}
	}
	return ""
}

// onsets are the beginnings of independent episodes, seconds.
func (t *trial) onsets() []float64 {
	var out []float64
	for _, cl := range t.lineup.Clusters {
		out = append(out, float64(t.lineup.Events[cl[0]].A)/1e6)
	}
	return out
}

// deploys: did all growth come after one? With n independent episodes and a
// share q of the time after the deploy, chance gives q to the n.
func (t *trial) deploys() string {
	starts := t.onsets()
	if len(starts) < 3 || t.c.To <= t.c.From {
		return ""
	}
	first := slices.Min(starts) * 1e6
	for _, h := range slices.Backward(t.c.Happenings) {
		if h.Kind != culprit.HappeningDeploy || float64(h.At) > first || h.At <= t.c.From {
			continue
		}
		q := float64(t.c.To-h.At) / float64(t.c.To-t.c.From)
		if p := math.Pow(q, float64(len(starts))); p < 0.01 {
			name := h.Name
			if name == "" {
				name = "a deploy"
			}
			return fmt.Sprintf("all %d independent episodes came after %s at %s (chance %s): a date alone convicts nobody, but it is the change to read", len(starts), name, at(h.At).Format("2 Jan 15:04"), pvalue(p))
		}
	}
	return ""
}

// callers says when the calls during growth came from one user or client.
func (t *trial) callers() string {
	if len(t.named) == 0 {
		return ""
	}
	a := t.named[0]
	if a.channel != "line-up" || len(a.events) < 4 {
		return ""
	}
	users, clients := t.whoCalled(a)
	for _, who := range []struct {
		of   tally
		name string
	}{{users, "user"}, {clients, "client"}} {
		if who.of.harmful < 4 || who.of.top*5 < who.of.harmful*4 {
			continue
		}
		// Chance: its share of all calls of the suspect, as often as it was there.
		if p := stat.BinomTail(who.of.top, who.of.harmful, who.of.share); p < 0.01 {
			return fmt.Sprintf("%d of %d calls of %s during growth came from one %s, which makes %s of its calls otherwise", who.of.top, who.of.harmful, t.display(a.index), who.name, percent(who.of.share))
		}
	}
	return ""
}

// tally counts one dimension of people: harmful calls, those of the commonest
// one, and its share of all calls of the suspect.
type tally struct {
	harmful, top int
	share        float64
}

func (t *trial) whoCalled(a *accused) (users, clients tally) {
	during := map[int32][]growth.Event{}
	for _, e := range a.events {
		during[int32(e.Unit)] = append(during[int32(e.Unit)], e)
	}
	labels := make([]bool, len(t.c.Roster.Labels))
	for l, set := range t.c.Roster.Labels {
		labels[l] = slices.Contains(set, a.index)
	}
	var shift int64
	if len(t.skew) > 0 {
		shift = t.skew[0]
	}
	all, harmful := [2]map[uint32]int{{}, {}}, [2]map[uint32]int{{}, {}}
	for rows := range t.c.Rows {
		for i := range rows {
			r := &rows[i]
			if !labels[r.Label] {
				continue
			}
			hit := slices.ContainsFunc(during[r.Unit], func(e growth.Event) bool {
				return r.Start+shift <= e.B && r.End+shift >= e.A
			})
			for k, who := range [2]uint32{r.User, r.Client} {
				if who == 0 {
					continue
				}
				all[k][who]++
				if hit {
					harmful[k][who]++
				}
			}
		}
	}
	return count(all[0], harmful[0]), count(all[1], harmful[1])
}

func count(all, harmful map[uint32]int) tally {
	var c tally
	who := uint32(0)
	total := 0
	for _, n := range all {
		total += n
	}
	for w, n := range harmful {
		c.harmful += n
		if n > c.top || (n == c.top && w < who) {
			c.top, who = n, w
		}
	}
	if total > 0 {
		c.share = float64(all[who]) / float64(total)
	}
	return c
}

// toldByLog reports what the log itself says each call allocated (GitLab's
// mem_bytes and the like): allocated is not retained, but it is told first.
func (t *trial) toldByLog() string {
	list := slices.Clone(t.f.Told)
	slices.SortFunc(list, func(a, b Told) int { return cmp.Or(-cmp.Compare(a.Most, b.Most), cmp.Compare(a.Name, b.Name)) })
	if len(list) == 0 {
		return ""
	}
	top := list[0]
	return fmt.Sprintf("the log itself tells what calls allocate: most at once by %s, up to %s a call (mean %s over %d calls); allocated is not yet kept",
		top.Name, size(culprit.Bytes(top.Most)), size(culprit.Bytes(top.Sum/max(top.Calls, 1))), top.Calls)
}
