package boottree

import (
	"cmp"
	"slices"

	"culprit"
)

// Median is the boot whose total lies in the middle of several of the same, the
// lower of two, with the runs of all of them, in the order they were made. A
// worker's share is taken from where it was measured. Warnings of all runs stand
// once each. boots must not be empty.
func Median(boots []culprit.Boot) culprit.Boot {
	order := slices.Clone(boots)
	slices.SortStableFunc(order, func(a, b culprit.Boot) int { return cmp.Compare(a.TotalBytes, b.TotalBytes) })
	m := order[(len(order)-1)/2]
	m.Runs, m.Warnings = nil, nil
	for _, b := range boots {
		m.Runs = append(m.Runs, b.Runs...)
		if m.Fork == nil {
			m.Fork = b.Fork
		}
		for _, w := range b.Warnings {
			if !slices.Contains(m.Warnings, w) {
				m.Warnings = append(m.Warnings, w)
			}
		}
	}
	return m
}

// Against sets the time of boots without measuring beside that of b: the medians of
// both. It changes nothing when plain is empty.
func Against(b *culprit.Boot, plain []int64) {
	if len(plain) == 0 || len(b.Runs) == 0 {
		return
	}
	b.PlainTimeMS = ms(slices.Sorted(slices.Values(plain))[(len(plain)-1)/2])
	times := make([]float64, len(b.Runs))
	for i, r := range b.Runs {
		times[i] = r.TimeMS
	}
	slices.Sort(times)
	if b.PlainTimeMS > 0 {
		b.Overhead = times[(len(times)-1)/2] / b.PlainTimeMS
	}
}

// Compare holds a boot against an earlier one: by how much it grew, gem by gem,
// and whether that is more than budget. baseline names the earlier one.
func Compare(now, before culprit.Boot, baseline string, budget culprit.Bytes) *culprit.BootBudget {
	b := &culprit.BootBudget{
		Baseline: baseline, BaselineBytes: before.TotalBytes,
		GrewBytes: now.TotalBytes - before.TotalBytes, BudgetBytes: budget,
	}
	b.Exceeded = b.GrewBytes > budget
	changes := map[string]culprit.BootGroup{}
	add := func(g culprit.BootGem, sign culprit.Bytes) {
		c := changes[g.Name]
		c.Key, c.Gem = g.Name, g.Name
		c.Bytes += sign * g.Bytes
		if g.RetainedObjects == culprit.Unknown {
			c.Objects = culprit.Unknown
		} else {
			c.Objects += int64(sign) * g.RetainedObjects
		}
		changes[g.Name] = c
	}
	for _, g := range now.Gems {
		add(g, 1)
	}
	for _, g := range before.Gems {
		add(g, -1)
	}
	for _, c := range changes {
		if c.Bytes != 0 {
			b.Changes = append(b.Changes, c)
		}
	}
	largest(b.Changes, func(g culprit.BootGroup) int64 { return int64(g.Bytes) }, func(g culprit.BootGroup) string { return g.Key })
	return b
}
