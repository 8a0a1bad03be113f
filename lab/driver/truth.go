package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sort"
	"strings"
	"time"
)

// event is a line the victim writes about planted work.
type event struct {
	Event     string         `json:"event"`
	Name      string         `json:"name"`
	ID        string         `json:"id"`
	Detail    map[string]any `json:"detail"`
	RSS       int64          `json:"rss"`
	RSSDelta  int64          `json:"rss_delta"`
	BytesKept int64          `json:"bytes_kept"`
	Exact     bool           `json:"exact"`
	Host      string         `json:"host"`
	PID       int            `json:"pid"`
	Time      time.Time      `json:"time"`
}

type guiltyCall struct {
	Time      time.Time      `json:"time"`
	End       *time.Time     `json:"end"` // null: never completed
	Host      string         `json:"host"`
	PID       int            `json:"pid"`
	Name      string         `json:"name"`
	RequestID string         `json:"request_id,omitempty"`
	Detail    map[string]any `json:"detail,omitempty"`
	BytesKept int64          `json:"bytes_kept"`
	Exact     bool           `json:"exact"` // kept on purpose, byte for byte; else the change of the resident size
	RSSDelta  int64          `json:"rss_delta"`
	rss       int64
}

type restart struct {
	Time   time.Time `json:"time"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Reason string    `json:"reason"`
}

type growth struct {
	Host     string  `json:"host"`
	PID      int     `json:"pid"`
	First    int64   `json:"first"`
	Last     int64   `json:"last"`
	Peak     int64   `json:"peak"`
	PerMin   int64   `json:"bytes_per_minute_second_half"`
	Samples  int     `json:"samples"`
	Lifetime float64 `json:"seconds"`
}

type truth struct {
	Schema   string    `json:"schema"`
	Scenario string    `json:"scenario"`
	Note     string    `json:"note"`
	Seed     int64     `json:"seed"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Sampling float64   `json:"sampling_seconds"`
	Zone     string    `json:"zone"`
	Jobs     string    `json:"jobs"`
	Level    string    `json:"level"`
	Hosts    []string  `json:"hosts"`
	Expected struct {
		Outcomes   []string `json:"outcomes"`
		Acceptable []string `json:"acceptable"`
		Category   string   `json:"category"`
	} `json:"expected"`
	Culprits  []culprit        `json:"culprits"`
	Innocents []string         `json:"innocents"`
	Calls     []guiltyCall     `json:"calls"`
	Restarts  []restart        `json:"restarts"`
	Growth    []growth         `json:"growth"`
	HostUsed  map[string]int64 `json:"host_used_growth"`
	Sent      int64            `json:"requests_sent"`
}

// innocents are worth naming: those that naive rules blame.
var innocents = []string{
	"EventsController#wait", "Admin::DashboardController#index", "SitemapsController#show", "DownloadsController#show",
	"NotificationsController#index", "ExportsController#create", "CheckoutsController#create", "InvoicesController#show",
}

// mergeEvents pairs starts and ends of the victim's processes, up to
// the end of the recording.
func mergeEvents(events []event, ended time.Time) []guiltyCall {
	sort.SliceStable(events, func(i, j int) bool { return events[i].Time.Before(events[j].Time) })
	type key struct {
		host, name, id string
		pid            int
	}
	open := map[key][]int{}
	calls := []guiltyCall{}
	for _, e := range events {
		if e.Time.After(ended) {
			break
		}
		k := key{e.Host, e.Name, e.ID, e.PID}
		switch e.Event {
		case "start":
			open[k] = append(open[k], len(calls))
			calls = append(calls, guiltyCall{Time: e.Time, Host: e.Host, PID: e.PID, Name: e.Name, RequestID: e.ID, Detail: e.Detail, rss: e.RSS})
		case "end":
			if n := len(open[k]); n > 0 {
				c := &calls[open[k][n-1]]
				open[k] = open[k][:n-1]
				t := e.Time
				c.End, c.BytesKept, c.Exact, c.RSSDelta = &t, e.BytesKept, e.Exact, e.RSSDelta
			}
		}
	}
	return calls
}

func readEvents(path string) ([]event, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var out []event
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) == nil && strings.TrimSpace(e.Event) != "" {
			out = append(out, e)
		}
	}
	return out, sc.Err()
}

// growths sums up what the series show of each process.
func (s *sampler) growths() ([]growth, map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []growth{}
	used := map[string]int64{}
	for _, h := range s.hosts {
		at := map[int]*growth{}
		half := map[int][2]int64{} // time and bytes at the half
		var order []int
		all := s.samples[h]
		if len(all) == 0 {
			continue
		}
		used[h] = all[len(all)-1].Used - all[0].Used
		middle := all[0].At.Add(all[len(all)-1].At.Sub(all[0].At) / 2)
		begin, end := map[int]time.Time{}, map[int]time.Time{}
		for _, one := range all {
			for _, p := range one.Procs {
				g, ok := at[p.PID]
				if !ok {
					g = &growth{Host: h, PID: p.PID, First: p.RSS}
					at[p.PID], begin[p.PID] = g, one.At
					order = append(order, p.PID)
				}
				if _, ok := half[p.PID]; !ok && one.At.After(middle) {
					half[p.PID] = [2]int64{one.At.Unix(), p.RSS}
				}
				g.Last, g.Peak, end[p.PID] = p.RSS, max(g.Peak, p.RSS), one.At
				g.Samples++
			}
		}
		for _, pid := range order {
			g := at[pid]
			g.Lifetime = end[pid].Sub(begin[pid]).Seconds()
			if m, ok := half[pid]; ok && end[pid].Unix() > m[0] {
				g.PerMin = (g.Last - m[1]) * 60 / (end[pid].Unix() - m[0])
			}
			out = append(out, *g)
		}
	}
	return out, used
}

// measureOpen gives calls that never completed the growth the series saw
// until their process died or the recording ended.
func (s *sampler) measureOpen(calls []guiltyCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range calls {
		c := &calls[i]
		if c.End != nil {
			continue
		}
		for _, one := range s.samples[c.Host] {
			for _, p := range one.Procs {
				if p.PID == c.PID && one.At.After(c.Time) {
					c.RSSDelta = max(c.RSSDelta, p.RSS-c.rss)
				}
			}
		}
	}
}
