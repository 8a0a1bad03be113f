package cli

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/source/proc"
)

// lookAt reads all that the kernel tells of a process, its cluster, its cgroup and
// its machine. The process must be the same one at the end as at the beginning.
func lookAt(host proc.FS, pid int) (*diagnose.Process, error) {
	if err := host.Check(); err != nil {
		return nil, err
	}
	before, err := host.Stat(pid)
	if err != nil {
		return nil, gone(err)
	}
	line, err := host.Cmdline(pid)
	if err != nil {
		return nil, gone(err)
	}
	account, err := host.Smaps(pid)
	if err != nil {
		return nil, gone(err)
	}
	p := &diagnose.Process{PID: pid, Title: strings.Join(line, " "), Threads: before.Threads, HostTotal: culprit.Unknown, HostShmem: culprit.Unknown, Limit: culprit.Unknown}
	if p.Title == "" {
		p.Title = before.Comm
	}
	for _, m := range account.Mappings {
		p.Mappings = append(p.Mappings, diagnose.Mapping{
			Start: m.Start, End: m.End, Perms: m.Perms, Path: m.Path,
			RSS: m.RSS, PSS: m.PSS, Private: m.Private(), Swap: m.SwapPSS, AnonHuge: m.AnonHuge,
		})
	}
	if account.Unread > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d lines of smaps were not understood", account.Unread))
	}
	if p.Env, err = host.Environ(pid); err != nil && !errors.Is(err, proc.ErrDenied) {
		return nil, gone(err)
	}
	threads, err := host.Threads(pid)
	if err != nil {
		return nil, gone(err)
	}
	for _, t := range threads {
		if poolThread.MatchString(t.Comm) {
			p.Servers++
		}
	}
	if err := surround(host, p, before); err != nil {
		return nil, err
	}
	after, err := host.Stat(pid)
	if err != nil || after.Ended() || !after.Same(before) {
		return nil, gone(fmt.Errorf("pid %d: %w", pid, proc.ErrGone))
	}
	return p, nil
}

// poolThread is the name of a thread that serves requests in Puma: "puma srv tp
// 001", "puma threadpool 001" or, before version 5, "puma 001"; the kernel cuts it.
var poolThread = regexp.MustCompile(`^puma (srv tp|threadpool|\d{3}$)`)

// gone adds what to do to an error about a process.
func gone(err error) error {
	if errors.Is(err, proc.ErrGone) {
		return &hintError{err, "pgrep -f puma lists those that run"}
	}
	return err
}

// surround adds the limits around a process, and its cluster. What cannot be read
// of the surroundings is told and stays unknown.
func surround(host proc.FS, p *diagnose.Process, me proc.Stat) error {
	group, err := host.Cgroup(p.PID)
	if err != nil {
		return gone(err)
	}
	p.Warnings = append(p.Warnings, group.Warnings...)
	p.Group = diagnose.Group{Current: group.Current, Working: group.Working(), Anon: group.Anon, File: group.File, Shmem: group.Shmem, Killed: group.Killed}
	p.Quota = group.CPUs
	warn := func(err error) {
		if err != nil {
			p.Warnings = append(p.Warnings, err.Error())
		}
	}
	machine, err := host.Meminfo()
	warn(err)
	if err == nil {
		p.HostTotal, p.HostShmem = machine.Total, machine.Shmem
		p.Limit, p.LimitOf = machine.Total, "host"
	}
	if group.Limit != culprit.Unknown && (p.Limit == culprit.Unknown || group.Limit < p.Limit) {
		p.Limit, p.LimitOf = group.Limit, "cgroup"
	}
	p.CPUs, err = host.CPUs()
	warn(err)
	p.HugePages, err = host.HugePages()
	warn(err)
	uses, failed, err := host.Tmpfs(p.PID)
	if err != nil && !errors.Is(err, proc.ErrDenied) {
		return gone(err)
	}
	for _, u := range uses {
		p.Tmpfs = append(p.Tmpfs, diagnose.Tmpfs{Point: u.Point, Used: u.Used})
	}
	if len(failed) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d file systems in memory could not be asked: %s", len(failed), failed[0]))
	}
	return addCluster(host, p, me)
}

// addCluster adds the master and the workers of Puma that a process is one of.
func addCluster(host proc.FS, p *diagnose.Process, me proc.Stat) error {
	up, err := host.Uptime()
	if err != nil {
		return err
	}
	p.Seconds = me.Age(up).Seconds()
	pumas, err := findPumas(host)
	if err != nil {
		return err
	}
	for _, s := range pumas {
		if s.master.PID != p.PID && !slices.ContainsFunc(s.workers, func(w proc.Stat) bool { return w.PID == p.PID }) {
			continue
		}
		if len(s.workers) == 0 {
			return nil // in single mode it is alone
		}
		missing := 0
		for _, m := range append([]proc.Stat{s.master}, s.workers...) {
			memory, err := host.Rollup(m.PID)
			if err != nil {
				missing++
				continue
			}
			role := "worker"
			if m.PID == s.master.PID {
				role = "master"
			}
			p.Cluster = append(p.Cluster, diagnose.Member{
				PID: m.PID, Role: role, RSS: memory.RSS, PSS: memory.PSS, Private: memory.Private(), Swap: memory.SwapPSS, Seconds: m.Age(up).Seconds(),
			})
		}
		if missing > 0 {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%d of %d processes of the cluster ended meanwhile, or may not be read: sums are without them", missing, len(s.workers)+1))
		}
		if p.PID == s.master.PID {
			p.Warnings = append(p.Warnings, fmt.Sprintf("this is the master, which serves no requests: its largest worker is %d", largestWorker(p.Cluster)))
		}
		return nil
	}
	if role, _ := diagnose.Role(p.Title); role == "worker" {
		p.Warnings = append(p.Warnings, "a worker of Puma whose master is not to be seen: what follows is of this process alone")
	}
	return nil
}

func largestWorker(list []diagnose.Member) int {
	pid, most := 0, culprit.Bytes(-1)
	for _, m := range list {
		if m.Role == "worker" && m.PSS > most {
			pid, most = m.PID, m.PSS
		}
	}
	return pid
}

// puma is one server: a master and its workers, or one in single mode.
type puma struct {
	master  proc.Stat
	title   string
	workers []proc.Stat
}

// findPumas finds the servers by the titles that Puma gives its processes. Workers
// belong to the master that they descend from: the pid in a worker's title is that
// of its own namespace, and in a container another process than here. With
// fork_worker, workers are children of a worker.
func findPumas(host proc.FS) ([]puma, error) {
	all, err := host.Processes()
	if err != nil {
		return nil, err
	}
	by, roles := map[int]proc.Stat{}, map[int]string{}
	var pumas []puma
	index := map[int]int{}
	for _, s := range all {
		line, err := host.Cmdline(s.PID)
		if err != nil || len(line) == 0 {
			continue // ended meanwhile, or a thread of the kernel
		}
		role, _ := diagnose.Role(line[0])
		if role == "" {
			continue
		}
		by[s.PID], roles[s.PID] = s, role
		if role == "master" {
			index[s.PID] = len(pumas)
			pumas = append(pumas, puma{master: s, title: line[0]})
		}
	}
	for pid, role := range roles {
		if role != "worker" {
			continue
		}
		at := by[pid].PPID
		for range len(by) { // no chain is longer
			if roles[at] != "worker" {
				break
			}
			at = by[at].PPID
		}
		if i, ok := index[at]; ok {
			pumas[i].workers = append(pumas[i].workers, by[pid])
		}
	}
	for _, s := range pumas {
		slices.SortFunc(s.workers, func(a, b proc.Stat) int { return cmp.Compare(a.PID, b.PID) })
	}
	return pumas, nil
}

// onlyPuma finds the one Puma that runs: its largest worker, or itself.
func onlyPuma(w World, host proc.FS) (int, error) {
	if err := host.Check(); err != nil {
		return 0, err
	}
	pumas, err := findPumas(host)
	if err != nil {
		return 0, err
	}
	switch len(pumas) {
	case 0:
		return 0, usage(errors.New("no Puma runs here"), "give a PID, an app's folder, or a report of culprit investigate")
	case 1:
		pid, most := pumas[0].master.PID, culprit.Bytes(0)
		for _, s := range pumas[0].workers {
			if m, err := host.Rollup(s.PID); err == nil && m.PSS > most {
				pid, most = s.PID, m.PSS
			}
		}
		return pid, nil
	}
	for _, s := range pumas {
		fmt.Fprintf(w.Stderr, "%7d  %s, %d workers\n", s.master.PID, s.title, len(s.workers))
	}
	return 0, usage(fmt.Errorf("%d Pumas run here", len(pumas)), "choose one: culprit doctor PID")
}
