package verdict_test

import (
	"slices"
	"testing"
	"time"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/livefacts"
	"culprit/internal/stat"
	"culprit/internal/verdict"
)

// leak is two processes that are watched for a minute each: calls of the first of ten
// endpoints, of 20 ms, grow them, and no stack shows it.
func leak(kind string) (*casefile.Case, []livefacts.Episode) {
	rng := stat.Rand(1, 9)
	from := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	c := &casefile.Case{Level: culprit.LevelProcess, Roster: &casefile.Roster{}}
	for i := range 10 {
		c.Roster.Suspects = append(c.Roster.Suspects, casefile.Suspect{Name: string(rune('A'+i)) + "#show", Kind: "endpoint", Parent: -1})
		c.Roster.Labels = append(c.Roster.Labels, []int32{int32(i)})
	}
	var rows []casefile.Row
	var list []livefacts.Episode
	for unit := range 2 {
		pid := 7 + unit
		c.Units = append(c.Units, casefile.Unit{
			Process: culprit.Process{Host: "vm", PID: pid},
			Points:  []casefile.Point{{At: from.UnixMicro()}, {At: from.Add(time.Minute).UnixMicro()}},
		})
		e := livefacts.Episode{
			Host: "vm", PID: pid, FirstSample: from, LastSample: from.Add(time.Minute), Samples: 600, Bytes: 40 << 20, Kind: kind,
			Who: []livefacts.Presence{{Kind: "code", Name: "requests too short to be seen", Share: 0.9}},
		}
		for k := range 600 {
			at := from.Add(time.Duration(k) * 100 * time.Millisecond)
			for i := range 10 {
				if rng.IntN(20) > 0 {
					continue
				}
				begin := at.Add(30 * time.Millisecond).UnixMicro()
				rows = append(rows, casefile.Row{Start: begin, End: begin + 20_000, Unit: int32(unit), Label: uint32(i)})
				if i == 0 {
					e.Rises = append(e.Rises, livefacts.Rise{At: at.Add(100 * time.Millisecond), Seconds: 0.1, Bytes: 1400 << 10})
				}
			}
		}
		list = append(list, e)
	}
	c.Rows = slices.Chunk(rows, 1000)
	return c, list
}

// TestWitnessCalls: calls too short for stacks are found by the rises, and convicted where
// no Ruby object grew.
func TestWitnessCalls(t *testing.T) {
	threads := func(list []livefacts.Episode) {
		for i := range list {
			for k := range list[i].Rises {
				list[i].Rises[k].Others = list[i].Rises[k].Bytes
			}
		}
	}
	for _, c := range []struct {
		name, kind string
		before     culprit.Report
		change     func(list []livefacts.Episode)
		outcome    culprit.Outcome
		warns      int
	}{
		{"native", "native", insufficient(), nil, culprit.OutcomeCulprit, 0},
		{"objects", "retention", insufficient(), nil, culprit.OutcomeSuspected, 0},
		{"another machine's", "native", insufficient(), func(list []livefacts.Episode) { list[0].PID, list[1].PID = 1, 2 }, culprit.OutcomeInsufficient, 0},
		{"threads did it", "native", insufficient(), threads, culprit.OutcomeInsufficient, 0},
		{"acquitted", "native", with("A#show", culprit.Acquitted, culprit.OutcomeInsufficient), nil, culprit.OutcomeInsufficient, 1},
		{"healthy", "native", culprit.Report{Verdict: culprit.Verdict{Outcome: culprit.OutcomeHealthy}}, nil, culprit.OutcomeHealthy, 0},
		{"named already", "native", with("B#show", culprit.Convicted, culprit.OutcomeCulprit), nil, culprit.OutcomeCulprit, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			kase, list := leak(c.kind)
			if c.change != nil {
				c.change(list)
			}
			r := c.before
			verdict.Witness(&r, list, kase)
			if r.Verdict.Outcome != c.outcome || len(r.Verdict.Warnings) != c.warns {
				t.Fatalf("%s: %+v", r.Verdict.Outcome, r.Verdict)
			}
			found := r.Verdict.Method == "recorded"
			if found != (len(r.Suspects) > 0 && r.Suspects[0].Name == "A#show" && c.warns == 0) {
				t.Errorf("%+v", r.Suspects)
			}
			if found && (r.Verdict.Category != c.kind || (r.Verdict.AbstainedBecause == "") != (c.outcome == culprit.OutcomeCulprit)) {
				t.Errorf("%+v", r.Verdict)
			}
		})
	}
}
