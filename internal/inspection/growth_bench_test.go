package inspection_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"culprit/internal/inspection"
	"culprit/internal/lab/started"
	"culprit/internal/source/proc"
)

// toucher touches a new stretch of memory for each line it gets, in the depth of frames
// that it was started with, and writes into a file what a fault of it took.
const toucher = `def deep(n, &b); n.zero? ? b.call : deep(n - 1, &b); end
def touch
  at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  ("x" * 100_000_000).clear
  ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - at) * 1e9 / (100_000_000 / 4096)).round
end
puts "ready"; $stdout.flush
while (line = $stdin.gets)
  ns = deep(ARGV[1].to_i) { touch }
  File.write(ARGV[0] + ".new", ns.to_s); File.rename(ARGV[0] + ".new", ARGV[0])
end`

// BenchmarkGrowthCost is what a page fault of the target takes, by its own clock: watched
// with several periods and not watched (@0), in turns; the fastest, as other work on the
// machine only adds.
func BenchmarkGrowthCost(b *testing.B) {
	for _, depth := range []int{5, 60} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "ns")
			p := started.Ruby(b, []string{"MALLOC_MMAP_THRESHOLD_=131072"}, "-e", toucher, file, strconv.Itoa(depth))
			target, err := inspection.Live("/proc", p.PID)
			if err != nil {
				b.Fatal(err)
			}
			all := map[int][]int{}
			for b.Loop() {
				for _, period := range []int{0, 128, 64, 16, 1} {
					all[period] = append(all[period], costs(b, target, p, file, period))
				}
			}
			for period, list := range all {
				b.ReportMetric(float64(slices.Min(list)), fmt.Sprintf("ns/fault@%d", period))
			}
			if err := target.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}

// costs lets the target touch memory once. Period 0 is without a watch.
func costs(b *testing.B, target *inspection.Target, p *started.Process, file string, period int) int {
	b.Helper()
	if period > 0 {
		g, err := inspection.NewGrowth(target, inspection.Watching{Tool: "bench", Period: period, FS: proc.Host(), Open: inspection.HostFaults}, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := g.Close(); err != nil {
				b.Error(err)
			}
		}()
	}
	if _, err := io.WriteString(p.In, "go\n"); err != nil {
		b.Fatal(err)
	}
	for range 500 {
		text, err := os.ReadFile(file)
		if err == nil {
			ns, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err = errors.Join(err, os.Remove(file)); err != nil {
				b.Fatal(err)
			}
			return ns
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Fatal("the target says nothing")
	return 0
}
