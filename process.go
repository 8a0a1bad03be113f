package culprit

import "time"

// Process names one incarnation of an operating system process. A bare pid is
// never an identity: pids are reused, and two hosts share them.
type Process struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`            // 0 when the unit is a whole host
	Start time.Time `json:"start,omitzero"` // zero when unknown
	Role  string    `json:"role,omitempty"` // "worker", "master", "job", "container", "host" or ""
}
