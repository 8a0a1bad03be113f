package culprit

// DoctorSchema is the name and version of the JSON form of Doctor, documented in
// docs/format/doctor.md.
const DoctorSchema = "culprit.doctor/1"

// Doctor is what a process, an app folder or a saved report shows by itself: what
// the memory is, what to change first, and which facts its logs lack.
type Doctor struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	Subject string `json:"subject"` // "process", "app", "report"; "" logs only
	Name    string `json:"name"`    // "pid 4101 (puma: cluster worker 0)", the folder, the file
	// Facts are what was looked at, in the order of the rules that use them.
	Facts []DoctorFact `json:"facts"`
	// Diagnoses are the rules of the decision table that had something to say:
	// the one to act on first stands first.
	Diagnoses []Diagnosis `json:"diagnoses"`
	// Capacity is how many workers and threads fit, nil when it was not measured.
	Capacity  *Capacity   `json:"capacity"`
	Readiness []Readiness `json:"readiness"`
	// Circumstances are the diagnoses in proportion to an incident, when one was given.
	Circumstances []Circumstance `json:"circumstances"`
	Warnings      []string       `json:"warnings"`
}

// DoctorFact is one thing that was looked at.
type DoctorFact struct {
	Name  string `json:"name"`  // "arenas", "rss_bytes", "MALLOC_ARENA_MAX"
	Value string `json:"value"` // in words, "" unknown
	Bytes Bytes  `json:"bytes"` // Unknown when it is not an amount
	// Quality: "exact", "estimated", or "refused" with the reason in Value.
	Quality string `json:"quality"`
	Source  string `json:"source"` // "/proc/4101/smaps", "config/puma.rb:12"
}

// Diagnosis is one rule of the decision table applied.
type Diagnosis struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Class string `json:"class"` // "bloat", "retention", "native", "fragmentation", "vm", "configuration", "page_cache", "shared_pages"
	// Finding: "it" (the facts show it), "likely", "not_it", "cannot_tell".
	Finding string `json:"finding"`
	What    string `json:"what"`    // what it is, with this subject's figures
	Change  string `json:"change"`  // what to change first, "" nothing
	Confirm string `json:"confirm"` // what would confirm or refute it
	// Saves is what the change would give back, nil members unknown.
	Saves    Interval   `json:"saves"`
	Evidence []Evidence `json:"evidence"` // figures and addresses of the rule's source
}

// Capacity is what fits into the memory of a machine or container.
type Capacity struct {
	LimitBytes  Bytes  `json:"limit_bytes"`
	LimitOf     string `json:"limit_of"`     // "cgroup", "host", "--memory"
	WorkerBytes Bytes  `json:"worker_bytes"` // PSS and swap of the largest
	MasterBytes Bytes  `json:"master_bytes"` // 0 when there is no master
	Workers     int    `json:"workers"`      // running or configured, 0 unknown
	Threads     int    `json:"threads"`      // per worker, 0 unknown
	Fit         int    `json:"fit"`          // workers that fit
	// PeakBytes is the most that a process had in the incident of --incident, Unknown
	// without one; FitAtPeak workers of that size fit.
	PeakBytes Bytes  `json:"peak_bytes"`
	FitAtPeak int    `json:"fit_at_peak"`
	Text      string `json:"text"`
}

// Readiness is one fact that a verdict needs from the logs.
type Readiness struct {
	Fact   string `json:"fact"`   // "time", "duration", "request_start", "pid", "host", "request_id", "proxy_timing", "proxy_upstream", "graphql_operation"
	Status string `json:"status"` // "present", "missing", "cannot_tell"
	Why    string `json:"why"`    // what it is needed for, and where it was looked for
	Where  string `json:"where"`  // the file to change, "" nothing to do
	Add    string `json:"add"`    // the exact lines to add, "" nothing to do
}
