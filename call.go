package culprit

// CallKind says what sort of work a call is.
type CallKind uint8

// The kinds of calls.
const (
	CallWeb   CallKind = iota // a request as the application logged it
	CallProxy                 // a request as something in front of the application logged it
	CallJob                   // a background job's execution
	CallTask                  // a scheduled command (cron) or other named task
)

// Stamp says which end of a call its log line was stamped at. The other end is
// derived from the duration.
type Stamp uint8

// Where a line's time stands in the call.
const (
	StampNone Stamp = iota
	StampStart
	StampEnd
	StampBoth
)

// Call is one unit of work as one log tells it. A door reuses the struct and
// its byte slices between calls: whoever keeps one copies it. Empty slices and
// Unknown mean "the log does not say".
type Call struct {
	Kind  CallKind
	Stamp Stamp

	// Start and End are microseconds since the Unix epoch, 0 when unknown. For
	// an open call End is 0.
	Start, End int64
	// Duration in microseconds, Unknown when the log has none.
	Duration int64

	// Open: begun and never seen to end (killed, still running, cut log).
	Open bool
	// Truncated: the end is not the end of the work (499, 504, client gone).
	Truncated bool
	// Ambiguous: the lines of this call could not be paired with certainty.
	Ambiguous bool
	// Streamed: the body is produced after the logged end (send_file, zipline).
	Streamed bool
	// Enqueues: the call only put a job on a queue, as far as the log shows.
	Enqueues bool
	// Failed: an exception or a job failure was logged.
	Failed bool

	Status int // HTTP status, 0 unknown
	PID    int // 0 unknown
	TID    []byte
	Host   []byte // from the line; empty: the file's
	// RequestID as logged: joins proxy and application.
	RequestID []byte

	Method, Path []byte // Path without query string
	Controller   []byte // "Admin::ReportsController"
	Action       []byte
	Name         []byte // job class or task name
	Queue        []byte
	Format       []byte // "HTML", "json", as logged
	Operation    []byte // GraphQL or RPC operation name, or a fingerprint of its text
	Params       []Param
	User         []byte
	Client       []byte // IP address or API client
	Upstream     []byte // address or server name behind the proxy

	Allocations int64 // objects, Unknown
	MemBytes    int64 // bytes allocated or grown by this call, as the log itself says; Unknown
	BodyBytes   int64 // response size, Unknown

	// Offset of the line that completed the call, in bytes of the decompressed
	// file; for an open call the line that began it.
	Offset int64
}

// Param is one request parameter. Nested keys are joined as "filter.state";
// Value is the text as logged, without quotes.
type Param struct{ Key, Value []byte }

// Reset empties c for the next line, keeping its parameter space.
func (c *Call) Reset() {
	p := c.Params[:0]
	*c = Call{Duration: Unknown, Allocations: Unknown, MemBytes: Unknown, BodyBytes: Unknown, Params: p}
}

// HappeningKind names something that happened at an instant and is no call.
type HappeningKind string

// The happenings that doors report.
const (
	HappeningDeploy  HappeningKind = "deploy"
	HappeningBoot    HappeningKind = "boot"    // a worker or server came up
	HappeningRestart HappeningKind = "restart" // asked to restart
	HappeningKill    HappeningKind = "kill"    // TERM/KILL by a worker killer or a timeout
	HappeningOOM     HappeningKind = "oom"     // the kernel killed a process
	HappeningTimeout HappeningKind = "timeout" // a proxy gave up on a request: names the endless one
	HappeningMemory  HappeningKind = "memory"  // a quota or memory warning (R14)
)

// Happening is one such event.
type Happening struct {
	Kind HappeningKind `json:"kind"`
	At   int64         `json:"-"` // microseconds since the epoch
	Host string        `json:"host,omitempty"`
	PID  int           `json:"pid,omitempty"`
	// Name: release of a deploy, comm of a killed process, request line of a timeout.
	Name  string `json:"name,omitempty"`
	Bytes Bytes  `json:"bytes,omitempty"` // RSS at a kill, when told
}
