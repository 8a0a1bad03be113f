package logs

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// cronPlan is a schedule as bit sets. It follows vixie cron, which Debian's cron
// and cronie descend from; libraries of the same purpose refuse 7 for Sunday or
// combine the two day fields differently for "*/2".
// Source: crontab(5); vixie-cron entry.c, cron.c (find_jobs).
type cronPlan struct {
	minute, hour, dom, month, dow uint64
	// anyDom, anyDow: the field begins with a star. When neither does, a day
	// matches if either field matches; else both must.
	anyDom, anyDow bool
	// fixed: neither minute nor hour begins with a star. Such jobs run once when
	// the clock jumps, the others follow the clock.
	fixed bool
}

var (
	cronMonths = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	cronDays   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// parseCronPlan reads five fields.
func parseCronPlan(f []string) (cronPlan, error) {
	var p cronPlan
	if len(f) != 5 || f[4] == "" {
		return p, errors.New("expected five fields of time")
	}
	for i, spec := range []struct {
		set       *uint64
		low, high int
		names     []string
		base      int
	}{
		{&p.minute, 0, 59, nil, 0},
		{&p.hour, 0, 23, nil, 0},
		{&p.dom, 1, 31, nil, 0},
		{&p.month, 1, 12, cronMonths, 1},
		{&p.dow, 0, 7, cronDays, 0},
	} {
		set, err := cronSet(f[i], spec.low, spec.high, spec.names, spec.base)
		if err != nil {
			return p, fmt.Errorf("field %d, %q: %w", i+1, f[i], err)
		}
		*spec.set = set
	}
	if p.dow&(1<<7) != 0 {
		p.dow |= 1 // both 0 and 7 are Sunday
	}
	p.anyDom, p.anyDow = f[2][0] == '*', f[4][0] == '*'
	p.fixed = f[0][0] != '*' && f[1][0] != '*'
	return p, nil
}

// cronSet reads a list of ranges with steps: "0-29/5,45".
func cronSet(s string, low, high int, names []string, base int) (uint64, error) {
	var set uint64
	for part := range strings.SplitSeq(s, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to := low, high
		if span != "*" {
			first, last, ranged := strings.Cut(span, "-")
			var err error
			if from, err = parseCronNumber(first, names, base); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if to, err = parseCronNumber(last, names, base); err != nil {
					return 0, err
				}
			case !stepped: // "5/10" runs from 5 to the end
				to = from
			}
		}
		step := 1
		if stepped {
			v, err := strconv.Atoi(stepText)
			if err != nil || v < 1 {
				return 0, fmt.Errorf("step %q is no positive number", stepText)
			}
			step = v
		}
		if from < low || to > high || from > to {
			return 0, fmt.Errorf("%d-%d is not within %d-%d", from, to, low, high)
		}
		for v := from; v <= to; v += min(step, 64) {
			set |= 1 << v
		}
	}
	return set, nil
}

// day reports whether the plan runs on t's date.
func (p *cronPlan) day(t time.Time) bool {
	if p.month&(1<<t.Month()) == 0 {
		return false
	}
	dom, dow := p.dom&(1<<t.Day()) != 0, p.dow&(1<<t.Weekday()) != 0
	if p.anyDom || p.anyDow {
		return dom && dow
	}
	return dom || dow
}

// at reports whether the plan runs at a minute of the day.
func (p *cronPlan) at(minute int) bool {
	return p.hour&(1<<(minute/60)) != 0 && p.minute&(1<<(minute%60)) != 0
}

// runsOf appends the instants at which the plan runs on the local day that
// begins at start, within [from, to]. It walks the day minute by minute along
// the real clock, so that days of 23 and 25 hours come out as cron treats them.
func (p *cronPlan) runsOf(start, from, to time.Time, out []time.Time) []time.Time {
	next := nextDay(start)
	latest := -1 // latest wall-clock minute passed today
	for t := start; t.Before(next) && !t.After(to); t = t.Add(time.Minute) {
		h, m, _ := t.Clock()
		wall := h*60 + m
		run := p.at(wall)
		if p.fixed {
			run = run && wall > latest // not again when the clock was set back
			for skipped := latest + 1; skipped < wall && !run; skipped++ {
				run = p.at(skipped) // at once when the clock jumped over it
			}
		}
		latest = max(latest, wall)
		if run && !t.Before(from) {
			out = append(out, t)
		}
	}
	return out
}

// startOfDay returns the first instant of t's local date.
func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	s := time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	if s.Day() != d { // midnight does not exist: the clock jumped over it
		s = s.Add(time.Hour)
	}
	return s
}

// nextDay returns the first instant of the local date after day's. It always
// moves on, also where a whole date was skipped (Samoa, 30 December 2011).
func nextDay(day time.Time) time.Time {
	next := startOfDay(day.AddDate(0, 0, 1))
	for h := 24 * time.Hour; !next.After(day); h += 12 * time.Hour {
		next = startOfDay(day.Add(h))
	}
	return next
}

// maxCronRuns bounds what Between returns: a year of every minute.
const maxCronRuns = 366 * 24 * 60

// Between returns the times at which the entry runs from from to to, both
// included, oldest first and at most a year of minutes. loc is the machine's zone, nil
// means UTC; CRON_TZ goes before it.
func (e *CronEntry) Between(from, to time.Time, loc *time.Location) []time.Time {
	if e.Reboot || e.plan.empty() || to.Before(from) {
		return nil
	}
	var out []time.Time
	day := startOfDay(from.In(e.zone(loc)))
	for ; !day.After(to) && len(out) < maxCronRuns; day = nextDay(day) {
		if e.plan.day(day) {
			out = e.plan.runsOf(day, from, to, out)
		}
	}
	return out
}

// Next returns the first run after t, in the location loc (nil: UTC); the zero
// time when there is none within eight years (the rarest date is a 29 February
// around a year that skips it).
func (e *CronEntry) Next(t time.Time, loc *time.Location) time.Time {
	if e.Reboot || e.plan.empty() {
		return time.Time{}
	}
	from := t.Truncate(time.Minute).Add(time.Minute)
	day := startOfDay(from.In(e.zone(loc)))
	for range 8*366 + 2 {
		end := nextDay(day)
		if e.plan.day(day) {
			if runs := e.plan.runsOf(day, from, end, nil); len(runs) > 0 {
				return runs[0]
			}
		}
		day = end
	}
	return time.Time{}
}

func (p *cronPlan) empty() bool {
	return bits.OnesCount64(p.minute)*bits.OnesCount64(p.hour)*bits.OnesCount64(p.month) == 0
}

func (e *CronEntry) zone(loc *time.Location) *time.Location {
	switch {
	case e.Location != nil:
		return e.Location
	case loc != nil:
		return loc
	}
	return time.UTC
}
