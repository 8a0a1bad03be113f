// Command driver boots the victim app of lab/victim as a small fleet on
// loopback, drives it with a bounded, seeded mix of traffic, samples the
// memory of its processes, and leaves a recording: logs in the formats people
// have, memory series in the formats people have, and the ground truth.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 3 || os.Args[1] != "record" {
		fmt.Fprintln(os.Stderr, "usage: driver record SCENARIO --out DIR [--minutes N] [--seed S] [--every D] [--hosts N] [--workers N] [--collect D] [--calls N] [--before D] [--net N] [--tz ZONE] [--jobs async|worker] [--level process|host]")
		fmt.Fprintln(os.Stderr, "scenarios:", scenarioNames())
		os.Exit(2)
	}
	o := options{Scenario: os.Args[2]}
	fs := flag.NewFlagSet("record", flag.ExitOnError)
	fs.StringVar(&o.Out, "out", "", "folder of the recording (must not exist)")
	minutes := fs.Float64("minutes", 6, "length of the recording")
	fs.Int64Var(&o.Seed, "seed", 1, "seed of the traffic and the planted work")
	fs.DurationVar(&o.Every, "every", time.Second, "sampling interval of the memory series")
	fs.IntVar(&o.Hosts, "hosts", 4, "number of hosts (Puma clusters)")
	fs.IntVar(&o.Workers, "workers", 2, "workers of each cluster")
	fs.DurationVar(&o.Collect, "collect", 0, "let workers run a major collection so often, as apps with out-of-band GC do; 0 never")
	fs.IntVar(&o.Calls, "calls", 0, "planned calls in the recording; 0 as many as the scenario has for its length")
	fs.DurationVar(&o.Before, "before", 0, "traffic before the first planned call; 0 a ninth of the recording")
	fs.IntVar(&o.Net, "net", 1, "loopback net 127.0.N.0 of this recording")
	fs.StringVar(&o.Zone, "tz", "UTC", "time zone the app and the proxy log in")
	fs.StringVar(&o.Jobs, "jobs", "async", "where jobs run: async (inside Puma) or worker (a process of their own)")
	fs.StringVar(&o.Level, "level", "process", "level of the memory series: process or host")
	fs.StringVar(&o.Victim, "victim", "lab/victim", "folder of the victim app")
	_ = fs.Parse(os.Args[3:])
	o.Duration = time.Duration(*minutes * float64(time.Minute))
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := record(ctx, o); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}
