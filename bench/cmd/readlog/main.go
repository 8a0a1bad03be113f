// Command readlog reads log files and prints what was understood and the CPU
// seconds it took: the figure that bench/logs.sh sets beside grep's.
//
// It owns no logic: package input opens, package logs reads, this counts.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"culprit"
	"culprit/internal/source/input"
	"culprit/internal/source/logs"
)

type settings struct {
	workers int
	format  string
	decode  bool
	dump    bool
}

func main() {
	var s settings
	flag.IntVar(&s.workers, "workers", 0, "goroutines; 0 for all cores")
	flag.StringVar(&s.format, "format", "", "format name; empty to recognise")
	flag.BoolVar(&s.decode, "decode", false, "only decompress: the floor of a compressed file")
	flag.BoolVar(&s.dump, "dump", false, "print every call")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	repeat := flag.Int("repeat", 1, "read so many times")
	flag.Parse()
	if err := profiled(*profile, func() error { return all(s, *repeat, flag.Args()) }); err != nil {
		fmt.Fprintln(os.Stderr, "readlog:", err)
		os.Exit(1)
	}
}

// profiled runs f, under the CPU profiler when a path is given.
func profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create profile: %w", err)
	}
	defer func() { _ = out.Close() }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return fmt.Errorf("start profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return f()
}

func all(s settings, repeat int, args []string) error {
	files, problems := input.Expand(args)
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, "readlog:", p)
	}
	for range repeat {
		for _, f := range files {
			if err := run(f, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func run(f input.File, s settings) error {
	before, began := cpu(), time.Now()
	r, err := f.Open(context.Background())
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	src := logs.Source{R: r}
	if at := r.ReaderAt(); at != nil {
		src.At, src.N = at, r.Size()
	}
	var res logs.Result
	if s.decode {
		res.Bytes, err = io.Copy(io.Discard, r)
	} else {
		res, err = logs.Read(context.Background(), src,
			logs.Options{Format: s.format, Workers: s.workers, Reference: f.ModTime},
			func() logs.Sink { return &counter{dump: s.dump} })
	}
	if err != nil {
		return err
	}
	wall := time.Since(began).Seconds()
	fmt.Printf("%s: format=%s calls=%d lines=%d understood=%d MB=%.1f cpu=%.3f wall=%.3f\n",
		f.Path, res.Format, res.Calls, res.Lines, res.Understood, float64(res.Bytes)/1e6, cpu()-before, wall)
	for i, l := range res.BadSample {
		fmt.Printf("  line %d not understood: %q\n", res.BadLine[i], l)
	}
	for _, w := range res.Warnings {
		fmt.Println("  " + w)
	}
	return nil
}

// counter is the cheapest sink: it only counts.
type counter struct {
	calls int64
	dump  bool
}

func (c *counter) Call(k *culprit.Call) {
	c.calls++
	if c.dump {
		fmt.Printf("%d %s..%s %dus open=%v ambiguous=%v pid=%d tid=%s host=%s id=%s %d %s %s %s#%s %s %s op=%s alloc=%d\n",
			k.Kind, stamp(k.Start), stamp(k.End), k.Duration, k.Open, k.Ambiguous, k.PID, k.TID, k.Host, k.RequestID,
			k.Status, k.Method, k.Path, k.Controller, k.Action, k.Name, k.Params, k.Operation, k.Allocations)
	}
}

func (c *counter) Happening(h culprit.Happening) {
	if c.dump {
		fmt.Printf("%s %s %+v\n", stamp(h.At), h.Kind, h)
	}
}

func (c *counter) Memory(s culprit.Series, at int64, b culprit.Bytes) {
	if c.dump {
		fmt.Printf("%s memory %+v %d\n", stamp(at), s, b)
	}
}

func stamp(us int64) string {
	if us == 0 {
		return "-"
	}
	return time.UnixMicro(us).UTC().Format("15:04:05.000000")
}

// cpu returns the user and system seconds this process has used.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	sec := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return sec(u.Utime) + sec(u.Stime)
}
