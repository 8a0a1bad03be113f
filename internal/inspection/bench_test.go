package inspection_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"culprit/internal/inspection"
	"culprit/internal/lab/started"
	"culprit/internal/source/proc"
	"culprit/internal/source/procmem"
)

// heapOf starts a Ruby with a heap of n objects (half of them texts) that dumps itself
// when it is asked, and says how long that took.
func heapOf(b *testing.B, n int) *started.Process {
	b.Helper()
	return started.Ruby(b, nil, "-e", fmt.Sprintf(`require "objspace"
KEPT = Array.new(%d) { |i| ["text #{i} of the heap that is dumped"] }
GC.start
puts "ready"; $stdout.flush
while $stdin.gets
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  File.open("/dev/null", "w") { |f| ObjectSpace.dump_all(output: f) }
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC) - began, "dumped"; $stdout.flush
end`, n/2))
}

// BenchmarkDumpPause tells how long a process stands still for a dump, beside the time of
// copying what of it is in memory (the floor), and ObjectSpace.dump_all in the same
// process (the peer). CULPRIT_BENCH_OBJECTS is the size of the heap, 400,000 if unset.
func BenchmarkDumpPause(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("CULPRIT_BENCH_OBJECTS"))
	if err != nil {
		n = 400_000
	}
	p := heapOf(b, n)
	target, err := inspection.Live("/proc", p.PID)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	var pause, floor, dump, peer time.Duration
	for b.Loop() {
		floor += copying(b, target.Mem)
		began := time.Now()
		d, err := target.Dump(context.Background(), "bench", io.Discard, inspection.Copying{Root: "/proc", Spool: b.TempDir(), Self: os.Getpid(), FS: proc.Host(), Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		dump += time.Since(began)
		pause += time.Duration(d.PauseSeconds * float64(time.Second))
		own, err := strconv.ParseFloat(strings.TrimSpace(string(p.Ask(b, "dump", "dumped"))), 64)
		if err != nil {
			b.Fatal(err)
		}
		peer += time.Duration(own * float64(time.Second))
	}
	ms := func(d time.Duration) float64 { return float64(d.Milliseconds()) / float64(b.N) }
	b.ReportMetric(ms(pause), "pause-ms")
	b.ReportMetric(ms(floor), "copy-ms")
	b.ReportMetric(float64(pause)/float64(floor), "pause/copy")
	b.ReportMetric(float64(peer)/float64(pause), "dump_all/pause")
	b.ReportMetric(float64(peer)/float64(dump), "dump_all/dump")
}

// copying is how long it takes to copy what of a process is in memory while it goes on:
// all its pages, those of files too, into room that was made before.
func copying(b *testing.B, m procmem.Mem) time.Duration {
	b.Helper()
	plan, err := procmem.NewPlan(m, nil)
	if err != nil {
		b.Fatal(err)
	}
	room, err := procmem.NewRoom("", plan.Bytes)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	w, err := procmem.Copy(m, plan, room)
	if err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}
