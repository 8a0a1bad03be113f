package bootvictim_test

import (
	"os"
	"os/exec"
	"testing"
)

// BenchmarkBoot boots the Rails app as culprit boot mem and objects do, five runs
// each, and says how far apart they are and what measuring costs in time.
func BenchmarkBoot(b *testing.B) {
	culprit := tool(b)
	dir := app(b, "rails", "")
	for _, mode := range []string{"mem", "objects"} {
		b.Run(mode, func(b *testing.B) {
			for b.Loop() {
				r := measured(b, nil, culprit, mode, "--app", dir)
				low, high := r.Runs[0].TotalBytes, r.Runs[0].TotalBytes
				for _, run := range r.Runs {
					low, high = min(low, run.TotalBytes), max(high, run.TotalBytes)
				}
				b.ReportMetric(float64(r.TotalBytes)/mb, "MB")
				b.ReportMetric(float64(high-low)/float64(r.TotalBytes)*100, "%apart")
				b.ReportMetric(r.Coverage*100, "%covered")
				b.ReportMetric(r.PlainTimeMS, "ms/plain")
				b.ReportMetric(r.Overhead, "times/plain")
			}
		})
	}
}

// BenchmarkBundle times one measured boot of the bundle beside derailed's.
func BenchmarkBundle(b *testing.B) {
	culprit := tool(b)
	dir := app(b, "rails", "\ngem \"derailed_benchmarks\"\n")
	b.Run("derailed", func(b *testing.B) {
		for b.Loop() {
			cmd := exec.Command("bundle", "exec", "derailed", "bundle:mem", "production")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "RAILS_ENV=production")
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
	})
	loadRailsFirst(b, dir+"/Gemfile")
	b.Run("culprit", func(b *testing.B) {
		for b.Loop() {
			measured(b, nil, culprit, "mem", "--runs", "1", dir)
		}
	})
}
