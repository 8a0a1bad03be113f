// Package casefile holds the joined material that the hall hands to the study:
// units with their memory series, calls at rest as rows, and the roster of who
// can be suspected.
//
// It owns shapes and the small arithmetic on them. It refuses to read, to
// estimate and to judge.
package casefile

import (
	"cmp"
	"iter"

	"culprit"
)

// Point is one memory reading.
type Point struct {
	At  int64 // microseconds since the epoch
	Mem int64 // bytes
}

// Unit is one incarnation of a process, or one host where calls cannot be
// matched with processes. Points are sorted by time and never span a restart.
type Unit struct {
	Process culprit.Process
	Kind    culprit.MemoryKind
	Points  []Point
	// Born is the start of the incarnation in microseconds when it was seen or
	// told (first point after a restart, a boot line, a start time), else 0.
	Born int64
	// Died is the end of the incarnation when it was seen, else 0.
	Died int64
	// Fleet names the group whose members are look-alikes of one another: units
	// that serve the same traffic. Empty = no look-alikes.
	Fleet string
	// Silent units are on hosts of which no log was given: their growth cannot be
	// anybody's in these logs.
	Silent bool
}

// Before orders units by what was measured and not by their names or places in a
// list: draws of chance that follow it are the same when hosts are renamed,
// processes relabelled or units shuffled.
func (u *Unit) Before(v *Unit) int {
	if len(u.Points) == 0 || len(v.Points) == 0 {
		return cmp.Compare(len(u.Points), len(v.Points))
	}
	a, b := u.Points[0], v.Points[0]
	y, z := u.Points[len(u.Points)-1], v.Points[len(v.Points)-1]
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Mem, b.Mem), cmp.Compare(y.At, z.At), cmp.Compare(y.Mem, z.Mem),
		cmp.Compare(len(u.Points), len(v.Points)))
}

// Flags of a row.
const (
	FlagOpen      uint16 = 1 << iota // never seen to end
	FlagTruncated                    // logged end is not the end of the work
	FlagAmbiguous                    // pairing of its lines is uncertain
	FlagStreamed                     // body produced after the logged end
	FlagEnqueues                     // only put a job on a queue
	FlagFailed
	FlagProxy // known from the proxy only
	FlagJob   // background job or task
)

// Row is one call at rest.
type Row struct {
	Start, End int64 // microseconds; End of an open call is its last possible instant
	// Unit is an index into Case.Units; Unplaced when the call could not be
	// placed; OnHost(i) when only its host is known (see Case.Hosts).
	Unit   int32
	Label  uint32 // index into Roster.Labels
	User   uint32 // hash of the user, 0 unknown: who it was is nobody's business
	Client uint32 // hash of the client's address or key, 0 unknown
	Status uint16
	Flags  uint16
	Source uint16 // index into the hall's files
	Offset int64  // of its line there
}

// Unplaced marks a row that belongs to no unit with a memory series.
const Unplaced int32 = -1

// OnHost marks a row of which only the host is known: it may have run on any
// unit of that host.
func OnHost(host int) int32 { return int32(-2 - host) }

// HostOf gives the host index of a row placed by OnHost.
func HostOf(unit int32) (int, bool) { return int(-2 - unit), unit <= -2 }

// Suspect is somebody who can be accused: an endpoint, or an endpoint narrowed
// by one dimension (parameter, format, operation, ...).
type Suspect struct {
	Name   string
	Kind   string // "endpoint", "job", "task"
	Parent int    // index of the un-narrowed suspect, -1 for itself being one
	Key    string // "" or "param:locale", "format", "operation", "status", "user", "client", "queue"
	Value  string
}

// Roster lists the suspects and which of them a label stands for.
type Roster struct {
	Suspects []Suspect
	// Labels maps a row's label to the suspects it belongs to, the endpoint first.
	Labels [][]int32
}

// Case is everything the study needs.
type Case struct {
	From, To int64 // the span in which both series and calls exist, microseconds
	Level    culprit.Level
	Units    []Unit
	Hosts    []string // for rows placed by OnHost
	Roster   *Roster
	// Rows yields the calls in blocks, in no particular order, as often as
	// asked. A block is valid until the next one.
	Rows       iter.Seq[[]Row]
	Calls      int64
	Happenings []culprit.Happening
	// Extra holds further series of the same processes (PSS beside RSS, live heap
	// slots), so that the kind of growth can be told.
	Extra []Unit
	// HostUsed holds host-level series beside process units, so that growth
	// outside of the watched processes can be seen.
	HostUsed []Unit
	// LogLoss is the estimated share of calls that left no usable line, or
	// negative when it could not be measured.
	LogLoss float64
	// Durationless is the share of calls whose log line tells no duration and no
	// second stamp: when they began is not known.
	Durationless float64
	// SkewSeconds is the uncertainty of the clocks between logs and series.
	SkewSeconds float64
}
