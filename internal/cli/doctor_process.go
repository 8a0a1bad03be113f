package cli

import (
	"errors"
	"fmt"
	"strings"

	"culprit"
	"culprit/internal/analysis/diagnose"
	"culprit/internal/source/proc"
)

// lookAt reads all that the kernel tells of a process, its cluster, its cgroup and
// its machine. The process must be the same one at the end as at the beginning.
func lookAt(host proc.FS, pid int) (*diagnose.Process, error) {
	before, err := host.Stat(pid)
	if err != nil {
		return nil, gone(err)
	}
	line, err := host.Cmdline(pid)
	if err != nil {
		return nil, gone(err)
	}
	mappings, err := host.Smaps(pid)
	if err != nil {
		return nil, gone(err)
	}
	p := &diagnose.Process{PID: pid, Title: strings.Join(line, " "), Threads: before.Threads, CPUs: host.CPUs(), HugePages: host.HugePages(), HostTotal: culprit.Unknown, HostShmem: culprit.Unknown, Limit: culprit.Unknown}
	for _, m := range mappings {
		p.Mappings = append(p.Mappings, diagnose.Mapping{
			Start: m.Start, End: m.End, Perms: m.Perms, Path: m.Path,
			RSS: m.RSS, PSS: m.PSS, Private: m.Private(), Swap: m.Swap, AnonHuge: m.AnonHuge,
		})
	}
	if p.Env, err = host.Environ(pid); err != nil && !errors.Is(err, proc.ErrDenied) {
		return nil, gone(err)
	}
	if err := surround(host, p); err != nil {
		return nil, err
	}
	after, err := host.Stat(pid)
	if err != nil || after.Start != before.Start {
		return nil, gone(fmt.Errorf("pid %d: %w", pid, proc.ErrGone))
	}
	return p, nil
}

// gone adds what to do to an error about a process.
func gone(err error) error {
	if errors.Is(err, proc.ErrGone) {
		return &hintError{err, "pgrep -f puma lists those that run"}
	}
	return err
}

// surround adds the limits around a process, and its cluster.
func surround(host proc.FS, p *diagnose.Process) error {
	group, err := host.Cgroup(p.PID)
	if err != nil {
		return gone(err)
	}
	p.Group = diagnose.Group{Current: group.Current, Anon: group.Anon, File: group.File, Shmem: group.Shmem, Killed: group.Killed}
	if machine, err := host.Meminfo(); err == nil {
		p.HostTotal, p.HostShmem = machine.Total, machine.Shmem
		p.Limit, p.LimitOf = machine.Total, "host"
	}
	if group.Limit != culprit.Unknown && (p.Limit == culprit.Unknown || group.Limit < p.Limit) {
		p.Limit, p.LimitOf = group.Limit, "cgroup"
	}
	p.Cluster = clusterOf(host, p)
	return nil
}

// clusterOf finds the master and the workers of Puma that a process is one of, by
// the titles that Puma gives them. Members that end meanwhile are left out.
func clusterOf(host proc.FS, p *diagnose.Process) []diagnose.Member {
	role, master := diagnose.Role(p.Title)
	switch role {
	case "master":
		master = p.PID
	case "":
		return nil
	}
	pids, err := host.PIDs()
	if err != nil {
		return nil
	}
	var list []diagnose.Member
	for _, pid := range pids {
		line, err := host.Cmdline(pid)
		if err != nil || len(line) == 0 {
			continue
		}
		r, of := diagnose.Role(line[0])
		if pid != master && (r != "worker" || of != master) {
			continue
		}
		m, err := host.Rollup(pid)
		if err != nil {
			continue
		}
		if pid == master {
			r = "master"
		}
		list = append(list, diagnose.Member{PID: pid, Role: r, RSS: m.RSS, PSS: m.PSS, Private: m.Private()})
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

// onlyPuma finds the one Puma that runs: its largest worker, or itself.
func onlyPuma(w World, host proc.FS) (int, error) {
	pids, err := host.PIDs()
	if err != nil {
		return 0, err
	}
	type server struct {
		pid   int
		title string
	}
	var servers []server
	largest, most := map[int]int{}, map[int]culprit.Bytes{}
	for _, pid := range pids {
		line, err := host.Cmdline(pid)
		if err != nil || len(line) == 0 {
			continue
		}
		switch role, master := diagnose.Role(line[0]); role {
		case "master":
			servers = append(servers, server{pid, line[0]})
		case "worker":
			if m, err := host.Rollup(pid); err == nil && m.PSS >= most[master] {
				largest[master], most[master] = pid, m.PSS
			}
		}
	}
	switch len(servers) {
	case 0:
		return 0, usage(errors.New("no Puma runs here"), "give a PID, an app's folder, or a report of culprit investigate")
	case 1:
		if worker := largest[servers[0].pid]; worker != 0 {
			return worker, nil
		}
		return servers[0].pid, nil
	}
	for _, s := range servers {
		fmt.Fprintf(w.Stderr, "%7d  %s\n", s.pid, s.title)
	}
	return 0, usage(fmt.Errorf("%d Pumas run here", len(servers)), "choose one: culprit doctor PID")
}
