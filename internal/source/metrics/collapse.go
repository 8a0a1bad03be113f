package metrics

import "culprit"

// Telegraf's procstat writes the pid as a field unless pid_tag (or tag_with)
// asks for a tag, so that all workers of one pattern share a series
// (influxdata/telegraf plugins/inputs/procstat/README.md). In a database their
// points overwrite one another; in any case the values jump between processes.
// The splitter looks at the pids: a constant pid, or one that changes when the
// process is restarted, gives one series per pid; pids that come and go give
// one collapsed series that no per-process fit may use.

const (
	splitWindow  = 512 // readings looked at before the first decision
	splitReturns = 2   // comebacks of an earlier pid that restarts may show
)

type splitState uint8

const (
	splitUndecided splitState = iota
	splitByPID
	splitCollapsed
)

type heldReading struct {
	at  int64
	pid int
	rd  reading
}

type splitter struct {
	target  *target
	state   splitState
	held    []heldReading
	pids    map[int]*target // nil target until split
	last    int
	returns int
	n       int
}

func (s *splitter) add(o *out, at int64, pid int, rd *reading) bool {
	s.observe(pid)
	if rd.empty() {
		return true // influx_inspect export writes every field on a line of its own
	}
	switch s.state {
	case splitUndecided:
		s.held = append(s.held, heldReading{at, pid, *rd})
		if len(s.held) >= splitWindow || s.jumps() {
			return s.decide(o)
		}
		return true
	case splitByPID:
		if s.jumps() {
			s.state = splitCollapsed
		}
	case splitCollapsed:
	}
	return s.pass(o, at, pid, rd)
}

// observe keeps count of pids that come back after another one was seen.
func (s *splitter) observe(pid int) {
	if s.pids == nil {
		s.pids = map[int]*target{}
	}
	s.n++
	if _, seen := s.pids[pid]; !seen {
		s.pids[pid] = nil
	} else if pid != s.last {
		s.returns++
	}
	s.last = pid
}

// jumps tells interleaved processes from restarts. A few comebacks happen when
// old and new workers overlap during a phased restart.
func (s *splitter) jumps() bool { return s.returns > splitReturns && s.returns > s.n/10 }

func (s *splitter) decide(o *out) bool {
	s.state = splitByPID
	if s.jumps() {
		s.state = splitCollapsed
	}
	ok := true
	for i := range s.held {
		h := &s.held[i]
		ok = s.pass(o, h.at, h.pid, &h.rd) && ok
	}
	s.held = nil
	return ok
}

func (s *splitter) pass(o *out, at int64, pid int, rd *reading) bool {
	if s.state == splitCollapsed {
		s.target.base.Collapsed = true
		return o.emitKinds(s.target, at, rd)
	}
	t := s.pids[pid]
	if t == nil {
		base := s.target.base
		base.PID = pid
		t = &target{base: base}
		s.pids[pid] = t
	}
	return o.emitKinds(t, at, rd)
}

func (s *splitter) flush(o *out) {
	if s.state == splitUndecided {
		s.decide(o)
	}
	if s.jumps() {
		s.target.collapse(o, len(s.pids))
	}
}

// collapse tells the sink that the series of a target are several processes.
func (t *target) collapse(o *out, pids int) {
	any := false
	for _, r := range t.refs {
		if r != nil && r.open {
			o.sink.Collapsed(r.id, pids)
			any = true
		}
	}
	if !any {
		return
	}
	where := ""
	if t.base.Host != "" {
		where = " of " + t.base.Host
	}
	o.warn("%s%s: %d processes share one series because the pid is a field and not a tag: only their host can be judged; "+
		`set tag_with = ["pid"] (older Telegraf: pid_tag = true) in [[inputs.procstat]]`, orName(t.base), where, pids)
}

func orName(s culprit.Series) string {
	if s.Name != "" {
		return s.Name
	}
	return "memory"
}
