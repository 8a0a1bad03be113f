// Command heapstages reads a heap dump and tells what each stage took: wall and CPU
// seconds, and the most memory of the process so far for each object.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"culprit/internal/heap"
	"culprit/internal/source/heapdump"
)

func main() {
	workers := flag.Int("workers", 2, "goroutines that parse")
	parseOnly := flag.Bool("parse", false, "end after the sums of each class")
	flag.Parse()
	if err := run(flag.Arg(0), *workers, *parseOnly); err != nil {
		fmt.Fprintln(os.Stderr, "heapstages:", err)
		os.Exit(1)
	}
}

func run(path string, workers int, parseOnly bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	c := newClock()
	d, err := heapdump.ReadFile(context.Background(), f, heapdump.Options{Workers: workers})
	if err != nil {
		return err
	}
	h := d.Heap
	classes := perClass(h)
	c.stage("parse, sums of "+strconv.Itoa(classes)+" classes", h.Len())
	if parseOnly {
		return nil
	}
	g, err := heap.NewGraph(h)
	if err != nil {
		return err
	}
	c.stage("references", h.Len())
	t := heap.Dominators(h.Pool, g, h.Bytes)
	c.stage("dominators, retained", h.Len())
	fmt.Printf("  %d objects, %d references, %d bytes retained by the roots\n", h.Len(), g.Edges(), t.Retained[g.Root()])
	return nil
}

// perClass sums objects and bytes by the address of their class.
func perClass(h *heap.Heap) int {
	type sum struct{ objects, bytes uint64 }
	of := map[uint32]*sum{}
	last, s := heap.None, &sum{}
	of[last] = s
	for i, c := range h.Class {
		if c != last {
			if s = of[c]; s == nil {
				s = &sum{}
				of[c] = s
			}
			last = c
		}
		s.objects++
		s.bytes += h.Bytes(uint32(i))
	}
	return len(of)
}

type clock struct {
	wall time.Time
	cpu  float64
}

func newClock() *clock { return &clock{time.Now(), cpu()} }

func (c *clock) stage(name string, objects int) {
	now, used := time.Now(), cpu()
	fmt.Printf("  %-28s wall %7.3f  cpu %7.3f  peak %6.1f bytes an object\n", name, now.Sub(c.wall).Seconds(), used-c.cpu, float64(peak())/float64(objects))
	c.wall, c.cpu = time.Now(), cpu()
}

func usage() syscall.Rusage {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // of oneself it cannot fail
	return r
}

func cpu() float64 {
	r := usage()
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// peak is the most memory so far, in bytes.
func peak() int64 { return usage().Maxrss * 1024 }
