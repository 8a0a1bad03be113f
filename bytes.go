package culprit

import "strconv"

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

// String writes b in SI units with two or three digits, as sentences have it:
// "412 MB", "5.2 GB". Unknown is "an unknown amount".
func (b Bytes) String() string {
	if b == Unknown {
		return "an unknown amount"
	}
	sign, v := "", float64(b)
	if v < 0 {
		sign, v = "-", -v
	}
	units := [...]string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for v >= 999.5 && i < len(units)-1 {
		v /= 1000
		i++
	}
	digits := 0
	if i > 0 && v < 9.95 {
		digits = 1
	}
	return sign + strconv.FormatFloat(v, 'f', digits, 64) + " " + units[i]
}
