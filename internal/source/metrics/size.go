package metrics

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// unitBytes are the units that people and programs write. Grafana writes SI
// units for decbytes (kB, MB, GB) and IEC units for bytes (KiB, MiB, GiB):
// grafana/grafana packages/grafana-data/src/valueFormats/categories.ts.
var unitBytes = map[string]float64{
	"b": 1, "byte": 1, "bytes": 1, "octets": 1,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	// One letter: free -h, top and Heroku count in powers of two.
	"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}

// sizeCell reads a table cell: a plain number in units of mul bytes, or a
// number with a unit ("3.12 GiB"). rounded tells that it was written with a
// unit larger than a byte, so that the value is coarse.
func sizeCell(b []byte, mul float64, commaDecimal bool) (v int64, missing, rounded, ok bool) {
	b = bytes.TrimSpace(b)
	if mul == 1 {
		if v, missing, ok := bytesText(b); ok {
			return v, missing, false, true
		}
	}
	if isMissing(b) {
		return 0, true, false, true
	}
	digits, unit := splitUnit(b)
	f, ok := number(digits, commaDecimal)
	if !ok {
		return 0, false, false, false
	}
	if unit != "" {
		u, known := unitBytes[strings.ToLower(unit)]
		if !known {
			return 0, false, false, false
		}
		mul, rounded = u, u > 1
	}
	if math.IsNaN(f) {
		return 0, true, false, true
	}
	v, missing, ok = bytesFloat(f * mul)
	return v, missing, rounded, ok
}

// splitUnit cuts "3.12 GiB" into number and unit.
func splitUnit(b []byte) (number []byte, unit string) {
	i := len(b)
	for i > 0 && (b[i-1] >= 'a' && b[i-1] <= 'z' || b[i-1] >= 'A' && b[i-1] <= 'Z') {
		i--
	}
	if u := string(b[i:]); u == "e" || u == "E" {
		return b, ""
	}
	number = bytes.TrimSpace(b[:i])
	number = bytes.TrimSuffix(number, []byte("\u00a0"))
	return bytes.TrimSuffix(number, []byte("\u202f")), string(b[i:])
}

// number reads a decimal, with thousands set apart or not.
func number(b []byte, commaDecimal bool) (float64, bool) {
	if len(b) == 0 || len(b) > 40 {
		return 0, false
	}
	s := string(b)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f, true
	}
	if commaDecimal && strings.Count(s, ",") == 1 {
		if f, err := strconv.ParseFloat(strings.ReplaceAll(strings.ReplaceAll(s, ".", ""), ",", "."), 64); err == nil {
			return f, true
		}
	}
	for _, group := range []string{",", "\u00a0", "\u202f", " ", "'", "\u2019", "_"} {
		if plain, ok := ungroup(s, group); ok {
			if f, err := strconv.ParseFloat(plain, 64); err == nil {
				return f, true
			}
		}
	}
	return 0, false
}

// ungroup takes thousands separators out, if they stand where they should.
func ungroup(s, group string) (string, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	parts := strings.Split(whole, group)
	if len(parts) < 2 || len(parts[0]) == 0 || len(parts[0]) > 3 {
		return "", false
	}
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return "", false
		}
	}
	out := strings.Join(parts, "")
	if frac != "" {
		out += "." + frac
	}
	return out, true
}

// unitOfTitle finds the unit in a column title: "rss_kb", "Memory (MiB)",
// "used [GB]". In names with an underscore, as programmers write them, kb and
// mb are powers of two (ps and /proc call 1024 bytes a kB). It returns the
// title without the unit.
func unitOfTitle(title string) (rest string, mul float64, found bool) {
	t := strings.TrimSpace(title)
	if n := len(t); n > 2 && (t[n-1] == ')' || t[n-1] == ']') {
		if i := strings.LastIndexAny(t, "(["); i >= 0 {
			if u, ok := unitBytes[strings.ToLower(strings.TrimSpace(t[i+1:n-1]))]; ok {
				return strings.TrimSpace(t[:i]), u, true
			}
		}
	}
	i := strings.LastIndexAny(t, "_ -.")
	if i <= 0 {
		return t, 1, false
	}
	switch strings.ToLower(t[i+1:]) {
	case "b", "bytes", "byte":
		return t[:i], 1, true
	case "kb", "kib", "k":
		return t[:i], 1 << 10, true
	case "mb", "mib", "m":
		return t[:i], 1 << 20, true
	case "gb", "gib", "g":
		return t[:i], 1 << 30, true
	}
	return t, 1, false
}
