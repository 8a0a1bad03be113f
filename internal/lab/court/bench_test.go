package court

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"culprit"
	"culprit/internal/casefile"
	"culprit/internal/lab"
)

// cpu is the time of all cores that this process has used, in nanoseconds: on a
// busy machine it says more than the wall clock.
func cpu() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return r.Utime.Nano() + r.Stime.Nano()
}

// BenchmarkJudge is the price per call of a verdict: 200 endpoints, 50 processes,
// three days. The full 100 million calls need CULPRIT_BENCH=full.
func BenchmarkJudge(b *testing.B) {
	for _, rows := range []int64{1e6, 1e7, 1e8} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			if rows > 1e7 && os.Getenv("CULPRIT_BENCH") != "full" {
				b.Skip("set CULPRIT_BENCH=full")
			}
			f := lab.FullSize()
			f.Rows = rows
			c := f.Case()
			begun := cpu()
			for b.Loop() {
				if a := Judge(c); a.Outcome == culprit.OutcomeHealthy {
					b.Error("twenty steps of half a gigabyte are not healthy")
				}
			}
			b.ReportMetric(float64(cpu()-begun)/float64(b.N)/float64(rows), "cpu-ns/call")
		})
	}
}

// BenchmarkFirehose is what of BenchmarkJudge is the stream itself.
func BenchmarkFirehose(b *testing.B) {
	f := lab.FullSize()
	f.Rows = 1e7
	c := f.Case()
	begun, n := cpu(), 0
	for b.Loop() {
		c.Rows(func(block []casefile.Row) bool { n += len(block); return true })
	}
	b.ReportMetric(float64(cpu()-begun)/float64(n), "cpu-ns/call")
}
