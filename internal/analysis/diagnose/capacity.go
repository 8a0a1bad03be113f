package diagnose

import (
	"fmt"

	"culprit"
)

// headroom is the share of the limit that is left to the page cache and to what a
// worker needs for a moment beyond what it has now.
const headroom = 0.1

// capacity counts how many workers fit, from the largest one that runs now, swap
// included: with PSS, pages that workers share count once over all of them. More
// workers share the same pages, fewer have them alone, so that the count is near
// the number that runs and careful beyond it.
func (f *facts) capacity() *culprit.Capacity {
	if f.p == nil || f.memory <= 0 || f.ruby == "" && f.cluster.n == 0 {
		return nil
	}
	c := &culprit.Capacity{LimitBytes: f.memory, LimitOf: f.memoryOf, Workers: f.cluster.workers, WorkerBytes: f.cluster.largest, MasterBytes: f.cluster.master}
	if c.Workers == 0 {
		c.Workers, c.WorkerBytes = 1, f.pss+f.swap
	}
	c.Threads = f.threads()
	if c.WorkerBytes <= 0 {
		return nil
	}
	usable := float64(f.memory)*(1-headroom) - float64(c.MasterBytes)
	c.Fit = max(0, int(usable/float64(c.WorkerBytes)))
	each := ""
	if c.Threads > 0 {
		each = fmt.Sprintf(" of %d threads", c.Threads)
	}
	what := fmt.Sprintf("%d workers%s, each of %s,", c.Fit, each, c.WorkerBytes)
	if f.cluster.n == 0 {
		what = fmt.Sprintf("%d processes like this one%s", c.Fit, each)
	}
	c.Text = fmt.Sprintf("%s fit into %s (%s), with a tenth kept free", what, f.memory, f.memoryOf)
	if f.cluster.n > 0 {
		c.Text += fmt.Sprintf("; %d run now", c.Workers)
	}
	c.PeakBytes = culprit.Unknown
	if f.peak > 0 {
		c.PeakBytes, c.FitAtPeak = f.peak, max(0, int(usable/float64(f.peak)))
		c.Text += fmt.Sprintf("; of the size that one had in the incident, %s, %d fit", f.peak, c.FitAtPeak)
	}
	return c
}
