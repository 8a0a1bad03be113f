package lab

import (
	"fmt"
	"slices"
	"time"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/stat"
)

// Law is a change of a case that must not change the verdict.
type Law struct {
	Name string
	// Loose laws may cost evidence or change the order in which chance is drawn:
	// the grade may change and the judge may abstain, but nobody else is named.
	Loose bool
	Apply func(*casefile.Case) *casefile.Case
}

// Laws lists them. They leave the case that they are given untouched.
func Laws() []Law {
	return []Law{
		{"rename hosts", false, renameHosts},
		{"relabel pids", false, relabelPIDs},
		{"shuffle units", true, shuffleUnits},
		{"split rows into other blocks", false, splitBlocks},
		{"reverse rows", false, reverseRows},
		{"add an idle endpoint", false, addEndpoint},
		{"add an idle host", true, addHost},
		{"seven days later", false, func(c *casefile.Case) *casefile.Case { return shift(c, 7*24*time.Hour) }},
		{"a thousand days later", false, func(c *casefile.Case) *casefile.Case { return shift(c, 1001*24*time.Hour) }},
	}
}

// Agree tells how two answers to the same question differ, nil if they do not:
// in the outcome, in who is convicted or suspected, or in their order.
func (l Law) Agree(before, after Answer) error {
	was, is := before.named(!l.Loose), after.named(!l.Loose)
	if l.Loose {
		for _, n := range is {
			if !slices.Contains(was, n) {
				return fmt.Errorf("%s: now names %s; before %v", l.Name, n, was)
			}
		}
		return nil
	}
	if before.Outcome != after.Outcome {
		return fmt.Errorf("%s: outcome %q, before %q", l.Name, after.Outcome, before.Outcome)
	}
	if !slices.Equal(was, is) {
		return fmt.Errorf("%s: names %v, before %v", l.Name, is, was)
	}
	return nil
}

// named lists who is convicted or suspected, by rank, with or without the grade.
func (a Answer) named(grade bool) []string {
	var out []string
	for _, x := range a.Accusations {
		if x.Finding != culprit.Convicted && x.Finding != culprit.Suspected {
			continue
		}
		n := x.Name
		if x.Key != "" {
			n += " " + x.Key + "=" + x.Value
		}
		if grade {
			n += " " + string(x.Finding)
		}
		out = append(out, n)
	}
	return out
}

// copyCase copies everything that a law may change but the rows.
func copyCase(c *casefile.Case) *casefile.Case {
	d := *c
	d.Units, d.HostUsed = slices.Clone(c.Units), slices.Clone(c.HostUsed)
	d.Happenings = slices.Clone(c.Happenings)
	r := *c.Roster
	r.Suspects, r.Labels = slices.Clone(r.Suspects), slices.Clone(r.Labels)
	d.Roster = &r
	return &d
}

// eachUnit changes processes and host series alike.
func eachUnit(c *casefile.Case, change func(*casefile.Unit)) {
	for _, us := range [][]casefile.Unit{c.Units, c.HostUsed} {
		for i := range us {
			change(&us[i])
		}
	}
}

// eachRow changes a copy of every row as it goes by.
func eachRow(c *casefile.Case, change func(*casefile.Row)) {
	rows := c.Rows
	c.Rows = func(yield func([]casefile.Row) bool) {
		var buf []casefile.Row
		for block := range rows {
			buf = append(buf[:0], block...)
			for i := range buf {
				change(&buf[i])
			}
			if !yield(buf) {
				return
			}
		}
	}
}

// allRows copies every row.
func allRows(c *casefile.Case) []casefile.Row {
	out := make([]casefile.Row, 0, c.Calls)
	for block := range c.Rows {
		out = append(out, block...)
	}
	return out
}

func renameHosts(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	var hosts []string
	eachUnit(d, func(u *casefile.Unit) {
		if !slices.Contains(hosts, u.Process.Host) {
			hosts = append(hosts, u.Process.Host)
		}
	})
	rename := func(h string) string {
		i := slices.Index(hosts, h)
		if i < 0 {
			return h
		}
		return fmt.Sprintf("node-%02d.example.org", 99-i)
	}
	eachUnit(d, func(u *casefile.Unit) { u.Process.Host = rename(u.Process.Host) })
	for i := range d.Happenings {
		d.Happenings[i].Host = rename(d.Happenings[i].Host)
	}
	return d
}

func relabelPIDs(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	other := func(pid int) int {
		if pid == 0 {
			return 0
		}
		return 4_000_000 - pid
	}
	eachUnit(d, func(u *casefile.Unit) { u.Process.PID = other(u.Process.PID) })
	for i := range d.Happenings {
		d.Happenings[i].PID = other(d.Happenings[i].PID)
	}
	return d
}

func shuffleUnits(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	order := stat.Rand(uint64(len(c.Units)), 7).Perm(len(c.Units))
	where := make([]int32, len(order))
	for to, from := range order {
		d.Units[to] = c.Units[from]
		where[from] = int32(to)
	}
	eachRow(d, func(r *casefile.Row) {
		if r.Unit >= 0 {
			r.Unit = where[r.Unit]
		}
	})
	return d
}

func splitBlocks(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	rows := c.Rows
	d.Rows = func(yield func([]casefile.Row) bool) {
		n := 0
		for block := range rows {
			for len(block) > 0 {
				k := min(1+n*37%613, len(block))
				n++
				if !yield(block[:k]) {
					return
				}
				block = block[k:]
			}
		}
	}
	return d
}

func reverseRows(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	rows := allRows(c)
	slices.Reverse(rows)
	d.Rows = slices.Chunk(rows, 1000)
	return d
}

// addEndpoint adds one that was never called: the roster knows it, no row does.
func addEndpoint(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	d.Roster.Labels = append(d.Roster.Labels, []int32{int32(len(d.Roster.Suspects))})
	d.Roster.Suspects = append(d.Roster.Suspects, casefile.Suspect{Name: "IdleController#index", Kind: "endpoint", Parent: -1})
	return d
}

// addHost adds a spare server: the same readings as the first unit in time, at a
// constant level, and no calls.
func addHost(c *casefile.Case) *casefile.Case {
	d := copyCase(c)
	if len(c.Units) == 0 {
		return d
	}
	u := c.Units[0]
	u.Points = slices.Clone(u.Points)
	for i := range u.Points {
		u.Points[i].Mem = 200 * mib
	}
	u.Process.Host, u.Born, u.Died = "spare", 0, 0
	u.Process.Start = time.Time{}
	d.Units = append(d.Units, u)
	return d
}

func shift(c *casefile.Case, by time.Duration) *casefile.Case {
	d := copyCase(c)
	us := by.Microseconds()
	move := func(at *int64) {
		if *at != 0 {
			*at += us
		}
	}
	d.From, d.To = d.From+us, d.To+us
	eachUnit(d, func(u *casefile.Unit) {
		u.Points = slices.Clone(u.Points)
		for i := range u.Points {
			u.Points[i].At += us
		}
		move(&u.Born)
		move(&u.Died)
		if !u.Process.Start.IsZero() {
			u.Process.Start = u.Process.Start.Add(by)
		}
	})
	for i := range d.Happenings {
		d.Happenings[i].At += us
	}
	eachRow(d, func(r *casefile.Row) { r.Start, r.End = r.Start+us, r.End+us })
	return d
}
