package culprit

// Bytes is an amount of memory in bytes. Differences may be negative. Kilobytes
// and pages are converted at the door and never travel further.
type Bytes int64

// Binary sizes, for thresholds and conversions.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// MiB returns b in mebibytes.
func (b Bytes) MiB() float64 { return float64(b) / float64(MiB) }
