package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// proc is one process at one moment, as /proc tells it.
type proc struct {
	PID, PPID, Threads         int
	Name                       string
	RSS, VMS, PSS, Anon, Dirty int64
	User, System               float64
}

// sample is one round over one host.
type sample struct {
	At    time.Time
	Procs []proc
	Used  int64 // of the host: base + sum of PSS
	Cache int64
}

const (
	pageSize  = 4096
	hostTotal = 16 << 30
)

// parseStat reads /proc/PID/stat; the name may hold spaces and parentheses.
func parseStat(b []byte) (proc, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return proc{}, fmt.Errorf("stat: no name in %.40q", b)
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 22 {
		return proc{}, fmt.Errorf("stat: %d fields", len(f))
	}
	var p proc
	p.Name = string(b[open+1 : end])
	p.PID, _ = strconv.Atoi(strings.TrimSpace(string(b[:open])))
	p.PPID, _ = strconv.Atoi(f[1])
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	p.User, p.System = user/100, system/100
	p.Threads, _ = strconv.Atoi(f[17])
	p.VMS, _ = strconv.ParseInt(f[20], 10, 64)
	rss, _ := strconv.ParseInt(f[21], 10, 64)
	p.RSS = rss * pageSize
	return p, nil
}

// parseRollup adds what /proc/PID/smaps_rollup knows.
func parseRollup(b []byte, p *proc) {
	for line := range strings.SplitSeq(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[2] != "kB" {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		n *= 1024
		switch f[0] {
		case "Rss:":
			p.RSS = n
		case "Pss:":
			p.PSS = n
		case "Anonymous:":
			p.Anon = n
		case "Private_Dirty:":
			p.Dirty = n
		}
	}
}

func readProc(pid int) (proc, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	b, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return proc{}, err
	}
	p, err := parseStat(b)
	if err != nil {
		return proc{}, err
	}
	if b, err := os.ReadFile(filepath.Join(dir, "smaps_rollup")); err == nil {
		parseRollup(b, &p)
	}
	return p, nil
}

func children(pid int) []int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var out []int
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// sampler keeps the samples of every host; the processes of a host are those
// it is told of and their children.
type sampler struct {
	mu      sync.Mutex
	hosts   []string
	roots   map[string][]int // host -> pids of masters and workers' parents
	loose   map[string][]int // host -> pids that count for the host only (cron)
	samples map[string][]sample
}

func newSampler(hosts []string) *sampler {
	return &sampler{hosts: hosts, roots: map[string][]int{}, loose: map[string][]int{}, samples: map[string][]sample{}}
}

func (s *sampler) watch(host string, pid int, loose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if loose {
		s.loose[host] = append(s.loose[host], pid)
	} else {
		s.roots[host] = append(s.roots[host], pid)
	}
}

func (s *sampler) round(host string, cache, base int64) {
	s.mu.Lock()
	roots := append([]int(nil), s.roots[host]...)
	loose := append([]int(nil), s.loose[host]...)
	s.mu.Unlock()
	one := sample{At: time.Now().UTC(), Cache: cache, Used: base}
	add := func(pid int, listed bool) {
		p, err := readProc(pid)
		if err != nil || p.RSS == 0 {
			return
		}
		one.Used += p.PSS
		if listed {
			one.Procs = append(one.Procs, p)
		}
	}
	for _, pid := range roots {
		add(pid, true)
		for _, c := range children(pid) {
			add(c, true)
		}
	}
	for _, pid := range loose {
		add(pid, false)
	}
	s.mu.Lock()
	s.samples[host] = append(s.samples[host], one)
	s.mu.Unlock()
}

// run samples until the context ends: at the interval, a little late each
// time, now and then not at all, as agents on busy hosts do.
func (s *sampler) run(ctx context.Context, seed int64, every time.Duration) {
	r := seeded(seed, 2<<40)
	cache := map[string]int64{}
	base := map[string]int64{}
	for i, h := range s.hosts {
		cache[h] = int64(2+i%2)<<30 + r.Int64N(400<<20)
		base[h] = 900<<20 + r.Int64N(120<<20)
	}
	next := time.Now().Truncate(every).Add(every)
	for pause(ctx, time.Until(next)+time.Duration(r.Int64N(int64(every/20)+1))) {
		for _, h := range s.hosts {
			if r.IntN(250) == 0 {
				continue // this host's agent missed a round
			}
			cache[h] += r.Int64N(700<<10) - 260<<10
			base[h] += r.Int64N(2<<20) - 1<<20
			s.round(h, cache[h], base[h])
		}
		next = next.Add(every)
		if r.IntN(150) == 0 {
			next = next.Add(every * time.Duration(1+r.IntN(4)))
		}
		if d := time.Since(next); d > 0 {
			next = next.Add((d/every + 1) * every)
		}
	}
}
