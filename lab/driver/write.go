package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The writers: the same samples in the formats people have them in.

func create(path string, f func(w *bufio.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<16)
	if err := f(w); err != nil {
		_ = file.Close()
		return err
	}
	if err := w.Flush(); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

func escapeTag(s string) string {
	return strings.NewReplacer(",", `\,`, " ", `\ `, "=", `\=`).Replace(s)
}

// procstatLine is Telegraf's procstat with properties cpu, memory and mmap.
// The agent rounds times to the interval's precision.
func procstatLine(host string, at time.Time, p proc, pidTag bool) string {
	var b strings.Builder
	b.WriteString("procstat,host=" + host + ",pattern=puma")
	if pidTag {
		fmt.Fprintf(&b, ",pid=%d", p.PID)
	}
	fmt.Fprintf(&b, ",process_name=%s,user=deploy ", escapeTag(p.Name))
	fmt.Fprintf(&b, "cpu_time_system=%s,cpu_time_user=%s,", float(p.System), float(p.User))
	fmt.Fprintf(&b, "memory_anonymous=%di,memory_private_dirty=%di,memory_pss=%di,memory_rss=%di,memory_swap=0i,memory_usage=%s,memory_vms=%di,num_threads=%di",
		p.Anon, p.Dirty, p.PSS, p.RSS, strconv.FormatFloat(float64(p.RSS)*100/hostTotal, 'f', -1, 32), p.VMS, p.Threads)
	if !pidTag {
		fmt.Fprintf(&b, ",pid=%di", p.PID)
	}
	fmt.Fprintf(&b, ",ppid=%di %d\n", p.PPID, at.Round(time.Second).UnixNano())
	return b.String()
}

func float(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func memLine(host string, s sample) string {
	free := max(hostTotal-s.Used-s.Cache, 64<<20)
	return fmt.Sprintf("mem,host=%s active=%di,available=%di,available_percent=%s,buffered=%di,cached=%di,free=%di,inactive=%di,shared=%di,slab=%di,total=%di,used=%di,used_percent=%s %d\n",
		host, s.Used+s.Cache/3, hostTotal-s.Used, float(float64(hostTotal-s.Used)*100/hostTotal), int64(96<<20), s.Cache, free,
		s.Cache*2/3, int64(24<<20), int64(310<<20), int64(hostTotal), s.Used, float(float64(s.Used)*100/hostTotal), s.At.Round(time.Second).UnixNano())
}

// series is one column of a wide table or one curve of a matrix.
type series struct {
	Name   string
	Labels map[string]string
	Points map[int64]int64 // unix seconds on the grid -> bytes
}

// grid is the point of the grid that shows a sample: as with a range query,
// the next one, but for a little lateness of the agent.
func grid(at time.Time, step time.Duration) int64 {
	s := max(int64(step/time.Second), 1)
	return (at.Add(-500*time.Millisecond).Unix()/s + 1) * s
}

func (s *sampler) byProcess(step time.Duration) []series {
	var out []series
	for _, h := range s.hosts {
		at := map[int]int{}
		for _, one := range s.samples[h] {
			for _, p := range one.Procs {
				i, ok := at[p.PID]
				if !ok {
					i = len(out)
					at[p.PID] = i
					out = append(out, series{
						Name: fmt.Sprintf("%s %d", h, p.PID), Points: map[int64]int64{},
						Labels: map[string]string{"instance": h + ":9394", "job": "puma", "pid": strconv.Itoa(p.PID)},
					})
				}
				out[i].Points[grid(one.At, step)] = p.RSS
			}
		}
	}
	return out
}

func (s *sampler) byHost(step time.Duration) []series {
	var out []series
	for _, h := range s.hosts {
		c := series{Name: h, Points: map[int64]int64{}, Labels: map[string]string{"instance": h + ":9100", "job": "node"}}
		for _, one := range s.samples[h] {
			c.Points[grid(one.At, step)] = one.Used
		}
		out = append(out, c)
	}
	return out
}

func times(all []series) []int64 {
	seen := map[int64]bool{}
	for _, c := range all {
		for t := range c.Points {
			seen[t] = true
		}
	}
	out := make([]int64, 0, len(seen))
	for t := range seen {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

// matrix is the answer of Prometheus' query_range.
func matrix(w io.Writer, metric string, all []series) error {
	type result struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values"`
	}
	res := []result{}
	for _, c := range all {
		r := result{Metric: map[string]string{}, Values: [][2]any{}}
		if metric != "" {
			r.Metric["__name__"] = metric
		}
		maps.Copy(r.Metric, c.Labels)
		for _, t := range times([]series{c}) {
			r.Values = append(r.Values, [2]any{json.Number(fmt.Sprintf("%d.781", t)), strconv.FormatInt(c.Points[t], 10)})
		}
		res = append(res, r)
	}
	type data struct {
		ResultType string   `json:"resultType"`
		Result     []result `json:"result"`
	}
	return json.NewEncoder(w).Encode(struct {
		Status string `json:"status"`
		Data   data   `json:"data"`
	}{"success", data{"matrix", res}})
}

// gibibytes is how Grafana shows bytes with unit bytes(IEC), two decimals.
func gibibytes(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1024 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	return trimZeros(strconv.FormatFloat(v, 'f', 2, 64)) + " " + units[unit]
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// grafana is "Inspect > Data > Download CSV", series joined by time: raw
// (epoch milliseconds, bytes) or formatted (local date, "3.12 GiB").
func grafana(w io.Writer, all []series, formatted bool, zone *time.Location) error {
	head := []string{`"Time"`}
	for _, c := range all {
		head = append(head, strconv.Quote(c.Name))
	}
	if _, err := fmt.Fprintln(w, strings.Join(head, ",")); err != nil {
		return err
	}
	for _, t := range times(all) {
		row := []string{strconv.FormatInt(t*1000, 10)}
		if formatted {
			row[0] = time.Unix(t, 0).In(zone).Format("2006-01-02 15:04:05")
		}
		for _, c := range all {
			v, ok := c.Points[t]
			switch {
			case !ok:
				row = append(row, "")
			case formatted:
				row = append(row, gibibytes(v))
			default:
				row = append(row, strconv.FormatInt(v, 10))
			}
		}
		if _, err := fmt.Fprintln(w, strings.Join(row, ",")); err != nil {
			return err
		}
	}
	return nil
}

// writeSeries writes every format of the recording's level.
func (s *sampler) writeSeries(dir string, o options, zone *time.Location) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := max(o.Every.Round(time.Second), time.Second)
	files := map[string]func(w *bufio.Writer) error{
		"mem.lp": func(w *bufio.Writer) error {
			return s.each(func(h string, one sample) { _, _ = w.WriteString(memLine(h, one)) })
		},
		"prometheus_hosts.json": func(w *bufio.Writer) error { return matrix(w, "", s.byHost(max(step, 15*time.Second))) },
		"grafana_hosts.csv":     func(w *bufio.Writer) error { return grafana(w, s.byHost(step), false, zone) },
		"grafana_hosts_formatted.csv": func(w *bufio.Writer) error {
			return grafana(w, s.byHost(max(step, 5*time.Second)), true, zone)
		},
	}
	if o.Level == "process" {
		files["procstat.lp"] = func(w *bufio.Writer) error { return s.procstat(w, true) }
		files["procstat_pidfield.lp"] = func(w *bufio.Writer) error { return s.procstat(w, false) }
		files["prometheus_processes.json"] = func(w *bufio.Writer) error {
			return matrix(w, "process_resident_memory_bytes", s.byProcess(max(step, 5*time.Second)))
		}
		files["grafana_processes.csv"] = func(w *bufio.Writer) error { return grafana(w, s.byProcess(step), false, zone) }
		files["grafana_processes_formatted.csv"] = func(w *bufio.Writer) error {
			return grafana(w, s.byProcess(max(step, 2*time.Second)), true, zone)
		}
		files["memory.csv"] = func(w *bufio.Writer) error {
			_, _ = w.WriteString("time,host,pid,bytes\n")
			return s.each(func(h string, one sample) {
				for _, p := range one.Procs {
					fmt.Fprintf(w, "%s,%s,%d,%d\n", one.At.Format("2006-01-02T15:04:05.000Z"), h, p.PID, p.RSS)
				}
			})
		}
	}
	for name, f := range files {
		if err := create(filepath.Join(dir, name), f); err != nil {
			return err
		}
	}
	return nil
}

// each walks all samples in the order of time.
func (s *sampler) each(f func(host string, one sample)) error {
	type item struct {
		host string
		one  sample
	}
	var all []item
	for _, h := range s.hosts {
		for _, one := range s.samples[h] {
			all = append(all, item{h, one})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].one.At.Before(all[j].one.At) })
	for _, i := range all {
		f(i.host, i.one)
	}
	return nil
}

func (s *sampler) procstat(w *bufio.Writer, pidTag bool) error {
	return s.each(func(h string, one sample) {
		for _, p := range one.Procs {
			_, _ = w.WriteString(procstatLine(h, one.At, p, pidTag))
		}
	})
}
