package livefacts

import "culprit"

// Growth is which code made a process larger: the page faults that it had, one of Period
// looked at, with the frames that they happened in.
type Growth struct {
	Schema  string  `json:"schema"`
	Tool    string  `json:"tool"`
	PID     int     `json:"pid"`
	Ruby    Ruby    `json:"ruby"`
	Seconds float64 `json:"seconds"` // that it was watched
	Period  int     `json:"period"`
	// Faults are all page faults of the process in that time, as the kernel counts them.
	Faults  int64 `json:"faults"`
	Samples int64 `json:"samples"` // faults looked at
	Lost    int64 `json:"lost"`    // samples that found no room
	// RSSBefore and RSSAfter are the kernel's figures.
	RSSBefore culprit.Bytes `json:"rss_before_bytes"`
	RSSAfter  culprit.Bytes `json:"rss_after_bytes"`
	// New are pages that are resident at the end and were not at the beginning.
	New culprit.Bytes `json:"new_bytes"`
	// Faulted is what all samples stand for; Attributed is the part of New that they
	// explain. The other faults were of memory that was given back, or there before.
	Faulted    culprit.Bytes `json:"faulted_bytes"`
	Attributed culprit.Bytes `json:"attributed_bytes"`
	// Unlocked is the part of Attributed that threads touched which had not got Ruby's lock.
	Unlocked culprit.Bytes `json:"unlocked_bytes"`
	// Native is the part of Attributed that threads touched which are none of Ruby's.
	Native  culprit.Bytes `json:"native_bytes"`
	Quality string        `json:"quality"` // of what is attributed: always "estimated"
	// Lines and Who have the most bytes first; each adds up to Attributed.
	Lines    []GrowthLine `json:"lines"`
	Who      []GrowthWho  `json:"who"`
	Warnings []string     `json:"warnings"`
}

// GrowthLine is a line of Ruby that touched new memory.
type GrowthLine struct {
	Method string `json:"method"` // that the line is in, with its class; the label where it is no method's; "" where no Ruby ran
	Call   string `json:"call"`   // the function of C that it had called, "" none
	Path   string `json:"path"`
	Line   int    `json:"line"`
	// Unlocked is set for threads that had not got Ruby's lock, or are none of Ruby's: C
	// code that runs beside Ruby's.
	Unlocked bool          `json:"unlocked"`
	Samples  int64         `json:"samples"` // those that Bytes are of
	Bytes    culprit.Bytes `json:"bytes"`
	Share    float64       `json:"share"` // of what is attributed, 0..1
	// Faulted is what all samples of the line stand for, with memory that was given back.
	Faulted culprit.Bytes `json:"faulted_bytes"`
	// Stack is the one with the most bytes of those that ended there, the innermost first.
	Stack []Frame `json:"stack"`
}

// GrowthWho is an action, a job, a thread or a piece of code that touched new memory.
type GrowthWho struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"` // "action", "thread", "code" or "native"
	Samples int64         `json:"samples"`
	Bytes   culprit.Bytes `json:"bytes"`
	Share   float64       `json:"share"`
}
