// Package livefacts has the words for what was read of a live process: where its bytes
// are, its objects, its stacks.
//
// It owns the forms of the documents culprit.inspect/1, culprit.inspectheap/1,
// culprit.inspectstacks/1, culprit.inspectnative/1, culprit.inspectleaks/1,
// culprit.inspectgrowth/1, culprit.inspectdiff/1 and culprit.recording/1. It refuses to read, and to judge.
package livefacts

import (
	"time"

	"culprit"
)

// Names and versions of the documents.
const (
	InspectSchema = "culprit.inspect/1"
	HeapSchema    = "culprit.inspectheap/1"
	StacksSchema  = "culprit.inspectstacks/1"
	EpisodeSchema = "culprit.recording/1"
	NativeSchema  = "culprit.inspectnative/1"
	LeaksSchema   = "culprit.inspectleaks/1"
	DumpSchema    = "culprit.inspectdump/1"
	GrowthSchema  = "culprit.inspectgrowth/1"
	ChangeSchema  = "culprit.inspectdiff/1"
)

// Qualities of a figure.
const (
	Exact     = "exact"     // counted page by page or slot by slot
	Estimated = "estimated" // reckoned of what is known
	Refused   = "refused"   // not known; the reason is told
)

// Ruby is the interpreter of a process.
type Ruby struct {
	Version string `json:"version"` // minor: "3.1"
	Engine  string `json:"engine"`
}

// Inspect is where the bytes of a process are.
type Inspect struct {
	Schema    string        `json:"schema"`
	Tool      string        `json:"tool"`
	PID       int           `json:"pid"`  // Unknown (-1) of a core file
	Core      string        `json:"core"` // the core file, "" of a live process
	Ruby      Ruby          `json:"ruby"`
	Allocator string        `json:"allocator"` // "glibc", "jemalloc", "tcmalloc", "musl", "unknown"
	RSS       culprit.Bytes `json:"rss_bytes"`
	PSS       culprit.Bytes `json:"pss_bytes"`
	Swap      culprit.Bytes `json:"swap_bytes"`
	// Categories add up to RSS.
	Categories  []Category        `json:"categories"`
	Reclaimable culprit.Bytes     `json:"reclaimable_bytes"` // what malloc_trim(0) would give back
	Arenas      []Arena           `json:"arenas"`
	Libraries   []Library         `json:"libraries"` // that made objects with native memory, most bytes first
	GC          map[string]uint64 `json:"gc"`        // keys of GC.stat
	Threads     int               `json:"threads"`   // Unknown (-1) where they could not be read
	Advice      []string          `json:"advice"`
	Warnings    []string          `json:"warnings"`
}

// Library is the objects that a C library has made, with the blocks that they point to.
type Library struct {
	Name    string        `json:"name"` // file name, "Ruby" for its own
	Objects int64         `json:"objects"`
	Bytes   culprit.Bytes `json:"bytes"` // at first hand: what is held behind is not in it
}

// Category is a part of RSS.
type Category struct {
	Name    string        `json:"name"`
	Bytes   culprit.Bytes `json:"bytes"`
	Quality string        `json:"quality"`
	Reason  string        `json:"reason"` // of an estimate or a refusal
}

// Arena is one of glibc's.
type Arena struct {
	Main        bool          `json:"main"`
	System      culprit.Bytes `json:"system_bytes"`
	InUse       culprit.Bytes `json:"in_use_bytes"`
	Free        culprit.Bytes `json:"free_bytes"`
	Reclaimable culprit.Bytes `json:"reclaimable_bytes"`
}

// Heap is the census of a live heap.
type Heap struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	PID     int    `json:"pid"`  // Unknown (-1) of a core file
	Core    string `json:"core"` // the core file, "" of a live process
	Ruby    Ruby   `json:"ruby"`
	Objects int64  `json:"objects"`
	Slots   int64  `json:"slots"` // with and without an object
	Pages   int    `json:"pages"`
	// Bytes is the size of all slots; what objects own outside of them is not in it.
	Bytes culprit.Bytes `json:"bytes"`
	// ByType has Ruby's own names, as ObjectSpace.count_objects has them; FREE are slots
	// without an object.
	ByType  map[string]int64 `json:"by_type"`
	ByClass []Class          `json:"by_class"`
	// Traced objects have a place of birth: ObjectSpace.trace_object_allocations runs.
	Traced       int64        `json:"traced_objects"`
	BySite       []Site       `json:"by_site"`       // of those, most bytes first
	ByGeneration []Generation `json:"by_generation"` // of those, the oldest first
	Strings      []String     `json:"strings"`       // the largest
	Quality      string       `json:"quality"`       // "exact" or, where pages went while they were read, "estimated"
	Warnings     []string     `json:"warnings"`
}

// Site is the objects that one place in a program has made.
type Site struct {
	File    string        `json:"file"`
	Line    uint64        `json:"line"`
	Method  string        `json:"method"` // "" outside of methods
	Objects int64         `json:"objects"`
	Bytes   culprit.Bytes `json:"bytes"`
}

// Generation is the objects that were made while GC.count was Number.
type Generation struct {
	Number  uint64        `json:"number"`
	Objects int64         `json:"objects"`
	Bytes   culprit.Bytes `json:"bytes"`
}

// String is a large text.
type String struct {
	Address string        `json:"address"`
	Length  culprit.Bytes `json:"length"`
	Bytes   culprit.Bytes `json:"bytes"` // with its slot and the room that it has
	// Value is how it begins, "" unless asked for: it may be a secret.
	Value string `json:"value"`
}

// Class is the objects of a class.
type Class struct {
	Key     string `json:"key"`
	Objects int64  `json:"objects"`
	// Bytes are those of the slots and of what strings, arrays, structs and hashes own
	// outside.
	Bytes   culprit.Bytes `json:"bytes"`
	Library string        `json:"library"` // that made a T_DATA, "" for others
}

// Stacks is what all threads are in.
type Stacks struct {
	Schema  string   `json:"schema"`
	Tool    string   `json:"tool"`
	PID     int      `json:"pid"`
	Core    string   `json:"core"`
	Ruby    Ruby     `json:"ruby"`
	Threads []Thread `json:"threads"`
	// Unplaced are requests that the log has begun and not ended, and no thread shows.
	Unplaced []Request `json:"unplaced"`
	// Samples are how often the stacks were read; 1 without --record.
	Samples  int      `json:"samples"`
	Torn     int      `json:"torn"` // stacks that changed while they were read, left out
	Warnings []string `json:"warnings"`
}

// Thread is a thread or a waiting fiber.
type Thread struct {
	TID    int     `json:"tid"` // the kernel's number, 0 where Ruby does not keep it
	Name   string  `json:"name"`
	Fiber  bool    `json:"fiber"`
	Action string  `json:"action"` // the action or job it is in, "" none that is known
	Frames []Frame `json:"frames"` // innermost first
	Cut    bool    `json:"cut"`    // the stack could not be read to its end
	// Requests are those of the log that it may serve: with one it is that one.
	Requests []Request `json:"requests"`
}

// Request is a call that a log has begun and not ended.
type Request struct {
	Method    string    `json:"method"` // of HTTP
	Path      string    `json:"path"`
	Action    string    `json:"action"` // "" where the log did not get so far
	RequestID string    `json:"request_id"`
	Began     time.Time `json:"began"`
	PIDKnown  bool      `json:"pid_known"` // the log says that it is of this process
	TID       string    `json:"tid"`       // of the log, "" not told
}

// Frame is a call, as Thread::Backtrace::Location has it.
type Frame struct {
	Label  string `json:"label"`
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Method string `json:"method"` // with its class: "ReportsController#index"
}

// Episode is one growth of a process that was watched.
type Episode struct {
	Schema string    `json:"schema"`
	Tool   string    `json:"tool"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Ruby   Ruby      `json:"ruby"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Bytes is how much RSS grew.
	Bytes culprit.Bytes `json:"bytes"`
	// Samples are how often the stacks were read; Torn are stacks left out.
	Samples int `json:"samples"`
	Torn    int `json:"torn"`
	// Grew are the samples before which RSS had grown since the one before.
	Grew int `json:"grew_samples"`
	// Quiet are the samples taken while nothing grew: who runs then is no news.
	Quiet int `json:"quiet_samples"`
	// Running tells whether Ruby says which thread has its lock; else all that are in an
	// action share a sample.
	Running bool `json:"running"`
	// Faults tells whether growth was given to threads by their page faults; else who had
	// Ruby's lock at a sample stands for the time before it.
	Faults bool `json:"faults"`
	// FirstSample and LastSample bound the time in which Rises were looked for.
	FirstSample time.Time `json:"first_sample"`
	LastSample  time.Time `json:"last_sample"`
	// Rises are the times between two samples in which RSS rose.
	Rises []Rise `json:"rises"`
	// Who was there while it grew, most growth first.
	Who []Presence `json:"who"`
	// Parts is what grew: categories of culprit.inspect/1, at the height of the episode
	// less before it.
	Parts []Part `json:"parts"`
	// Classes are those whose objects became more, most bytes first.
	Classes []Class `json:"classes"`
	// Kind is "bloat", "retention", "native", "fragmentation" or "unknown".
	Kind     string   `json:"kind"`
	Reason   string   `json:"reason"`
	Warnings []string `json:"warnings"`
}

// Rise is growth between two samples.
type Rise struct {
	At      time.Time     `json:"at"`      // the later sample
	Seconds float64       `json:"seconds"` // since the one before
	Bytes   culprit.Bytes `json:"bytes"`
	// Others is the part by named threads and by threads that are not Ruby's: it cannot
	// have been a request.
	Others culprit.Bytes `json:"others_bytes"`
}

// Presence is an action, a job, a thread or a piece of code that ran.
type Presence struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // "action", "thread" or "code"
	// Samples are those in which it was there: an action in flight, a thread at work.
	Samples int           `json:"samples"`
	Grew    int           `json:"grew_samples"`
	Share   float64       `json:"share"` // of all growth that samples saw, 0..1
	Bytes   culprit.Bytes `json:"bytes"`
	Usual   float64       `json:"usual"` // share of the samples taken while nothing grew, 0..1
	Hot     []Hot         `json:"hot"`   // methods that its samples were in, most first
}

// Hot is a method that ran.
type Hot struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Samples int    `json:"samples"`
}

// Part is the change of a category.
type Part struct {
	Name  string        `json:"name"`
	Bytes culprit.Bytes `json:"bytes"`
}

// Native is glibc's heap.
type Native struct {
	Schema      string        `json:"schema"`
	Tool        string        `json:"tool"`
	PID         int           `json:"pid"`
	Core        string        `json:"core"`
	Allocator   string        `json:"allocator"`
	Arenas      []Arena       `json:"arenas"`
	MmapBlocks  int64         `json:"mmap_blocks"` // blocks with a mapping of their own
	MmapBytes   culprit.Bytes `json:"mmap_bytes"`
	Reclaimable culprit.Bytes `json:"reclaimable_bytes"`
	// Sizes are chunks in use by size, most bytes first; above 4 KB by powers of two.
	Sizes    []Size   `json:"sizes"`
	Warnings []string `json:"warnings"`
}

// Size is chunks of one size.
type Size struct {
	Size  culprit.Bytes `json:"size"`
	Count int64         `json:"count"`
	Bytes culprit.Bytes `json:"bytes"`
}

// Leaks is native blocks that no pointer reaches.
type Leaks struct {
	Schema string        `json:"schema"`
	Tool   string        `json:"tool"`
	PID    int           `json:"pid"`
	Core   string        `json:"core"`
	Blocks int64         `json:"blocks"`
	Bytes  culprit.Bytes `json:"bytes"`
	// Considered are all blocks in use.
	Considered      int64         `json:"considered_blocks"`
	ConsideredBytes culprit.Bytes `json:"considered_bytes"`
	Groups          []LeakGroup   `json:"groups"`
	// PauseSeconds is how long the process stood still.
	PauseSeconds float64  `json:"pause_seconds"`
	Warnings     []string `json:"warnings"`
}

// LeakGroup is leaked blocks of one size and one beginning.
type LeakGroup struct {
	Size  culprit.Bytes `json:"size"`
	Count int64         `json:"count"`
	Bytes culprit.Bytes `json:"bytes"`
	// Signature is what they begin with: "text", "zero", "data", "heap" for a pointer to
	// another block, "stack", or the file that the first word points into.
	Signature string `json:"signature"`
}

// Dump is what a dump of a heap holds that was written.
type Dump struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	PID    int    `json:"pid"`
	Core   string `json:"core"`
	Ruby   Ruby   `json:"ruby"`
	// File is the dump.
	File       string        `json:"file"`
	FileBytes  culprit.Bytes `json:"file_bytes"`
	Objects    int64         `json:"objects"`
	References int64         `json:"references"`
	Roots      int64         `json:"roots"`
	// Bytes are those that the objects own, with their slots.
	Bytes culprit.Bytes `json:"bytes"`
	// Estimated objects have a size that Ruby alone knows for certain.
	Estimated      int64         `json:"estimated_objects"`
	EstimatedBytes culprit.Bytes `json:"estimated_bytes"`
	// Traced objects tell where they were made.
	Traced int64 `json:"traced_objects"`
	// Copied is memory that was copied while the process stood still, for PauseSeconds.
	Copied       culprit.Bytes `json:"copied_bytes"`
	PauseSeconds float64       `json:"pause_seconds"`
	Warnings     []string      `json:"warnings"`
}

// Change is what became more between two documents of one kind.
type Change struct {
	Schema string  `json:"schema"`
	Tool   string  `json:"tool"`
	Before string  `json:"before"`
	After  string  `json:"after"`
	Of     string  `json:"of"`
	Rows   []Delta `json:"rows"`
}

// Delta is one row of a change.
type Delta struct {
	Name  string        `json:"name"`
	Count int64         `json:"count"`
	Bytes culprit.Bytes `json:"bytes"`
}
