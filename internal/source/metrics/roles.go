package metrics

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Process titles of Puma (puma/puma lib/puma/cluster.rb and lib/puma/runner.rb,
// Puma::Runner#title, Puma::Cluster::Worker#title):
//
//	puma: cluster worker 0: 13114 [app]     a worker; the number is the master's pid
//	puma 5.6.5 (tcp://0.0.0.0:3000) [app]   the master, or the only process
//
// Unicorn: "unicorn master -c ...", "unicorn worker[0] -c ..."; Sidekiq:
// "sidekiq 6.5.8 app [0 of 5 busy]"; Passenger: "Passenger RubyApp: /srv/app".
var (
	pumaWorker    = regexp.MustCompile(`puma: cluster worker (\d+): (\d+)`)
	pumaTitle     = regexp.MustCompile(`(?:^|/|\s)puma \d+\.\d+\S* \(`)
	unicornWorker = regexp.MustCompile(`unicorn(?:_rails)?(?:\.rb)? worker\[\d+\]`)
	unicornMaster = regexp.MustCompile(`unicorn(?:_rails)?(?:\.rb)? master`)
	jobProcess    = regexp.MustCompile(`^(?:\S*/)?(?:sidekiq \d|sidekiqswarm|resque-\d|delayed_job|solid-queue-\w+|good_job)|rake jobs:work|bin/(?:jobs|delayed_job|good_job)`)
)

// roleOf reads a process title or command line: its role, "" when it does not
// tell, and the master's pid that a Puma worker names. A Puma title without
// worker number may be a master or a lone server: maybeMaster.
func roleOf(title string) (role string, master int, maybeMaster bool) {
	if m := pumaWorker.FindStringSubmatch(title); m != nil {
		master, _ = strconv.Atoi(m[2]) // digits; 0 when absurdly long, which is no pid
		return "worker", master, false
	}
	switch {
	case pumaTitle.MatchString(title):
		return "", 0, true
	case unicornWorker.MatchString(title):
		return "worker", 0, false
	case unicornMaster.MatchString(title):
		return "master", 0, false
	case jobProcess.MatchString(title):
		return "job", 0, false
	}
	return "", 0, false
}

// processName shortens a command line to what tells processes apart.
func processName(title string) string {
	title = strings.TrimSpace(title)
	if m := pumaWorker.FindStringSubmatch(title); m != nil {
		return "puma worker " + m[1]
	}
	if i := strings.Index(title, " ("); i > 0 && pumaTitle.MatchString(title) {
		return title[:i]
	}
	if i := strings.IndexByte(title, ' '); i > 0 && strings.HasPrefix(title, "/") {
		title = title[strings.LastIndexByte(title[:i], '/')+1:]
	}
	if len(title) > 80 {
		title = strings.ToValidUTF8(title[:80], "")
	}
	return title
}

// roleWait holds the readings of a process that may be a Puma master until one
// of its workers was seen, or clearly none will come: a lone Puma serves
// requests itself and must not be taken for a master.
type roleWait struct {
	held []heldReading
}

const roleWindow = 64

func (w *roleWait) hold(o *out, t *target, at int64, rd *reading) bool {
	w.held = append(w.held, heldReading{at: at, rd: *rd})
	if o.masters[hostPID{t.base.Host, t.base.PID}] || len(w.held) >= roleWindow {
		w.release(o, t)
	}
	return true
}

func (w *roleWait) release(o *out, t *target) {
	t.wait = nil
	if o.masters[hostPID{t.base.Host, t.base.PID}] {
		t.base.Role = "master"
	}
	for i := range w.held {
		o.emitKinds(t, w.held[i].at, &w.held[i].rd)
	}
	w.held = nil
}

// applyTitle sets role and name of a target from its title, before its first
// reading.
func (o *out) applyTitle(t *target, title string) {
	role, master, maybe := roleOf(title)
	if role != "" {
		t.base.Role = role
	}
	if master > 0 {
		o.masters[hostPID{t.base.Host, master}] = true
	}
	if maybe && t.base.PID > 0 {
		t.wait = &roleWait{}
	}
}

// trimLine takes the line end off.
func trimLine(b []byte) []byte { return bytes.TrimRight(b, "\r\n") }
