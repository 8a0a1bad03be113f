package metrics

import (
	"math"
	"strconv"
)

// epochMicros reads a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970 by its size: no two of them overlap between 1973 and
// the year 5138. Smaller numbers are no times.
func epochMicros(v int64) (int64, bool) {
	switch {
	case v < 1e8:
		return 0, false
	case v < 1e11:
		return v * 1e6, true
	case v < 1e14:
		return v * 1e3, true
	case v < 1e17:
		return v, true
	}
	return v / 1e3, true
}

// epochText reads "1435781430", "1435781430.781", "1.7e9" or a longer epoch.
func epochText(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 32 {
		return 0, false
	}
	var n int64
	i := 0
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		if n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(b[i]-'0')
	}
	switch {
	case i == 0:
		return 0, false
	case i == len(b):
		return epochMicros(n)
	case b[i] != '.' || n >= 1e11:
		return epochFloat(string(b))
	}
	at, ok := epochMicros(n)
	unit := int64(100_000)
	for _, c := range b[i+1:] {
		if c < '0' || c > '9' {
			return epochFloat(string(b))
		}
		at += int64(c-'0') * unit
		unit /= 10
	}
	return at, ok
}

func epochFloat(s string) (int64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 1e8 || f > math.MaxInt64 {
		return 0, false
	}
	if f < 1e11 {
		return int64(math.Round(f * 1e6)), true
	}
	return epochMicros(int64(f))
}

// bytesText reads a count of bytes: "148643840", "148643840i", "1.4e+08". What
// is missing (NaN, null) is no value and no error.
func bytesText(b []byte) (v int64, missing, ok bool) {
	var n int64
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9' && n < math.MaxInt64/10-9:
			n = n*10 + int64(c-'0')
			continue
		case i > 0 && i == len(b)-1 && (c == 'i' || c == 'u'):
			return n, false, true
		}
		return floatBytes(b)
	}
	return n, len(b) == 0, true
}

func floatBytes(b []byte) (v int64, missing, ok bool) {
	if isMissing(b) {
		return 0, true, true
	}
	if len(b) > 40 {
		return 0, false, false
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0, false, false
	}
	return bytesFloat(f)
}

// bytesFloat turns a float into bytes; NaN is a missing value, infinities and
// negative values are none.
func bytesFloat(f float64) (v int64, missing, ok bool) {
	switch {
	case math.IsNaN(f):
		return 0, true, true
	case f < 0 || f >= math.MaxInt64:
		return 0, false, false
	}
	return int64(math.Round(f)), false, true
}

func isMissing(b []byte) bool {
	switch string(b) {
	case "", "-", "--", "NaN", "nan", "NAN", "null", "NULL", "nil", "None", "none", "N/A", "n/a", "NA", "undefined":
		return true
	}
	return false
}
