// Package diagnose is the decision table as code that explains itself: from the
// memory of a process, the settings of an app, or a saved report, to what it is,
// what to change first, what that would save, and what would confirm it.
//
// It owns the rules, each a document with its source, and the sums they rest on.
// It refuses to look at a process or a file by itself, to judge calls, and to be
// surer than a single look allows: one snapshot proves no leak.
package diagnose

import (
	"slices"

	"culprit"
	"culprit/internal/app"
)

// Mapping is one region of a process's memory, in bytes.
type Mapping struct {
	Start, End                        uint64
	Perms, Path                       string
	RSS, PSS, Private, Swap, AnonHuge culprit.Bytes // Swap is the process's own share
}

// Member is one process of a cluster.
type Member struct {
	PID                     int
	Role                    string // "master", "worker"
	RSS, PSS, Private, Swap culprit.Bytes
	Seconds                 float64 // since it started, 0 unknown
}

// Process is what a live process shows from outside.
type Process struct {
	PID      int
	Title    string
	Threads  int
	Servers  int     // threads of Puma's pool among them, by their names; 0 unknown
	Seconds  float64 // since it started, 0 unknown
	Mappings []Mapping
	// Env is nil when it may not be read.
	Env map[string]string
	// Cluster is the master with its workers, this process among them; nil when it
	// is none.
	Cluster []Member
	// Limit is what the process and its neighbours may have, Unknown; LimitOf says
	// whose limit it is.
	Limit   culprit.Bytes
	LimitOf string
	// Group is the account of its cgroup; members Unknown.
	Group Group
	// Host is the machine; members Unknown.
	HostTotal, HostShmem culprit.Bytes
	CPUs                 int     // of the machine, 0 unknown
	Quota                float64 // processors that the cgroup may use, 0 no limit
	HugePages            string  // "always", "madvise", "never", "" unknown
	Tmpfs                []Tmpfs // file systems in memory that it sees
	Warnings             []string
}

// Tmpfs is a file system in memory and what is in it.
type Tmpfs struct {
	Point string
	Used  culprit.Bytes
}

// Group is the account of a cgroup, each member Unknown where it is not told.
type Group struct {
	Current, Working, Anon, File, Shmem culprit.Bytes
	Killed                              int64
}

// Subject is what is looked at: any of the three may be nil.
type Subject struct {
	Process *Process
	App     *app.App
	Report  *culprit.Report
	// Memory is what the user says there is, Unknown.
	Memory culprit.Bytes
	// Peak is the most that one process had in an incident, Unknown.
	Peak culprit.Bytes
}

// Rule is one line of the decision table.
type Rule struct {
	ID, Title, Class string
	On               string // "process", "app", "report"
	Seen             string // what is observed
	Change           string // what to change first, "" nothing
	Saves            string // what the change gives back, and how well that is known
	Confirm          string // what would confirm or refute it
	URL, Says        string // where the rule comes from
	judge            func(*facts) (verdict, bool)
}

// The findings of a rule.
const (
	it         = "it"
	likely     = "likely"
	notIt      = "not_it"
	cannotTell = "cannot_tell"
)

// verdict is what a rule found; the rest of a diagnosis is the rule's. An empty
// change is that of the rule, unless there is nothing to change.
type verdict struct {
	finding, what, change string
	class                 string // where the subject shows more than the rule knows
	saves                 culprit.Interval
	evidence              []culprit.Evidence
}

// Rules lists the decision table, in the order in which it is gone through.
func Rules() []Rule {
	return slices.Concat(processRules(), groupRules(), appRules(), reportRules())
}

// Diagnose goes through the rules. It fills in everything of the result but Tool,
// Name, Readiness and Circumstances.
func Diagnose(s Subject) culprit.Doctor {
	f := newFacts(s)
	d := culprit.Doctor{
		Schema: culprit.DoctorSchema, Subject: f.subject(), Facts: f.tell(), Capacity: f.capacity(),
		Diagnoses: []culprit.Diagnosis{}, Readiness: []culprit.Readiness{}, Circumstances: []culprit.Circumstance{}, Warnings: []string{},
	}
	if f.p != nil {
		d.Warnings = append(d.Warnings, f.p.Warnings...)
	}
	for _, r := range Rules() {
		if !f.has(r.On) {
			continue
		}
		if v, ok := r.judge(f); ok {
			d.Diagnoses = append(d.Diagnoses, r.diagnosis(v))
		}
	}
	order := []string{it, likely, cannotTell, notIt}
	slices.SortStableFunc(d.Diagnoses, func(a, b culprit.Diagnosis) int {
		return slices.Index(order, a.Finding) - slices.Index(order, b.Finding)
	})
	return d
}

// diagnosis joins what a rule says with what it found.
func (r Rule) diagnosis(v verdict) culprit.Diagnosis {
	if v.change == "" && v.finding != notIt {
		v.change = r.Change
	}
	if v.class == "" {
		v.class = r.Class
	}
	return culprit.Diagnosis{
		ID: r.ID, Title: r.Title, Class: v.class, Finding: v.finding, What: v.what, Change: v.change, Confirm: r.Confirm, Saves: v.saves,
		Evidence: append(slices.Clone(v.evidence), culprit.Evidence{Text: r.Says, URL: r.URL}),
	}
}

func (f *facts) has(on string) bool {
	switch on {
	case "process":
		return f.p != nil
	case "app":
		return f.a != nil
	}
	return f.r != nil
}

func (f *facts) subject() string {
	for _, on := range []string{"process", "app", "report"} {
		if f.has(on) {
			return on
		}
	}
	return ""
}
