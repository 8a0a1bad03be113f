package culprit

import "time"

// Circumstance is a suspect that needs no traffic: a gem in the bundle, the
// memory of the boot, a setting. It was there all along; the incident says
// whether it can matter.
type Circumstance struct {
	Source string `json:"source"` // the command that found it: "gems", "boot", "doctor"
	ID     string `json:"id"`     // of the finding: "rgeo-invalid-reason"
	Name   string `json:"name"`   // what a reader calls it: "rgeo 2.0.0"
	Kind   string `json:"kind"`   // "retention", "native_leak", "bloat", "agent_buffers", "ruby_bug", "configuration", "boot"
	// Standing is what the incident says of it.
	Standing Standing `json:"standing"`
	// Bytes is what it can have added to the incident's growth, nil members unknown.
	Bytes Interval `json:"bytes"`
	// Share is the upper end of Bytes over the incident's growth, nil unknown.
	Share *float64 `json:"share"`
	// Text says it in a sentence: "boot memory 117 MB is 0.4 % of the +33 GB: not it".
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence"`
	Advice   string     `json:"advice"`
	// Entered is when this version came into the lockfile, zero unknown. A date
	// that matches the onset of growth is told and never convicts.
	Entered time.Time `json:"entered,omitzero"`
}

// Standing is what an incident says of a circumstance.
type Standing string

// The standings. None of them is a conviction: that takes evidence of the calls.
const (
	StandingNotIt      Standing = "not_it"      // too small by orders of magnitude, of the wrong shape, or not reachable
	StandingMinor      Standing = "minor"       // at most a small part of it
	StandingToTest     Standing = "to_test"     // its size fits, or it is in the code of a suspect: worth an experiment
	StandingCannotTell Standing = "cannot_tell" // what it costs is not known
)

// Evidence is one thing that can be looked up: a line of code, a setting, a
// measurement, or an address. Empty members do not apply; Line counts from 1.
type Evidence struct {
	Text string `json:"text"`           // what it shows, in words
	File string `json:"file,omitempty"` // relative to the app's folder
	Line int    `json:"line,omitempty"`
	Code string `json:"code,omitempty"` // the line itself, trimmed
	URL  string `json:"url,omitempty"`
}
