package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
	"culprit/internal/verdict"
)

const (
	second = int64(1_000_000)
	start  = int64(1_770_000_000) * second
	mb     = int64(1 << 20)
)

// Who lives in every town.
const (
	guilty   = iota // does what a test lets it do, and is called for nothing else
	always          // in flight all the time, everywhere
	frequent        // short calls, everywhere
	rare            // three calls, far from everything
	other           // free for tests
)

var residents = []string{"Guilty#index", "Always#poll", "Frequent#show", "Rare#export", "Other#index"}

// town is two hours of a small fleet: memory that stands still but for what a
// test lets happen, and everyday calls.
type town struct {
	c     casefile.Case
	facts verdict.Facts
	rng   *rand.Rand
	rows  []casefile.Row
	grow  [][]bump // per unit
	span  int64    // seconds
}

type bump struct {
	from, to int64 // seconds
	mb       float64
}

func newTown(seed uint64, hosts, perHost int) *town {
	t := &town{rng: stat.Rand(seed, 4), span: 7200, grow: make([][]bump, hosts*perHost)}
	t.c = casefile.Case{From: start, To: start + t.span*second, Level: culprit.LevelProcess, Roster: &casefile.Roster{}}
	t.facts = verdict.Facts{Seed: 1, Coverage: culprit.Coverage{Matched: 1}}
	for i, name := range residents {
		t.enrol(casefile.Suspect{Name: name, Kind: "endpoint", Parent: -1})
		t.c.Roster.Labels[i] = []int32{int32(i)}
	}
	for h := range hosts {
		t.c.Hosts = append(t.c.Hosts, fmt.Sprintf("web%d", h+1))
		for p := range perHost {
			t.c.Units = append(t.c.Units, casefile.Unit{
				Process: culprit.Process{Host: t.c.Hosts[h], PID: 100*h + p + 1, Role: "worker"}, Kind: culprit.RSS, Fleet: "web",
			})
		}
	}
	for u := range t.c.Units {
		t.call(u, always, 0, t.span)
		for range 60 {
			at := t.rng.Int64N(t.span - 10)
			t.call(u, frequent, at, at+1+t.rng.Int64N(5))
		}
	}
	for i := range int64(3) {
		t.call(0, rare, 7000+20*i, 7010+20*i)
	}
	return t
}

// enrol adds a suspect with a label of its own and returns the label.
func (t *town) enrol(s casefile.Suspect) int {
	ro := t.c.Roster
	set := []int32{int32(len(ro.Suspects))}
	if s.Parent >= 0 {
		set = []int32{int32(s.Parent), set[0]}
	}
	ro.Suspects, ro.Labels = append(ro.Suspects, s), append(ro.Labels, set)
	return len(ro.Labels) - 1
}

func (t *town) call(unit, label int, from, to int64) *casefile.Row {
	t.rows = append(t.rows, casefile.Row{Unit: int32(unit), Label: uint32(label), Start: start + from*second, End: start + to*second})
	return &t.rows[len(t.rows)-1]
}

// rise makes a unit grow for good.
func (t *town) rise(unit int, from, to int64, by float64) {
	t.grow[unit] = append(t.grow[unit], bump{from, to, by})
}

// harm is n calls, each of which makes its process grow by about so much.
func (t *town) harm(label, n int, by float64) *town {
	for i := range int64(n) {
		u, at := t.rng.IntN(len(t.c.Units)), t.span*(i+1)/int64(n+1)+t.rng.Int64N(120)+int64(7*label)
		t.call(u, label, at-2, at+27)
		t.rise(u, at, at+25, by*(0.8+0.4*t.rng.Float64()))
	}
	return t
}

// build lays down the readings, one every 5 s.
func (t *town) build() *casefile.Case {
	for u := range t.c.Units {
		unit := &t.c.Units[u]
		unit.Points = nil
		for s := int64(0); s <= t.span; s += 5 {
			mem := 300 + 0.3*t.rng.NormFloat64()
			for _, b := range t.grow[u] {
				if s > b.from {
					mem += b.mb * min(1, float64(s-b.from)/float64(b.to-b.from))
				}
			}
			if at := start + s*second; unit.Died == 0 || at <= unit.Died {
				unit.Points = append(unit.Points, casefile.Point{At: at, Mem: int64(mem * float64(mb))})
			}
		}
	}
	c := t.c
	c.Rows, c.Calls = slices.Chunk(t.rows, 512), int64(len(t.rows))
	t.facts.Coverage.Requests = c.Calls
	return &c
}

// judge holds court and checks what every report must keep.
func (t *town) judge(tb testing.TB) culprit.Report {
	tb.Helper()
	r := verdict.Judge(t.build(), t.facts)
	checkReport(tb, r)
	return r.Report
}

func find(tb testing.TB, r culprit.Report, name string) culprit.Suspect {
	tb.Helper()
	i := slices.IndexFunc(r.Suspects, func(s culprit.Suspect) bool { return s.Name == name })
	if i < 0 {
		tb.Fatalf("%s is not in the report", name)
	}
	return r.Suspects[i]
}

// named are the convicted and the suspected.
func named(r culprit.Report) []string {
	var names []string
	for _, s := range r.Suspects {
		if s.Finding == culprit.Convicted || s.Finding == culprit.Suspected {
			names = append(names, s.Name)
		}
	}
	return names
}

func checkReport(tb testing.TB, r *verdict.Ruling) {
	tb.Helper()
	rep := r.Report
	noNils(tb, reflect.ValueOf(rep), "report")
	if rep.Schema != culprit.Schema || rep.Verdict.Headline == "" {
		tb.Errorf("schema %q, headline %q", rep.Schema, rep.Verdict.Headline)
	}
	if len(r.Index) != len(rep.Suspects) || len(r.Attributed) != len(rep.Suspects) {
		tb.Errorf("%d suspects, %d indexes, %d lists of episodes", len(rep.Suspects), len(r.Index), len(r.Attributed))
	}
	for i, s := range rep.Suspects {
		if s.Rank != i+1 || s.Reason == "" || s.Finding == "" || s.GrowthShare < 0 || s.GrowthShare > 1 || s.PresentIn > max(s.Of, 0) {
			tb.Errorf("suspect %d: %+v", i, s)
		}
		if b := s.BytesPerCall; b.Low != nil && b.High != nil && b.Estimate != nil && (*b.Low > *b.Estimate || *b.High < *b.Estimate) {
			tb.Errorf("%s: %g is not between %g and %g", s.Name, *b.Estimate, *b.Low, *b.High)
		}
	}
	for i, g := range rep.Growth {
		if g.ID != i+1 || g.To.Before(g.From) || g.Bytes <= 0 {
			tb.Errorf("growth %d: %+v", i, g)
		}
	}
	if (rep.Verdict.Outcome == culprit.OutcomeInsufficient || rep.Verdict.Outcome == culprit.OutcomeSuspected) && rep.Verdict.AbstainedBecause == "" {
		tb.Errorf("%s without a reason", rep.Verdict.Outcome)
	}
	convicted := slices.ContainsFunc(rep.Suspects, func(s culprit.Suspect) bool { return s.Finding == culprit.Convicted })
	if (rep.Verdict.Outcome == culprit.OutcomeCulprit) != convicted {
		tb.Errorf("outcome %s: %s", rep.Verdict.Outcome, findings(rep))
	}
}

func findings(r culprit.Report) string {
	var b strings.Builder
	for _, s := range r.Suspects {
		fmt.Fprintf(&b, "%s %v %s (%s); ", s.Name, s.Dimension, s.Finding, s.Reason)
	}
	return b.String()
}

// noNils finds slices and maps that JSON would show as null.
func noNils(tb testing.TB, v reflect.Value, path string) {
	tb.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				noNils(tb, v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			tb.Errorf("%s is null", path)
		}
		for i := range v.Len() {
			noNils(tb, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		if v.IsNil() {
			tb.Errorf("%s is null", path)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			noNils(tb, v.Elem(), path)
		}
	default:
	}
}
