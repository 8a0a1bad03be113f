package culprit

import "time"

// Outcome is the overall verdict.
type Outcome string

// The overall verdicts.
const (
	OutcomeCulprit      Outcome = "culprit"      // one or more suspects are convicted
	OutcomeSuspected    Outcome = "suspected"    // evidence points to somebody, not enough to convict
	OutcomeNotRequests  Outcome = "not_requests" // the growth is not the doing of logged calls
	OutcomeTraffic      Outcome = "traffic"      // every call costs memory: no single endpoint
	OutcomeHealthy      Outcome = "healthy"      // no growth that needs a culprit
	OutcomeInsufficient Outcome = "insufficient" // the data cannot tell
)

// Finding is the verdict on one suspect.
type Finding string

// The findings on a suspect.
const (
	Convicted   Finding = "convicted"
	Suspected   Finding = "suspect"
	Acquitted   Finding = "acquitted"
	CannotJudge Finding = "cannot_judge"
)

// Level says how finely calls could be matched with memory.
type Level string

// The levels of matching.
const (
	LevelProcess Level = "process"
	LevelHost    Level = "host"
)

// Report is everything culprit has to say, in the form documented in
// docs/format/report.md. No slice in it is ever nil once it is written.
type Report struct {
	Schema   string    `json:"schema"`
	Tool     string    `json:"tool"` // "culprit 0.1.0"
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Inputs   []Input   `json:"inputs"`
	Coverage Coverage  `json:"coverage"`
	Growth   []Growth  `json:"growth"`
	Verdict  Verdict   `json:"verdict"`
	Suspects []Suspect `json:"suspects"`
	// Counterfactual is nil when nobody is named.
	Counterfactual *Counterfactual `json:"counterfactual"`
	Next           []Step          `json:"next"`
	Happenings     []DatedEvent    `json:"happenings"`
	// Circumstances are the suspects that need no traffic, in proportion to this
	// incident: from --app, or added by gems, boot and doctor.
	Circumstances []Circumstance `json:"circumstances"`
	// Heap is what dumps of a process say about the suspects, nil when none were given.
	Heap    *HeapEvidence `json:"heap,omitempty"`
	Picture *Picture      `json:"picture,omitempty"` // only in the HTML report
}

// Input is what became of one file or live source.
type Input struct {
	Path       string    `json:"path"`
	Format     string    `json:"format"` // "" when not recognised
	Kind       string    `json:"kind"`   // "requests", "jobs", "events", "memory", "unknown"
	Host       string    `json:"host,omitempty"`
	Lines      int64     `json:"lines"`
	Understood int64     `json:"understood"`
	First      time.Time `json:"first,omitzero"`
	Last       time.Time `json:"last,omitzero"`
	// Clock: "start", "end", "both" (where stamps stand) with the estimated skew
	// against the memory series, as "end, +2.1 s".
	Clock string `json:"clock"`
	// Bytes read, compressed and decompressed.
	Bytes    int64    `json:"bytes"`
	Warnings []string `json:"warnings"`
}

// Coverage says what the data can speak about.
type Coverage struct {
	Requests   int64 `json:"requests"`
	Unfinished int64 `json:"unfinished"`
	Jobs       int64 `json:"jobs"`
	Processes  int   `json:"processes"`
	Hosts      int   `json:"hosts"`
	Level      Level `json:"level"`
	Samples    int64 `json:"samples"`
	// Matched is the share of calls placed on a unit with a memory series, 0..1.
	Matched float64 `json:"matched"`
	// IntervalSeconds is the median time between samples of a series.
	IntervalSeconds float64  `json:"interval_seconds"`
	Families        []string `json:"families"` // look-alikes that exist: "time", "hour", "unit"
	MissingFamilies []string `json:"missing_families"`
	GrowthBytes     Bytes    `json:"growth_bytes"` // all growth seen, warm-up excluded
	WarmupBytes     Bytes    `json:"warmup_bytes"`
	PeakBytes       Bytes    `json:"peak_bytes"`
}

// Growth is one growth event: a step or a ramp of one unit.
type Growth struct {
	ID    int       `json:"id"`
	Host  string    `json:"host"`
	PID   int       `json:"pid"` // 0 at host level
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Bytes Bytes     `json:"bytes"`
	// Shape: "step", "ramp", "slope" (slow, the whole life), "warmup".
	Shape string `json:"shape"`
	// Suspects present, by rank; empty when nobody of note was in flight.
	Suspects []int `json:"suspects"`
}

// Verdict is the overall result.
type Verdict struct {
	Outcome  Outcome `json:"outcome"`
	Headline string  `json:"headline"`
	// Category: "bloat", "retention", "native", "fragmentation", "configuration",
	// "page_cache", or "" when the data does not show it.
	Category         string   `json:"category"`
	AbstainedBecause string   `json:"abstained_because"`
	Warnings         []string `json:"warnings"`
	// Notes are observations beside the verdict: asymmetry between hosts, schedules,
	// deploys, who called.
	Notes []string `json:"notes"`
	// Method says which channel carried the verdict: "line-up", "ledger", "direct", "recorded".
	Method string `json:"method"`
}

// Interval is an estimate with its 95 % interval. Nil members were not estimable.
type Interval struct {
	Estimate *float64 `json:"estimate"`
	Low      *float64 `json:"low"`
	High     *float64 `json:"high"`
}

// Suspect is one endpoint, job, task, process or event, and what was found.
type Suspect struct {
	Rank         int               `json:"rank"`
	Name         string            `json:"name"`
	Kind         string            `json:"kind"` // "endpoint", "job", "task", "process", "event"
	Dimension    map[string]string `json:"dimension"`
	Finding      Finding           `json:"finding"`
	BytesPerCall Interval          `json:"bytes_per_call"`
	// HarmfulShare is the share of its calls that did harm, nil unknown.
	HarmfulShare *float64 `json:"harmful_share"`
	GrowthBytes  Bytes    `json:"growth_bytes"`
	GrowthShare  float64  `json:"growth_share"` // of Coverage.GrowthBytes, 0..1
	// GrowthShareHigh is the upper bound of the share it can have caused, nil unknown.
	GrowthShareHigh *float64  `json:"growth_share_high"`
	PresentIn       int       `json:"present_in"`
	Of              int       `json:"of"`
	Calls           int64     `json:"calls"`
	Unfinished      int64     `json:"unfinished"`
	PAdjusted       *float64  `json:"p_adjusted"`
	Reason          string    `json:"reason"`
	Examples        []Example `json:"examples"`
	// Requested: the user asked for this one with --suspect.
	Requested bool `json:"requested,omitempty"`
}

// Example is one call of a suspect, enough to find it in the log again.
type Example struct {
	At        time.Time `json:"at"`
	Seconds   float64   `json:"seconds"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	RequestID string    `json:"request_id"`
	Shape     string    `json:"shape"` // "GET /reports/:id format=html locale=fr"
	Open      bool      `json:"open"`
	Growth    int       `json:"growth"` // id of the growth event it was in, 0 none
}

// Counterfactual is the peak with and without the named suspects.
type Counterfactual struct {
	Without  []string `json:"without"`
	Host     string   `json:"host"`
	Peak     Bytes    `json:"peak_bytes"`
	PeakThen Bytes    `json:"peak_bytes_without"`
	Text     string   `json:"text"`
}

// Step is something to do next, with what it would settle.
type Step struct {
	Do      string `json:"do"`
	Settles string `json:"settles"`
	Command string `json:"command,omitempty"`
}

// DatedEvent is a happening with a readable time.
type DatedEvent struct {
	At time.Time `json:"at"`
	Happening
}
