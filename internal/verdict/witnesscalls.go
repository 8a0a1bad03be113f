package verdict

import (
	"fmt"

	"culprit"
	"culprit/internal/analysis/rises"
	"culprit/internal/casefile"
	"culprit/internal/livefacts"
)

// witnessCalls: nobody was seen at work in most of the growth, so calls are too short for
// stacks. The logs tell who was in flight at each rise.
//
// It convicts where the growth is native. Where it is Ruby's heap, calls that make much
// garbage meet the rises too when another has filled the heap, so nobody is more than
// suspected.
func witnessCalls(r *culprit.Report, episodes []livefacts.Episode, c *casefile.Case) {
	if c == nil || c.Rows == nil || r.Verdict.Outcome == culprit.OutcomeCulprit {
		return
	}
	watches, seen := watchesOf(episodes, c)
	list := rises.Run(c, watches, 1)
	if len(list) == 0 {
		return
	}
	e := list[0]
	name := c.Roster.Suspects[e.Suspect].Name
	why := fmt.Sprintf("%s was in flight at %s of the growth, %s expected by chance, with %d calls in %d watched times", name, percent(e.Share), percent(e.Expected), e.Calls, len(watches))
	switch {
	case e.Share < caughtShare || e.P > alphaSuspect:
		r.Verdict.Notes = append(r.Verdict.Notes, fmt.Sprintf("recorded live: %s (p = %.2g): too little to name it", why, e.P))
		return
	case e.Twin >= 0:
		r.Verdict.Notes = append(r.Verdict.Notes, fmt.Sprintf("recorded live: %s; %s was there as well, so it is not named", why, c.Roster.Suspects[e.Twin].Name))
		return
	}
	if i := plain(r, name); i >= 0 && r.Suspects[i].Finding == culprit.Acquitted {
		r.Verdict.Warnings = append(r.Verdict.Warnings, fmt.Sprintf("the recording contradicts the logs, which acquit %s: %s", name, r.Suspects[i].Reason))
		return
	}
	x := charge{name: name, sure: e.P <= alphaConvict && majority(episodes) == nativeKind, bytes: culprit.Bytes(e.Bytes), in: len(watches), of: len(episodes), reason: "recorded live: " + why}
	x.share = share(x.bytes, max(seen, x.bytes))
	x.headline = fmt.Sprintf("%s was in flight whenever memory grew: %s in %d calls", name, x.bytes, e.Calls)
	x.because = "calls that make much garbage meet the growth too, when another has filled Ruby's heap"
	if majority(episodes) == nativeKind {
		x.because = "it met too few rises to convict"
	}
	x.bring(r)
	r.Verdict.Category = majority(episodes)
}

// nativeKind is the kind of growth that belongs to no Ruby object (livefacts.Episode.Kind).
const nativeKind = "native"

// watchesOf finds the units of episodes. What threads of the process itself grew cannot
// have been a call.
func watchesOf(episodes []livefacts.Episode, c *casefile.Case) (list []rises.Watch, seen culprit.Bytes) {
	for _, e := range episodes {
		unit := unitOf(c, e)
		if unit < 0 || !e.LastSample.After(e.FirstSample) {
			continue
		}
		w := rises.Watch{Unit: unit, From: e.FirstSample.UnixMicro(), To: e.LastSample.UnixMicro()}
		for _, x := range e.Rises {
			at := x.At.UnixMicro()
			w.Rises = append(w.Rises, rises.Rise{From: at - int64(x.Seconds*second), To: at, Bytes: int64(x.Bytes - x.Others)})
			seen += x.Bytes
		}
		list = append(list, w)
	}
	return list, seen
}

// unitOf finds the process of an episode in a case, -1 if it has no series.
func unitOf(c *casefile.Case, e livefacts.Episode) int32 {
	for i := range c.Units {
		u := &c.Units[i]
		if u.Process.PID != e.PID || len(u.Points) == 0 || c.Level != culprit.LevelProcess {
			continue
		}
		if first, last := u.Points[0].At, u.Points[len(u.Points)-1].At; first <= e.LastSample.UnixMicro() && last >= e.FirstSample.UnixMicro() && sameHost(c, u.Process.Host, e.Host) {
			return int32(i)
		}
	}
	return -1
}

// sameHost compares host names. A case of one host knows it by any name.
func sameHost(c *casefile.Case, a, b string) bool {
	if a == b {
		return true
	}
	for i := range c.Units {
		if c.Units[i].Process.Host != a {
			return false
		}
	}
	return true
}
