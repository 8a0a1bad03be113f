package culprit

// BootRecording is one boot of an app as it was seen, before anything is added
// up: what the door hands to the study.
type BootRecording struct {
	Mode   string // "plain", "mem", "allocated", "retained"
	App    string // the app's folder, absolute
	Ruby   string // "3.1.2 x86_64-linux-gnu"
	Env    string
	Entry  string
	Events []BootEvent // in order of time
	Specs  []BootSpec
	// RubyDirs are the folders of Ruby's own library, SharedDirs those where a
	// distribution or an administrator puts libraries of others side by side.
	RubyDirs, SharedDirs []string
	// Before and After are the process seen from outside, by another process, just
	// before the first require and just after the last.
	Before, After BootPages
	TimeNS        int64 // between these two, by the booting process's own clock
	Fork          *BootForked
	Objects       []BootObjects // mode "retained" only
	Denied        []BootDenied
	Warnings      []string
}

// BootEvent is where a require begins or ends.
type BootEvent struct {
	Kind   BootEventKind
	ID     int    // of the node, from 1; 0 for start and stop
	Parent int    // the node that was open in the same thread, 0 for none
	Thread int    // 0 is the main thread
	Name   string // as required; of BootLoaded and BootFailed the file or the error
	At     BootReading
}

// BootEventKind is what an event tells.
type BootEventKind byte

// The kinds of events.
const (
	BootStart   BootEventKind = 'S'
	BootStop    BootEventKind = 'Z'
	BootEnter   BootEventKind = 'E'
	BootLoaded  BootEventKind = 'L' // Name is the file
	BootNothing BootEventKind = 'N' // it was loaded already
	BootFailed  BootEventKind = 'X' // Name is the error's class
	BootAgain   BootEventKind = 'A' // Name was required again, by Parent; no reading
	BootLate    BootEventKind = 'U' // Name has loaded another file than before; no reading
)

// BootReading is what the booting process reads of itself. What is not measured
// is Unknown.
type BootReading struct {
	NS          int64 // monotonic clock
	RSS, PSS    Bytes
	Objects     int64 // allocated since the start
	ObjectBytes Bytes // of these
}

// BootPages are the pages of a process, from smaps_rollup; Unknown where the
// kernel does not tell.
type BootPages struct {
	RSS, PSS, SharedDirty, SharedClean, Anonymous Bytes
}

// BootForked is a worker forked from the booted app: its master, itself right
// after the fork, and once it has worked and collected garbage; and a worker that
// was forked before anything was loaded, once it has done the same.
type BootForked struct{ Master, Forked, Worked, Unbooted BootPages }

// BootSpec is a gem that the boot made known.
type BootSpec struct {
	Name, Version string
	Dirs          []string // where its files are, absolute
}

// BootObjects are the objects of one class that one line has made and that are
// still there after the boot.
type BootObjects struct {
	File    string // "" when they were made for the file of Node before it ran
	Line    int
	Node    int // see File; 0 for none
	Class   string
	Bytes   Bytes
	Objects int64
}

// BootDenied is a connection that the app wanted and did not get.
type BootDenied struct {
	Address string // "db.internal:5432", or a path
	From    string // the line that wanted it, "lib/settings.rb:12", "" unknown
	Times   int
}
